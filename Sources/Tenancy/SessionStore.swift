package import ApplianceCore
import GRDB
import Storage

/// The `sessions` table of a shop's file, or of `system.sqlite` for operators. A session backs both a browser's cookie
/// and a JWT; ending it ends both.
enum SessionStore {
    static let baseSQL = """
        CREATE TABLE sessions (
            id TEXT PRIMARY KEY NOT NULL, userId TEXT NOT NULL, cookieHash TEXT NOT NULL UNIQUE,
            createdAt TEXT NOT NULL, expiresAt TEXT NOT NULL, address TEXT NOT NULL, userAgent TEXT NOT NULL
        ) STRICT;
        CREATE INDEX sessions_user ON sessions (userId);
        CREATE INDEX sessions_expiry ON sessions (expiresAt);
        """

    struct Row {
        let id: String
        let userID: String
        let expiresAt: Instant
    }

    static func insert(
        _ db: Database, id: String, userID: String, cookieHash: String, now: Instant, expiresAt: Instant,
        origin: SignInOrigin
    ) throws {
        try db.run(
            "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            [
                .text(id), .text(userID), .text(cookieHash), SQLValue(now), SQLValue(expiresAt),
                .text(origin.address), .text(String(origin.userAgent.prefix(300))),
            ])
    }

    /// By id or by the hash of the cookie's token; nil when ended or expired.
    static func find(_ db: Database, id: String? = nil, cookieHash: String? = nil, now: Instant) throws -> Row? {
        let column = id == nil ? "cookieHash" : "id"
        return try db.first(
            "SELECT id, userId, expiresAt FROM sessions WHERE \(column) = ?1 AND expiresAt > ?2",
            [SQLValue(id ?? cookieHash), SQLValue(now)]
        ) { row in
            Row(
                id: row.text(0) ?? "", userID: row.text(1) ?? "",
                expiresAt: row.text(2).flatMap(Instant.init) ?? .earliest)
        }
    }

    /// The latest first.
    static func list(_ db: Database, userID: String, now: Instant) throws -> [SessionFacts] {
        try db.all(
            """
            SELECT id, createdAt, expiresAt, address, userAgent FROM sessions
            WHERE userId = ?1 AND expiresAt > ?2 ORDER BY createdAt DESC, id DESC LIMIT \(SessionFacts.limit)
            """, [.text(userID), SQLValue(now)]
        ) { row in
            SessionFacts(
                id: row.text(0) ?? "", createdAt: row.text(1) ?? "", expiresAt: row.text(2) ?? "",
                address: row.text(3) ?? "", userAgent: row.text(4) ?? "")
        }
    }

    /// False when the person has no such session.
    static func delete(_ db: Database, id: String, userID: String) throws -> Bool {
        try db.run("DELETE FROM sessions WHERE id = ?1 AND userId = ?2", [.text(id), .text(userID)])
        return db.changesCount == 1
    }

    /// All of a person but one; how many.
    static func deleteOthers(_ db: Database, than id: String, userID: String) throws -> Int {
        try db.run("DELETE FROM sessions WHERE userId = ?1 AND id <> ?2", [.text(userID), .text(id)])
        return db.changesCount
    }

    static func delete(_ db: Database, id: String) throws {
        try db.run("DELETE FROM sessions WHERE id = ?1", [.text(id)])
    }

    static func deleteAll(_ db: Database, userID: String) throws {
        try db.run("DELETE FROM sessions WHERE userId = ?1", [.text(userID)])
    }

    static func purge(_ db: Database, before instant: Instant) throws -> Int {
        try db.run("DELETE FROM sessions WHERE expiresAt <= ?1", [SQLValue(instant)])
        return db.changesCount
    }
}

/// A session as its owner recognizes it.
package struct SessionFacts: Sendable {
    /// The latest ones that are listed.
    static let limit = 200

    package let id: String
    let createdAt: String
    let expiresAt: String
    let address: String
    let userAgent: String

    /// `current`: the session that asks.
    package func json(current: String?) -> JSON {
        [
            "id": .string(id), "createdAt": .string(createdAt), "expiresAt": .string(expiresAt),
            "address": .string(address), "userAgent": .string(userAgent), "isCurrent": .bool(id == current),
        ]
    }
}

/// Where a sign-in came from, for the list of sessions.
package struct SignInOrigin: Sendable {
    package let address: String
    package let userAgent: String

    package init(address: String, userAgent: String) { (self.address, self.userAgent) = (address, userAgent) }
}
