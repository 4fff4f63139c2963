package import ApplianceCore
package import GRDB
import Storage

/// A person who runs the appliance.
package struct Operator: Sendable {
    package let id: String
    package let email: String
    package let name: String
    package let isDisabled: Bool
    package let role: OperatorRole
    package let createdAt: Instant
    let passwordHash: String

    package var json: JSON {
        [
            "id": .string(id), "email": .string(email), "name": .string(name),
            "role": .string(role.rawValue), "status": .string(isDisabled ? "disabled" : "active"),
            "createdAt": JSON(createdAt),
        ]
    }

    func principal(sessionID: String, expiresAt: Instant) -> Principal {
        Principal(
            id: id, email: email, name: name, standing: .operator(role), sessionID: sessionID, expiresAt: expiresAt)
    }
}

/// The `operators` and `setupLinks` tables of `system.sqlite`.
package enum OperatorStore {
    private static let columns = "id, email, name, passwordHash, status, createdAt, role"

    private static func make(_ row: SQLStatement) -> Operator {
        Operator(
            id: row.text(0) ?? "", email: row.text(1) ?? "", name: row.text(2) ?? "",
            isDisabled: row.text(4) != "active",
            // What nobody knows is the least.
            role: row.text(6).flatMap(OperatorRole.init) ?? .support,
            createdAt: row.text(5).flatMap(Instant.init) ?? .earliest, passwordHash: row.text(3) ?? "")
    }

    package static func list(_ db: Database) throws -> [Operator] {
        try db.all("SELECT \(columns) FROM operators ORDER BY email", [], make)
    }

    /// By id or e-mail address.
    package static func find(_ db: Database, _ key: String) throws -> Operator? {
        try db.first("SELECT \(columns) FROM operators WHERE id = ?1 OR email = ?1", [.text(key)], make)
    }

    package static func exists(_ db: Database) throws -> Bool {
        try db.first("SELECT 1 FROM operators WHERE status = 'active'") { _ in true } ?? false
    }

    static func insert(
        _ db: Database, id: String, email: String, hash: String, role: OperatorRole = .owner, now: Instant
    ) throws {
        guard try find(db, email) == nil else {
            throw DomainError.conflict("email_taken", "There is already an operator with this address.")
        }
        try db.run(
            """
            INSERT INTO operators (id, email, name, passwordHash, status, createdAt, updatedAt, role)
            VALUES (?1, ?2, '', ?3, 'active', ?4, ?4, ?5)
            """, [.text(id), .text(email), .text(hash), SQLValue(now), .text(role.rawValue)])
    }

    /// Without an owner nobody could run the appliance any more.
    private static func requireOtherOwner(_ db: Database, than found: Operator) throws {
        let other = try db.first(
            "SELECT 1 FROM operators WHERE status = 'active' AND role = 'owner' AND id <> ?1", [.text(found.id)]
        ) { _ in true }
        guard other == nil else { return }
        throw DomainError.conflict("last_operator", "One operator who is owner must remain.")
    }

    /// Ends the operator's sessions, as the new role holds from the next sign-in on. The last owner stays one.
    static func setRole(_ db: Database, _ found: Operator, _ role: OperatorRole, now: Instant) throws {
        if role != .owner { try requireOtherOwner(db, than: found) }
        try db.run(
            "UPDATE operators SET role = ?2, updatedAt = ?3 WHERE id = ?1",
            [.text(found.id), .text(role.rawValue), SQLValue(now)])
        try SessionStore.deleteAll(db, userID: found.id)
    }

    /// Ends the operator's sessions too. The last owner stays.
    static func disable(_ db: Database, _ found: Operator, now: Instant) throws {
        try requireOtherOwner(db, than: found)
        try db.run(
            "UPDATE operators SET status = 'disabled', updatedAt = ?2 WHERE id = ?1", [.text(found.id), SQLValue(now)])
        try SessionStore.deleteAll(db, userID: found.id)
    }

    static func setPassword(_ db: Database, _ found: Operator, hash: String, now: Instant) throws {
        try db.run(
            "UPDATE operators SET passwordHash = ?2, status = 'active', updatedAt = ?3 WHERE id = ?1",
            [.text(found.id), .text(hash), SQLValue(now)])
        try SessionStore.deleteAll(db, userID: found.id)
        try ResetLinkStore.deleteAll(db, userID: found.id)
        try SignInFailureStore.clear(db, found.email)
    }

    // MARK: - Setup links

    static let setupLifetime = Duration.minutes(30)

    /// A link that makes one operator, once; older links die.
    static func insertSetupLink(_ db: Database, tokenHash: String, now: Instant) throws {
        try db.run("DELETE FROM setupLinks")
        try db.run(
            "INSERT INTO setupLinks VALUES (?1, ?2, ?3, NULL)",
            [.text(tokenHash), SQLValue(now), SQLValue(now.adding(setupLifetime))])
    }

    static func useSetupLink(_ db: Database, tokenHash: String, now: Instant) throws {
        try db.run(
            "UPDATE setupLinks SET usedAt = ?2 WHERE tokenHash = ?1 AND usedAt IS NULL AND expiresAt > ?2",
            [.text(tokenHash), SQLValue(now)])
        guard db.changesCount == 1 else {
            throw DomainError(
                .gone, "setup_link_expired", "This setup link was used or has expired.",
                hint: "Run appliance init for a new one.")
        }
    }
}
