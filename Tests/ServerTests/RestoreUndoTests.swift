import ApplianceCore
import CollectionKit
import Foundation
import Storage
import Testing

@testable import ApplianceServer

struct RestoreUndoTests {
    private static let order: JSON = ["tenants": ["acme"], "confirm": "acme"]

    private func names(_ server: TestServer) async throws -> [JSON?] {
        let owner = try await server.signIn("owner@acme.example", "acme")
        let query = "/api/customers?sort=name"
        return try await server.expect(200, "GET", query, by: owner).items.map { $0["name"] }
    }

    /// A snapshot with Asha; Bela came after it; then the restore. Its answer.
    private func restored(_ server: TestServer, _ person: Person, _ acme: Shop) async throws -> JSON {
        try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "Asha"])
        try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
        try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "Bela"])
        return try await server.expect(200, "POST", "/api/admin/restores", by: person, json: Self.order).json
    }

    @Test func `the token of a restore's answer undoes it, and the list tells`() async throws {
        try await withShops { server, person, acme, bela in
            let answer = try await restored(server, person, acme)
            #expect(try await names(server) == ["Asha"])
            let token = try #require(answer["restored"]?.arrayValue?.first?["undo"]?.stringValue)
            let path = "/api/admin/restores/\(token.replacing("/", with: "%2F"))/undo"
            let plan = try await server.expect(200, "POST", path, by: person, json: ["dryRun": true]).json["plan"]
            #expect(plan?["undo"] == true && plan?["confirm"] == "acme" && plan?["whole"] == false)
            let unconfirmed = try await server.expect(422, "POST", path, by: person, json: [:])
            #expect(unconfirmed.json["errors"]?.arrayValue?.first?["code"] == "confirmation_required")
            try await server.expect(200, "POST", path, by: person, json: ["confirm": "acme"])
            #expect(try await names(server) == ["Asha", "Bela"])
            try await server.expect(200, "GET", "/api/customers", by: bela.owner)

            let list = try await server.expect(200, "GET", "/api/admin/restores?tenant=acme", by: person).items
            #expect(list.map { $0["state"] } == ["available", "undone"])
            #expect(list.map { $0["kind"] } == ["undo", "restore"] && list.last?["id"] == answer["id"])
            #expect(list.last?["databases"]?.arrayValue?.first?["undoneBy"] == list.first?["id"])
            #expect(list.first?["undoUntil"] == JSON(server.clock.now.adding(.days(7))))
            let others = try await server.expect(200, "GET", "/api/admin/restores?tenant=bela", by: person).items
            #expect(others.isEmpty)
        }
    }

    @Test func `the latest of a shop is undone by its name, and undone again`() async throws {
        try await withShops { server, person, acme, _ in
            _ = try await restored(server, person, acme)
            for expected: [JSON?] in [["Asha", "Bela"], ["Asha"], ["Asha", "Bela"]] {
                try await server.expect(
                    200, "POST", "/api/admin/restores/latest/undo", by: person, json: Self.order)
                #expect(try await names(server) == expected)
            }
            let none = try await server.expect(
                409, "POST", "/api/admin/restores/latest/undo", by: person, json: ["tenants": ["bela"]])
            #expect(none.code == "nothing_to_undo")
            try await server.expect(404, "POST", "/api/admin/restores/rst_none/undo", by: person)
        }
    }

    @Test func `who restored and who undid stands in both audit logs`() async throws {
        try await withShops { server, person, acme, _ in
            let id = try #require(try await restored(server, person, acme)["id"])
            try await server.expect(200, "POST", "/api/admin/restores/latest/undo", by: person, json: Self.order)
            let ours = try await server.expect(200, "GET", "/api/admin/audit", by: person).items
            let found = ours.filter { $0["action"]?.stringValue?.hasPrefix("restore") == true }
            #expect(found.map { $0["action"] } == ["restore.undo", "restore"])
            #expect(found.allSatisfy { $0["target"] == .string(acme.id) } && found.last?["data"]?["restore"] == id)
            let owner = try await server.signIn("owner@acme.example", "acme")
            let theirs = try await server.expect(200, "GET", "/api/audit?action=restore.undo", by: owner).items
            #expect(theirs.count == 1)
            let verified = try await server.expect(200, "GET", "/api/audit/verify", by: owner).json
            #expect(verified["ok"] == true)
        }
    }

    @Test func `the job removes what is older than seven days`() async throws {
        try await withShops { server, person, acme, _ in
            _ = try await restored(server, person, acme)
            server.clock.advance(.days(7))
            let again = try await server.signIn("op@example.com")
            let run = try await server.expect(200, "POST", "/api/admin/schedule/undo-prune/run", by: again)
            #expect(run.json["detail"] == "1 database removed")
            let list = try await server.expect(200, "GET", "/api/admin/restores", by: again).items
            #expect(list.map { $0["state"] } == ["expired"] && list.first?["undoUntil"] == .null)
        }
    }
}
