import ApplianceCore
import Backups
import CollectionKit
import Foundation
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

struct TakeAwayTests {
    private static let customer: JSON = [
        "name": "Asha Rao", "email": "asha@home.example", "phone": "+911234567890", "notes": "likes gold",
        "city": "Pune", "externalId": "C-1",
    ]

    /// A package of the shop, made as the route does; its folder is removed afterwards.
    private func withPackage(
        _ server: TestServer, _ shop: Shop, _ body: (TenantPackage, URL) async throws -> Void
    ) async throws {
        let appliance = server.appliance
        let package = TenantPackage(
            Appliance.backupEnvironment(
                appliance.directory, appliance.system, appliance.configuration.data, appliance.storage, appliance.time,
                appliance.logger, .standard))
        let tenant = try #require(appliance.directory[shop.id])
        let target = appliance.configuration.data.root.appending(path: "out-\(Random.token(bytes: 6))")
        let source = BackupTenant(
            id: tenant.id, slug: tenant.slug, name: tenant.name, record: tenant.record,
            file: appliance.directory.file(tenant.id))
        _ = try package.write(source, to: target, clean: CopyCleaning.export)
        try await body(package, target)
    }

    @Test func `an exported shop is taken in under a free name, with its people and records`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: Self.customer)
            try await withPackage(server, acme) { package, folder in
                let staged = server.appliance.tenants.stagingFolder()
                let contents = try package.read(
                    folder, to: staged, schema: TenantSchema.schema(server.appliance.catalog))
                let tenant = try await server.appliance.tenants.adopt(
                    staged, as: contents.tenant.record, slug: nil, action: "tenant.import", by: .system, requestID: "")
                #expect(tenant.slug == "acme-2" && tenant.id != acme.id)
            }
            // The session that was open in the original is not one of the copy's.
            try await server.expect(403, "GET", "/api/customers", by: acme.owner, tenant: "acme-2")
            let owner = try await server.signIn("owner@acme.example", "acme-2")
            let customers = try await server.expect(200, "GET", "/api/customers", by: owner)
            #expect(customers.items.map { $0["email"] } == ["asha@home.example"])
            let hits = try await server.expect(200, "GET", "/api/customers?q=rao", by: owner)
            #expect(hits.items.count == 1)
            let list = try await server.expect(200, "GET", "/api/admin/tenants?q=acme", by: person)
            #expect(Set(list.items.compactMap { $0["slug"]?.stringValue }) == ["acme", "acme-2"])
            // What it says of itself was changed with it: a snapshot proves that.
            let made = try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            #expect(made.json["failures"] == [])
        }
    }

    @Test func `a clone has the records and nobody's personal data, and is gone by itself`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: Self.customer)
            let clone = try await server.expect(
                201, "POST", "/api/admin/tenants/acme/clone", by: person, json: ["slug": "try-out", "days": 3])
            #expect(clone.json["expiresAt"] == JSON(server.clock.now.adding(.days(3))))
            try await server.actAs(person, in: "try-out")
            let found = try await server.expect(200, "GET", "/api/customers", by: person, tenant: "try-out")
            let masked = try #require(found.items.first)
            #expect(masked["city"] == "Pune" && masked["externalId"] == "C-1" && found.items.count == 1)
            #expect(masked["email"]?.stringValue?.hasSuffix("@sandbox.invalid") == true)
            #expect(masked["name"]?.stringValue?.hasPrefix("Masked ") == true)
            let id = try #require(clone.json["id"]?.stringValue)
            let file = server.appliance.configuration.data.tenantDatabase(id)
            for suffix in ["", "-wal"] {
                let bytes = (try? FileReader.contents(URL(filePath: file.path + suffix), limit: 64 << 20)) ?? []
                for secret in ["asha@home.example", "Asha Rao", "1234567890", "likes gold", "owner@acme.example"] {
                    #expect(bytes.firstRange(of: Array(secret.utf8)) == nil, "\(secret) in \(suffix)")
                }
            }
            try await server.expect(
                401, "POST", "/api/auth/login", tenant: "try-out",
                json: ["email": "owner@acme.example", "password": .string(goodPassword)])
            // Nor does the index of the copy know anybody, while that of the original does.
            for (word, count) in [("asha", 0), ("1234567890", 0), ("pune", 1), ("masked", 1)] {
                let path = "/api/customers?q=\(word)"
                let hits = try await server.expect(200, "GET", path, by: person, tenant: "try-out")
                #expect(hits.items.count == count, "\(word)")
            }
            let original = try await server.expect(200, "GET", "/api/customers?q=asha", by: acme.owner)
            #expect(original.items.first?["email"] == "asha@home.example")

            server.clock.advance(.days(3))
            let again = try await server.signIn("op@example.com")
            let run = try await server.expect(200, "POST", "/api/admin/schedule/sandbox-purge/run", by: again)
            #expect(run.json["detail"] == "1 sandbox removed")
            #expect(server.appliance.directory["try-out"] == nil && server.appliance.directory["acme"] != nil)
            #expect(try server.appliance.tenants.trash().isEmpty && !FileSystem.exists(file))
        }
    }

    @Test func `a taken or reserved name is refused`() async throws {
        try await withShops { server, person, _, _ in
            for (slug, status) in [("bela", 409), ("admin", 422), ("Not A Slug", 422)] {
                try await server.expect(
                    status, "POST", "/api/admin/tenants/acme/clone", by: person, json: ["slug": .string(slug)])
            }
            let data = server.appliance.configuration.data
            let names = try FileManager.default.contentsOfDirectory(atPath: data.tenants.path)
            #expect(names.allSatisfy { $0.hasPrefix("ten_") } && names.count == 2)
        }
    }
}
