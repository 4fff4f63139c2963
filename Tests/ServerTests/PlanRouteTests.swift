import ApplianceCore
import CollectionKit
import Testing

@testable import ApplianceServer

struct PlanRouteTests {
    private func plan(_ answer: ServerAnswer) -> String {
        let plan = answer.json["plan"]
        return "\(plan?["name"]?.stringValue ?? "?")/\(plan?["version"]?.integerValue ?? -1)"
    }

    @Test func `an operator writes a version, looks what it breaks, and moves a shop to it`() async throws {
        try await withShops { server, person, acme, _ in
            #expect(plan(try await server.expect(200, "GET", "/api/subscription", by: acme.owner)) == "standard/1")
            let made = try await server.expect(
                201, "POST", "/api/admin/plans", by: person,
                json: ["name": "standard", "title": "Standard", "limits": ["users": 1], "features": ["webhooks"]])
            #expect(made.json["version"] == 2 && made["Location"] == "/api/admin/plans/standard")
            #expect(plan(try await server.expect(200, "GET", "/api/subscription", by: acme.owner)) == "standard/1")
            _ = try await server.addUser("sam", .staff, to: acme)
            let path = "/api/admin/tenants/acme/change-plan"
            let asked = try await server.expect(
                200, "POST", "\(path)?dryRun=true", by: person, json: ["plan": "standard"])
            #expect(asked.json["breaks"] == ["users"] && asked.json["dryRun"] == true)
            #expect(asked.json["loses"] == ["api-keys", "custom-agents", "sandboxes"])
            #expect(plan(try await server.expect(200, "GET", "/api/subscription", by: acme.owner)) == "standard/1")
            try await server.expect(200, "POST", path, by: person, json: ["plan": "standard"])
            let own = try await server.expect(200, "GET", "/api/subscription", by: acme.owner)
            #expect(plan(own) == "standard/2")
            let seats = own.json["limits"]?.arrayValue?.first { $0["limit"] == "users" }
            #expect(seats?["allowed"] == 1 && seats?["used"] == 2 && seats?["remaining"] == 0)
            try await server.expect(409, "POST", path, by: person, json: ["plan": "standard"])
            try await server.expect(422, "POST", path, by: person, json: ["plan": "gold"])
            let shown = try await server.expect(200, "GET", "/api/admin/plans/standard", by: person)
            #expect(shown.json["versions"]?.arrayValue?.count == 2)
            #expect(shown.json["shops"] == [["version": 2, "count": 1], ["version": 1, "count": 1]])
        }
    }

    @Test func `all shops of a plan move together when told to`() async throws {
        try await withShops { server, person, acme, bela in
            try await server.expect(
                201, "POST", "/api/admin/plans", by: person, json: ["name": "standard", "title": "Standard"])
            let moved = try await server.expect(200, "POST", "/api/admin/plans/standard/move", by: person)
            #expect(moved.json["moved"] == ["acme", "bela"])
            for shop in [acme, bela] {
                let answer = try await server.expect(200, "GET", "/api/subscription", by: shop.owner)
                #expect(plan(answer) == "standard/2")
            }
            let again = try await server.expect(200, "POST", "/api/admin/plans/standard/move", by: person)
            #expect(again.json["moved"] == [])
            try await server.expect(404, "POST", "/api/admin/plans/gold/move", by: person)
        }
    }

    @Test func `a yearly contract says when it ends`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/change-plan", by: person, json: ["plan": "amc"])
            let own = try await server.expect(200, "GET", "/api/subscription", by: acme.owner)
            // From 21 November 2026 in Kolkata.
            #expect(own.json["renewsAt"] == "2027-11-20T18:30:00.000Z")
            #expect(own.json["period"]?["end"] == "2026-12-20T18:30:00.000Z")
        }
    }
}
