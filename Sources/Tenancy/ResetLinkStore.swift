import ApplianceCore
import GRDB
import Storage

/// The `resetLinks` table of a shop's file, or of `system.sqlite` for operators: links that set a new password, once,
/// within 30 minutes.
enum ResetLinkStore {
    enum Limit {
        static let lifetime = Duration.minutes(30)
        /// Open links of one account; who asks for more is not sent any.
        static let open = 3
    }

    static let baseSQL = """
        CREATE TABLE resetLinks (
            tokenHash TEXT PRIMARY KEY NOT NULL, userId TEXT NOT NULL, createdAt TEXT NOT NULL, expiresAt TEXT NOT NULL
        ) STRICT;
        CREATE INDEX resetLinks_user ON resetLinks (userId);
        """

    static func countOpen(_ db: Database, userID: String, now: Instant) throws -> Int64 {
        try db.first(
            "SELECT count(*) FROM resetLinks WHERE userId = ?1 AND expiresAt > ?2", [.text(userID), SQLValue(now)]
        ) { $0.integer(0) } ?? 0
    }

    /// Removes what has expired, so that the table stays as small as what is open.
    static func insert(_ db: Database, tokenHash: String, userID: String, now: Instant) throws -> Instant {
        let expiresAt = now.adding(Limit.lifetime)
        try db.run("DELETE FROM resetLinks WHERE expiresAt <= ?1", [SQLValue(now)])
        try db.run(
            "INSERT INTO resetLinks VALUES (?1, ?2, ?3, ?4)",
            [.text(tokenHash), .text(userID), SQLValue(now), SQLValue(expiresAt)])
        return expiresAt
    }

    /// Whose password an open link sets.
    static func userID(_ db: Database, tokenHash: String, now: Instant) throws -> String? {
        try db.first(
            "SELECT userId FROM resetLinks WHERE tokenHash = ?1 AND expiresAt > ?2", [.text(tokenHash), SQLValue(now)]
        ) { $0.text(0) } ?? nil
    }

    static func deleteAll(_ db: Database, userID: String) throws {
        try db.run("DELETE FROM resetLinks WHERE userId = ?1", [.text(userID)])
    }
}
