import NIOCore

/// Shares an event loop among the shops whose requests it answers. In a turn, which is what the loop does between two
/// looks at its sockets, a shop may use its share; what it asks beyond that waits, and is answered in the next turns,
/// shop by shop. So one that sends requests over a hundred connections delays the others by a share, not by a hundred
/// answers.
///
/// Belongs to one event loop and is used on it alone.
final class FairTurns {
    enum Limit {
        /// For one shop in a turn while no other wants anything: a look at the sockets costs some eight microseconds.
        static let aloneShare = Duration.milliseconds(1)
        /// The same while others do, whose requests wait that long for the next look: a list, or two or three reads.
        static let share = Duration.microseconds(100)
        /// Turns since two shops had one together, after which a shop is alone: at least some 200 ms.
        static let memory = 2000
        /// From the end of a turn to the next, where something waits: enough for the loop to look at its sockets.
        static let pause = TimeAmount.microseconds(5)
    }

    private struct Shop {
        var used = Duration.zero
        var waiting = CircularBuffer<() -> Void>(initialCapacity: 0)
    }

    private let loop: any EventLoop
    private let now: () -> ContinuousClock.Instant
    /// Those that did or want something in this turn.
    private var shops: [String: Shop] = [:]
    /// Those with something waiting, the next one first.
    private var line = CircularBuffer<String>()
    private var isOpen = false
    /// Counts down from `Limit.memory`.
    private var turnsShared = 0

    private var share: Duration { turnsShared > 0 ? Limit.share : Limit.aloneShare }

    init(_ loop: any EventLoop, now: @escaping () -> ContinuousClock.Instant = { .now }) {
        (self.loop, self.now) = (loop, now)
    }

    /// Whether the shop may be answered at once. Then `didAnswer`; otherwise `wait`.
    func isTurn(of shop: String) -> Bool {
        if !isOpen {
            isOpen = true
            loop.assumeIsolated().execute { self.end() }
        }
        guard let own = shops[shop] else { return true }
        return own.waiting.isEmpty && own.used < share
    }

    func didAnswer(_ shop: String, since start: ContinuousClock.Instant) {
        shops[shop, default: Shop()].used += start.duration(to: now())
    }

    /// Runs `answer` when the shop's turn has come.
    func wait(_ shop: String, _ answer: @escaping () -> Void) {
        if shops[shop]?.waiting.isEmpty ?? true { line.append(shop) }
        shops[shop, default: Shop()].waiting.append(answer)
    }

    /// The end of a turn, in which the first of those in line have a share between them.
    private func end() {
        turnsShared = shops.count > 1 ? Limit.memory : max(0, turnsShared - 1)
        shops = line.isEmpty ? [:] : shops.filter { !$0.value.waiting.isEmpty }.mapValues { Shop(waiting: $0.waiting) }
        isOpen = !line.isEmpty
        guard isOpen else { return }
        let start = now()
        while let shop = line.popFirst(), let answer = shops[shop]?.waiting.popFirst() {
            if shops[shop]?.waiting.isEmpty == false { line.append(shop) }
            let begin = now()
            answer()
            didAnswer(shop, since: begin)
            if start.duration(to: now()) >= share { break }
        }
        // Not `execute`, which would come before the sockets.
        loop.assumeIsolated().scheduleTask(in: Limit.pause) { self.end() }
    }
}
