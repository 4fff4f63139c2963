package import ApplianceCore
import GRDB
import Storage

/// Somebody else who says who a person is: GitHub, or whoever speaks OpenID Connect.
package struct IdentityProvider: Sendable, Equatable {
    package enum Limit {
        /// Providers of one installation: each is a button of the sign-in page.
        package static let count = 20
        static let issuer = 255
        static let label = 60
    }

    package enum Kind: String, Sendable, CaseIterable {
        /// OpenID Connect: everything else is in the issuer's discovery document.
        case oidc
        /// GitHub, which has OAuth 2 and no identity tokens.
        case github
    }

    /// Who may sign in with it.
    package enum Audience: String, Sendable, CaseIterable {
        case operators, shops, everybody

        package var admitsOperators: Bool { self != .shops }
        package var admitsShops: Bool { self != .operators }
    }

    /// What addresses call it; never changed.
    package let name: String
    package let kind: Kind
    /// What the button says.
    package let label: String
    /// Its address, as its own documents write it: `https://accounts.example`.
    package let issuer: String
    package let clientID: String
    package let audience: Audience
    package let isEnabled: Bool
    package let createdAt: Instant
    package let updatedAt: Instant
    let sealedSecret: String

    /// For operators. The secret is never in it.
    package var json: JSON {
        [
            "name": .string(name), "kind": .string(kind.rawValue), "label": .string(label),
            "issuer": .string(issuer), "clientId": .string(clientID), "audience": .string(audience.rawValue),
            "enabled": .bool(isEnabled), "createdAt": JSON(createdAt), "updatedAt": JSON(updatedAt),
        ]
    }

    /// For the sign-in page.
    package var briefJSON: JSON { ["name": .string(name), "label": .string(label), "kind": .string(kind.rawValue)] }
}

extension IdentityProvider {
    static let schema = """
        CREATE TABLE identityProviders (
            name TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, label TEXT NOT NULL, issuer TEXT NOT NULL,
            clientId TEXT NOT NULL, clientSecret TEXT NOT NULL, audience TEXT NOT NULL, isEnabled INTEGER NOT NULL,
            createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL
        ) STRICT;
        """

    private static let columns =
        "name, kind, label, issuer, clientId, clientSecret, audience, isEnabled, createdAt, updatedAt"

    /// Nil for a kind or audience that this version does not know: then it is as if there were no such provider.
    private static func make(_ row: SQLStatement) -> IdentityProvider? {
        guard let kind = row.text(1).flatMap(Kind.init(rawValue:)),
            let audience = row.text(6).flatMap(Audience.init(rawValue:))
        else { return nil }
        return IdentityProvider(
            name: row.text(0) ?? "", kind: kind, label: row.text(2) ?? "", issuer: row.text(3) ?? "",
            clientID: row.text(4) ?? "", audience: audience, isEnabled: row.integer(7) != 0,
            createdAt: row.text(8).flatMap(Instant.init) ?? .earliest,
            updatedAt: row.text(9).flatMap(Instant.init) ?? .earliest, sealedSecret: row.text(5) ?? "")
    }

    static func list(_ db: Database) throws -> [IdentityProvider] {
        try db.all("SELECT \(columns) FROM identityProviders ORDER BY name", [], make).compactMap(\.self)
    }

    static func find(_ db: Database, _ name: String) throws -> IdentityProvider? {
        try db.first("SELECT \(columns) FROM identityProviders WHERE name = ?1", [.text(name)], make).flatMap(\.self)
    }

    /// In place of the one of the same name.
    func save(_ db: Database) throws {
        try db.run(
            "INSERT OR REPLACE INTO identityProviders VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            [
                .text(name), .text(kind.rawValue), .text(label), .text(issuer), .text(clientID), .text(sealedSecret),
                .text(audience.rawValue), .integer(isEnabled ? 1 : 0), SQLValue(createdAt), SQLValue(updatedAt),
            ])
    }

    static func delete(_ db: Database, _ name: String) throws {
        try db.run("DELETE FROM identityProviders WHERE name = ?1", [.text(name)])
    }

    /// What a sealed secret is bound to.
    static func secretPlace(_ name: String) -> String { "identity provider \(name)" }
}
