import ApplianceCore
import Testing

struct CivilDateTests {
    @Test func `days follow one another through four centuries`() throws {
        var (year, month, day) = (1900, 1, 1)
        var number = try #require(CivilDate(year: year, month: month, day: day)).daysSince1970
        #expect(number == -25_567)
        while year < 2300 {
            let date = CivilDate(daysSince1970: number)
            guard date.year == year, date.month == month, date.day == day, date.daysSince1970 == number else {
                Issue.record("\(date) at \(number)")
                return
            }
            (number, day) = (number + 1, day + 1)
            if day > CivilDate.length(ofMonth: month, year: year) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect(number == 120_530)
    }

    @Test func `the ends of time are clamped`() {
        #expect(CivilDate(daysSince1970: .min).description == "0001-01-01")
        #expect(CivilDate(daysSince1970: .max).description == "9999-12-31")
        #expect(CivilDate("9999-12-31")?.adding(days: 1).description == "9999-12-31")
    }

    @Test(arguments: [
        (1900, 28), (2000, 29), (2023, 28), (2024, 29), (2100, 28), (2400, 29),
    ])
    func `February knows leap years`(year: Int, days: Int) {
        #expect(CivilDate.length(ofMonth: 2, year: year) == days)
        #expect((CivilDate(year: year, month: 2, day: 29) != nil) == (days == 29))
    }

    @Test func `days are counted across months and leap days`() throws {
        #expect(try date("2024-02-28").adding(days: 2) == date("2024-03-01"))
        #expect(try date("2026-03-01").adding(days: -1) == date("2026-02-28"))
        #expect(try date("2026-11-21") < date("2026-12-01"))
        #expect(try date("2026-11-21").daysSince1970 == 20_778)
    }

    @Test(arguments: [
        "", "2026-1-01", "2026-01-1", "26-01-01", "2026/01/01", "2026-01-01 ", "2026-02-30", "2026-00-01",
        "2026-01-00", "2026-13-01", "0000-01-01", "-001-01-01", "2026-0१-01", "2026-01-32",
    ])
    func `what is no day is refused`(text: String) {
        #expect(CivilDate(text) == nil)
    }
}
