import ApplianceCore
import CollectionKit
import Foundation
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

struct RecordRestoreTests {
    private static let path = "/api/admin/restores/records"

    private func add(_ server: TestServer, _ shop: Shop, _ collection: String, _ json: JSON) async throws -> String {
        let made = try await server.expect(201, "POST", "/api/\(collection)", by: shop.owner, json: json)
        return try #require(made.json["id"]?.stringValue)
    }

    private func restore(_ server: TestServer, _ person: Person, _ more: KeyValuePairs<String, JSON>) async throws
        -> JSON
    {
        let order: JSON = ["tenant": "acme", "confirm": "acme"]
        let answer = try await server.expect(200, "POST", Self.path, by: person, json: order.adding(more))
        return try #require(answer.json["records"])
    }

    private func reasons(_ records: JSON) -> [JSON?] { records["conflicts"]?.arrayValue?.map { $0["reason"] } ?? [] }

    @Test func `a deleted record comes back as it was, and what was written since stays`() async throws {
        try await withShops { server, person, acme, _ in
            let id = try await add(server, acme, "customers", ["name": "Asha", "externalId": "C-1", "city": "Pune"])
            let before = try await server.expect(200, "GET", "/api/customers/\(id)", by: acme.owner).json
            server.clock.advance(.seconds(5))
            let at = server.clock.now
            server.clock.advance(.seconds(5))
            try await server.expect(204, "DELETE", "/api/customers/\(id)", by: acme.owner)
            _ = try await add(server, acme, "customers", ["externalId": "C-2"])
            let order: KeyValuePairs<String, JSON> = [
                "collection": "customers", "ids": [.string(id)], "at": JSON(at),
            ]
            let dry = try await server.expect(
                200, "POST", Self.path, by: person,
                json: (["tenant": "acme", "dryRun": true] as JSON).adding(order)
            ).json["records"]
            #expect(dry?["broughtBack"] == 1 && dry?["conflictCount"] == 0 && dry?["dryRun"] == true)
            try await server.expect(404, "GET", "/api/customers/\(id)", by: acme.owner)
            let done = try await restore(server, person, order)
            #expect(done["broughtBack"] == 1 && done["ids"] == [.string(id)])
            let after = try await server.expect(200, "GET", "/api/customers/\(id)", by: acme.owner).json
            for field in ["name", "externalId", "city", "createdAt"] { #expect(after[field] == before[field]) }
            #expect(after["version"] == 2 && after["updatedAt"] != before["updatedAt"])
            let count = try await server.expect(200, "GET", "/api/customers?count=exact", by: acme.owner).json["total"]
            #expect(count == 2)
            let events = try await server.expect(200, "GET", "/api/audit?target=\(id)", by: acme.owner).items
            #expect(
                events.first?["action"] == "customers.restore" && events.first?["data"]?["new"]?["name"] == "[personal]"
            )
            let ours = try await server.expect(200, "GET", "/api/admin/audit", by: person).items
            #expect(ours.contains { $0["action"] == "restore.records" && $0["target"] == .string(acme.id) })
            // Once more there is nothing to do.
            let again = try await restore(server, person, order)
            #expect(again["broughtBack"] == 0 && again["unchanged"] == 1)
        }
    }

    @Test func `every conflict is told, and replace goes back`() async throws {
        try await withShops { server, person, acme, _ in
            let changed = try await add(server, acme, "customers", ["externalId": "C-1", "city": "Pune"])
            let taken = try await add(server, acme, "customers", ["externalId": "C-2"])
            let payer = try await add(server, acme, "customers", ["externalId": "C-3"])
            let payment = try await add(
                server, acme, "transactions", ["amount": 100, "customerId": .string(payer)])
            server.clock.advance(.seconds(5))
            let at = JSON(server.clock.now)
            server.clock.advance(.seconds(5))
            try await server.expect(
                200, "PATCH", "/api/customers/\(changed)", by: acme.owner, json: ["city": "Goa"])
            for path in ["customers/\(taken)", "transactions/\(payment)", "customers/\(payer)"] {
                try await server.expect(204, "DELETE", "/api/\(path)", by: acme.owner)
            }
            _ = try await add(server, acme, "customers", ["externalId": "C-2"])
            let ids: JSON = [.string(changed), .string(taken), "cus_00000000000000000000000000"]
            let skipped = try await restore(
                server, person, ["collection": "customers", "ids": ids, "at": at])
            #expect(skipped["broughtBack"] == 0 && skipped["conflictCount"] == 3)
            let found = reasons(skipped).compactMap { $0?.stringValue }.sorted()
            #expect(found == ["exists_and_differs", "not_there_then", "unique_value_taken"])
            let orphan = try await restore(
                server, person, ["collection": "transactions", "ids": [.string(payment)], "at": at])
            #expect(reasons(orphan) == ["reference_missing"])
            #expect(orphan["conflicts"]?.arrayValue?.first?["fields"] == ["customerId"])
            let replaced = try await restore(
                server, person, ["collection": "customers", "ids": ids, "at": at, "onConflict": "replace"])
            #expect(replaced["replaced"] == 1 && replaced["conflictCount"] == 2)
            let now = try await server.expect(200, "GET", "/api/customers/\(changed)", by: acme.owner).json
            #expect(now["city"] == "Pune" && now["version"] == 3)
            _ = try await restore(server, person, ["collection": "customers", "ids": [.string(payer)], "at": at])
            let adopted = try await restore(
                server, person, ["collection": "transactions", "ids": [.string(payment)], "at": at])
            #expect(adopted["broughtBack"] == 1)
        }
    }

    @Test func `all that was deleted between two times, and what came and went is named`() async throws {
        try await withShops { server, person, acme, _ in
            var ids: [String] = []
            for number in 0..<4 {
                ids.append(try await add(server, acme, "customers", ["externalId": .string("C-\(number)")]))
            }
            server.clock.advance(.seconds(5))
            try await server.expect(204, "DELETE", "/api/customers/\(ids[0])", by: acme.owner)
            server.clock.advance(.seconds(5))
            let from = JSON(server.clock.now)
            server.clock.advance(.seconds(5))
            for id in ids[1...2] { try await server.expect(204, "DELETE", "/api/customers/\(id)", by: acme.owner) }
            let brief = try await add(server, acme, "customers", ["externalId": "BRIEF"])
            try await server.expect(204, "DELETE", "/api/customers/\(brief)", by: acme.owner)
            server.clock.advance(.seconds(5))
            let until = JSON(server.clock.now)
            server.clock.advance(.seconds(5))
            try await server.expect(204, "DELETE", "/api/customers/\(ids[3])", by: acme.owner)
            server.clock.advance(.seconds(5))
            let done = try await restore(
                server, person, ["collection": "customers", "deletedFrom": from, "deletedUntil": until])
            #expect(done["broughtBack"] == 2 && done["madeAndDeleted"] == [.string(brief)])
            let left = try await server.expect(200, "GET", "/api/customers?sort=externalId", by: acme.owner).items
            #expect(left.map { $0["externalId"] } == ["C-1", "C-2"])
        }
    }

    @Test func `what cannot be meant is refused`() async throws {
        try await withShops { server, person, _, _ in
            let now = JSON(server.clock.now)
            for (more, status): (KeyValuePairs<String, JSON>, Int) in [
                (["collection": "customers"], 422), (["collection": "nothing", "ids": ["x"]], 422),
                (["collection": "customers", "ids": ["x"], "deletedFrom": now, "deletedUntil": now], 422),
                (["collection": "customers", "deletedFrom": now, "deletedUntil": now], 422),
                (["collection": "customers", "ids": ["x"], "onConflict": "merge"], 422),
                (["collection": "licenses", "ids": ["x"], "tenant": "nobody"], 404),
                (["collection": "customers", "ids": ["x"], "confirm": "no"], 422),
            ] {
                var order: JSON = ["tenant": "acme", "confirm": "acme"]
                let given = Set(more.map(\.key))
                order = .object((order.objectValue ?? []).filter { !given.contains($0.name) }).adding(more)
                try await server.expect(status, "POST", Self.path, by: person, json: order)
            }
        }
    }
}
