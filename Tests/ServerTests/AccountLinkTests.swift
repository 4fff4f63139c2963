import ApplianceCore
import CollectionKit
import Tenancy
import Testing

@testable import ApplianceServer

/// Invitations and reset links as their people meet them.
struct AccountLinkTests {
    private func token(_ json: JSON?) throws -> String {
        try #require(json?["link"]?.stringValue?.split(separator: "/").last.map(String.init))
    }

    private func accept(_ server: TestServer, _ token: String) async throws -> ServerAnswer {
        try await server.send(
            "POST", "/api/auth/invitations/accept",
            json: ["token": .string(token), "name": "Asha", "password": .string(goodPassword)])
    }

    @Test func `a shop without a password for its owner shows the operator an invitation`() async throws {
        try await withServer([.url: "https://shops.example/"]) { server in
            let person = try await server.setUp()
            let made = try await server.expect(
                201, "POST", "/api/admin/tenants", by: person,
                json: ["slug": "acme", "name": "Acme", "ownerEmail": "owner@acme.example"])
            let link = try #require(made.json["invitation"]?["link"]?.stringValue)
            #expect(link.hasPrefix("https://shops.example/admin#/invitation/ten_"))
            let token = try token(made.json["invitation"])
            let shown = try await server.expect(
                200, "POST", "/api/auth/invitations/show", json: ["token": .string(token)])
            #expect(shown.json["tenant"]?["name"] == "Acme" && shown.json["role"] == "owner")
            let joined = try await accept(server, token)
            #expect(joined.status == 200 && joined["Set-Cookie"]?.hasPrefix("sid=ten_") == true)
            #expect(joined.json["user"]?["role"] == "owner" && joined.json["user"]?["name"] == "Asha")
            #expect(try await accept(server, token).code == "link_ended")
            _ = try await server.signIn("owner@acme.example", "acme")
            let messages = try await server.expect(200, "GET", "/api/admin/outbox", by: person).items
            #expect(messages.first?["body"]?.stringValue?.contains(link) == true)
        }
    }

    @Test func `an admin invites, but no owners`() async throws {
        try await withShops { server, _, acme, bela in
            let admin = try await server.addUser("admin", .admin, to: acme)
            func invite(_ role: JSON, by person: Person) async throws -> ServerAnswer {
                try await server.send(
                    "POST", "/api/invitations", by: person, json: ["email": "new@acme.example", "role": role])
            }
            #expect(try await invite("owner", by: admin).code == "not_permitted")
            let made = try await invite("staff", by: admin)
            let id = try #require(made.json["id"]?.stringValue)
            let owners = try await server.expect(
                201, "POST", "/api/invitations", by: acme.owner,
                json: ["email": "second@acme.example", "role": "owner"])
            let ownersID = try #require(owners.json["id"]?.stringValue)
            try await server.expect(403, "POST", "/api/invitations/\(ownersID)/revoke", by: admin)
            try await server.expect(404, "POST", "/api/invitations/\(id)/revoke", by: bela.owner)
            try await server.expect(200, "POST", "/api/invitations/\(id)/revoke", by: admin)
            #expect(try await accept(server, try token(made.json)).code == "link_ended")
            let listed = try await server.expect(200, "GET", "/api/invitations", by: admin)
            #expect(listed.items.map { $0["status"] } == ["pending", "revoked"])
            #expect(!listed.text.contains("link"))
        }
    }

    @Test func `nobody joins a suspended shop`() async throws {
        try await withShops { server, person, acme, _ in
            let made = try await server.expect(
                201, "POST", "/api/invitations", by: acme.owner, json: ["email": "new@acme.example"])
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/suspend", by: person, json: ["reason": "unpaid"])
            #expect(try await accept(server, try token(made.json)).code == "tenant_suspended")
        }
    }

    @Test func `forgetting answers the same for every address and every shop`() async throws {
        try await withShops { server, _, _, _ in
            var answers: [ServerAnswer] = []
            for (email, tenant) in [
                ("owner@acme.example", "acme"), ("nobody@acme.example", "acme"), ("op@example.com", nil),
                ("owner@acme.example", "nobody"), ("nobody@acme.example", nil),
            ] {
                answers.append(
                    try await server.send(
                        "POST", "/api/auth/forgot", tenant: tenant, json: ["email": .string(email)]))
            }
            #expect(answers.allSatisfy { $0.status == 202 })
            #expect(Set(answers.map(\.text)).count == 1)
        }
    }

    @Test func `a reset link of the outbox lets its owner in again`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(
                202, "POST", "/api/auth/forgot", tenant: "acme", json: ["email": "owner@acme.example"])
            await server.appliance.signIn.settle()
            let message = try await server.expect(200, "GET", "/api/admin/outbox", by: person).items.first
            let words = message?["body"]?.stringValue?.split(whereSeparator: \.isWhitespace) ?? []
            let token = try #require(words.first { $0.contains("#/reset/") }?.split(separator: "/").last)
            let other = "another horse, another battery"
            try await server.expect(
                204, "POST", "/api/auth/reset", json: ["token": .string(String(token)), "password": .string(other)])
            try await server.expect(401, "GET", "/api/auth/me", by: acme.owner)
            try await server.expect(
                200, "POST", "/api/auth/login", tenant: "acme",
                json: ["email": "owner@acme.example", "password": .string(other)])
        }
    }

    @Test func `an answer with a link is kept sealed, and replayed`() async throws {
        try await withShops { server, _, acme, _ in
            func invite() async throws -> ServerAnswer {
                try await server.send(
                    "POST", "/api/invitations", by: acme.owner, json: ["email": "new@acme.example"],
                    headers: [("Idempotency-Key", "once")])
            }
            let (first, second) = (try await invite(), try await invite())
            #expect(first.status == 201 && first.json == second.json && second["Idempotent-Replayed"] == "true")
            let secret = try #require(try token(first.json).split(separator: ".").last)
            let rows = try server.fingerprint(acme).values.flatMap(\.self)
            #expect(rows.allSatisfy { !$0.contains(secret) })
        }
    }
}
