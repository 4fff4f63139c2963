import ApplianceCore
import CollectionKit
import HTTPAPI
import Tenancy
import Testing

@testable import ApplianceServer

/// Operators inside shops: for a while, for a reason, seen by the shop, and only where its owner lets them.
struct ActAsTests {
    private static func start(
        _ server: TestServer, _ person: Person, _ json: JSON, status: Int = 201, slug: String = "acme"
    ) async throws -> ServerAnswer {
        try await server.expect(status, "POST", "/api/admin/tenants/\(slug)/act-as", by: person, json: json)
    }

    @Test func `leave to look lasts half an hour, shows to the shop, and changes nothing`() async throws {
        try await withShops { server, person, acme, _ in
            let made = try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "Asha"])
            let path = "/api/customers/\(try #require(made.json["id"]?.stringValue))"
            _ = try await Self.start(server, person, [:], status: 422)
            let grant = try await Self.start(server, person, ["reason": "Ticket 42"])
            #expect(grant.json["expiresAt"] == JSON(server.clock.now.adding(.minutes(30))))
            try await server.expect(200, "GET", path, by: person, tenant: "acme")
            for (method, json) in [("PATCH", ["name": "Bela"] as JSON), ("DELETE", JSON.null)] {
                let refused = try await server.send(
                    method, path, by: person, tenant: "acme", json: json == .null ? nil : json)
                #expect(refused.status == 403 && refused.code == "act_as_read_only")
            }
            try await server.expect(
                403, "POST", "/api/users", by: person, tenant: "acme",
                json: ["email": "x@acme.example", "password": .string(goodPassword)])
            let shop = try await server.expect(200, "GET", "/api/shop", by: acme.owner)
            #expect(shop.json["supporters"]?.arrayValue?.first?["reason"] == "Ticket 42")
            #expect(shop.json["supporters"]?.arrayValue?.first?["operator"] == "op@example.com")
            server.clock.advance(.minutes(30))
            let over = try await server.expect(403, "GET", path, by: person, tenant: "acme")
            #expect(over.code == "act_as_required")
            let quiet = try await server.expect(200, "GET", "/api/shop", by: acme.owner)
            #expect(quiet.json["supporters"] == [])
            let events = try await server.expect(200, "GET", "/api/audit?action=operator.act-as", by: acme.owner)
            #expect(events.items.first?["data"]?["reason"] == "Ticket 42")
        }
    }

    @Test func `ended by the operator, by the owner, or by refusing all, it is over at once`() async throws {
        try await withShops { server, person, acme, bela in
            func looks() async throws -> Int {
                try await server.send("GET", "/api/customers", by: person, tenant: "acme").status
            }
            let first = try await Self.start(server, person, ["reason": "a", "write": true])
            #expect(try await looks() == 200)
            let id = try #require(first.json["id"]?.stringValue)
            let stranger = try await server.send("POST", "/api/shop/support/\(id)/end", by: bela.owner)
            #expect(stranger.status == 404)
            try await server.expect(200, "POST", "/api/admin/act-as/\(id)/end", by: person)
            #expect(try await looks() == 403)
            let second = try await Self.start(server, person, ["reason": "b"])
            let admin = try await server.addUser("admin", .admin, to: acme)
            let end = "/api/shop/support/\(second.json["id"]?.stringValue ?? "")/end"
            try await server.expect(403, "POST", end, by: admin)
            try await server.expect(200, "POST", end, by: acme.owner)
            #expect(try await looks() == 403)
            _ = try await Self.start(server, person, ["reason": "c", "write": true])
            let own = try await server.send(
                "PATCH", "/api/shop", by: person, tenant: "acme", json: ["refusesSupport": true])
            #expect(own.status == 403 && own.code == "owners_only")
            try await server.expect(403, "PATCH", "/api/shop", by: admin, json: ["refusesSupport": true])
            try await server.expect(200, "PATCH", "/api/shop", by: acme.owner, json: ["refusesSupport": true])
            #expect(try await looks() == 403)
            let refused = try await Self.start(server, person, ["reason": "d"], status: 403)
            #expect(refused.code == "act_as_refused")
            try await server.expect(200, "PATCH", "/api/shop", by: acme.owner, json: ["refusesSupport": false])
            _ = try await Self.start(server, person, ["reason": "e"])
            #expect(try await looks() == 200)
            let list = try await server.expect(200, "GET", "/api/shop/support", by: acme.owner)
            #expect(list.items.map { $0["reason"] } == ["e", "c", "b", "a"])
        }
    }

    @Test func `support looks and never writes, billing does not come in at all`() async throws {
        try await withShops { server, person, _, _ in
            let support = try await server.addOperator("s@example.com", by: person, role: "support")
            let billing = try await server.addOperator("b@example.com", by: person, role: "billing")
            let write = try await Self.start(server, support, ["reason": "x", "write": true], status: 403)
            #expect(write.code == "act_as_read_only")
            _ = try await Self.start(server, support, ["reason": "x"])
            try await server.expect(200, "GET", "/api/customers", by: support, tenant: "acme")
            let closed = try await Self.start(server, billing, ["reason": "x"], status: 403)
            #expect(closed.code == "not_permitted")
            // One operator's leave is nobody else's.
            try await server.expect(403, "GET", "/api/customers", by: person, tenant: "acme")
            try await server.expect(403, "GET", "/api/customers", by: support, tenant: "bela")
        }
    }

    @Test func `another role holds at once, and the last owner stays`() async throws {
        try await withShops { server, person, _, _ in
            let second = try await server.addOperator("s@example.com", by: person)
            let role = "/api/admin/operators/\(second.id)/role"
            try await server.expect(422, "POST", role, by: person, json: ["role": "king"])
            try await server.expect(200, "POST", role, by: person, json: ["role": "support"])
            // The session of before is gone with the role.
            try await server.expect(401, "GET", "/api/admin/tenants", by: second)
            let again = try await server.signIn("s@example.com")
            try await server.expect(200, "GET", "/api/admin/tenants", by: again)
            try await server.expect(403, "POST", role, by: again, json: ["role": "owner"])
            try await server.expect(403, "GET", "/api/admin/outbox", by: again)
            let me = try await server.expect(200, "GET", "/api/auth/me", by: again)
            #expect(me.json["user"]?["operatorRole"] == "support" && me.json["user"]?["role"] == "operator")
            for verb in ["role", "disable"] {
                let last = try await server.send(
                    "POST", "/api/admin/operators/\(person.id)/\(verb)", by: person,
                    json: verb == "role" ? ["role": "billing"] : nil)
                #expect(last.status == 409 && last.code == "last_operator")
            }
        }
    }

    @Test func `the table of rights names every route for operators`() async throws {
        try await withShops { server, person, _, _ in
            let table = try await server.expect(200, "GET", "/api/admin/operator-roles", by: person).json
            let routes = table["routes"]?.arrayValue ?? []
            let entries = try server.appliance.makeRoutes().entries.filter { $0.access == .operator }
            // The table's own route comes behind it.
            #expect(routes.count == entries.count - 1)
            #expect(entries.allSatisfy { $0.right != nil })
            #expect(
                !entries.contains { $0.method != "GET" && $0.right == .view }, "whoever only looks changes nothing")
        }
    }
}
