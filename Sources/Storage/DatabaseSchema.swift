import ApplianceCore
package import GRDB

/// What a kind of file must look like: migrations as data, and how the tables of collections are brought up to date.
package struct DatabaseSchema: Sendable {
    /// One step from version *n* to *n + 1*: SQL text, never edited once released.
    package struct Migration: Sendable {
        package let name: String
        package let sql: String

        package init(_ name: String, _ sql: String) { (self.name, self.sql) = (name, sql) }
    }

    /// SQLite's `application_id` of the file: tells ours from any other SQLite file.
    package let applicationID: Int32
    package let migrations: [Migration]
    /// Runs in the last transaction of every opening; must be cheap when nothing changed.
    package let synchronize: @Sendable (Database) throws -> Void

    package init(
        applicationID: Int32, migrations: [Migration],
        synchronize: @escaping @Sendable (Database) throws -> Void = { _ in }
    ) {
        (self.applicationID, self.migrations, self.synchronize) = (applicationID, migrations, synchronize)
    }

    /// Brings an open file, checked before, to the current version: each migration in a transaction of its own.
    func apply(to db: Database, isNew: Bool) throws {
        if isNew { try db.execute(sql: "PRAGMA application_id = \(applicationID)") }
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        for (index, migration) in migrations.enumerated().dropFirst(version) {
            try db.inTransaction(.immediate) {
                try db.execute(sql: migration.sql)
                try db.execute(sql: "PRAGMA user_version = \(index + 1)")
                return .commit
            }
        }
        try db.inTransaction(.immediate) {
            try synchronize(db)
            return .commit
        }
    }

    /// Throws unless the file is one of ours and not from a newer version.
    package func check(_ db: Database) throws {
        guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == applicationID else {
            throw DomainError.unavailable("file_foreign", "The file is not one of Appliance's.")
        }
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard version <= migrations.count else {
            throw DomainError.unavailable(
                "file_newer",
                "The file has schema version \(version), and this program knows up to \(migrations.count).")
        }
    }
}
