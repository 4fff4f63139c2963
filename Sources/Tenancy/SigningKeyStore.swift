package import ApplianceCore
import GRDB
import Storage

/// A key that signs tokens: its number is the token's `kid`, its bytes are derived from the master key.
package struct SigningKey: Sendable, Equatable {
    package let id: Int64
    package let createdAt: Instant
    /// From when it signs no more; nil for the one that does.
    package let retiredAt: Instant?

    package var json: JSON {
        ["id": .integer(id), "createdAt": JSON(createdAt), "retiredAt": JSON(retiredAt)]
    }
}

/// The `signingKeys` table of `system.sqlite`.
enum SigningKeyStore {
    enum Limit {
        /// After which the job makes a new one.
        static let age = Duration.days(90)
    }

    static let schema = """
        CREATE TABLE signingKeys (
            id INTEGER PRIMARY KEY NOT NULL, createdAt TEXT NOT NULL, retiredAt TEXT
        ) STRICT;
        """

    /// The latest first; never empty once a key was needed.
    static func list(_ db: Database) throws -> [SigningKey] {
        try db.all("SELECT id, createdAt, retiredAt FROM signingKeys ORDER BY id DESC", []) { row in
            SigningKey(
                id: row.integer(0), createdAt: row.text(1).flatMap(Instant.init) ?? .earliest,
                retiredAt: row.text(2).flatMap(Instant.init))
        }
    }

    /// Retires all there are and begins the next.
    static func rotate(_ db: Database, now: Instant) throws {
        let last = try list(db).first?.id ?? 0
        try db.run("UPDATE signingKeys SET retiredAt = ?1 WHERE retiredAt IS NULL", [SQLValue(now)])
        try db.run("INSERT INTO signingKeys VALUES (?1, ?2, NULL)", [.integer(last + 1), SQLValue(now)])
    }

    static func delete(_ db: Database, retiredBefore instant: Instant) throws {
        try db.run("DELETE FROM signingKeys WHERE retiredAt <= ?1", [SQLValue(instant)])
    }
}
