import ApplianceCore
import CollectionKit
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

/// What the fields of a shop's own collections hold and obey: the same as those of modules.
struct OwnCollectionFieldTests {
    private static let path = "/api/collections"
    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Array("picture".utf8)

    private func declare(_ server: TestServer, _ shop: Shop, _ fields: JSON, _ more: JSON = [:]) async throws {
        let body: JSON = ["name": "repairs", "title": "Repair", "heading": "Repairs", "fields": fields]
        try await server.expect(201, "POST", Self.path, by: shop.owner, json: body.with(more))
    }

    @discardableResult
    private func add(_ server: TestServer, _ person: Person, _ body: JSON, to name: String = "repairs") async throws
        -> JSON
    {
        try await server.expect(201, "POST", "/api/\(name)", by: person, json: body).json
    }

    private func id(_ json: JSON) throws -> String { try #require(json["id"]?.stringValue) }

    private func upload(_ server: TestServer, _ person: Person) async throws -> String {
        try await id(
            server.expect(
                201, "POST", "/api/files?name=p.png", by: person, body: Self.png,
                headers: [("Content-Type", "image/png")]
            ).json)
    }

    @Test func `a list of references follows the records that it names`() async throws {
        try await withShops { server, person, acme, _ in
            let owner = acme.owner
            try await declare(
                server, acme,
                [
                    ["name": "item", "type": "text"],
                    ["name": "customerIds", "type": "references", "reference": "customers", "maxItems": 3],
                    ["name": "earlierIds", "type": "references", "reference": "repairs"],
                ])
            let asha = try await id(add(server, owner, ["name": "Asha"], to: "customers"))
            let bela = try await id(add(server, owner, ["name": "Bela"], to: "customers"))
            let first = try await id(
                add(server, owner, ["item": "Ring", "customerIds": [.string(asha), .string(bela)]]))
            let second = try await id(add(server, owner, ["item": "Chain", "earlierIds": [.string(first)]]))
            let refused = try await server.expect(
                422, "POST", "/api/repairs", by: owner, json: ["customerIds": ["cus_00000000000000000000000000"]])
            #expect(refused.json["errors"]?.arrayValue?.first?["code"] == "not_found")
            let found = try await server.expect(200, "GET", "/api/repairs?customerIds=\(asha)", by: owner).items
            #expect(found.map { $0["id"] } == [.string(first)])
            try await server.expect(204, "DELETE", "/api/customers/\(asha)", by: owner)
            let after = try await server.expect(200, "GET", "/api/repairs/\(first)", by: owner).json
            #expect(after["customerIds"] == [.string(bela)])
            try await server.expect(204, "DELETE", "/api/repairs/\(first)", by: owner)
            #expect(
                try await server.expect(200, "GET", "/api/repairs/\(second)", by: owner).json["earlierIds"] == [])

            // Another name, one field less, and a look at the past, which is checked like a restore.
            server.clock.advance(.seconds(5))
            let then = server.clock.now
            server.clock.advance(.seconds(5))
            try await server.expect(
                200, "PUT", "\(Self.path)/repairs", by: owner,
                json: [
                    "fields": [
                        [
                            "name": "peopleIds", "renamedFrom": "customerIds", "type": "references",
                            "reference": "customers", "maxItems": 3,
                        ], ["name": "item", "type": "text"],
                    ]
                ])
            let third = try await id(add(server, owner, ["peopleIds": [.string(bela)]]))
            let renamed = try await server.expect(200, "GET", "/api/repairs?peopleIds=\(bela)", by: owner).items
            #expect(renamed.map { $0["id"] } == [.string(third)])
            let past = try await server.expect(200, "GET", "/api/repairs/\(second)?at=\(then)", by: owner).json
            #expect(past["earlierIds"] == [] && past["peopleIds"] == nil)
            let made = try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            #expect(made.json["failures"] == [])
            try await server.expect(204, "DELETE", "\(Self.path)/repairs", by: owner)
            try await server.expect(204, "DELETE", "/api/customers/\(bela)", by: owner)
        }
    }

    @Test func `what lists name cannot be taken away under them`() async throws {
        try await withShops { server, _, acme, _ in
            try await declare(server, acme, [["name": "item", "type": "text"]])
            let visits: JSON = [
                "name": "visits", "fields": [["name": "repairIds", "type": "references", "reference": "repairs"]],
            ]
            try await server.expect(201, "POST", Self.path, by: acme.owner, json: visits)
            #expect(
                try await server.expect(409, "DELETE", "\(Self.path)/repairs", by: acme.owner).code
                    == "collection_in_use")
        }
    }

    @Test func `a file goes with its record, its field and its collection, and is seen by who may read them`()
        async throws
    {
        try await withShops { server, _, acme, _ in
            let owner = acme.owner
            let fields: [JSON] = [
                ["name": "item", "type": "text"], ["name": "photo", "type": "file", "accept": ["image/*"]],
                ["name": "receipt", "type": "file"], ["name": "takenBy", "type": "user"],
            ]
            let rights: JSON = [
                "permissions": ["staff": ["read", "create"], "viewer": []], "own": ["staff": ["read"]],
                "ownerField": "takenBy",
            ]
            try await declare(server, acme, .array(fields), rights)
            let (ann, bob) = (
                try await server.addUser("ann", .staff, to: acme), try await server.addUser("bob", .staff, to: acme)
            )
            let photo = try await upload(server, ann)
            let record = try await id(add(server, ann, ["photo": .string(photo)]))
            try await server.expect(404, "GET", "/api/repairs/\(record)", by: bob)
            #expect(try await server.expect(200, "GET", "/api/repairs", by: bob).items.isEmpty)
            try await server.expect(200, "GET", "/api/files/\(photo)/content", by: ann)
            try await server.expect(404, "GET", "/api/files/\(photo)/content", by: bob)
            let text = try await server.expect(
                201, "POST", "/api/files?name=a.txt", by: owner, body: Array("note".utf8),
                headers: [("Content-Type", "text/plain")]
            ).json
            let refused = try await server.expect(
                422, "PATCH", "/api/repairs/\(record)", by: owner, json: ["photo": text["id"] ?? .null])
            #expect(refused.json["errors"]?.arrayValue?.first?["field"] == "photo")
            // Told to those who may read the record, and to nobody else.
            for (who, isTold) in [(ann, true), (bob, false)] {
                let stream = try await server.expect(
                    200, "GET", "/api/events?follow=false&collection=repairs", by: who,
                    headers: [("Last-Event-ID", "0-")])
                #expect(stream.text.contains(record) == isTold, "\(stream.text)")
            }

            let receipt = try await upload(server, owner)
            try await server.expect(
                200, "PATCH", "/api/repairs/\(record)", by: owner, json: ["receipt": .string(receipt)])
            // The names change with each other, and one more field comes.
            let swapped: [JSON] = [
                fields[0], ["name": "receipt", "renamedFrom": "photo", "type": "file", "accept": ["image/*"]],
                ["name": "photo", "renamedFrom": "receipt", "type": "file"], fields[3],
                ["name": "note", "type": "text"],
            ]
            try await server.expect(
                200, "PUT", "\(Self.path)/repairs", by: owner, json: (["fields": .array(swapped)] as JSON).with(rights))
            let now = try await server.expect(200, "GET", "/api/repairs/\(record)", by: ann).json
            #expect(now["receipt"] == .string(photo) && now["photo"] == .string(receipt))
            try await server.expect(200, "GET", "/api/files/\(photo)/content", by: ann)
            let fewer: JSON = ["fields": [["name": "receipt", "type": "file", "accept": ["image/*"]], fields[3]]]
            try await server.expect(200, "PUT", "\(Self.path)/repairs", by: owner, json: fewer.with(rights))
            try await server.expect(404, "GET", "/api/files/\(receipt)", by: owner)
            try await server.expect(200, "GET", "/api/files/\(photo)", by: owner)
            try await server.expect(204, "DELETE", "\(Self.path)/repairs", by: owner)
            try await server.expect(404, "GET", "/api/files/\(photo)", by: owner)
        }
    }

    @Test func `a secret goes in and does not come out`() async throws {
        try await withShops { server, _, acme, _ in
            let owner = acme.owner
            let (item, code): (JSON, JSON) = (
                ["name": "item", "type": "text"], ["name": "lockCode", "type": "secret", "required": true]
            )
            try await declare(server, acme, [item, code])
            let made = try await add(server, owner, ["item": "Safe", "lockCode": "open sesame"])
            #expect(made["lockCode"] == nil)
            for path in ["/api/repairs", "/api/repairs/\(try id(made))", "/api/audit"] {
                #expect(try await !server.expect(200, "GET", path, by: owner).text.contains("sesame"), "\(path)")
            }
            let csv = try await server.expect(200, "GET", "/api/repairs", by: owner, headers: [("Accept", "text/csv")])
            #expect(csv.text.hasPrefix("id,item,createdAt") && !csv.text.contains("sesame"))
            try await server.expect(422, "GET", "/api/repairs?lockCode=open", by: owner)
            try await server.expect(422, "POST", "/api/repairs", by: owner, json: ["item": "Safe"])
            let bytes = try server.appliance.directory.file(acme.id).read { db in
                try db.first("SELECT lockCode FROM own_repairs") { $0.text(0) ?? "" } ?? ""
            }
            #expect(!bytes.isEmpty && !bytes.contains("sesame"))
            let renamed: JSON = ["name": "code", "renamedFrom": "lockCode", "type": "secret"]
            let refused = try await server.expect(
                422, "PUT", "\(Self.path)/repairs", by: owner, json: ["fields": [item, renamed]])
            #expect(refused.json["errors"]?.arrayValue?.first?["code"] == "sealed")
            let document = try await server.expect(200, "GET", "/api/openapi.json", by: owner).json
            let schemas = document["components"]?["schemas"]
            #expect(schemas?["Own_repairsNew"]?["properties"]?["lockCode"]?["writeOnly"] == true)
            #expect(schemas?["Own_repairs"]?["properties"]?["lockCode"] == nil)
        }
    }

    @Test func `numbers are drawn without gaps, anew each year, and stay`() async throws {
        try await withShops { server, _, acme, _ in
            let owner = acme.owner
            let state: JSON = ["name": "state", "type": "choice", "choices": ["open", "done"], "default": "open"]
            func number(_ name: String, from old: String? = nil) -> JSON {
                let field: JSON = [
                    "name": .string(name), "type": "sequence", "series": "R-{year}-{000}",
                    "drawn": ["field": "state", "values": ["done"]],
                ]
                return old.map { field.with(["renamedFrom": .string($0)]) } ?? field
            }
            try await declare(server, acme, [state, number("number")])
            func done() async throws -> JSON? {
                let made = try await add(server, owner, [:])
                #expect(made["number"] ?? .null == .null)
                return try await server.expect(
                    200, "PATCH", "/api/repairs/\(try id(made))", by: owner, json: ["state": "done"]
                ).json["number"] ?? .null
            }
            let year = String(server.clock.now.description.prefix(4))
            #expect(try await done() == .string("R-\(year)-001"))
            #expect(try await done() == .string("R-\(year)-002"))
            try await server.expect(422, "POST", "/api/repairs", by: owner, json: ["number": "R-1"])
            let first = try await server.expect(200, "GET", "/api/repairs?number=R-\(year)-001", by: owner).items[0]
            #expect(
                try await server.expect(409, "DELETE", "/api/repairs/\(try id(first))", by: owner).code == "numbered")
            try await server.expect(
                200, "PUT", "\(Self.path)/repairs", by: owner, json: ["fields": [state, number("ref", from: "number")]])
            let third = try await add(server, owner, ["state": "done"])
            #expect(third["ref"] == .string("R-\(year)-003"))
        }
    }

    @Test func `what is computed follows, for records that are there too`() async throws {
        try await withShops { server, _, acme, _ in
            let owner = acme.owner
            let fields: [JSON] = [
                ["name": "pieces", "type": "integer", "default": 2, "required": true],
                ["name": "price", "type": "money"], ["name": "currency", "type": "currency"],
                ["name": "item", "type": "text"],
            ]
            try await declare(server, acme, .array(fields))
            let record = try await id(add(server, owner, ["pieces": 3, "price": 100, "item": "Ring"]))
            try await add(server, owner, ["item": "Chain"])
            let total: JSON = ["name": "total", "type": "money", "formula": "pieces * price"]
            let label: JSON = [
                "name": "label", "type": "text", "maxLength": 20, "formula": #"item & " x" & pieces"#,
                "searchable": true,
            ]
            let dry = try await server.expect(
                200, "PUT", "\(Self.path)/repairs?dryRun=true", by: owner,
                json: ["fields": .array(fields + [total, label])])
            let steps = dry.json["plan"]?["steps"]?.arrayValue ?? []
            #expect(steps.contains(["step": "computeField", "field": "total", "records": 1]), "\(steps)")
            #expect(steps.contains(["step": "computeField", "field": "label", "records": 2]), "\(steps)")
            try await server.expect(
                200, "PUT", "\(Self.path)/repairs", by: owner, json: ["fields": .array(fields + [total, label])])
            let there = try await server.expect(200, "GET", "/api/repairs?q=x3", by: owner).items
            #expect(there.count == 1 && there[0]["total"] == 300 && there[0]["label"] == "Ring x3")
            let changed = try await server.expect(
                200, "PATCH", "/api/repairs/\(record)", by: owner, json: ["pieces": 4]
            ).json
            #expect(changed["total"] == 400 && changed["label"] == "Ring x4")
            try await server.expect(422, "PATCH", "/api/repairs/\(record)", by: owner, json: ["total": 1])
            let large: JSON = ["pieces": 9_007_199_254_740_991, "price": 999_999_999_999_999]
            let refused = try await server.expect(422, "POST", "/api/repairs", by: owner, json: large)
            #expect(refused.json["errors"]?.arrayValue?.first?["code"] == "out_of_range")
            // What would not fit is told before.
            let short: JSON = ["name": "label", "type": "text", "maxLength": 7, "formula": #"item & " x" & pieces"#]
            let tight = try await server.expect(
                422, "PUT", "\(Self.path)/repairs", by: owner, json: ["fields": .array(fields + [total, short])])
            let fault = try #require(tight.json["errors"]?.arrayValue?.first)
            #expect(fault["field"] == "fields[5].formula" && fault["code"] == "records_break_it")
        }
    }

    @Test func `moves, what is frozen, and who reads and sets a field hold`() async throws {
        try await withShops { server, _, acme, _ in
            let owner = acme.owner
            let fields: JSON = [
                ["name": "item", "type": "text", "immutable": true],
                [
                    "name": "state", "type": "choice", "choices": ["open", "done", "paid"], "default": "open",
                    "moves": ["open": ["done"], "done": ["paid"]],
                ],
                ["name": "cost", "type": "integer", "readableBy": ["owner", "admin"]],
                ["name": "price", "type": "integer", "writableBy": ["owner", "admin"]],
                ["name": "note", "type": "text", "frozen": ["field": "state", "values": ["done", "paid"]]],
                ["name": "rating", "type": "integer"],
            ]
            try await declare(
                server, acme, fields,
                ["frozen": ["field": "state", "values": ["paid"], "except": ["rating"]]])
            let staff = try await server.addUser("staff", .staff, to: acme)
            let made = try await add(server, owner, ["item": "Ring", "cost": 5, "price": 9])
            let record = "/api/repairs/\(try id(made))"
            let seen = try await server.expect(200, "GET", record, by: staff).json
            #expect(seen["cost"] == nil && seen["price"] == 9)
            try await server.expect(422, "GET", "/api/repairs?sort=cost", by: staff)
            try await server.expect(403, "PATCH", record, by: staff, json: ["price": 1])
            try await server.expect(422, "PATCH", record, by: staff, json: ["item": "Chain"])
            #expect(
                try await server.expect(409, "PATCH", record, by: staff, json: ["state": "paid"]).code
                    == "invalid_transition")
            try await server.expect(200, "PATCH", record, by: staff, json: ["state": "done", "note": "fine"])
            try await server.expect(422, "PATCH", record, by: staff, json: ["note": "other"])
            try await server.expect(200, "PATCH", record, by: owner, json: ["price": 8, "state": "paid"])
            try await server.expect(422, "PATCH", record, by: owner, json: ["price": 7])
            try await server.expect(200, "PATCH", record, by: owner, json: ["rating": 7])
        }
    }

    @Test func `the log keeps back from admins what only owners read`() async throws {
        try await withShops { server, _, acme, _ in
            let fields: JSON = [
                ["name": "item", "type": "text"], ["name": "cost", "type": "text", "readableBy": ["owner"]],
            ]
            try await declare(server, acme, fields)
            try await add(server, acme.owner, ["item": "Ring", "cost": "quietword"])
            let admin = try await server.addUser("admin", .admin, to: acme)
            let path = "/api/audit?action=repairs.create"
            #expect(try await server.expect(200, "GET", path, by: acme.owner).text.contains("quietword"))
            let told = try await server.expect(200, "GET", path, by: admin)
            #expect(told.text.contains("Ring") && !told.text.contains("quietword"))
        }
    }
}
