import ApplianceCore
import Backups
import CollectionKit
import Foundation
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

/// A shop's own collections go where the shop goes: into packages, sandboxes and the past; and a person leaves them.
struct OwnCollectionCareTests {
    private static let path = "/api/collections"
    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Array("picture".utf8)
    private static let repairs: JSON = [
        "name": "repairs", "title": "Repair", "heading": "Repairs",
        "fields": [
            ["name": "item", "type": "text", "searchable": true],
            ["name": "who", "type": "text", "personal": true, "required": true, "searchable": true],
            ["name": "greeting", "type": "text", "personal": true, "formula": #""Dear " & who"#],
            ["name": "number", "type": "sequence", "series": "R{0000}"],
            ["name": "lockCode", "type": "secret"],
            ["name": "customerId", "type": "reference", "reference": "customers"],
            ["name": "peopleIds", "type": "references", "reference": "customers"],
            ["name": "photo", "type": "file"],
        ],
    ]

    private struct Made {
        let customer: String
        let repair: String
        let photo: String
    }

    private func id(_ answer: ServerAnswer) throws -> String { try #require(answer.json["id"]?.stringValue) }

    /// The collection, with a record that has a value in each field.
    private func fill(_ server: TestServer, _ shop: Shop) async throws -> Made {
        let owner = shop.owner
        try await server.expect(201, "POST", Self.path, by: owner, json: Self.repairs)
        let customer = try await id(server.expect(201, "POST", "/api/customers", by: owner, json: ["name": "Asha"]))
        let photo = try await id(
            server.expect(
                201, "POST", "/api/files?name=p.png", by: owner, body: Self.png,
                headers: [("Content-Type", "image/png")]))
        let body: JSON = [
            "item": "Gold ring", "who": "Zebulon", "lockCode": "sesame", "customerId": .string(customer),
            "peopleIds": [.string(customer)], "photo": .string(photo),
        ]
        let repair = try await server.expect(201, "POST", "/api/repairs", by: owner, json: body)
        #expect(repair.json["greeting"] == "Dear Zebulon" && repair.json["number"] == "R0001")
        return Made(customer: customer, repair: try id(repair), photo: photo)
    }

    @Test func `an exported shop has them in its package, and goes on with them elsewhere`() async throws {
        try await withShops { server, person, acme, _ in
            let made = try await fill(server, acme)
            let appliance = server.appliance
            let package = TenantPackage(
                Appliance.backupEnvironment(
                    appliance.directory, appliance.system, appliance.configuration.data, appliance.storage,
                    appliance.time, appliance.logger, .standard))
            let tenant = try #require(appliance.directory[acme.id])
            let folder = appliance.configuration.data.root.appending(path: "out-\(Random.token(bytes: 6))")
            let source = BackupTenant(
                id: tenant.id, slug: tenant.slug, name: tenant.name, record: tenant.record,
                file: appliance.directory.file(tenant.id))
            _ = try package.write(source, to: folder, clean: CopyCleaning.export)
            let staged = appliance.tenants.stagingFolder()
            let contents = try package.read(folder, to: staged, schema: TenantSchema.schema(appliance.catalog))
            _ = try await appliance.tenants.adopt(
                staged, as: contents.tenant.record, slug: nil, action: "tenant.import", by: .system, requestID: "")
            let owner = try await server.signIn("owner@acme.example", "acme-2")
            for query in ["q=zebulon", "peopleIds=\(made.customer)", "number=R0001"] {
                let found = try await server.expect(200, "GET", "/api/repairs?\(query)", by: owner).items
                #expect(found.map { $0["id"] } == [.string(made.repair)], "\(query)")
            }
            let photo = try await server.expect(200, "GET", "/api/files/\(made.photo)/content", by: owner)
            #expect(photo.body == Self.png)
            let next = try await server.expect(201, "POST", "/api/repairs", by: owner, json: ["who": "Bela"])
            #expect(next.json["number"] == "R0002")
            let snapshot = try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            #expect(snapshot.json["failures"] == [])
        }
    }

    @Test func `a sandbox has them whole, without what tells of people or is sealed`() async throws {
        try await withShops(plan: "enterprise") { server, person, acme, _ in
            let made = try await fill(server, acme)
            try await server.expect(
                201, "POST", "/api/admin/tenants/acme/clone", by: person, json: ["slug": "try-out"])
            try await server.actAs(person, in: "try-out")
            let path = "/api/repairs?peopleIds=\(made.customer)"
            let copy = try await server.expect(200, "GET", path, by: person, tenant: "try-out").items
            let record = try #require(copy.first)
            #expect(record["item"] == "Gold ring" && record["number"] == "R0001")
            #expect(record["who"]?.stringValue?.hasPrefix("Masked") == true)
            #expect(record["greeting"]?.stringValue?.hasPrefix("Masked") == true)
            let tenant = try #require(server.appliance.directory["try-out"])
            let sealed = try server.appliance.directory.file(tenant.id).read { db in
                try db.first("SELECT count(lockCode) FROM own_repairs") { $0.integer(0) }
            }
            #expect(sealed == 0)
            let next = try await server.expect(
                201, "POST", "/api/repairs", by: person, tenant: "try-out", json: ["who": "Bela"])
            #expect(next.json["number"] == "R0002")
            try await server.expect(
                200, "PATCH", "/api/repairs/\(made.repair)", by: person, tenant: "try-out", json: ["peopleIds": []])
            #expect(try await server.expect(200, "GET", path, by: person, tenant: "try-out").items.isEmpty)
        }
    }

    @Test func `chosen records come back, where the collection is declared as it was`() async throws {
        try await withShops { server, person, acme, _ in
            let owner = acme.owner
            let fields: JSON = [
                ["name": "item", "type": "text"],
                ["name": "peopleIds", "type": "references", "reference": "customers"],
            ]
            let declaration: JSON = ["name": "repairs", "fields": fields]
            try await server.expect(201, "POST", Self.path, by: owner, json: declaration)
            let customer = try await id(
                server.expect(201, "POST", "/api/customers", by: owner, json: ["name": "Asha"]))
            let body: JSON = ["item": "Ring", "peopleIds": [.string(customer)]]
            let repair = try await id(server.expect(201, "POST", "/api/repairs", by: owner, json: body))
            server.clock.advance(.seconds(5))
            let at = JSON(server.clock.now)
            server.clock.advance(.seconds(5))
            try await server.expect(204, "DELETE", "/api/repairs/\(repair)", by: owner)
            let order: JSON = [
                "tenant": "acme", "collection": "repairs", "ids": [.string(repair)], "at": at, "confirm": "acme",
            ]
            let restores = "/api/admin/restores/records"
            let unknown = try await server.expect(
                422, "POST", restores, by: person,
                json: ["tenant": "acme", "collection": "ghosts", "ids": ["x"], "confirm": "acme"])
            #expect(unknown.json["errors"]?.arrayValue?.first?["field"] == "collection")
            let done = try await server.expect(200, "POST", restores, by: person, json: order).json["records"]
            #expect(done?["broughtBack"] == 1)
            let found = try await server.expect(200, "GET", "/api/repairs?peopleIds=\(customer)", by: owner).items
            #expect(found.first?["item"] == "Ring" && found.first?["version"] == 2)

            try await server.expect(204, "DELETE", "/api/repairs/\(repair)", by: owner)
            let other: JSON = ["fields": [["name": "thing", "renamedFrom": "item", "type": "text"]]]
            try await server.expect(200, "PUT", "\(Self.path)/repairs", by: owner, json: other)
            let refused = try await server.expect(409, "POST", restores, by: person, json: order)
            #expect(refused.code == "declared_otherwise")
        }
    }

    @Test func `a person leaves the shop's own records, those that refer to them, and whatever is restored`()
        async throws
    {
        try await withShops { server, person, acme, _ in
            let owner = acme.owner
            let made = try await fill(server, acme)
            let other = try await id(
                server.expect(
                    201, "POST", "/api/repairs", by: owner,
                    json: ["who": "Kumar", "peopleIds": [.string(made.customer)]]))
            await server.appliance.changeLog.flush()
            server.clock.advance(.seconds(30))
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            let moment = server.clock.now
            server.clock.advance(.seconds(30))
            let reason: JSON = ["reason": "asked for on paper"]
            let erased = try await server.expect(
                200, "POST", "/api/repairs/\(made.repair)/erase", by: owner, json: reason)
            #expect(erased.json["fields"] == ["who", "greeting"] && erased.json["repeated"] == false)
            let record = try await server.expect(200, "GET", "/api/repairs/\(made.repair)", by: owner).json
            #expect(record["who"]?.stringValue?.hasPrefix("Erased repair #") == true && record["greeting"] == .null)
            #expect(record["item"] == "Gold ring")
            #expect(try await server.expect(200, "GET", "/api/repairs?q=zebulon", by: owner).items.isEmpty)

            // A customer takes along what refers to them, in a list too.
            let customer = try await server.expect(
                200, "POST", "/api/customers/\(made.customer)/erase", by: owner, json: reason)
            #expect(customer.json["alsoErased"] == [["collection": "repairs", "records": 1]], "\(customer.text)")
            #expect(
                try await server.expect(200, "GET", "/api/repairs/\(other)", by: owner).json["who"]?.stringValue?
                    .hasPrefix("Erased") == true)

            let past = try await server.expect(200, "GET", "/api/repairs?at=\(moment)", by: owner)
            #expect(past.items.count == 2 && !past.text.contains("Zebulon") && !past.text.contains("Kumar"))
            try await server.expect(
                200, "POST", "/api/admin/restores", by: person,
                json: ["tenants": ["acme"], "confirm": "acme", "at": JSON(moment)])
            let back = try await server.expect(200, "GET", "/api/repairs", by: owner)
            #expect(back.items.count == 2 && !back.text.contains("Zebulon") && !back.text.contains("Kumar"))
            for word in ["zebulon", "kumar"] {
                #expect(try await server.expect(200, "GET", "/api/repairs?q=\(word)", by: owner).items.isEmpty)
            }
            try await server.expect(404, "POST", "/api/ghosts/\(made.repair)/erase", by: owner, json: reason)
        }
    }

    @Test func `what tells of nobody is not erased, and staff who may not delete do not erase`() async throws {
        try await withShops { server, _, acme, _ in
            try await server.expect(
                201, "POST", Self.path, by: acme.owner,
                json: ["name": "shelves", "fields": [["name": "place", "type": "text"]]])
            let staff = try await server.addUser("staff", .staff, to: acme)
            let shelf = try await id(
                server.expect(201, "POST", "/api/shelves", by: acme.owner, json: ["place": "left"]))
            let (path, reason): (String, JSON) = ("/api/shelves/\(shelf)/erase", ["reason": "x"])
            #expect(try await server.expect(409, "POST", path, by: acme.owner, json: reason).code == "not_erasable")
            try await server.expect(403, "POST", path, by: staff, json: reason)
        }
    }

    @Test func `the shipped plans have room for some each, and the largest for all that there can be`() async throws {
        try await withShops { server, person, acme, _ in
            for (plan, limit) in [("free", 3), ("pro", 20), ("amc", 20), ("enterprise", 50)] {
                try await server.expect(
                    200, "POST", "/api/admin/tenants/acme/change-plan", by: person, json: ["plan": .string(plan)])
                let list = try await server.expect(200, "GET", Self.path, by: acme.owner).json
                #expect(list["limit"] == JSON(limit), "\(plan)")
            }
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/change-plan", by: person, json: ["plan": "free"])
            for number in 0..<4 {
                try await server.expect(
                    number < 3 ? 201 : 402, "POST", Self.path, by: acme.owner,
                    json: ["name": .string("shelf\(number)"), "fields": [["name": "place", "type": "text"]]])
            }
        }
    }
}
