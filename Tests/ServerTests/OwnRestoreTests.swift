import ApplianceCore
import CollectionKit
import Tenancy
import Testing

@testable import ApplianceServer

struct OwnRestoreTests {
    private static let path = "/api/restores"
    private static let setting = "/api/admin/settings/owner-restore"

    private func names(_ server: TestServer, _ owner: Person) async throws -> [JSON?] {
        try await server.expect(200, "GET", "/api/customers?sort=name", by: owner).items.map { $0["name"] }
    }

    /// A snapshot with Asha, a minute, and Bela after it; a moment in between.
    private func history(_ server: TestServer, _ person: Person, _ shop: Shop) async throws -> JSON {
        try await server.expect(201, "POST", "/api/customers", by: shop.owner, json: ["name": "Asha"])
        try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
        server.clock.advance(.seconds(30))
        let between = JSON(server.clock.now)
        server.clock.advance(.seconds(30))
        try await server.expect(201, "POST", "/api/customers", by: shop.owner, json: ["name": "Bela"])
        return between
    }

    @Test func `an owner brings the own shop back, stays signed in, and takes it back`() async throws {
        try await withShops { server, person, acme, bela in
            let between = try await history(server, person, acme)
            let points = try await server.expect(200, "GET", "/api/restore-points", by: acme.owner).json
            #expect(points["days"] == 7 && points["snapshots"]?.arrayValue?.count == 1)
            let body: JSON = ["at": between, "dryRun": true, "diff": true]
            let plan = try await server.expect(200, "POST", Self.path, by: acme.owner, json: body).json["plan"]
            #expect(plan?["confirm"] == "acme" && plan?["whole"] == false && plan?["tenants"]?.arrayValue?.count == 1)
            let unconfirmed = try await server.expect(422, "POST", Self.path, by: acme.owner, json: ["at": between])
            #expect(unconfirmed.json["errors"]?.arrayValue?.first?["code"] == "confirmation_required")
            #expect(try await names(server, acme.owner) == ["Asha", "Bela"])

            let order: JSON = ["at": between, "confirm": "acme"]
            try await server.expect(200, "POST", Self.path, by: acme.owner, json: order)
            #expect(try await names(server, acme.owner) == ["Asha"])
            try await server.expect(200, "POST", "\(Self.path)/undo", by: acme.owner, json: ["confirm": "acme"])
            #expect(try await names(server, acme.owner) == ["Asha", "Bela"])
            let after = try await server.expect(200, "GET", "/api/restore-points", by: acme.owner).json
            #expect(after["restores"]?.arrayValue?.map { $0["state"] } == ["available", "undone"])
            #expect(try await names(server, bela.owner).isEmpty)
            let log = try await server.expect(200, "GET", "/api/audit", by: acme.owner).items
            let who = log.filter { $0["action"]?.stringValue?.hasPrefix("restore") == true }.map { $0["actor"] }
            #expect(!who.isEmpty && who.allSatisfy { $0?.stringValue?.hasPrefix("user:") == true })
        }
    }

    @Test func `only an owner, only as far back and as often as is allowed`() async throws {
        try await withShops { server, person, acme, _ in
            let between = try await history(server, person, acme)
            let admin = try await server.addUser("manager", .admin, to: acme)
            let order: JSON = ["at": between, "confirm": "acme"]
            #expect(try await server.expect(403, "POST", Self.path, by: admin, json: order).code == "owners_only")
            for at: JSON in [JSON(server.clock.now.adding(.days(-8))), JSON(server.clock.now.adding(.days(1)))] {
                let answer = try await server.expect(422, "POST", Self.path, by: acme.owner, json: ["at": at])
                #expect(answer.json["errors"]?.arrayValue?.first?["code"] == "out_of_range")
            }
            for value: JSON in ["0", "366", "nonsense"] {
                try await server.expect(422, "PATCH", Self.setting, by: person, json: ["value": value])
            }
            try await server.expect(200, "PATCH", Self.setting, by: person, json: ["value": "off"])
            let refused = try await server.expect(403, "POST", Self.path, by: acme.owner, json: order)
            #expect(refused.code == "restore_not_allowed")
            try await server.expect(200, "PATCH", Self.setting, by: person, json: ["value": "1"])
            for _ in 0..<5 { try await server.expect(200, "POST", Self.path, by: acme.owner, json: order) }
            let often = try await server.expect(429, "POST", Self.path, by: acme.owner, json: order)
            #expect(often.code == "too_many_restores" && often["Retry-After"] != nil)
            try await server.expect(
                200, "POST", "/api/admin/restores", by: person, json: ["tenants": ["acme"], "confirm": "acme"])
        }
    }
}
