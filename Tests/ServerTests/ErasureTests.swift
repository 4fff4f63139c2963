import ApplianceCore
import Backups
import CollectionKit
import Foundation
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

struct ErasureTests {
    private static let secret = "Zebulon"
    private static let reason: JSON = ["reason": "asked for on paper"]

    private struct Past {
        let customer: String
        let moment: Instant
    }

    /// A customer with everything about a person, another one, and a snapshot of both; a minute goes by.
    private func withPerson(_ body: (TestServer, Person, Shop, Past) async throws -> Void) async throws {
        try await withShops { server, person, acme, _ in
            await server.appliance.changeLog.flush()
            server.clock.advance(.seconds(10))
            let values: JSON = [
                "name": .string("\(Self.secret) Rao"), "email": .string("\(Self.secret.lowercased())@b.example"),
                "phone": "+911234567890", "addressLine": .string("1 \(Self.secret) Road"), "city": "Pune",
                "notes": .string("\(Self.secret) likes gold"), "externalId": "C-1",
            ]
            let made = try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: values)
            try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "Asha"])
            let id = try #require(made.json["id"]?.stringValue)
            let sale: JSON = ["customerId": .string(id), "amount": 500]
            try await server.expect(201, "POST", "/api/transactions", by: acme.owner, json: sale)
            await server.appliance.changeLog.flush()
            server.clock.advance(.seconds(30))
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            let moment = server.clock.now
            server.clock.advance(.seconds(30))
            try await body(server, person, acme, Past(customer: id, moment: moment))
        }
    }

    private func erase(_ server: TestServer, _ shop: Shop, _ id: String) async throws -> JSON {
        try await server.expect(200, "POST", "/api/customers/\(id)/erase", by: shop.owner, json: Self.reason).json
    }

    private func customers(_ server: TestServer, _ shop: Shop, _ query: String = "") async throws -> ServerAnswer {
        try await server.expect(200, "GET", "/api/customers\(query)", by: shop.owner)
    }

    private func restore(_ server: TestServer, _ person: Person, _ more: JSON) async throws -> JSON {
        let body: JSON = ["tenants": ["acme"], "confirm": "acme"]
        return try await server.expect(
            more["as"] == nil ? 200 : 201, "POST", "/api/admin/restores", by: person, json: body.with(more)
        ).json["restored"]?.arrayValue?.first ?? .null
    }

    /// Whether any file below a folder has the bytes.
    private func holds(_ folder: URL, _ text: String) -> Bool {
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
        return paths.contains { path in
            guard let data = try? Data(contentsOf: folder.appending(path: path)) else { return false }
            return data.range(of: Data(text.utf8)) != nil
        }
    }

    @Test func `a person leaves the record, the search and the answers, and what the law keeps stays`() async throws {
        try await withPerson { server, _, acme, past in
            let done = try await erase(server, acme, past.customer)
            let token = try #require(done["pseudonym"]?.stringValue)
            #expect(token.count == 8 && done["repeated"] == false && done["inBackupsOnly"] == false)
            #expect(done["kept"]?.arrayValue?.first?["collection"] == "transactions")
            let record = try await server.expect(200, "GET", "/api/customers/\(past.customer)", by: acme.owner).json
            #expect(record["name"] == .string("Erased customer #\(token)"))
            #expect(["email", "phone", "addressLine", "notes", "gstin"].allSatisfy { record[$0] == .null })
            #expect(record["city"] == "Pune" && record["externalId"] == "C-1" && record["version"] == 2)
            #expect(try await customers(server, acme, "?q=\(Self.secret)").items.isEmpty)
            #expect(try await customers(server, acme, "?q=\(token)").items.count == 1)
            let log = try await server.expect(200, "GET", "/api/audit", by: acme.owner)
            #expect(!log.text.contains(Self.secret))
            let event = try #require(log.items.first { $0["action"] == "customers.erase" })
            #expect(event["target"] == .string(past.customer) && event["data"]?["pseudonym"] == .string(token))
            #expect(try await server.expect(200, "GET", "/api/transactions", by: acme.owner).items.count == 1)
        }
    }

    @Test func `twice is once, and a person who came back can be erased again`() async throws {
        try await withPerson { server, _, acme, past in
            let first = try await erase(server, acme, past.customer)
            let second = try await erase(server, acme, past.customer)
            #expect(second["id"] == first["id"] && second["repeated"] == true)
            #expect(try await server.expect(200, "GET", "/api/erasures", by: acme.owner).items.count == 1)
            try await server.expect(
                200, "PATCH", "/api/customers/\(past.customer)", by: acme.owner, json: ["name": "Back again"])
            let third = try await erase(server, acme, past.customer)
            #expect(third["id"] != first["id"] && third["repeated"] == false)
        }
    }

    @Test func `records of the same person elsewhere are erased along`() async throws {
        try await withServer { server in
            let person = try await server.setUp()
            let body: JSON = [
                "slug": "acme", "name": "Acme", "modules": ["licensing"], "ownerEmail": "owner@acme.example",
                "ownerPassword": .string(goodPassword),
            ]
            try await server.expect(201, "POST", "/api/admin/tenants", by: person, json: body)
            let owner = try await server.signIn("owner@acme.example", "acme")
            let made = try await server.expect(201, "POST", "/api/customers", by: owner, json: ["name": "Zebulon"])
            let id = try #require(made.json["id"])
            let license: JSON = ["product": "X", "customerId": id, "customerEmail": "zebulon@b.example"]
            try await server.expect(201, "POST", "/api/licenses", by: owner, json: license)
            let done = try await server.expect(
                200, "POST", "/api/customers/\(id.stringValue ?? "")/erase", by: owner, json: Self.reason)
            #expect(done.json["alsoErased"]?.arrayValue == [["collection": "licenses", "records": 1]])
            let left = try await server.expect(200, "GET", "/api/licenses", by: owner).items
            #expect(left.map { $0["customerEmail"] } == [.null])
        }
    }

    @Test func `only who may delete erases, with a reason, in the own shop, what is there`() async throws {
        try await withPerson { server, person, acme, past in
            let path = "/api/customers/\(past.customer)/erase"
            let staff = try await server.addUser("staff", .staff, to: acme)
            try await server.expect(403, "POST", path, by: staff, json: Self.reason)
            try await server.expect(422, "POST", path, by: acme.owner, json: [:])
            let bela = try await server.signIn("owner@bela.example", "bela")
            try await server.expect(404, "POST", path, by: bela, json: Self.reason)
            try await server.expect(404, "POST", "/api/customers/cus_none/erase", by: acme.owner, json: Self.reason)
            #expect(try await customers(server, acme, "?q=\(Self.secret)").items.count == 1)
            #expect(try await server.expect(200, "GET", "/api/admin/erasures", by: person).items.isEmpty)
        }
    }

    @Test func `the ledger lies beside the backups and tells about nobody`() async throws {
        try await withPerson { server, person, acme, past in
            let done = try await erase(server, acme, past.customer)
            let folder = server.appliance.configuration.backups.appending(path: "erasures/\(acme.id)")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(files == ["\(done["id"]?.stringValue ?? "").json"] && !holds(folder, Self.secret))
            let listed = try await server.expect(200, "GET", "/api/admin/erasures?tenant=acme", by: person).items
            #expect(listed.count == 1 && listed[0]["recordId"] == .string(past.customer))
            #expect(listed[0]["inBackupsUntil"]?.stringValue?.isEmpty == false)
            let report = try await server.expect(200, "GET", "/api/admin/backups/report", by: person).items
            let line = report.first { $0["tenant"] == "acme" }
            #expect(line?["erasures"]?["count"] == 1 && line?["erasures"]?["inBackupsUntil"] != .null)

            // Whatever of the two was lost is made again from the other.
            try FileSystem.remove(folder)
            _ = try await server.appliance.erasures.catchUp()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == files)
            try await server.appliance.system.write { db in try db.run("DELETE FROM erasures") }
            _ = try await server.appliance.erasures.catchUp()
            #expect(try await server.expect(200, "GET", "/api/erasures", by: acme.owner).items.count == 1)
        }
    }

    @Test func `no restore brings the person back, in place or beside, and plan and report say so`() async throws {
        try await withPerson { server, person, acme, past in
            _ = try await erase(server, acme, past.customer)
            server.clock.advance(.seconds(5))
            let at: JSON = ["at": JSON(past.moment)]
            let dry = try await server.expect(
                200, "POST", "/api/admin/restores", by: person,
                json: at.with(["tenants": ["acme"], "dryRun": true])
            ).json["plan"]
            #expect(dry?["erasures"] == 1 && dry?.text.contains("erase again") == true)
            let beside = try await restore(server, person, at.with(["as": "acme-then"]))
            #expect(beside["erasures"] == 1)
            let copy = try await server.signIn("owner@acme.example", "acme-then")
            let there = try await server.expect(200, "GET", "/api/customers", by: copy)
            #expect(there.items.count == 2 && !there.text.contains(Self.secret))

            #expect(try await restore(server, person, at)["erasures"] == 1)
            let here = try await customers(server, acme)
            #expect(here.items.count == 2 && !here.text.contains(Self.secret))
            #expect(try await customers(server, acme, "?q=\(Self.secret)").items.isEmpty)
            let log = try await server.expect(200, "GET", "/api/audit?action=restore", by: acme.owner).items
            #expect(log.first?["data"]?["erasures"] == 1)
            #expect(!holds(server.appliance.configuration.data.tenant(acme.id), Self.secret))
        }
    }

    @Test func `an undo does not bring back who was erased after the restore`() async throws {
        try await withPerson { server, person, acme, past in
            #expect(try await restore(server, person, ["at": JSON(past.moment)])["erasures"] == 0)
            _ = try await erase(server, acme, past.customer)
            let undone = try await server.expect(
                200, "POST", "/api/admin/restores/latest/undo", by: person,
                json: ["tenants": ["acme"], "confirm": "acme"])
            #expect(undone.json["restored"]?.arrayValue?.first?["erasures"] == 1)
            #expect(try await !customers(server, acme).text.contains(Self.secret))
        }
    }

    @Test func `what is read of the past, and records that are brought back from it, are without the person`()
        async throws
    {
        try await withPerson { server, person, acme, past in
            let then = "?at=\(past.moment)"
            #expect(try await customers(server, acme, then).text.contains(Self.secret))
            _ = try await erase(server, acme, past.customer)
            let list = try await customers(server, acme, then)
            #expect(list.items.count == 2 && !list.text.contains(Self.secret))
            let one = try await customers(server, acme, "/\(past.customer)\(then)")
            #expect(one.json["name"]?.stringValue?.hasPrefix("Erased customer #") == true)

            let sales = try await server.expect(200, "GET", "/api/transactions", by: acme.owner).items
            for sale in sales {
                let path = "/api/transactions/\(sale["id"]?.stringValue ?? "")"
                try await server.expect(204, "DELETE", path, by: acme.owner)
            }
            try await server.expect(204, "DELETE", "/api/customers/\(past.customer)", by: acme.owner)
            let order: JSON = [
                "tenant": "acme", "collection": "customers", "ids": [.string(past.customer)],
                "at": JSON(past.moment), "confirm": "acme",
            ]
            let back = try await server.expect(
                200, "POST", "/api/admin/restores/records", by: person, json: order)
            #expect(back.json["records"]?["broughtBack"] == 1)
            let now = try await customers(server, acme)
            #expect(now.items.count == 2 && !now.text.contains(Self.secret))
        }
    }

    @Test func `who was deleted before is erased in the backups`() async throws {
        try await withPerson { server, person, acme, past in
            let sale = try await server.expect(200, "GET", "/api/transactions", by: acme.owner).items.first
            try await server.expect(
                204, "DELETE", "/api/transactions/\(sale?["id"]?.stringValue ?? "")", by: acme.owner)
            try await server.expect(204, "DELETE", "/api/customers/\(past.customer)", by: acme.owner)
            #expect(try await erase(server, acme, past.customer)["inBackupsOnly"] == true)
            #expect(try await erase(server, acme, past.customer)["repeated"] == true)
            #expect(try await restore(server, person, ["at": JSON(past.moment)])["erasures"] == 1)
            let here = try await customers(server, acme)
            #expect(here.items.count == 2 && !here.text.contains(Self.secret))
        }
    }

    @Test func `everything that goes back, and a package from before, are without the person`() async throws {
        try await withPerson { server, person, acme, past in
            let source = server.appliance.directory.all.first { $0.id == acme.id }
            let staged = server.appliance.tenants.stagingFolder()
            try FileSystem.makeFolder(staged)
            let old = staged.appending(path: "tenant.sqlite")
            try server.appliance.directory.file(acme.id).copy(to: old)
            #expect(source != nil && holds(staged, Self.secret))

            _ = try await erase(server, acme, past.customer)
            #expect(try server.appliance.erasures.replay(acme.id, on: old, in: nil) == 1)
            #expect(try server.appliance.erasures.replay(acme.id, on: old, in: nil) == 0)
            #expect(!holds(staged, Self.secret))
            try FileSystem.remove(staged)

            let order: JSON = ["snapshot": "latest", "confirm": "restore everything"]
            let answer = try await server.expect(200, "POST", "/api/admin/restores", by: person, json: order)
            let line = answer.json["restored"]?.arrayValue?.first { $0["tenant"] == "acme" }
            #expect(line?["erasures"] == 1)
            #expect(try await !customers(server, acme).text.contains(Self.secret))
            #expect(try await server.expect(200, "GET", "/api/erasures", by: acme.owner).items.count == 1)
        }
    }

    @Test func `an erasure that a crash cut short is completed`() async throws {
        try await withPerson { server, _, acme, past in
            let now = server.clock.now
            try await server.appliance.system.write { db in
                try db.run(
                    "INSERT INTO erasures VALUES ('ers_1', ?1, 'customers', ?2, 'deadbeef', ?3, NULL)",
                    [.text(acme.id), .text(past.customer), SQLValue(now)])
            }
            #expect(try await server.appliance.erasures.catchUp() == 1)
            let record = try await server.expect(200, "GET", "/api/customers/\(past.customer)", by: acme.owner).json
            #expect(record["name"] == "Erased customer #deadbeef" && record["email"] == .null)
            #expect(try await server.appliance.erasures.catchUp() == 0)
        }
    }
}
