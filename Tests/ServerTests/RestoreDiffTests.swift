import ApplianceCore
import CollectionKit
import Foundation
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

struct RestoreDiffTests {
    private func diff(_ server: TestServer, _ person: Person, _ more: KeyValuePairs<String, JSON>) async throws -> JSON
    {
        let order: JSON = ["tenants": ["acme"], "dryRun": true, "diff": true]
        let answer = try await server.expect(
            200, "POST", "/api/admin/restores", by: person, json: order.adding(more))
        return try #require(answer.json["plan"])
    }

    private func collection(_ name: String, _ plan: JSON) -> JSON? {
        plan["diff"]?.arrayValue?.first?["collections"]?.arrayValue?.first { $0["collection"] == .string(name) }
    }

    @Test func `the plan tells what goes, what comes back and what changes, with personal values masked`() async throws
    {
        try await withShops { server, person, acme, _ in
            let gone = try await server.expect(
                201, "POST", "/api/customers", by: acme.owner, json: ["name": "Asha", "externalId": "C-1"])
            let changed = try await server.expect(
                201, "POST", "/api/customers", by: acme.owner, json: ["name": "Bela", "externalId": "C-2"])
            let (goneID, changedID) = (gone.json["id"]?.stringValue ?? "", changed.json["id"]?.stringValue ?? "")
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            try await server.expect(204, "DELETE", "/api/customers/\(goneID)", by: acme.owner)
            try await server.expect(
                200, "PATCH", "/api/customers/\(changedID)", by: acme.owner,
                json: ["name": "Bela Secret", "externalId": "C-9"])
            for number in 0..<12 {
                try await server.expect(
                    201, "POST", "/api/customers", by: acme.owner, json: ["externalId": .string("N-\(number)")])
            }
            let plan = try await diff(server, person, [:])
            let customers = try #require(collection("customers", plan))
            #expect(customers["removes"] == 12 && customers["bringsBack"] == 1 && customers["changes"] == 1)
            let sample = try #require(customers["sample"])
            #expect(sample["removes"]?.arrayValue?.count == 10, "the sample is bounded")
            #expect(sample["bringsBack"]?.arrayValue?.first?["id"] == .string(goneID))
            let change = try #require(sample["changes"]?.arrayValue?.first)
            #expect(change["id"] == .string(changedID) && change["fields"] == ["externalId", "name"])
            #expect(change["now"]?["externalId"] == "C-9" && change["then"]?["externalId"] == "C-2")
            #expect(change["now"]?["name"] == "[personal]" && !plan.text.contains("Secret"))
            let shop = try #require(plan["diff"]?.arrayValue?.first)
            #expect(shop["unchanged"]?.arrayValue?.contains("transactions") == true && shop["problem"] == .null)
            #expect(plan["range"]?["from"] != nil && plan["bytes"] != nil && plan["expectedSeconds"] != nil)
            // Nothing has happened.
            let count = try await server.expect(200, "GET", "/api/customers?count=exact", by: acme.owner).json["total"]
            #expect(count == 13)
        }
    }

    @Test func `an undo shows what it would change`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "Late"])
            let order: JSON = ["tenants": ["acme"], "confirm": "acme"]
            try await server.expect(200, "POST", "/api/admin/restores", by: person, json: order)
            let plan = try await server.expect(
                200, "POST", "/api/admin/restores/latest/undo", by: person,
                json: ["tenants": ["acme"], "dryRun": true, "diff": true]
            ).json["plan"]
            #expect(collection("customers", try #require(plan))?["bringsBack"] == 1)
        }
    }

    @Test func `of a shop whose file is gone the plan says so`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            server.appliance.directory.file(acme.id).closeIfQuiet()
            try FileSystem.remove(server.appliance.configuration.data.tenant(acme.id))
            let shop = try await diff(server, person, [:])["diff"]?.arrayValue?.first
            #expect(shop?["problem"]?.stringValue?.contains("missing") == true)
        }
    }
}
