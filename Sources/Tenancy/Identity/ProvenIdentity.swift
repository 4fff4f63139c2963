import ApplianceCore
import GRDB
import Storage

/// Who somebody is at a provider, by its own word.
package struct ProvenIdentity: Sendable, Equatable {
    /// Of the provider here.
    package let provider: String
    package let issuer: String
    /// What never changes there, unlike the address.
    package let subject: String
    /// The address, where the provider says that it has seen the person read mail there; else nil.
    package let verifiedEmail: String?

    /// What the index of accounts knows it by.
    var key: String { Self.key(issuer, subject) }

    static func key(_ issuer: String, _ subject: String) -> String { "\(issuer) \(subject)" }
}

/// The `identityLinks` table of a shop's file, or of `system.sqlite` for operators: which account belongs to which
/// subject of an issuer. From the first sign-in on this decides, and no longer the address.
enum IdentityLinkStore {
    static let baseSQL = """
        CREATE TABLE identityLinks (
            id TEXT PRIMARY KEY NOT NULL, userId TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL,
            createdAt TEXT NOT NULL, usedAt TEXT NOT NULL, UNIQUE (issuer, subject), UNIQUE (userId, issuer)
        ) STRICT;
        """

    /// The account of a subject.
    static func userID(_ db: Database, _ identity: ProvenIdentity) throws -> String? {
        try db.first(
            "SELECT userId FROM identityLinks WHERE issuer = ?1 AND subject = ?2",
            [.text(identity.issuer), .text(identity.subject)]
        ) { $0.text(0) ?? "" }
    }

    /// Whether an account belongs to a subject of the issuer already.
    static func has(_ db: Database, userID: String, issuer: String) throws -> Bool {
        try db.first(
            "SELECT 1 FROM identityLinks WHERE userId = ?1 AND issuer = ?2", [.text(userID), .text(issuer)]
        ) { _ in true } ?? false
    }

    static func insert(_ db: Database, id: String, userID: String, _ identity: ProvenIdentity, now: Instant) throws {
        try db.run(
            "INSERT INTO identityLinks VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            [.text(id), .text(userID), .text(identity.issuer), .text(identity.subject), SQLValue(now)])
    }

    static func noteUse(_ db: Database, _ identity: ProvenIdentity, now: Instant) throws {
        try db.run(
            "UPDATE identityLinks SET usedAt = ?3 WHERE issuer = ?1 AND subject = ?2",
            [.text(identity.issuer), .text(identity.subject), SQLValue(now)])
    }

    static func list(_ db: Database, userID: String) throws -> [JSON] {
        try db.all(
            "SELECT id, issuer, subject, createdAt, usedAt FROM identityLinks WHERE userId = ?1 ORDER BY id",
            [.text(userID)]
        ) { row in
            [
                "id": JSON(row.text(0)), "issuer": JSON(row.text(1)), "subject": JSON(row.text(2)),
                "createdAt": JSON(row.text(3)), "usedAt": JSON(row.text(4)),
            ]
        }
    }

    static func delete(_ db: Database, id: String, userID: String) throws -> Bool {
        try db.run("DELETE FROM identityLinks WHERE id = ?1 AND userId = ?2", [.text(id), .text(userID)])
        return db.changesCount == 1
    }

    /// What the index of accounts keeps of a shop's links.
    static func keys(_ db: Database) throws -> [String] {
        try db.all("SELECT issuer, subject FROM identityLinks", []) {
            ProvenIdentity.key($0.text(0) ?? "", $0.text(1) ?? "")
        }
    }
}
