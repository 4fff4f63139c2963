import ApplianceCore
import Storage
import Testing

@testable import Backups

struct RecoveryReportTests {
    private let start = Instant(seconds: 1_790_000_000)
    private func at(_ seconds: Int64) -> Instant { start.adding(.seconds(seconds)) }

    private func line(
        _ promise: RecoveryPromise = .standard, at now: Int64 = 10_000,
        _ fill: (inout RecoveryReport.Evidence) -> Void = { _ in }
    ) throws -> RecoveryReport.Line {
        var evidence = RecoveryReport.Evidence()
        fill(&evidence)
        let shop = RecoveryReport.Shop(id: "ten_1", slug: "acme", name: "Acme", createdAt: start)
        return try #require(RecoveryReport([(shop, evidence)], promise: promise, at: at(now)).lines.first)
    }

    private func span(_ from: Int64, _ to: Int64) -> RecoveryReport.Span { .init(from: at(from), to: at(to)) }

    private func drill(seconds: Int64, bytes: Int64, problem: String? = nil) -> RecoveryDrill {
        RecoveryDrill(
            id: "drl_1", tenantID: "ten_1", at: at(9000), source: "change log", stateAt: at(8000), bytes: bytes,
            duration: .seconds(seconds), problem: problem)
    }

    @Test func `with a log that keeps up nothing would be lost, however old the snapshot is`() throws {
        let line = try line {
            $0.snapshots = span(10, 100)
            $0.log = [span(50, 120)]
            $0.isLogged = true
            $0.lag = LogLag(waitingSince: nil, isLogging: true, worst: .milliseconds(620))
        }
        #expect(line.loss == .zero && line.point == .milliseconds(620) && line.breaches.isEmpty)
        #expect(line.restorableFrom == at(10) && line.restorableTo == at(10_000))
        #expect(line.gaps == [.init(span: span(10, 50), reason: "snapshots only")])
    }

    @Test func `a commit that waits too long breaks the promise, and one that waited within the hour`() throws {
        for (waiting, worst, isKept) in [(5, 0, true), (6, 0, false), (0, 5, true), (0, 6, false)] {
            let line = try line {
                $0.log = [span(50, 120)]
                $0.isLogged = true
                $0.lag = LogLag(
                    waitingSince: waiting > 0 ? at(10_000 - Int64(waiting)) : nil, isLogging: true,
                    worst: .seconds(worst))
            }
            #expect(line.point == .seconds(max(waiting, worst)))
            #expect(line.breaches.isEmpty == isKept, "\(waiting) \(worst)")
            if waiting > 0 { #expect(line.restorableTo == at(10_000 - Int64(waiting))) }
        }
    }

    @Test func `without a log the newest snapshot counts, and without either the shop's whole life`() throws {
        let snapshots = try line { $0.snapshots = span(10, 100) }
        #expect(snapshots.loss == .seconds(9900) && snapshots.restorableTo == at(100))
        #expect(snapshots.breaches.map(\.kind) == [.recoveryPoint])
        #expect(snapshots.breaches[0].text == "its newest backup is 2 h 45 min old, and no change log goes on from it")
        let nothing = try line()
        #expect(nothing.loss == .seconds(10_000) && nothing.restorableFrom == nil)
        #expect(nothing.breaches.map(\.text) == ["it is in no proved backup"])
        let relaxed = RecoveryPromise(point: .hours(3), time: .seconds(10))
        #expect(try line(relaxed).breaches.isEmpty)
    }

    @Test func `chains of the log with something between them are a gap that is named`() throws {
        let line = try line { $0.log = [span(0, 100), span(100, 200), span(260, 300)] }
        #expect(line.gaps == [.init(span: span(200, 260), reason: "the change log began anew")])
    }

    @Test func `the time of a restore grows with the shop, and so does what is promised above a gigabyte`() throws {
        func take(_ seconds: Int64, of drilled: Int64, now bytes: Int64) throws -> RecoveryReport.Line {
            try line {
                $0.log = [span(0, 100)]
                $0.isLogged = true
                $0.drill = drill(seconds: seconds, bytes: drilled)
                $0.bytes = bytes
            }
        }
        let grown = try take(4, of: 100, now: 200)
        #expect(grown.time == .seconds(8) && grown.breaches.isEmpty)
        #expect(try take(4, of: 200, now: 100).time == .seconds(4))
        #expect(try take(6, of: 100, now: 200).breaches.map(\.kind) == [.recoveryTime])
        #expect(try take(19, of: 2_000_000_000, now: 2_000_000_000).breaches.isEmpty)
        #expect(try take(21, of: 2_000_000_000, now: 2_000_000_000).breaches.count == 1)
        #expect(try take(1, of: 0, now: .max).time != nil)
    }

    @Test func `a drill that failed breaks the promise and proves nothing`() throws {
        let line = try line {
            $0.log = [span(0, 100)]
            $0.isLogged = true
            $0.provedAt = at(5)
            $0.drill = drill(seconds: 1, bytes: 1, problem: "torn")
        }
        #expect(line.breaches.map(\.kind) == [.drill] && line.time == nil && line.provedAt == at(5))
    }

    @Test func `promises are read as people write them`() {
        let good = [("1s", 1), ("15m", 900), ("4h", 14_400), ("31d", 2_678_400)]
        for (text, seconds) in good { #expect(RecoveryPromise.span(text) == .seconds(seconds)) }
        for text in ["", "s", "0s", "-1s", "32d", "1", "1w", "1.5s", "9999999999999999999d"] {
            #expect(RecoveryPromise.span(text) == nil)
        }
    }
}
