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
        for number in 1...12 { rig.ask("greedy", "greedy \(number)") }
        #expect(rig.answered.count == 10)
        rig.ask("calm", "calm")
        #expect(rig.answered.last == "calm")
        rig.turn()
        #expect(rig.answered.count == 13)
        rig.turn()
        rig.ask("greedy", "greedy 7")
        #expect(rig.answered.last == "greedy 7")
    }

    @Test func `who shares a loop has a short share until he was alone for long`() {
        let rig = Rig()
        rig.ask("calm", "calm")
        rig.ask("greedy", "first")
        rig.turn()
        rig.ask("greedy", "short")
        rig.ask("greedy", "waits")
        #expect(rig.answered.last == "short")
        func beAlone(turns: Int) {
            for _ in 0..<turns {
                rig.turn()
                rig.ask("greedy", "greedy")
            }
        }
        beAlone(turns: FairTurns.Limit.memory - 5)
        rig.ask("greedy", "waits")
        #expect(rig.answered.last == "greedy")
        beAlone(turns: 5)
        rig.turn()
        for number in 1...10 { rig.ask("greedy", "\(number)") }
        #expect(rig.answered.last == "10")
    }

    @Test func `what waits is answered in its order, shop by shop`() {
        let rig = Rig()
        rig.ask("a", "a0")
        rig.ask("b", "b0")
        rig.turn()
        for number in 1...40 { rig.ask("a", "a\(number)") }
        for number in 1...7 { rig.ask("b", "b\(number)") }
        for _ in 0..<60 { rig.turn() }
        // One each at once, then by turns.
        #expect(rig.answered.prefix(8) == ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3"])
        #expect(rig.answered.count == 49)
        #expect(rig.answered.filter { $0.hasPrefix("a") } == (0...40).map { "a\($0)" })
        #expect(rig.answered.filter { $0.hasPrefix("b") } == (0...7).map { "b\($0)" })
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
