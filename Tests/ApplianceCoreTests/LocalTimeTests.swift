import ApplianceCore
import Testing

/// The vectors of trials and their warnings: computed with another time zone library.
struct LocalTimeTests {
    @Test(arguments: [
        // India, at half an hour: warnings at 09:00 seven, three and one days before the last day.
        ("Asia/Kolkata", "2026-12-05", 7, "2026-11-28T03:30:00.000Z"),
        ("Asia/Kolkata", "2026-12-05", 3, "2026-12-02T03:30:00.000Z"),
        ("Asia/Kolkata", "2026-12-05", 1, "2026-12-04T03:30:00.000Z"),
        // Nepal, at three quarters.
        ("Asia/Kathmandu", "2026-12-05", 1, "2026-12-04T03:15:00.000Z"),
        // Clocks go back on 1 November: the first warning is at summer time, 172 hours before.
        ("America/New_York", "2026-11-05", 7, "2026-10-29T13:00:00.000Z"),
        ("America/New_York", "2026-11-05", 3, "2026-11-02T14:00:00.000Z"),
        ("America/New_York", "2026-11-05", 1, "2026-11-04T14:00:00.000Z"),
        // Clocks go forward on 28 March.
        ("Europe/Berlin", "2027-03-30", 7, "2027-03-23T08:00:00.000Z"),
        ("Europe/Berlin", "2027-03-30", 1, "2027-03-29T07:00:00.000Z"),
    ])
    func `nine in the morning some calendar days before`(zone: String, end: String, days: Int, expected: String) throws
    {
        let local = try ApplianceCoreTests.zone(zone)
        #expect(local.instant(try date(end).adding(days: -days), hour: 9).description == expected)
    }

    @Test(arguments: [
        ("America/New_York", "2026-03-08", 2, 30, "2026-03-08T07:30:00.000Z"),
        ("Europe/Brussels", "2026-03-29", 2, 30, "2026-03-29T01:30:00.000Z"),
        // At the very edges of the gap.
        ("America/New_York", "2026-03-08", 2, 0, "2026-03-08T07:00:00.000Z"),
        ("America/New_York", "2026-03-08", 3, 0, "2026-03-08T07:00:00.000Z"),
        ("America/New_York", "2026-03-08", 1, 59, "2026-03-08T06:59:00.000Z"),
        // Half an hour on Lord Howe Island; midnight itself in Chile.
        ("Australia/Lord_Howe", "2026-10-04", 2, 15, "2026-10-03T15:45:00.000Z"),
        ("America/Santiago", "2026-09-06", 0, 0, "2026-09-06T04:00:00.000Z"),
    ])
    func `a skipped time moves forward by the gap`(
        zone: String, day: String, hour: Int, minute: Int, expected: String
    ) throws {
        let local = try ApplianceCoreTests.zone(zone)
        #expect(local.instant(try date(day), hour: hour, minute: minute).description == expected)
    }

    @Test(arguments: [
        ("America/New_York", "2026-11-01", 1, 30, "2026-11-01T05:30:00.000Z"),
        ("Europe/Brussels", "2026-10-25", 2, 30, "2026-10-25T00:30:00.000Z"),
        ("America/New_York", "2026-11-01", 2, 0, "2026-11-01T07:00:00.000Z"),
        ("America/New_York", "2026-11-01", 0, 59, "2026-11-01T04:59:00.000Z"),
    ])
    func `a time that occurs twice means the first`(
        zone: String, day: String, hour: Int, minute: Int, expected: String
    ) throws {
        let local = try ApplianceCoreTests.zone(zone)
        #expect(local.instant(try date(day), hour: hour, minute: minute).description == expected)
    }

    @Test func `two in the night of a first Sunday in India`() throws {
        let india = try zone("Asia/Kolkata")
        for (day, expected) in [
            ("2026-12-06", "2026-12-05T20:30:00.000Z"), ("2027-01-03", "2027-01-02T20:30:00.000Z"),
            ("2027-08-01", "2027-07-31T20:30:00.000Z"),
        ] {
            #expect(india.instant(try date(day), hour: 2).description == expected)
        }
    }

    @Test func `a trial of 14 days ends with the 14th day from today`() throws {
        let india = try zone("Asia/Kolkata")
        let start = try instant("2026-11-21T02:00:00Z")
        #expect(india.endOfDay(after: 14, from: start).description == "2026-12-05T18:30:00.000Z")
        // Half an hour before midnight in India it is still the 21st there, half an hour later the 22nd.
        #expect(
            india.endOfDay(after: 0, from: try instant("2026-11-21T18:29:59Z")).description
                == "2026-11-21T18:30:00.000Z")
        #expect(
            india.endOfDay(after: 0, from: try instant("2026-11-21T18:30:00Z")).description
                == "2026-11-22T18:30:00.000Z")
    }

    @Test func `the day of an instant is the day where the shop is`() throws {
        let moment = try instant("2026-11-21T20:00:00Z")
        #expect(try zone("Asia/Kolkata").date(of: moment).description == "2026-11-22")
        #expect(try zone("America/New_York").date(of: moment).description == "2026-11-21")
        #expect(LocalTime.utc.date(of: try instant("1969-12-31T23:59:59Z")).description == "1969-12-31")
    }

    @Test func `a day begins where the day before ended`() throws {
        for name in ["Asia/Kolkata", "Europe/Berlin", "America/New_York", "America/Santiago", "Pacific/Apia"] {
            let local = try zone(name)
            var day = try date("2026-01-01")
            for _ in 0..<366 {
                let start = local.instant(day)
                #expect(local.date(of: start) == day, "\(name) \(day)")
                #expect(local.date(of: start.subtracting(.milliseconds(1))) == day.adding(days: -1), "\(name) \(day)")
                day = day.adding(days: 1)
            }
        }
    }

    @Test(arguments: ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", String(repeating: "A", count: 65)])
    func `a zone that nobody knows is refused`(identifier: String) {
        #expect(LocalTime(identifier) == nil)
    }
}
