import ApplianceCore
import Storage
import Testing

@testable import CollectionKit

struct NumberSeriesTests {
    @Test(arguments: [
        ("INV/{fy}/{0000}", 4, "2026-11-21", 7, "INV/26-27/0007"),
        ("INV/{fy}/{0000}", 4, "2027-03-31", 7, "INV/26-27/0007"),
        ("INV/{fy}/{0000}", 4, "2027-04-01", 7, "INV/27-28/0007"), ("{year}-{00}", 1, "2026-01-01", 123, "2026-123"),
        ("{fy}{0}", 1, "2099-12-31", 5, "995"), ("{fy}/{0}", 7, "2099-12-31", 5, "99-00/5"),
        ("{000}", 1, "2026-01-01", 1, "001"),
    ])
    func `a number is written as the pattern says`(
        pattern: String, firstMonth: Int, day: String, number: Int64, text: String
    ) throws {
        let series = try NumberSeries(firstMonth: firstMonth, checked: pattern)
        #expect(series.text(year: series.year(try #require(CivilDate(day))), number: number) == text)
    }

    @Test(arguments: ["", "INV", "{year}", "{0000}{00}", "{0000", "{000a}", "{}{0}", "{month}{0}", "{0000000000000}"])
    func `a pattern has exactly one counter`(pattern: String) {
        #expect(throws: NumberSeries.Fault.self) { try NumberSeries(firstMonth: 1, checked: pattern) }
    }

    @Test func `the audit log tells the number that a new record drew`() async throws {
        let series = try NumberSeries(firstMonth: 1, checked: "R-{0000}")
        let receipts = CollectionKit.Collection(
            "receipts", idPrefix: "rec", title: "Receipt",
            fields: [.text("note", max: 20), .sequence("number", series)])
        let shop = try TestShop([receipts])
        #expect(try await shop.create(receipts, ["note": "a"])["number"] == "R-0001")
        let event = try shop.file.read { db in try AuditTrail.list(db, before: nil, limit: 1) }.first
        #expect(event?["data"]?["new"] == ["note": "a", "number": "R-0001"])
    }
}
