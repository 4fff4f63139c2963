import ApplianceCore
import CAppliance
import Foundation
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

    init(_ db: Database) throws {
        let tables = try String.fetchAll(
            db,
            sql: """
                SELECT name FROM pragma_table_list
                WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                """)
        var rows: [String: Int64] = [:]
        var lines: [String] = []
        for table in tables {
            let sum = try TableSum(db, table)
            rows[table] = sum.rows
            lines.append("\(table) \(sum.rows) \(sum.text)\n")
        }
        self.rows = rows
        hexadecimal = Self.prefix + Digest.of(Array(lines.sorted().joined().utf8))
    }

    /// Names the way of computing it: one that was made in another way says nothing.
    private static let prefix = "rows128:"

    static func isComparable(_ stored: String) -> Bool { stored.hasPrefix(prefix) }

    /// The sum over the rows of one table.
    private struct TableSum {
        private(set) var rows: Int64 = 0
        private var (high, low) = (UInt64(0), UInt64(0))
        var text: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

        init(_ db: Database, _ table: String) throws {
            let statement = try db.makeStatement(sql: "SELECT * FROM \(table.quotedDatabaseIdentifier)")
            let handle = statement.sqliteStatement
            let start = table.utf8.withContiguousStorageIfAvailable { name in
                var start = RowHash()
                start.add(.text, UnsafeRawBufferPointer(name))
                return start
            }
            guard let start else { throw DomainError.internal("a table's name without bytes") }
            let columns = sqlite3_column_count(handle)
            while case let code = sqlite3_step(handle), code != SQLITE_DONE {
                guard code == SQLITE_ROW else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
                var row = start
                for column in 0..<columns { Self.add(handle, column, to: &row) }
                let (sum, overflow) = low.addingReportingOverflow(row.low)
                low = sum
                high &+= row.high &+ (overflow ? 1 : 0)
                rows += 1
            }
        }

        private static func add(_ handle: OpaquePointer, _ column: Int32, to row: inout RowHash) {
            switch sqlite3_column_type(handle, column) {
            case SQLITE_INTEGER: row.add(.integer, UInt64(bitPattern: sqlite3_column_int64(handle, column)))
            case SQLITE_FLOAT: row.add(.real, sqlite3_column_double(handle, column).bitPattern)
            case SQLITE_NULL: row.add(.null, 0)
            case let type:
                let start = sqlite3_column_blob(handle, column)
                let content = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
                row.add(type == SQLITE_TEXT ? .text : .blob, content)
            }
        }

        private static func hexadecimal(_ word: UInt64) -> String {
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
    }
}
