package import ApplianceCore
package import GRDB
import Storage

/// A person who signs in to one shop.
package struct User: Sendable, Equatable {
    package let id: String
    package let email: String
    package let name: String
    package let role: ShopRole
    package let isDisabled: Bool
    package let createdAt: Instant
    let passwordHash: String

    package var json: JSON {
        [
            "id": .string(id), "email": .string(email), "name": .string(name), "role": .string(role.name),
            "status": .string(isDisabled ? "disabled" : "active"), "createdAt": JSON(createdAt),
        ]
    }
}

/// The `users` table of a shop's file.
package enum UserStore {
    static let baseSQL = """
        CREATE TABLE users (
            id TEXT PRIMARY KEY NOT NULL, email TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL,
            role TEXT NOT NULL, passwordHash TEXT NOT NULL, status TEXT NOT NULL, createdAt TEXT NOT NULL,
            updatedAt TEXT NOT NULL
        ) STRICT;
        """

    private static let selection = """
        SELECT users.id, users.email, users.name, users.passwordHash, users.status, users.createdAt, users.role,
            \(RoleStore.columns)
        FROM users LEFT JOIN roles ON roles.name = users.role
        """

    private static func user(_ row: SQLStatement) -> User {
        User(
            id: row.text(0) ?? "", email: row.text(1) ?? "", name: row.text(2) ?? "",
            role: RoleStore.role(row, from: 6), isDisabled: row.text(4) != "active",
            createdAt: row.text(5).flatMap(Instant.init) ?? .earliest, passwordHash: row.text(3) ?? "")
    }

    package static func list(_ db: Database) throws -> [User] {
        try db.all("\(selection) ORDER BY users.email", [], user)
    }

    /// By id or e-mail address.
    package static func find(_ db: Database, _ key: String) throws -> User? {
        try db.first("\(selection) WHERE users.id = ?1 OR users.email = ?1", [.text(key)], user)
    }

    package static func insert(
        _ db: Database, id: String, email: String, name: String, role: ShopRole, passwordHash: String, now: Instant
    ) throws -> User {
        guard try find(db, email) == nil else {
            throw DomainError.conflict("email_taken", "This shop already has a user with this address.")
        }
        let role = try RoleStore.current(db, role)
        try db.run(
            "INSERT INTO users VALUES (?1, ?2, ?3, ?4, ?5, 'active', ?6, ?6)",
            [.text(id), .text(email), .text(name), .text(role.name), .text(passwordHash), SQLValue(now)])
        return User(
            id: id, email: email, name: name, role: role, isDisabled: false, createdAt: now, passwordHash: passwordHash)
    }

    /// Ends the user's sessions too. The last owner stays: a shop nobody can manage is lost.
    package static func disable(_ db: Database, _ user: User, now: Instant) throws {
        if user.role == .owner { try requireOwner(db, beside: user) }
        try setStatus(db, user, "disabled", now: now)
        try SessionStore.deleteAll(db, userID: user.id)
    }

    /// Lets a disabled user sign in again, with the password they had.
    package static func enable(_ db: Database, _ user: User, now: Instant) throws {
        try setStatus(db, user, "active", now: now)
    }

    /// Sessions go on, with the rights of the new role. The last owner stays one.
    package static func setRole(_ db: Database, _ user: User, _ role: ShopRole, now: Instant) throws {
        let role = try RoleStore.current(db, role)
        if user.role == .owner, role != .owner { try requireOwner(db, beside: user) }
        try db.run(
            "UPDATE users SET role = ?2, updatedAt = ?3 WHERE id = ?1",
            [.text(user.id), .text(role.name), SQLValue(now)])
    }

    private static func setStatus(_ db: Database, _ user: User, _ status: String, now: Instant) throws {
        try db.run(
            "UPDATE users SET status = ?2, updatedAt = ?3 WHERE id = ?1",
            [.text(user.id), .text(status), SQLValue(now)])
    }

    private static func requireOwner(_ db: Database, beside user: User) throws {
        let others = try db.first(
            "SELECT count(*) FROM users WHERE role = 'owner' AND status = 'active' AND id <> ?1", [.text(user.id)]
        ) { $0.integer(0) }
        guard (others ?? 0) > 0 else {
            throw DomainError.conflict("last_owner", "A shop keeps at least one owner.")
        }
    }

    package static func setPassword(_ db: Database, _ user: User, hash: String, now: Instant) throws {
        try db.run(
            "UPDATE users SET passwordHash = ?2, updatedAt = ?3 WHERE id = ?1",
            [.text(user.id), .text(hash), SQLValue(now)])
        try SessionStore.deleteAll(db, userID: user.id)
        try ResetLinkStore.deleteAll(db, userID: user.id)
        try SignInFailureStore.clear(db, user.email)
    }
}
