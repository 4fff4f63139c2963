import ApplianceCore
import CollectionKit
import Foundation
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

struct RestoreBesideTests {
    private static let order: JSON = ["tenants": ["acme"], "as": "acme-then"]

    /// A snapshot with Asha; Bela came after it.
    private func withPast(_ body: (TestServer, Person, Shop) async throws -> Void) async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "Asha"])
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            server.clock.advance(.seconds(5))
            try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "Bela"])
            try await body(server, person, acme)
        }
    }

    private func names(_ server: TestServer, by person: Person) async throws -> [JSON?] {
        try await server.expect(200, "GET", "/api/customers?sort=name", by: person).items.map { $0["name"] }
    }

    @Test func `a shop's past becomes a shop of its own, and the shop stays`() async throws {
        try await withPast { server, person, acme in
            let answer = try await server.expect(201, "POST", "/api/admin/restores", by: person, json: Self.order)
            let made = try #require(answer.json["restored"]?.arrayValue?.first)
            #expect(made["tenant"] == "acme-then" && made["of"] == "acme" && made["undo"] == .null)
            #expect(made["tenantId"] != .string(acme.id))
            #expect(try await names(server, by: acme.owner) == ["Asha", "Bela"])
            let owner = try await server.signIn("owner@acme.example", "acme-then")
            #expect(try await names(server, by: owner) == ["Asha"])
            let tenant = try await server.expect(200, "GET", "/api/admin/tenants/acme-then", by: person).json
            #expect(tenant["status"] == "suspended" && tenant["trialEndsAt"] == .null)
            #expect(tenant["suspensionReason"]?.stringValue?.contains("past of acme") == true)
            let refused = try await server.expect(403, "POST", "/api/customers", by: owner, json: ["name": "Chandra"])
            #expect(refused.code == "tenant_suspended")
            try await server.expect(200, "POST", "/api/admin/tenants/acme-then/activate", by: person)
            try await server.expect(201, "POST", "/api/customers", by: owner, json: ["name": "Chandra"])
            #expect(entries(in: server.appliance.configuration.data.tenants).allSatisfy { $0.hasPrefix("ten_") })
            #expect(entries(in: server.appliance.configuration.data.undo) == [])
        }
    }

    @Test func `to a second, with everybody signed out, and audited in both shops`() async throws {
        try await withPast { server, person, acme in
            let order = Self.order.adding(["at": JSON(server.clock.now)])
            let plan = try await server.expect(
                200, "POST", "/api/admin/restores", by: person, json: order.adding(["dryRun": true])
            ).json["plan"]
            #expect(plan?["as"] == "acme-then")
            let answer = try await server.expect(201, "POST", "/api/admin/restores", by: person, json: order)
            let id = try #require(answer.json["restored"]?.arrayValue?.first?["tenantId"]?.stringValue)
            let sessions = try server.appliance.directory.file(id).read { db in
                try db.first("SELECT count(*) FROM sessions", []) { $0.integer(0) }
            }
            #expect(sessions == 0)
            let owner = try await server.signIn("owner@acme.example", "acme-then")
            #expect(try await names(server, by: owner) == ["Asha", "Bela"])
            for reader in [acme.owner, owner] {
                let events = try await server.expect(200, "GET", "/api/audit?action=restore.as", by: reader).items
                #expect(events.count == 1 && events.first?["data"]?["tenantId"] == .string(id))
            }
            let ours = try await server.expect(200, "GET", "/api/admin/audit", by: person).items
            #expect(ours.contains { $0["action"] == "restore.as" && $0["target"] == .string(id) })
        }
    }

    @Test func `a name that is taken or no name, and more than one shop, are refused before any work`() async throws {
        try await withPast { server, person, _ in
            for (order, status, code): (JSON, Int, String) in [
                (["tenants": ["acme"], "as": "bela"], 409, "slug_taken"),
                (["tenants": ["acme"], "as": "Not A Slug"], 422, "validation_failed"),
                (["tenants": ["acme", "bela"], "as": "both"], 422, "validation_failed"),
                (["tenants": [], "as": "all"], 422, "validation_failed"),
                (["tenants": ["nobody"], "as": "new"], 404, "not_found"),
            ] {
                let answer = try await server.expect(status, "POST", "/api/admin/restores", by: person, json: order)
                #expect(answer.code == code)
            }
        }
    }

    @Test func `a folder that a kill left before the shop was known is removed`() async throws {
        try await withPast { server, person, acme in
            let data = server.appliance.configuration.data
            let orphan = data.tenant("ten_orphan")
            try FileSystem.makeFolder(orphan)
            for folder in [orphan, data.tenant(acme.id)] {
                try AtomicFile.publish([], to: folder.appending(path: ".adopting"))
            }
            try server.appliance.tenants.completeAdoptions()
            #expect(!FileSystem.exists(orphan))
            #expect(!entries(in: data.tenant(acme.id)).contains(".adopting"))
            try await server.expect(200, "GET", "/api/customers", by: acme.owner)
        }
    }
}

private func entries(in url: URL) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
}
