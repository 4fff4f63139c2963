import ApplianceCore
import Foundation
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

struct DamagedTenantTests {
    /// Writes garbage over the file of a shop, as a failing disk would while nobody looks.
    private func damage(_ server: TestServer, _ shop: Shop) throws {
        let file = server.appliance.directory.file(shop.id)
        #expect(file.closeIfQuiet())
        let handle = try FileHandle(forWritingTo: file.url)
        try handle.write(contentsOf: Data(repeating: 0x5A, count: 40_000))
        try handle.close()
    }

    private func add(_ name: String, to shop: Shop, _ server: TestServer) async throws {
        try await server.expect(201, "POST", "/api/customers", by: shop.owner, json: ["name": .string(name)])
    }

    private func names(_ shop: Shop, _ server: TestServer) async throws -> [String] {
        try await server.expect(200, "GET", "/api/customers?sort=id", by: shop.owner).items
            .compactMap { $0["name"]?.stringValue }
    }

    @Test func `a damaged shop is out of service and no other is`() async throws {
        try await withShops { server, person, acme, bela in
            try await add("Asha", to: acme, server)
            try await add("Bela", to: bela, server)
            try damage(server, acme)
            let damaged = try Data(contentsOf: server.appliance.directory.file(acme.id).url)
            for _ in 0..<3 {
                let read = try await server.send("GET", "/api/customers", by: acme.owner)
                #expect(read.status == 503 && read.code == "data_damaged" && read["Retry-After"] == "60")
                let write = try await server.send("POST", "/api/customers", by: acme.owner, json: ["name": "x"])
                #expect(write.status == 503 && !write.text.contains("sqlite"))
            }
            #expect(try await names(bela, server) == ["Bela"])
            try await add("More", to: bela, server)
            let signIn = try await server.send(
                "POST", "/api/auth/login", tenant: "acme",
                json: ["email": "owner@acme.example", "password": .string(goodPassword)])
            #expect(signIn.status == 503)
            #expect(try Data(contentsOf: server.appliance.directory.file(acme.id).url) == damaged)

            let health = try await server.expect(200, "GET", "/api/health").json
            #expect(health["status"] == "degraded" && health["checks"]?["database"]?["status"] == "degraded")
            let score = try await server.expect(200, "GET", "/api/admin/health", by: person).json
            #expect(score["score"] == 70 && score["issues"]?.arrayValue?.first?["code"] == "data_damaged")
            let shop = try await server.expect(200, "GET", "/api/admin/tenants/acme", by: person).json
            #expect(shop["storage"]?["state"] == "quarantined")
        }
    }

    @Test func `a missing file is a loss to report, and no new shop is made of it`() async throws {
        try await withShops { server, person, acme, _ in
            let file = server.appliance.directory.file(acme.id)
            #expect(file.closeIfQuiet())
            try FileSystem.remove(file.url)
            let answer = try await server.send("GET", "/api/customers", by: acme.owner)
            #expect(answer.status == 503 && answer.code == "data_missing")
            #expect(!FileSystem.exists(file.url))
            let shop = try await server.expect(200, "GET", "/api/admin/tenants/acme", by: person).json
            #expect(shop["storage"]?["state"] == "quarantined")
        }
    }

    @Test func `a restore has to be confirmed, and brings a damaged shop back`() async throws {
        try await withShops { server, person, acme, bela in
            try await add("Asha", to: acme, server)
            let made = try await server.expect(201, "POST", "/api/admin/backups", by: person).json
            let snapshot = try #require(made["id"])
            server.clock.advance(.minutes(5))
            try await add("Later", to: acme, server)
            try await add("Bela", to: bela, server)
            try damage(server, acme)
            try await server.expect(503, "GET", "/api/customers", by: acme.owner)

            let path = "/api/admin/restores"
            let plan = try await server.expect(
                200, "POST", path, by: person, json: ["tenants": ["acme"], "dryRun": true]
            ).json["plan"]
            #expect(plan?["snapshot"] == snapshot && plan?["whole"] == false)
            #expect(plan?["tenants"]?.arrayValue?.map { $0["slug"] } == ["acme"])
            for confirm: JSON in [nil, "", "yes", "bela", "restore everything"] {
                let refused = try await server.expect(
                    422, "POST", path, by: person, json: ["tenants": ["acme"], "confirm": confirm])
                #expect(refused.json["errors"]?.arrayValue?.first?["field"] == "confirm")
            }
            try await server.expect(503, "GET", "/api/customers", by: acme.owner)

            let done = try await server.expect(
                200, "POST", path, by: person, json: ["tenants": ["acme"], "confirm": "acme"]
            ).json["restored"]?.arrayValue
            #expect(done?.count == 1 && done?.first?["tenant"] == "acme")
            // The damaged file could not say whose session is still one.
            try await server.expect(401, "GET", "/api/customers", by: acme.owner)
            let owner = try await server.signIn("owner@acme.example", "acme")
            let kept = try await server.expect(200, "GET", "/api/customers", by: owner).items
            #expect(kept.map { $0["name"] } == ["Asha"])
            #expect(try await names(bela, server) == ["Bela"])
            try await server.expect(201, "POST", "/api/customers", by: owner, json: ["name": "Again"])
            #expect(try await server.expect(200, "GET", "/api/health").json["status"] == "ok")
        }
    }

    @Test func `everything can be restored, with shops that are newer set aside`() async throws {
        try await withShops { server, person, acme, _ in
            try await add("Asha", to: acme, server)
            try await server.expect(201, "POST", "/api/admin/backups", by: person)
            try await add("Later", to: acme, server)
            let newer = try await server.makeShop("newer", by: person)
            try await server.expect(422, "POST", "/api/admin/restores", by: person, json: [:])
            let done = try await server.expect(
                200, "POST", "/api/admin/restores", by: person, json: ["confirm": "restore everything"])
            #expect(done.json["restored"]?.arrayValue?.count == 3)
            #expect(try await names(acme, server) == ["Asha"])
            try await server.expect(401, "GET", "/api/customers", by: newer.owner)
            try await server.expect(404, "GET", "/api/admin/tenants/newer", by: person)
            _ = try await server.makeShop("newer", by: person)
        }
    }

    @Test func `a restore tells how far it has come to whoever asks for lines`() async throws {
        try await withShops { server, person, _, _ in
            try await server.expect(201, "POST", "/api/admin/backups", by: person)
            let answer = try await server.expect(
                200, "POST", "/api/admin/restores", by: person, json: ["tenants": ["acme"], "confirm": "acme"],
                headers: [("Accept", "application/x-ndjson")])
            let lines = try answer.text.split(separator: "\n").map { try JSONParser.parse(Array($0.utf8)) }
            #expect(lines.count > 1 && lines.dropLast().allSatisfy { $0["progress"]?["total"] != nil })
            #expect(lines.last?["result"]?["restored"]?.arrayValue?.count == 1)
        }
    }

    @Test func `folders of the machine are not a browser's business`() async throws {
        try await withShops { server, person, _, _ in
            for member in ["from", "into"] {
                let body: JSON = .object([.init(member, "/etc"), .init("confirm", "restore everything")])
                let answer = try await server.send("POST", "/api/admin/restores", by: person, json: body)
                #expect(answer.status == 403 && answer.code == "control_only")
            }
            for (member, value) in [
                ("snapshot", "../../etc"), ("at", "yesterday"), ("snapshot", "2026-01-01T00-00-00Z"),
            ] {
                let body: JSON = .object([.init(member, .string(value)), .init("confirm", "restore everything")])
                let answer = try await server.send("POST", "/api/admin/restores", by: person, json: body)
                #expect((400..<500).contains(answer.status), "\(member) \(value): \(answer.text)")
            }
        }
    }
}
