import ApplianceCore
import CollectionKit
import Tenancy
import Testing

@testable import ApplianceServer

struct APIKeyTests {
    /// A shop whose plan has keys.
    private func withShop(_ body: (TestServer, Person, Shop) async throws -> Void) async throws {
        try await withServer { server in
            let person = try await server.setUp()
            try await body(server, person, server.makeShop("acme", plan: "enterprise", by: person))
        }
    }

    @Test func `a key reads and writes as its scopes say, and manages nobody`() async throws {
        try await withShop { server, _, acme in
            let reader = try await server.addKey(["read"], to: acme)
            let till = try await server.addKey(["customers:write", "products:read"], role: "admin", to: acme)
            let customer = try await server.expect(
                201, "POST", "/api/customers", by: till, json: ["name": "Asha"])
            let id = try #require(customer.json["id"]?.stringValue)
            try await server.expect(200, "GET", "/api/customers/\(id)", by: reader)
            for (method, path, json) in [
                ("POST", "/api/customers", ["name": "x"] as JSON), ("PATCH", "/api/customers/\(id)", ["name": "x"]),
                ("DELETE", "/api/customers/\(id)", nil), ("POST", "/api/batch", ["operations": []]),
                ("GET", "/api/users", nil), ("GET", "/api/audit", nil), ("GET", "/api/api-keys", nil),
                ("POST", "/api/api-keys", ["name": "x"]),
            ] as [(String, String, JSON?)] {
                let answer = try await server.send(method, path, by: reader, json: json)
                #expect(answer.status == 403 && answer.code == "not_permitted", "\(method) \(path)")
            }
            try await server.expect(200, "GET", "/api/products", by: till)
            try await server.expect(403, "GET", "/api/transactions", by: till)
            try await server.expect(
                403, "POST", "/api/products", by: till, json: ["sku": "1", "name": "x", "price": 1])
            try await server.expect(204, "DELETE", "/api/customers/\(id)", by: till)
            let events = try await server.expect(200, "GET", "/api/audit", by: acme.owner).items
            #expect(events.first?["actor"]?.stringValue == "key:\(till.id)")
        }
    }

    @Test func `a key is nobody: it has no session, no password and no account`() async throws {
        try await withShop { server, _, acme in
            let key = try await server.addKey(["write"], role: "admin", to: acme)
            #expect(try await server.expect(200, "GET", "/api/auth/me", by: key).json["user"]?["id"] == .string(key.id))
            for (method, path) in [
                ("GET", "/api/sessions"), ("POST", "/api/sessions/end-others"), ("POST", "/api/auth/logout"),
                ("POST", "/api/auth/password"),
            ] {
                #expect(try await server.send(method, path, by: key).code == "session_required", "\(path)")
            }
            try await server.expect(200, "GET", "/api/customers", by: key)
        }
    }

    @Test func `a revoked and an expired key are dead, remembered or not`() async throws {
        try await withShop { server, _, acme in
            let (revoked, expiring) = (
                try await server.addKey(["read"], to: acme), try await server.addKey(["read"], days: 1, to: acme)
            )
            for key in [revoked, expiring] { try await server.expect(200, "GET", "/api/customers", by: key) }
            try await server.expect(200, "POST", "/api/api-keys/\(revoked.id)/revoke", by: acme.owner)
            try await server.expect(401, "GET", "/api/customers", by: revoked)
            server.clock.advance(.days(1) - .milliseconds(1))
            try await server.expect(200, "GET", "/api/customers", by: expiring)
            server.clock.advance(.milliseconds(1))
            try await server.expect(401, "GET", "/api/customers", by: expiring)
            server.appliance.signIn.sessions.forgetAll()
            for key in [revoked, expiring] { try await server.expect(401, "GET", "/api/customers", by: key) }
            let owner = try await server.signIn("owner@acme.example", "acme")
            let listed = try await server.expect(200, "GET", "/api/api-keys", by: owner)
            #expect(Set(listed.items.compactMap { $0["status"]?.stringValue }) == ["revoked", "expired"])
            #expect(listed.items.allSatisfy { $0["key"] == nil })
        }
    }

    @Test func `use is noted, once a minute`() async throws {
        try await withShop { server, _, acme in
            let key = try await server.addKey(["read"], to: acme)
            func lastUsed() async throws -> String? {
                await server.appliance.signIn.settle()
                let items = try await server.expect(200, "GET", "/api/api-keys", by: acme.owner).items
                return items.first?["lastUsedAt"]?.stringValue
            }
            #expect(try await lastUsed() == nil)
            try await server.expect(200, "GET", "/api/customers", by: key)
            let first = server.clock.now.description
            server.clock.advance(.seconds(59))
            try await server.expect(200, "GET", "/api/customers", by: key)
            #expect(try await lastUsed() == first)
            server.clock.advance(.seconds(1))
            try await server.expect(200, "GET", "/api/customers", by: key)
            #expect(try await lastUsed() == server.clock.now.description)
        }
    }

    @Test func `a plan without keys makes none`() async throws {
        try await withShops(plan: "free") { server, _, acme, _ in
            let answer = try await server.send("POST", "/api/api-keys", by: acme.owner, json: ["name": "x"])
            #expect(answer.status == 403 && answer.code == "plan_required")
        }
    }

    @Test func `a key is of one shop, and no key of another works there`() async throws {
        try await withShop { server, person, acme in
            let bela = try await server.makeShop("bela", plan: "enterprise", by: person)
            let key = try await server.addKey(["write"], to: bela)
            let answer = try await server.send("GET", "/api/customers", by: key, tenant: acme.slug)
            #expect(answer.status == 403 && answer.code == "tenant_mismatch")
            try await server.expect(403, "GET", "/api/admin/tenants", by: key)
            let rows = try server.fingerprint(bela).values.flatMap(\.self)
            #expect(rows.allSatisfy { !$0.contains(key.token) })
        }
    }

    @Test func `what is asked of a key is checked`() async throws {
        try await withShop { server, _, acme in
            for body in [
                ["name": "x", "scopes": ["all"]], ["name": "x", "scopes": []],
                ["name": "x", "scopes": ["nothing:read"]],
                ["name": "x", "scopes": ["customers:delete"]], ["name": "x", "role": "owner"], ["scopes": ["read"]],
                ["name": "x", "expiresInDays": 0], ["name": "x", "scopes": ["read:"]],
                ["name": "x", "scopes": [":read"]],
            ] as [JSON] {
                try await server.expect(422, "POST", "/api/api-keys", by: acme.owner, json: body)
            }
        }
    }
}
