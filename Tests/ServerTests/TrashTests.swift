import ApplianceCore
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

struct TrashTests {
    private static let confirm: JSON = ["confirm": "acme"]

    private func slugs(_ answer: ServerAnswer) -> [String] { answer.items.compactMap { $0["slug"]?.stringValue } }

    @Test func `a deleted shop is out of service at once, and comes back with its people and records`() async throws {
        try await withShops { server, person, acme, bela in
            try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "Asha"])
            let deleted = try await server.expect(
                200, "POST", "/api/admin/tenants/acme/delete", by: person, json: Self.confirm)
            #expect(deleted.json["purgeAt"] == JSON(server.clock.now.adding(.days(30))))
            try await server.expect(401, "GET", "/api/customers", by: acme.owner)
            try await server.expect(200, "GET", "/api/customers", by: bela.owner)
            let data = server.appliance.configuration.data
            #expect(!FileSystem.exists(data.tenant(acme.id)) && FileSystem.exists(data.trashed(acme.id)))
            #expect(slugs(try await server.expect(200, "GET", "/api/admin/tenants", by: person)) == ["bela"])
            #expect(slugs(try await server.expect(200, "GET", "/api/admin/trash", by: person)) == ["acme"])

            try await server.expect(200, "POST", "/api/admin/trash/acme/undelete", by: person)
            let owner = try await server.signIn("owner@acme.example", "acme")
            let customers = try await server.expect(200, "GET", "/api/customers", by: owner)
            #expect(customers.items.map { $0["name"] } == ["Asha"])
            #expect(slugs(try await server.expect(200, "GET", "/api/admin/trash", by: person)) == [])
            try await server.expect(404, "POST", "/api/admin/trash/acme/undelete", by: person)
        }
    }

    @Test func `deleting asks for the name, and a deleted shop's name stays taken`() async throws {
        try await withShops { server, person, acme, _ in
            for json: JSON in [[:], ["confirm": "bela"]] {
                let answer = try await server.expect(
                    422, "POST", "/api/admin/tenants/acme/delete", by: person, json: json)
                #expect(answer.json["errors"]?.arrayValue?.first?["code"] == "confirmation_required")
            }
            try await server.expect(200, "POST", "/api/admin/tenants/acme/delete", by: person, json: Self.confirm)
            let new: JSON = ["slug": "acme", "ownerEmail": "new@acme.example"]
            let taken = try await server.expect(409, "POST", "/api/admin/tenants", by: person, json: new)
            #expect(taken.code == "slug_taken")
            try await server.expect(200, "POST", "/api/admin/trash/acme/purge", by: person, json: Self.confirm)
            #expect(!FileSystem.exists(server.appliance.configuration.data.trashed(acme.id)))
            try await server.expect(201, "POST", "/api/admin/tenants", by: person, json: new)
        }
    }

    @Test func `the job removes after thirty days and not before`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(200, "POST", "/api/admin/tenants/acme/delete", by: person, json: Self.confirm)
            server.clock.advance(.days(30) - .milliseconds(1))
            #expect(try await server.appliance.tenants.purgeDue() == 0)
            server.clock.advance(.milliseconds(1))
            let again = try await server.signIn("op@example.com")
            let run = try await server.expect(200, "POST", "/api/admin/schedule/trash-purge/run", by: again)
            #expect(run.json["detail"] == "1 shop removed for good")
            #expect(try server.appliance.tenants.trash().isEmpty)
            #expect(!FileSystem.exists(server.appliance.configuration.data.trashed(acme.id)))
        }
    }

    @Test func `a deletion that a crash cut short is completed`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(200, "POST", "/api/admin/tenants/acme/delete", by: person, json: Self.confirm)
            let data = server.appliance.configuration.data
            // As after a crash between the row and the folder.
            try FileSystem.move(data.trashed(acme.id), to: data.tenant(acme.id))
            try await server.appliance.tenants.completeDeletions()
            #expect(!FileSystem.exists(data.tenant(acme.id)) && FileSystem.exists(data.trashed(acme.id)))
        }
    }

    @Test func `a shop restored from a snapshot leaves the trash, and what lay there is kept`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            try await server.expect(200, "POST", "/api/admin/tenants/acme/delete", by: person, json: Self.confirm)
            let restore: JSON = ["tenants": [.string(acme.id)], "confirm": .string(acme.id)]
            try await server.expect(200, "POST", "/api/admin/restores", by: person, json: restore)
            #expect(try server.appliance.tenants.trash().isEmpty)
            _ = try await server.signIn("owner@acme.example", "acme")
            #expect(!FileSystem.exists(server.appliance.configuration.data.trashed(acme.id)))
        }
    }
}
