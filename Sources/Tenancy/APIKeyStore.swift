package import ApplianceCore
package import CollectionKit
import GRDB
import Storage

/// A key with which programs of a shop use its API.
package struct APIKey: Sendable, Equatable {
    package enum Status: String, Sendable { case active, revoked, expired }

    package let id: String
    package let name: String
    /// Its first characters.
    package let start: String
    /// What its holder is in the shop: which fields it sees; never an owner.
    package let role: Role
    package let scopes: KeyScopes
    package let createdAt: Instant
    package let createdBy: String
    /// Nil: it does not expire.
    package let expiresAt: Instant?
    package var lastUsedAt: Instant?
    package var revokedAt: Instant?

    package func status(at now: Instant) -> Status {
        if revokedAt != nil { return .revoked }
        return expiresAt.map { $0 <= now } ?? false ? .expired : .active
    }

    package func json(at now: Instant) -> JSON {
        [
            "id": .string(id), "name": .string(name), "start": .string(start), "role": .string(role.rawValue),
            "scopes": .array(scopes.names.map { .string($0) }), "status": .string(status(at: now).rawValue),
            "createdAt": JSON(createdAt), "createdBy": .string(createdBy), "expiresAt": JSON(expiresAt),
            "lastUsedAt": JSON(lastUsedAt), "revokedAt": JSON(revokedAt),
        ]
    }

    func principal(tenantID: String) -> Principal {
        Principal(
            id: id, email: "", name: name, standing: .user(tenant: tenantID, role: role), sessionID: "",
            expiresAt: expiresAt ?? .latest, limit: scopes.limit)
    }
}

/// The `apiKeys` table of a shop's file.
enum APIKeyStore {
    enum Limit {
        /// Keys of a shop that can be used.
        static let active = 50
        /// The latest ones that are listed.
        static let listed = 200
        /// Between two notes of a key's use.
        static let useInterval = Duration.minutes(1)
    }

    static let baseSQL = """
        CREATE TABLE apiKeys (
            id TEXT PRIMARY KEY NOT NULL, keyHash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, start TEXT NOT NULL,
            role TEXT NOT NULL, scopes TEXT NOT NULL, createdAt TEXT NOT NULL, createdBy TEXT NOT NULL,
            expiresAt TEXT, lastUsedAt TEXT, revokedAt TEXT
        ) STRICT;
        """

    private static let columns =
        "id, name, start, role, scopes, createdAt, createdBy, expiresAt, lastUsedAt, revokedAt"

    private static func make(_ row: SQLStatement) -> APIKey {
        func instant(_ column: Int32) -> Instant? { row.text(column).flatMap(Instant.init) }
        return APIKey(
            id: row.text(0) ?? "", name: row.text(1) ?? "", start: row.text(2) ?? "",
            role: row.text(3).flatMap(Role.init(rawValue:)) ?? .viewer, scopes: KeyScopes(text: row.text(4) ?? ""),
            createdAt: instant(5) ?? .earliest, createdBy: row.text(6) ?? "",
            // A date that cannot be read has passed.
            expiresAt: row.isNull(7) ? nil : instant(7) ?? .earliest, lastUsedAt: instant(8),
            revokedAt: row.isNull(9) ? nil : instant(9) ?? .earliest)
    }

    /// The latest first.
    static func list(_ db: Database) throws -> [APIKey] {
        try db.all("SELECT \(columns) FROM apiKeys ORDER BY id DESC LIMIT \(Limit.listed)", [], make)
    }

    static func find(_ db: Database, _ id: String) throws -> APIKey? {
        try db.first("SELECT \(columns) FROM apiKeys WHERE id = ?1", [.text(id)], make)
    }

    static func find(_ db: Database, hash: String) throws -> APIKey? {
        try db.first("SELECT \(columns) FROM apiKeys WHERE keyHash = ?1", [.text(hash)], make)
    }

    static func insert(_ db: Database, _ key: APIKey, hash: String) throws {
        let active = try db.first(
            "SELECT count(*) FROM apiKeys WHERE revokedAt IS NULL AND (expiresAt IS NULL OR expiresAt > ?1)",
            [SQLValue(key.createdAt)]
        ) { $0.integer(0) }
        guard (active ?? 0) < Limit.active else {
            throw DomainError.conflict(
                "too_many_keys", "The shop has \(Limit.active) keys already.", hint: "Revoke those not in use.")
        }
        try db.run(
            "INSERT INTO apiKeys VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL, NULL)",
            [
                .text(key.id), .text(hash), .text(key.name), .text(key.start), .text(key.role.rawValue),
                .text(key.scopes.text), SQLValue(key.createdAt), .text(key.createdBy), SQLValue(key.expiresAt),
            ])
    }

    static func revoke(_ db: Database, _ id: String, now: Instant) throws {
        try db.run("UPDATE apiKeys SET revokedAt = ?2 WHERE id = ?1", [.text(id), SQLValue(now)])
    }

    static func noteUse(_ db: Database, _ id: String, now: Instant) throws {
        try db.run("UPDATE apiKeys SET lastUsedAt = ?2 WHERE id = ?1", [.text(id), SQLValue(now)])
    }
}
