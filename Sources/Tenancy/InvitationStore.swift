package import ApplianceCore
import CollectionKit
import GRDB
import Storage

/// An invitation to become a user of a shop: single use, 7 days, withdrawn by whoever manages users.
package struct Invitation: Sendable, Equatable {
    package enum Status: String, Sendable { case pending, accepted, revoked, expired }

    package let id: String
    package let email: String
    package let name: String
    package let role: ShopRole
    package let status: Status
    package let createdAt: Instant
    package let expiresAt: Instant

    package var json: JSON {
        [
            "id": .string(id), "email": .string(email), "name": .string(name), "role": .string(role.name),
            "status": .string(status.rawValue), "createdAt": JSON(createdAt), "expiresAt": JSON(expiresAt),
        ]
    }
}

/// The `invitations` table of a shop's file.
enum InvitationStore {
    enum Limit {
        static let lifetime = Duration.days(7)
        /// Open ones of a shop at once.
        static let open = 100
        /// The latest ones that are listed.
        static let listed = 200
    }

    static let baseSQL = """
        CREATE TABLE invitations (
            id TEXT PRIMARY KEY NOT NULL, tokenHash TEXT NOT NULL UNIQUE, email TEXT NOT NULL COLLATE NOCASE,
            name TEXT NOT NULL, role TEXT NOT NULL, createdAt TEXT NOT NULL, createdBy TEXT NOT NULL,
            expiresAt TEXT NOT NULL, endedAt TEXT, outcome TEXT
        ) STRICT;
        CREATE INDEX invitations_email ON invitations (email);
        CREATE INDEX invitations_expiry ON invitations (expiresAt);
        """

    private static let selection = """
        SELECT id, email, invitations.name, invitations.createdAt, expiresAt, outcome, invitations.role,
            \(RoleStore.columns)
        FROM invitations LEFT JOIN roles ON roles.name = invitations.role
        """

    private static func make(_ row: SQLStatement, _ now: Instant) -> Invitation {
        let expiresAt = row.text(4).flatMap(Instant.init) ?? .earliest
        let status = row.text(5).flatMap(Invitation.Status.init) ?? (expiresAt > now ? .pending : .expired)
        return Invitation(
            id: row.text(0) ?? "", email: row.text(1) ?? "", name: row.text(2) ?? "",
            role: RoleStore.role(row, from: 6), status: status,
            createdAt: row.text(3).flatMap(Instant.init) ?? .earliest, expiresAt: expiresAt)
    }

    /// The latest first.
    static func list(_ db: Database, now: Instant) throws -> [Invitation] {
        try db.all("\(selection) ORDER BY id DESC LIMIT \(Limit.listed)", []) { make($0, now) }
    }

    static func find(_ db: Database, _ id: String, now: Instant) throws -> Invitation? {
        try db.first("\(selection) WHERE id = ?1", [.text(id)]) { make($0, now) }
    }

    /// The one whose link has this hash, as long as it can be used.
    static func open(_ db: Database, tokenHash: String, now: Instant) throws -> Invitation? {
        try db.first(
            "\(selection) WHERE tokenHash = ?1 AND endedAt IS NULL AND expiresAt > ?2",
            [.text(tokenHash), SQLValue(now)]
        ) { make($0, now) }
    }

    /// Ends earlier invitations of the same address: one link at a time.
    static func insert(_ db: Database, _ new: Invitation, tokenHash: String, by actor: Actor) throws {
        guard try UserStore.find(db, new.email) == nil else {
            throw DomainError.conflict("email_taken", "This shop already has a user with this address.")
        }
        try db.run(
            """
            UPDATE invitations SET endedAt = ?2, outcome = 'revoked'
            WHERE email = ?1 AND endedAt IS NULL AND expiresAt > ?2
            """, [.text(new.email), SQLValue(new.createdAt)])
        let open = try db.first(
            "SELECT count(*) FROM invitations WHERE endedAt IS NULL AND expiresAt > ?1", [SQLValue(new.createdAt)]
        ) { $0.integer(0) }
        guard (open ?? 0) < Limit.open else {
            throw DomainError.conflict(
                "too_many_invitations", "\(Limit.open) invitations are open already.",
                hint: "Withdraw those that are not wanted any more.")
        }
        let role = try RoleStore.current(db, new.role)
        try db.run(
            "INSERT INTO invitations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, NULL)",
            [
                .text(new.id), .text(tokenHash), .text(new.email), .text(new.name), .text(role.name),
                SQLValue(new.createdAt), .text(actor.text), SQLValue(new.expiresAt),
            ])
    }

    static func end(_ db: Database, _ id: String, _ outcome: Invitation.Status, now: Instant) throws {
        try db.run(
            "UPDATE invitations SET endedAt = ?2, outcome = ?3 WHERE id = ?1",
            [.text(id), SQLValue(now), .text(outcome.rawValue)])
    }

    static func purge(_ db: Database, before instant: Instant) throws -> Int {
        try db.run("DELETE FROM invitations WHERE expiresAt <= ?1", [SQLValue(instant)])
        return db.changesCount
    }
}
