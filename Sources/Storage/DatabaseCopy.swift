import ApplianceCore
import CAppliance
import Foundation
import GRDB
import GRDBSQLite

/// SQLite's backup of all that a connection sees to a new file, which is handed to the kernel 64 KiB at a time. In
/// single pages, as SQLite writes them, most of a copy's time went there, and reading and removing it took longer too.
enum DatabaseCopy {
    private enum Limit {
        /// KiB of pages on their way: each goes through once.
        static let cache = 256
    }

    /// Not synced. Throws `DatabaseError`.
    static func run(_ source: Database, to target: URL) throws {
        try check(DatabaseConfiguration.library, nil)
        var connection: OpaquePointer?
        defer { sqlite3_close(connection) }
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        try check(sqlite3_open_v2(target.path, &connection, flags, CAPPLIANCE_GATHERING), connection)
        let settings = "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA cache_size = -\(Limit.cache)"
        try check(sqlite3_exec(connection, settings, nil, nil, nil), connection)
        guard let backup = sqlite3_backup_init(connection, "main", source.sqliteConnection, "main") else {
            try check(sqlite3_extended_errcode(connection), connection)
            throw DomainError.internal("a copy could not begin")
        }
        let code = sqlite3_backup_step(backup, -1)
        let end = sqlite3_backup_finish(backup)
        try check(end, connection)
        guard code == SQLITE_DONE else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }

    private static func check(_ code: Int32, _ connection: OpaquePointer?) throws {
        guard code != SQLITE_OK else { return }
        let message = connection.map { String(cString: sqlite3_errmsg($0)) }
        throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }
}
