import ApplianceCore
import CAppliance
import GRDB
import Storage

/// What a database says, whatever order or pages it is kept in: the same for a file, for its dump read in again, and
/// after VACUUM.
///
/// Of each row a number of 128 bits (`RowHash`) over table and values, added modulo 2¹²⁸; over all tables SHA-256 of a
/// line each, sorted: `name rows sum`. It finds what differs by accident; that nobody changed a byte on purpose is for
/// the SHA-256 of the whole file to say.
struct ContentHash {
    let hexadecimal: String
    /// Rows of each ordinary table: no views, and no virtual tables, whose modules a stranger's file could name.
    let rows: [String: Int64]

    /// Sums of the rows over what an index should hold of them, by the names of the indexes.
    let indexed: [String: RowSum]

    /// Reads every value once; with `proof` also for the indexes that it compares.
    init(_ db: Database, for proof: IndexProof? = nil) throws {
        let tables = try String.fetchAll(
            db, sql: "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
        var rows: [String: Int64] = [:]
        var lines: [String] = []
        var indexed: [String: RowSum] = [:]
        for table in tables where Self.covers(table) {
            let indexes = proof?.indexes[table] ?? []
            let scan = try TableScan(db, table, indexes, from: proof?.start ?? RowHash())
            rows[table] = scan.sum.rows
            lines.append("\(table) \(scan.sum.rows) \(scan.sum.hexadecimal)\n")
            for (index, sum) in zip(indexes, scan.indexed) { indexed[index.name] = sum }
        }
        (self.rows, self.indexed) = (rows, indexed)
        hexadecimal = Self.prefix + Digest.of(Array(lines.sorted().joined().utf8))
    }

    /// SQLite's own tables say nothing that others do not.
    static func covers(_ table: String) -> Bool { !table.lowercased().hasPrefix("sqlite_") }

    /// Names the way of computing it: one that was made in another way says nothing.
    private static let prefix = "rows128:"

    static func isComparable(_ stored: String) -> Bool { stored.hasPrefix(prefix) }

    /// The sums over the rows of one table: of all their values, and of what each of `indexes` should hold.
    private struct TableScan {
        private(set) var sum = RowSum()
        private(set) var indexed: [RowSum]

        init(_ db: Database, _ table: String, _ indexes: [IndexProof.Index], from indexStart: RowHash) throws {
            indexed = indexes.map { _ in RowSum() }
            // What it begins with is the table's name; an index is compared with its own table anyway.
            var start = RowHash()
            start.add(.text, table)
            let rowid = indexes.first.map { ", " + $0.rowid.quotedDatabaseIdentifier } ?? ""
            let sql = "SELECT *\(rowid) FROM \(table.quotedDatabaseIdentifier) NOT INDEXED"
            try db.makeStatement(sql: sql).withSteps { statement, step in
                try read(statement, step, indexes, from: (content: start, index: indexStart))
            }
        }

        private mutating func read(
            _ statement: OpaquePointer, _ step: () throws -> Bool, _ indexes: [IndexProof.Index],
            from start: (content: RowHash, index: RowHash)
        ) throws {
            let count = Int(sqlite3_column_count(statement))
            // The rowid is no value of the content.
            let contentCount = indexes.isEmpty ? count : count - 1
            let places = indexes.map { index in index.columns.map(\.place) + [count - 1] }
            try withUnsafeTemporaryAllocation(of: RowValue.self, capacity: count) { values in
                values.initialize(repeating: RowValue(.null, 0))
                while try step() {
                    var row = start.content
                    for column in 0..<count {
                        values[column] = RowValue(statement, Int32(column))
                        if column < contentCount { row.add(values[column]) }
                    }
                    sum.add(row)
                    for (index, places) in places.enumerated() {
                        let filter = indexes[index].filter
                        if let filter, values[filter.place].isNull != filter.isNull { continue }
                        var entry = start.index
                        for place in places { entry.add(values[place]) }
                        indexed[index].add(entry)
                    }
                }
            }
        }
    }
}
