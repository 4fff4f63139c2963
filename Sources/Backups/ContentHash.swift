import ApplianceCore
import CAppliance
import Crypto
import Foundation
import GRDB
import Storage

/// What a database says, whatever order or pages it is kept in: the same for a file, for its dump read in again, and
/// after VACUUM.
///
/// Of each row SHA-256 over table and values, of which the first 16 bytes are added modulo 2¹²⁸; over all tables
/// SHA-256 of a line each, sorted: `name rows sum`. A value is its type's letter, its length in bytes and its bytes
/// (integers and reals eight, big-endian).
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
        hexadecimal = Digest.of(Array(lines.sorted().joined().utf8))
    }

    /// The sum over the rows of one table.
    private struct TableSum {
        private(set) var rows: Int64 = 0
        private var (high, low) = (UInt64(0), UInt64(0))
        var text: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

        init(_ db: Database, _ table: String) throws {
            let statement = try db.makeStatement(sql: "SELECT * FROM \(table.quotedDatabaseIdentifier)")
            let handle = statement.sqliteStatement
            var bytes: [UInt8] = []
            while case let code = sqlite3_step(handle), code != SQLITE_DONE {
                guard code == SQLITE_ROW else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
                bytes.removeAll(keepingCapacity: true)
                bytes.append(contentsOf: table.utf8)
                for column in 0..<sqlite3_column_count(handle) { Self.append(handle, column, to: &bytes) }
                add(SHA256.hash(data: bytes))
                rows += 1
            }
        }

        private mutating func add(_ digest: SHA256.Digest) {
            digest.withUnsafeBytes { digest in
                let (sum, overflow) = low.addingReportingOverflow(
                    digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self).bigEndian)
                low = sum
                high &+= digest.loadUnaligned(as: UInt64.self).bigEndian &+ (overflow ? 1 : 0)
            }
        }

        private static func append(_ handle: OpaquePointer, _ column: Int32, to bytes: inout [UInt8]) {
            func number(_ bits: UInt64) { withUnsafeBytes(of: bits.bigEndian) { bytes.append(contentsOf: $0) } }
            let type = sqlite3_column_type(handle, column)
            switch type {
            case SQLITE_INTEGER:
                bytes.append(UInt8(ascii: "i"))
                number(UInt64(bitPattern: sqlite3_column_int64(handle, column)))
            case SQLITE_FLOAT:
                bytes.append(UInt8(ascii: "r"))
                number(sqlite3_column_double(handle, column).bitPattern)
            case SQLITE_NULL:
                bytes.append(UInt8(ascii: "n"))
            default:
                bytes.append(UInt8(ascii: type == SQLITE_TEXT ? "t" : "b"))
                let start = sqlite3_column_blob(handle, column)
                let content = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
                number(UInt64(content.count))
                bytes.append(contentsOf: content)
            }
        }

        private static func hexadecimal(_ word: UInt64) -> String {
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
    }
}
