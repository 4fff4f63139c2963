package import ApplianceCore
package import GRDB
import GRDBSQLite

/// A value as SQLite keeps it in a STRICT table.
package enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case text(String)
}

/// A cached prepared statement, bound and stepped without a row object in between: what the hot paths use.
///
/// Values are always bound, never written into SQL text.
package struct SQLStatement {
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    private let db: Database
    // Kept so that the cache cannot drop it while it runs.
    private let statement: Statement

    package init(_ db: Database, _ sql: String) throws {
        self.db = db
        statement = try db.cachedStatement(sql: sql)
    }

    private var handle: OpaquePointer { statement.sqliteStatement }

    /// Binds `values` to the parameters 1, 2, ….
    package func bind(_ values: [SQLValue]) throws {
        for (index, value) in values.enumerated() { try bind(value, at: Int32(index + 1)) }
    }

    package func bind(_ value: SQLValue, at index: Int32) throws {
        let code =
            switch value {
            case .null: sqlite3_bind_null(handle, index)
            case .integer(let value): sqlite3_bind_int64(handle, index, value)
            case .text(let text):
                text.utf8.withContiguousStorageIfAvailable { bytes in
                    bytes.withMemoryRebound(to: CChar.self) { chars in
                        sqlite3_bind_text64(
                            handle, index, chars.baseAddress, UInt64(chars.count), Self.transient, UInt8(SQLITE_UTF8))
                    }
                } ?? sqlite3_bind_text(handle, index, text, -1, Self.transient)
            }
        guard code == SQLITE_OK else { throw failure(code) }
    }

    /// True when there is a row to look at.
    package func step() throws -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else { throw failure(code) }
        return false
    }

    package func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    private func failure(_ code: Int32) -> DatabaseError {
        let extended = db.sqliteConnection.map { sqlite3_extended_errcode($0) } ?? code
        let message = db.sqliteConnection.map { String(cString: sqlite3_errmsg($0)) }
        return DatabaseError(resultCode: ResultCode(rawValue: extended), message: message)
    }

    // MARK: - Columns, counted from 0

    package func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
    package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    package func text(_ column: Int32) -> String? {
        isNull(column) ? nil : withBytes(column) { String(decoding: $0, as: UTF8.self) }
    }

    package func value(_ column: Int32) -> SQLValue {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_NULL: .null
        case SQLITE_INTEGER: .integer(integer(column))
        default: .text(text(column) ?? "")
        }
    }

    /// Whether a column has the same value in another statement's row, looked at without a copy.
    package func isSame(_ column: Int32, as other: SQLStatement) -> Bool {
        let type = sqlite3_column_type(handle, column)
        guard type == sqlite3_column_type(other.handle, column) else { return false }
        switch type {
        case SQLITE_NULL: return true
        case SQLITE_INTEGER: return integer(column) == other.integer(column)
        default:
            return withBytes(column) { bytes in
                other.withBytes(column) { others in
                    bytes.count == others.count && bytes.elementsEqual(others)
                }
            }
        }
    }

    /// The UTF-8 bytes of a column, valid inside `body`.
    package func withBytes<Value>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        let start = sqlite3_column_text(handle, column)
        return try body(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }
}

extension Database {
    /// Runs a statement for its effect.
    package func run(_ sql: String, _ values: [SQLValue] = []) throws {
        let statement = try SQLStatement(self, sql)
        defer { statement.reset() }
        try statement.bind(values)
        while try statement.step() {}
    }

    /// What `body` makes of the first row; nil without one.
    package func first<Value>(
        _ sql: String, _ values: [SQLValue] = [], _ body: (SQLStatement) throws -> Value
    ) throws -> Value? {
        let statement = try SQLStatement(self, sql)
        defer { statement.reset() }
        try statement.bind(values)
        return try statement.step() ? try body(statement) : nil
    }

    /// Calls `body` with each row.
    package func each(_ sql: String, _ values: [SQLValue] = [], _ body: (SQLStatement) throws -> Void) throws {
        let statement = try SQLStatement(self, sql)
        defer { statement.reset() }
        try statement.bind(values)
        while try statement.step() { try body(statement) }
    }

    /// All rows, each through `body`.
    package func all<Value>(
        _ sql: String, _ values: [SQLValue] = [], _ body: (SQLStatement) throws -> Value
    ) throws -> [Value] {
        var rows: [Value] = []
        try each(sql, values) { rows.append(try body($0)) }
        return rows
    }
}

extension SQLValue {
    package init(_ text: String?) { self = text.map { .text($0) } ?? .null }
    package init(_ instant: Instant?) { self = instant.map { .text($0.description) } ?? .null }
    package init(_ integer: Int?) { self = integer.map { .integer(Int64($0)) } ?? .null }
}
