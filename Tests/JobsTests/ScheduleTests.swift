import ApplianceCore
import Testing

@testable import Jobs

@Suite struct ScheduleTests {
    @Test(arguments: [
        ("2026-11-21T02:00:00.000Z", "2026-11-21T03:00:00.000Z"),
        ("2026-11-21T02:59:59.999Z", "2026-11-21T03:00:00.000Z"),
        ("2026-12-31T23:30:00.000Z", "2027-01-01T00:00:00.000Z"),
    ])
    func `an hourly job is due at the next full hour`(now: String, next: String) throws {
        let schedule = JobSchedule.every(minutes: 60)
        #expect(schedule.next(after: try #require(Instant(now))).description == next)
    }

    @Test(arguments: [
        ("2026-11-21T03:09:59.000Z", "2026-11-21T03:10:00.000Z"),
        ("2026-11-21T03:10:00.000Z", "2026-11-22T03:10:00.000Z"),
    ])
    func `a daily job is due at its time`(now: String, next: String) throws {
        let schedule = JobSchedule.daily(hour: 3, minute: 10)
        #expect(schedule.next(after: try #require(Instant(now))).description == next)
    }

    @Test(arguments: [JobSchedule.every(minutes: 15), .every(minutes: 60), .daily(hour: 3, minute: 10)])
    func `the latest slot is at or before now and the next one right behind it`(schedule: JobSchedule) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(state: seed)
        for _ in 0..<1000 {
            let now = Instant(milliseconds: Int64.random(in: -1_000_000_000_000...4_000_000_000_000, using: &generator))
            let latest = schedule.latest(at: now)
            #expect(latest <= now && schedule.next(after: latest) > now, "seed \(seed), now \(now)")
            #expect(schedule.latest(at: latest) == latest, "seed \(seed), now \(now)")
        }
    }
}

/// SplitMix64: small, and the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
