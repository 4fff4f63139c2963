import ApplianceCore
import CAppliance
package import Foundation
package import GRDB

/// How SQLite connections are opened. One read-write connection per file in the whole process, and only it checkpoints:
/// SQLite before 3.51.3 can corrupt a file otherwise (sqlite.org/wal.html#walresetbug), and Debian ships 3.40.1.
package enum DatabaseConfiguration {
    package enum Limit {
        /// How long a connection waits for another one's lock before it gives up.
        static let busyTimeout: TimeInterval = 5
        /// KiB of page cache for a writer and for each reader.
        static let writerCache = 4096
        static let readerCache = 2048
        /// KiB for a writer while it does bulk work.
        static let bulkCache = 64 << 10
        /// Longest SQL text and largest value: far above ours, far below SQLite's gigabyte.
        static let length: Int32 = 32 << 20
    }

    /// `check` looks at the file before anything is written to it, and throws when it is not to be touched.
    static func openWriter(_ url: URL, check: (Database) throws -> Void) throws -> DatabaseQueue {
        let queue = try DatabaseQueue(path: url.path, configuration: configuration(readonly: false))
        try queue.writeWithoutTransaction { db in
            try check(db)
            // "WAL" is kept in the file; asking again costs nothing and turns a copied rollback-mode file round.
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            // "FULL: the WAL is synced after each transaction commit": an acknowledged write survives power loss.
            // Set last, and checked, because GRDB lowers it to NORMAL when it is asked for WAL itself.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            try db.execute(sql: "PRAGMA cache_size = -\(Limit.writerCache)")
            try requireDurability(db)
        }
        return queue
    }

    /// Runs a transaction of seconds with a page cache that its pages fit into. In the usual one SQLite would write
    /// them to the WAL and read them back, over and over.
    static func withBulkCache<Value>(_ db: Database, _ body: () throws -> Value) throws -> Value {
        try db.execute(sql: "PRAGMA cache_size = -\(Limit.bulkCache)")
        defer { try? db.execute(sql: "PRAGMA cache_size = -\(Limit.writerCache); PRAGMA shrink_memory") }
        return try body()
    }

    /// Throws unless a commit through this connection is on disk when it returns.
    static func requireDurability(_ db: Database) throws {
        guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2,
            try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal"
        else { throw DomainError.internal("synchronous=FULL or WAL did not take") }
    }

    /// Also for copies that nobody writes: `url` may be any SQLite file.
    package static func openReader(_ url: URL) throws -> DatabaseQueue {
        try DatabaseQueue(path: url.path, configuration: configuration(readonly: true))
    }

    /// Sets SQLite up, once; the result code of registering our VFS. Where somebody else has opened a connection
    /// before, SQLite goes on counting its memory, and nothing is lost but time.
    static let library: CInt = {
        _ = cappliance_sqlite_without_statistics()
        return cappliance_register_gathering()
    }()

    private static func configuration(readonly: Bool) -> Configuration {
        _ = library
        var configuration = Configuration()
        configuration.readonly = readonly
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(Limit.busyTimeout)
        // Our writes are raw SAVEPOINTs inside one transaction; GRDB need not check.
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { db in try harden(db, readonly: readonly) }
        return configuration
    }

    /// What a file from a backup or from outside could otherwise do to us: run its own triggers' functions, load code,
    /// attach other files, rewrite its schema.
    private static func harden(_ db: Database, readonly: Bool) throws {
        guard let connection = db.sqliteConnection else { throw DomainError.internal("no connection") }
        for (option, on) in [
            (SQLITE_DBCONFIG_DEFENSIVE, 1), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
            (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0), (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1),
        ] {
            guard cappliance_sqlite_config(connection, option, Int32(on)) == SQLITE_OK else {
                throw DomainError.internal("sqlite3_db_config \(option) failed")
            }
        }
        sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0)
        sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, Limit.length)
        sqlite3_limit(connection, SQLITE_LIMIT_SQL_LENGTH, Limit.length)
        try db.execute(sql: "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY")
        if readonly { try db.execute(sql: "PRAGMA query_only = ON; PRAGMA cache_size = -\(Limit.readerCache)") }
    }
}
