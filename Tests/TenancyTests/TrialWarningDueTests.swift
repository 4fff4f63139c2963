import ApplianceCore
import Testing

@testable import Tenancy

struct TrialWarningDueTests {
    /// Zone, end of the trial, warning, the instant it is due: the vectors of `facts/trials.md`.
    static let vectors: [(zone: String, end: String, days: Int, due: String)] = [
        ("Asia/Kolkata", "2026-12-05T18:30:00Z", 7, "2026-11-28T03:30:00Z"),
        ("Asia/Kolkata", "2026-12-05T18:30:00Z", 3, "2026-12-02T03:30:00Z"),
        ("Asia/Kolkata", "2026-12-05T18:30:00Z", 1, "2026-12-04T03:30:00Z"),
        ("America/New_York", "2026-11-05T17:00:00Z", 7, "2026-10-29T13:00:00Z"),
        ("America/New_York", "2026-11-05T17:00:00Z", 3, "2026-11-02T14:00:00Z"),
        ("America/New_York", "2026-11-05T17:00:00Z", 1, "2026-11-04T14:00:00Z"),
        ("Europe/Berlin", "2027-03-30T00:30:00Z", 7, "2027-03-23T08:00:00Z"),
        ("Europe/Berlin", "2027-03-30T00:30:00Z", 1, "2027-03-29T07:00:00Z"),
        ("Asia/Kathmandu", "2026-12-05T18:15:00Z", 1, "2026-12-04T03:15:00Z"),
    ]

    private func due(_ zone: String, _ end: String, _ now: Instant) throws -> Int? {
        TrialWarnings.due(end: try instant(end), zone: try #require(LocalTime(zone)), now: now)
    }

    @Test(arguments: vectors)
    func `a warning is due at nine in the morning there`(zone: String, end: String, days: Int, due: String) throws {
        let moment = try instant(due)
        #expect(try self.due(zone, end, moment) == days)
        #expect(try self.due(zone, end, moment.subtracting(.milliseconds(1))) != days)
    }

    /// Kolkata, last day 5 December: what is due at these local times.
    static let days: [(now: String, due: Int?)] = [
        ("2026-11-28T03:29:59Z", nil), ("2026-11-28T03:30:00Z", 7), ("2026-12-01T12:00:00Z", 7),
        // The 2nd has begun there: three days are left, and seven must not be said.
        ("2026-12-01T18:30:00Z", nil), ("2026-12-02T03:30:00Z", 3), ("2026-12-03T12:00:00Z", 3),
        ("2026-12-03T18:30:00Z", nil), ("2026-12-04T03:30:00Z", 1), ("2026-12-04T18:29:59Z", 1),
        ("2026-12-04T18:30:00Z", nil), ("2026-12-05T18:29:59Z", nil), ("2026-12-05T18:30:00Z", nil),
        ("2027-05-01T00:00:00Z", nil),
    ]

    @Test(arguments: days) func `after downtime only the most urgent one is due`(now: String, due: Int?) throws {
        #expect(try self.due("Asia/Kolkata", "2026-12-05T18:30:00Z", instant(now)) == due)
    }

    @Test func `the days named are those left`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let reminders = Reminder.all(of: tenant)
            let late = TrialWarnings.message(tenant, reminders[0], now: try instant("2026-11-30T12:00:00Z"))
            #expect(late.subject == "Your trial of Shop acme ends in 5 days (2026-12-05)")
            let last = TrialWarnings.message(tenant, reminders[2], now: try instant("2026-12-04T12:00:00Z"))
            #expect(last.subject == "Your trial of Shop acme ends in 1 day (2026-12-05)")
            #expect(last.body.contains("2026-12-05 (Asia/Kolkata)") && last.recipient == "owner@acme.example")
        }
    }
}
