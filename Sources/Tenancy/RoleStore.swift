package import ApplianceCore
import CollectionKit
package import GRDB
import Storage

/// A role of a shop's own as it is kept, and how many have it.
package struct StoredRole: Sendable, Equatable {
    package let role: CustomRole
    package let createdAt: Instant
    package let updatedAt: Instant
    /// Disabled ones too.
    package let users: Int64
    /// Those that can still be accepted.
    package let invitations: Int64

    package var json: JSON {
        role.json.adding([
            "users": .integer(users), "invitations": .integer(invitations), "createdAt": JSON(createdAt),
            "updatedAt": JSON(updatedAt),
        ])
    }
}

/// The `roles` table of a shop's file.
package enum RoleStore {
    static let baseSQL = """
        CREATE TABLE roles (
            name TEXT PRIMARY KEY NOT NULL, title TEXT NOT NULL, base TEXT NOT NULL, grants TEXT NOT NULL,
            createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL
        ) STRICT;
        """

    /// What `role(_:from:)` needs behind the name, where `roles` is joined.
    static let columns = "roles.title, roles.base, roles.grants"

    /// The role whose name is in column `first` and whose `columns` follow. A name that means nothing is a role that
    /// may do nothing.
    static func role(_ row: SQLStatement, from first: Int32) -> ShopRole {
        let name = row.text(first) ?? ""
        return Role(rawValue: name).map { ShopRole($0) } ?? ShopRole(own(row, from: first))
    }

    private static func own(_ row: SQLStatement, from first: Int32) -> CustomRole {
        let name = row.text(first) ?? ""
        let base = row.text(first + 2).flatMap(Role.init(rawValue:))
        return CustomRole(
            name: name, title: row.text(first + 1) ?? name, base: base == .owner ? .viewer : base ?? .viewer,
            grants: CustomRole.grants(text: row.text(first + 3) ?? ""))
    }

    private static let selection = """
        SELECT roles.name, \(columns), roles.createdAt, roles.updatedAt, coalesce(u.people, 0), coalesce(i.people, 0)
        FROM roles
        LEFT JOIN (SELECT role, count(*) AS people FROM users GROUP BY role) AS u ON u.role = roles.name
        LEFT JOIN (
            SELECT role, count(*) AS people FROM invitations WHERE endedAt IS NULL AND expiresAt > ?1 GROUP BY role
        ) AS i ON i.role = roles.name
        """

    private static func stored(_ row: SQLStatement) -> StoredRole {
        StoredRole(
            role: own(row, from: 0), createdAt: row.text(4).flatMap(Instant.init) ?? .earliest,
            updatedAt: row.text(5).flatMap(Instant.init) ?? .earliest, users: row.integer(6),
            invitations: row.integer(7))
    }

    /// By name.
    package static func list(_ db: Database, now: Instant) throws -> [StoredRole] {
        try db.all("\(selection) ORDER BY roles.name", [SQLValue(now)], stored)
    }

    /// Throws `not_found`.
    package static func find(_ db: Database, _ name: String, now: Instant) throws -> StoredRole {
        let found = try db.first("\(selection) WHERE roles.name = ?2", [SQLValue(now), .text(name)], stored)
        guard let found else { throw DomainError.notFound("role") }
        return found
    }

    /// What a name means in the shop: a role that every shop has, or one of its own; nil for neither.
    package static func named(_ db: Database, _ name: String) throws -> ShopRole? {
        if let role = Role(rawValue: name) { return ShopRole(role) }
        return try db.first("SELECT name, \(columns) FROM roles WHERE name = ?1", [.text(name)]) { row in
            ShopRole(own(row, from: 0))
        }
    }

    /// `role` as it is now, for a transaction that gives it to somebody: it may have been deleted since it was read.
    static func current(_ db: Database, _ role: ShopRole) throws -> ShopRole {
        guard let found = try named(db, role.name) else {
            throw DomainError.invalid("role", "not_valid", "There is no role \(role.name) any more.")
        }
        return found
    }

    static func insert(_ db: Database, _ role: CustomRole, now: Instant) throws {
        guard try named(db, role.name) == nil else {
            throw DomainError.conflict("role_exists", "This shop already has a role \(role.name).")
        }
        let count = try db.first("SELECT count(*) FROM roles") { $0.integer(0) } ?? 0
        guard count < CustomRole.Limit.count else {
            throw DomainError.conflict(
                "too_many_roles", "The shop has \(CustomRole.Limit.count) roles of its own already.",
                hint: "Delete those that nobody needs.")
        }
        try db.run(
            "INSERT INTO roles VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            [
                .text(role.name), .text(role.title), .text(role.base.rawValue), .text(role.grantsText), SQLValue(now),
            ])
    }

    static func update(_ db: Database, _ role: CustomRole, now: Instant) throws {
        try db.run(
            "UPDATE roles SET title = ?2, base = ?3, grants = ?4, updatedAt = ?5 WHERE name = ?1",
            [
                .text(role.name), .text(role.title), .text(role.base.rawValue), .text(role.grantsText), SQLValue(now),
            ])
    }

    /// Throws `role_in_use` as long as somebody has it or is invited to it.
    static func delete(_ db: Database, _ stored: StoredRole) throws {
        guard stored.users == 0, stored.invitations == 0 else {
            let counts = [(stored.users, "user"), (stored.invitations, "open invitation")].filter { $0.0 > 0 }
            let people = counts.map { count, noun in count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }
            throw DomainError.conflict(
                "role_in_use", "The role \(stored.role.name) is in use: \(people.joined(separator: ", ")).",
                hint: "Give those users another role and withdraw those invitations first.")
        }
        try db.run("DELETE FROM roles WHERE name = ?1", [.text(stored.role.name)])
    }
}
