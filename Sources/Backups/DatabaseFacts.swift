import ApplianceCore
import Foundation
import GRDB
import Storage

/// What a stored file is not. `reason` completes "tenants/… is damaged: ".
struct FileFault: Error, Equatable { let reason: String }

/// What is counted in a copy and compared in every later check of it.
struct DatabaseFacts: Equatable, Sendable {
    let schemaVersion: Int
    /// Rows of each ordinary table: no views, and no virtual tables, whose modules a stranger's file could name.
    let rows: [String: Int64]

    init(schemaVersion: Int, rows: [String: Int64]) { (self.schemaVersion, self.rows) = (schemaVersion, rows) }

    init(_ stored: Manifest.File) { self.init(schemaVersion: stored.schemaVersion, rows: stored.rows) }

    private init(_ db: Database) throws {
        schemaVersion = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let tables = try String.fetchAll(
            db,
            sql: """
                SELECT name FROM pragma_table_list
                WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                """)
        rows = try tables.reduce(into: [:]) { rows, table in
            rows[table] = try Int64.fetchOne(db, sql: "SELECT count(*) FROM \(table.quotedDatabaseIdentifier)") ?? 0
        }
    }

    /// Of a copy that nobody writes. Throws `FileFault` when SQLite cannot read it.
    static func read(_ url: URL) throws -> DatabaseFacts { try reading(url) { try DatabaseFacts($0) } }

    /// Everything SQLite can say about a file: ours, whole, references intact, as many rows as counted. Half of all
    /// flipped bits pass `integrity_check`, so the caller has compared the SHA-256 before.
    func check(_ url: URL, schema: DatabaseSchema) throws {
        try Self.reading(url) { db in
            try schema.check(db)
            guard try String.fetchAll(db, sql: "PRAGMA integrity_check(1)") == ["ok"] else {
                throw FileFault(reason: "SQLite finds its content damaged")
            }
            guard try Row.fetchOne(db, sql: "PRAGMA foreign_key_check") == nil else {
                throw FileFault(reason: "a record refers to one that does not exist")
            }
            let found = try DatabaseFacts(db)
            guard found.schemaVersion == schemaVersion else {
                throw FileFault(reason: "its schema version does not match")
            }
            guard found.rows == rows else { throw FileFault(reason: "its row counts do not match") }
        }
    }

    private static func reading<Value>(_ url: URL, _ body: (Database) throws -> Value) throws -> Value {
        // A reader of a file in WAL mode leaves these beside it; beside another database they would be poison.
        defer { for suffix in ["-wal", "-shm"] { unlink(url.path + suffix) } }
        do {
            let queue = try DatabaseConfiguration.openReader(url)
            defer { try? queue.close() }
            return try queue.unsafeRead(body)
        } catch let error as DatabaseError where error.resultCode != .SQLITE_FULL {
            throw FileFault(reason: "SQLite cannot read it (\(error.resultCode.rawValue))")
        } catch let error as DomainError where error.code == "file_foreign" {
            throw FileFault(reason: "it is not one of Appliance's files")
        }
    }
}
