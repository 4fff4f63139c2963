import ApplianceCore
import GRDB
import Storage

/// Numbers without gaps, such as those of invoices: `INV/{fy}/{0000}` gives `INV/26-27/0001`, `INV/26-27/0002`, … and
/// begins again with each year. A number is drawn in the transaction of the record that gets it, so one that is not
/// used is not drawn; a record that has one cannot be deleted.
package struct NumberSeries: Sendable {
    package enum Limit {
        /// Characters of a pattern, and of a number made by it.
        package static let length = 40
        static let digits = 12
    }

    package struct Fault: Error, Equatable {
        package let message: String
    }

    private enum Part: Sendable {
        case text(String)
        /// `2026`
        case year
        /// `26-27`; `26` where the year is the calendar's.
        case financialYear
        case number(digits: Int)
    }

    package let pattern: String
    /// The month in which a year of the series begins: 4 in India.
    package let firstMonth: Int
    private let parts: [Part]

    /// `pattern` has one counter, `{0000}`, with as many zeros as the number has digits at least, and may have `{year}`
    /// and `{fy}`.
    package init(firstMonth: Int, checked pattern: String) throws(Fault) {
        guard pattern.utf8.count <= Limit.length, (1...12).contains(firstMonth) else {
            throw Fault(message: "A pattern has at most \(Limit.length) characters, a year begins in a month 1–12.")
        }
        (self.pattern, self.firstMonth) = (pattern, firstMonth)
        var parts: [Part] = []
        for (index, piece) in pattern.split(separator: "{", omittingEmptySubsequences: false).enumerated() {
            guard index > 0 else {
                parts.append(.text(String(piece)))
                continue
            }
            let halves = piece.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2 else { throw Fault(message: "{ is never closed.") }
            switch halves[0] {
            case "year": parts.append(.year)
            case "fy": parts.append(.financialYear)
            case let zeros where !zeros.isEmpty && zeros.count <= Limit.digits && zeros.allSatisfy { $0 == "0" }:
                parts.append(.number(digits: zeros.count))
            default: throw Fault(message: "{\(halves[0])} is none of {year}, {fy} and {0000}.")
            }
            parts.append(.text(String(halves[1])))
        }
        let counters = parts.filter { if case .number = $0 { true } else { false } }
        guard counters.count == 1 else { throw Fault(message: "A pattern has one counter, such as {0000}.") }
        self.parts = parts
    }

    private var isYearly: Bool {
        parts.contains { part in
            switch part {
            case .year, .financialYear: true
            case .text, .number: false
            }
        }
    }

    /// The year of the series that a day belongs to, by the calendar of the shop.
    func year(_ date: CivilDate) -> Int { date.month >= firstMonth ? date.year : date.year - 1 }

    func text(year: Int, number: Int64) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .year: String(year)
            case .financialYear:
                firstMonth == 1 ? Self.twoDigits(year) : Self.twoDigits(year) + "-" + Self.twoDigits(year + 1)
            case .number(let digits):
                String(repeating: "0", count: max(0, digits - String(number).utf8.count)) + String(number)
            }
        }.joined()
    }

    private static func twoDigits(_ year: Int) -> String { (year % 100 < 10 ? "0" : "") + String(year % 100) }

    /// The counters of a shop.
    static let baseSQL = """
        CREATE TABLE sequences (
            collection TEXT NOT NULL, field TEXT NOT NULL, year INTEGER NOT NULL, last INTEGER NOT NULL,
            PRIMARY KEY (collection, field, year)
        ) STRICT, WITHOUT ROWID;
        """

    /// Draws the next number.
    func draw(_ db: Database, collection: String, field: String, _ context: RecordContext) throws -> String {
        let year = year(context.timeZone.date(of: context.now))
        let number = try db.first(
            """
            INSERT INTO sequences VALUES (?1, ?2, ?3, 1)
            ON CONFLICT (collection, field, year) DO UPDATE SET last = last + 1 RETURNING last
            """, [.text(collection), .text(field), .integer(isYearly ? Int64(year) : 0)]
        ) { $0.integer(0) }
        guard let number else { throw DomainError.internal("no number of \(collection).\(field)") }
        return text(year: year, number: number)
    }
}
