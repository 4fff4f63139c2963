import ApplianceCore
package import GRDB
import Storage

/// Writes the records that a query matches as CSV, in chunks, from one state of the file.
package struct RecordExport {
    private static let chunk = 64 << 10

    private let query: ListQuery

    package init(_ query: ListQuery) { self.query = query }

    /// Calls `sink` with the header and the rows, some 64 KiB at a time; returns how many records there were.
    @discardableResult
    package func run(_ db: Database, _ sink: ([UInt8]) throws -> Void) throws -> Int {
        let view = query.view
        let columns =
            query.fields ?? ["id"] + view.fields.filter { !$0.isWriteOnly && view.isReadable($0.name) }.map(\.name) + [
                "createdAt", "updatedAt", "version",
            ]
        // The currencies of money columns, fetched along where they were not asked for.
        let moneyCurrencies = columns.map { Self.currencyField(of: $0, view.collection) }
        let extra = Set(moneyCurrencies.compactMap { $0 }).subtracting(columns).sorted()
        let fetched = columns + extra
        let formats = zip(columns, moneyCurrencies).map { name, currency in
            Format(name, currencyColumn: currency.flatMap { fetched.firstIndex(of: $0) }, view.collection)
        }
        var out: [UInt8] = []
        var count = 0
        CSVWriter.append(columns, to: &out)
        try query.eachRecord(db, columns: fetched) { row in
            CSVWriter.append(formats.enumerated().map { $1.text(row, Int32($0)) }, to: &out)
            count += 1
            if out.count >= Self.chunk {
                try sink(out)
                out.removeAll(keepingCapacity: true)
            }
        }
        try sink(out)
        return count
    }

    private static func currencyField(of name: String, _ collection: Collection) -> String? {
        if case .money(let currency, _) = collection.field(name)?.type { currency } else { nil }
    }

    /// How one column is written.
    private enum Format {
        case text, integer, boolean, list
        case decimal(scale: Int)
        case money(currencyColumn: Int32)

        init(_ name: String, currencyColumn: Int?, _ collection: Collection) {
            switch collection.column(name) {
            case .money: self = currencyColumn.map { .money(currencyColumn: Int32($0)) } ?? .integer
            case .integer: self = .integer
            case .decimal(let scale, _): self = .decimal(scale: scale)
            case .references: self = .list
            case .boolean: self = .boolean
            default: self = .text
            }
        }

        func text(_ row: SQLStatement, _ column: Int32) -> String {
            guard !row.isNull(column) else { return "" }
            switch self {
            case .text: return CSVWriter.guarded(row.text(column) ?? "")
            case .integer: return String(row.integer(column))
            case .boolean: return row.integer(column) == 0 ? "false" : "true"
            case .decimal(let scale): return FixedPoint.text(row.integer(column), scale: scale)
            case .list:
                let ids = (try? JSONParser.parse(Array((row.text(column) ?? "").utf8)))?.arrayValue ?? []
                return ids.compactMap(\.stringValue).joined(separator: " ")
            case .money(let currencyColumn):
                let currency = Currency(row.text(currencyColumn) ?? "")
                return currency?.majorText(row.integer(column)) ?? String(row.integer(column))
            }
        }
    }
}
