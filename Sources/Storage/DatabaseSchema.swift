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
    /// Runs on each connection before its first write: for what a connection keeps to itself. Not when it opens, as
    /// most that are opened for a look only read.
    package let prepareWriter: @Sendable (Database) throws -> Void
    /// Runs at the end of each transaction, before its commit, and is part of it.
    package let beforeCommit: (@Sendable (Database, TransactionChanges) throws -> Void)?
    /// Makes anew, from the records, what is kept only to find them.
    package let renew: @Sendable (Database) throws -> Void
    /// Tells objects that an older version of `synchronize` may have made from those of a stranger.
    package let recognizes: @Sendable (Object) -> Bool
    package let invariants: [Invariant]
    /// SQL for the id of the tenant that a file belongs to, where files carry one.
    package let owner: Invariant?
    /// SQL for SHA-256 and size of each content that the rows name, where a kind of file has uploads beside it.
    package let contents: Invariant?
    /// What stays as it is when the file goes back to a past of its own.
    package let standing: StandingRows?

    package init(
        applicationID: Int32, migrations: [Migration], invariants: [Invariant] = [], owner: Invariant? = nil,
        contents: Invariant? = nil, standing: StandingRows? = nil,
        synchronize: @escaping @Sendable (Database) throws -> Void = { _ in },
        prepareWriter: @escaping @Sendable (Database) throws -> Void = { _ in },
        beforeCommit: (@Sendable (Database, TransactionChanges) throws -> Void)? = nil,
        renew: @escaping @Sendable (Database) throws -> Void = { _ in },
        recognizes: @escaping @Sendable (Object) -> Bool = { _ in false }
    ) {
        (self.applicationID, self.migrations, self.synchronize) = (applicationID, migrations, synchronize)
        (self.prepareWriter, self.beforeCommit, self.renew) = (prepareWriter, beforeCommit, renew)
        self.recognizes = recognizes
        (self.invariants, self.owner, self.contents, self.standing) = (invariants, owner, contents, standing)
    }

    /// Whether migrations wait for the file. What `synchronize` does only ever adds, or exchanges an
    /// index, and is not among them.
    func hasPending(_ db: Database) throws -> Bool {
        try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0 < migrations.count
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

    /// The uploaded contents that the rows of a file name, each once. Empty for a file from before there were any.
    package func contents(_ db: Database) throws -> Set<Content> {
        guard let contents, try db.tableExists(contents.table) else { return [] }
        return try Set(db.all(contents.violations) { Content(sha256: $0.text(0) ?? "", bytes: $0.integer(1)) })
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

/// Rows that a connection has changed since it was opened, triggers included, before and after a transaction.
package struct TransactionChanges: Sendable {
    package let before: Int
    package let after: Int

    package init(before: Int, after: Int) { (self.before, self.after) = (before, after) }
}

extension DatabaseSchema {
    /// What must hold in every sound file beyond what SQLite checks itself: proved for each snapshot and restore.
    package struct Invariant: Sendable {
        /// Completes "it breaks a rule: ".
        package let name: String
        /// The table that must be there for the question to make sense: older files may not have it.
        package let table: String
        /// Gives a row where the rule is broken.
        package let violations: String

        package init(_ name: String, table: String, violations: String) {
            (self.name, self.table, self.violations) = (name, table, violations)
        }
    }

    /// One entry of `sqlite_schema`.
    package struct Object: Hashable, Sendable {
        package let type: String
        package let name: String
        package let sql: String

        package init(type: String, name: String, sql: String) { (self.type, self.name, self.sql) = (type, name, sql) }

        /// All that a file declares, but for SQLite's own.
        package static func all(_ db: Database) throws -> Set<Object> {
            let rows = try Row.fetchAll(
                db, sql: "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'")
            return Set(rows.map { Object(type: $0["type"], name: $0["name"], sql: $0["sql"]) })
        }
    }

    /// What a file of ours at `version` declares at least, and what one of this program's version may declare beside
    /// tables. Made in memory, in a few milliseconds.
    package func expected(version: Int) throws -> (required: Set<Object>, allowed: Set<Object>) {
        let queue = try DatabaseQueue()
        defer { try? queue.close() }
        return try queue.inDatabase { db in
            var required: Set<Object> = []
            for (index, migration) in migrations.enumerated() {
                if index == version { required = try Object.all(db) }
                try db.execute(sql: migration.sql)
            }
            if version >= migrations.count { required = try Object.all(db) }
            try synchronize(db)
            return (required, try Object.all(db).union(required))
        }
    }
}
