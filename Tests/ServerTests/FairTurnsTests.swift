import NIOEmbedded
import Testing

@testable import HTTPAPI

/// An event loop that is moved by hand, and answers that each take a hundred microseconds.
struct FairTurnsTests {
    private final class Rig {
        let loop = EmbeddedEventLoop()
        var instant = ContinuousClock.now
        private(set) var answered: [String] = []
        lazy var turns = FairTurns(loop) { [unowned self] in instant }

        func ask(_ shop: String, _ name: String) {
            let answer = { [unowned self] in
                answered.append(name)
                instant += .microseconds(100)
            }
            if turns.isTurn(of: shop) {
                let start = instant
                answer()
                turns.didAnswer(shop, since: start)
            } else {
                turns.wait(shop, answer)
            }
        }

        /// To the end of the turn, or of the next one.
        func turn() {
            loop.run()
            loop.advanceTime(by: FairTurns.Limit.pause)
        }
    }

    @Test func `a shop is answered at once up to its share, and again in the next turn`() {
        let rig = Rig()
        for number in 1...6 { rig.ask("greedy", "greedy \(number)") }
        #expect(rig.answered.count == 4)
        rig.ask("calm", "calm")
        #expect(rig.answered.last == "calm")
        rig.turn()
        #expect(rig.answered.count == 7)
        rig.turn()
        rig.ask("greedy", "greedy 7")
        #expect(rig.answered.last == "greedy 7")
    }

    @Test func `what waits is answered in its order, shop by shop`() {
        let rig = Rig()
        for number in 1...40 { rig.ask("a", "a\(number)") }
        for number in 1...7 { rig.ask("b", "b\(number)") }
        rig.turn()
        // Four each at once, then by turns.
        #expect(rig.answered.dropFirst(8).prefix(4) == ["a5", "b5", "a6", "b6"])
        for _ in 0..<20 { rig.turn() }
        #expect(rig.answered.count == 47)
        #expect(rig.answered.filter { $0.hasPrefix("a") } == (1...40).map { "a\($0)" })
        #expect(rig.answered.filter { $0.hasPrefix("b") } == (1...7).map { "b\($0)" })
    }

    @Test func `however much one shop asks, another is answered in the same turn`() {
        let rig = Rig()
        for number in 1...1000 { rig.ask("greedy", "greedy \(number)") }
        for round in 1...50 {
            rig.turn()
            rig.ask("calm", "calm \(round)")
            #expect(rig.answered.last == "calm \(round)")
        }
    }
}
