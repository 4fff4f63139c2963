import ApplianceCore
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

extension RouteSamples {
    /// Routes about identity providers. None of them answers here: there is nobody to ask.
    static let identityRules: [String: Rule] = [
        "GET /api/auth/providers": Rule(subject: .none),
        "GET /api/auth/oauth/{provider}/start": Rule(
            subject: .none, status: 303, path: "/api/auth/oauth/nobody/start?moved=1"),
        "GET /api/auth/oauth/{provider}/callback": Rule(
            subject: .none, status: 303, path: "/api/auth/oauth/nobody/callback?state=x&code=x"),
        "GET /api/auth/pending": Rule(subject: .none, status: 401),
        "GET /api/auth/identities": Rule(subject: .none),
        "DELETE /api/auth/identities/{id}": Rule(subject: .identity, status: 204),
        "GET /api/admin/identity-providers": Rule(subject: .none),
        "POST /api/admin/identity-providers": Rule(
            subject: .none,
            json: [
                "name": "made-by-matrix", "issuer": "https://accounts.example", "clientId": "id",
                "clientSecret": "secret",
            ], status: 201),
        "GET /api/admin/identity-providers/{id}": Rule(subject: .provider),
        "PATCH /api/admin/identity-providers/{id}": Rule(subject: .provider, json: ["label": "Other"]),
        "DELETE /api/admin/identity-providers/{id}": Rule(subject: .provider, status: 204),
        "POST /api/admin/identity-providers/{id}/check": Rule(subject: .provider, status: 503),
    ]

    func makeProvider(_ name: String) async throws -> String {
        try await server.expect(
            201, "POST", "/api/admin/identity-providers", by: person,
            json: [
                "name": .string(name), "issuer": "https://127.0.0.1:9", "clientId": "id", "clientSecret": "secret",
            ])
        return name
    }

    /// Of whoever calls the routes about one's own account.
    func makeIdentity(_ name: String) async throws -> String {
        let (id, now) = ("idl_\(name)", server.clock.now.description)
        let member = try await server.signIn(Self.member, shop.slug)
        try await server.appliance.directory.file(shop.id).write { db in
            try db.run(
                "INSERT INTO identityLinks VALUES (?1, ?2, ?3, '42', ?4, ?4)",
                [.text(id), .text(member.id), .text("https://\(name).example"), .text(now)])
        }
        return id
    }
}
