import Testing

@testable import ApplianceCore

/// `facts/usage.md`, "Period anchors".
struct BillingPeriodTests {
    private func date(_ text: String) throws -> CivilDate { try #require(CivilDate(text)) }

    @Test func `months count from the first day and never drift`() throws {
        let anchor = try date("2026-01-31")
        let days = (0...4).map { BillingPeriod.day($0, after: anchor, months: 1).description }
        #expect(days == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"])
        #expect(BillingPeriod.day(-1, after: anchor, months: 1).description == "2025-12-31")
        #expect(BillingPeriod.day(-2, after: anchor, months: 1).description == "2025-11-30")
    }

    @Test func `a year from a leap day ends on the 28th until the next leap year`() throws {
        let anchor = try date("2024-02-29")
        let days = [1, 2, 4].map { BillingPeriod.day($0, after: anchor, months: 12).description }
        #expect(days == ["2025-02-28", "2026-02-28", "2028-02-29"])
    }

    @Test func `a period is from midnight to midnight where the shop is`() throws {
        let zone = try #require(LocalTime("Asia/Kolkata"))
        // 28 February 2026, 00:00 in Kolkata is 18:30 of the day before in UTC.
        let period = BillingPeriod.containing(
            try #require(Instant("2026-03-05T12:00:00.000Z")), anchor: try date("2026-01-31"), in: zone)
        #expect(period.start.description == "2026-02-27T18:30:00.000Z")
        #expect(period.end.description == "2026-03-30T18:30:00.000Z")
    }

    @Test func `one period ends where the next begins, whatever the anchor, the zone and the moment`() throws {
        var random = SystemRandomNumberGenerator()
        let names = ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York", "Europe/Berlin", "Pacific/Apia"]
        for _ in 0..<2000 {
            let name = names.randomElement(using: &random) ?? "UTC"
            let zone = try #require(LocalTime(name))
            let anchor = CivilDate(daysSince1970: Int.random(in: 15_000...25_000, using: &random))
            let moment = Instant(milliseconds: Int64.random(in: 1_000_000_000_000...3_000_000_000_000, using: &random))
            let months = Bool.random(using: &random) ? 1 : 12
            let period = BillingPeriod.containing(moment, anchor: anchor, months: months, in: zone)
            let next = BillingPeriod.containing(period.end, anchor: anchor, months: months, in: zone)
            let comment: Comment = "\(name) \(anchor) \(moment) \(months)"
            #expect(period.start <= moment && moment < period.end, comment)
            #expect(next.start == period.end, comment)
            let first = zone.date(of: period.start)
            let last = CivilDate.length(ofMonth: first.month, year: first.year)
            #expect(first.day == min(anchor.day, last), comment)
        }
    }
}
