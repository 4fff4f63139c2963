import ApplianceCore
import Books
import CollectionKit
import GRDB
import Shop
import Storage
import Testing

/// What a declaration alone decides: the document, who may do what, how long records are kept.
struct DeclarationTests {
    private static let declared = [customers, transactions, products, things]

    @Test func `the document has the operations of each collection`() throws {
        for collection in Self.declared {
            let paths = JSON.object(collection.openAPIPaths)
            #expect(
                collection.openAPIPaths.map(\.name) == [
                    "/api/\(collection.name)", "/api/\(collection.name)/{id}", "/api/\(collection.name)/import",
                ])
            let all = try #require(paths["/api/\(collection.name)"])
            let one = try #require(paths["/api/\(collection.name)/{id}"])
            let operations = [all["get"], all["post"], one["get"], one["patch"], one["delete"]]
            let ids = operations.compactMap { $0?["operationId"]?.stringValue }
            #expect(ids == ["list", "create", "get", "update", "delete"].map { "\(collection.name)_\($0)" })
            #expect(operations.allSatisfy { $0?["responses"]?["422"] != nil })
            let names = all["get"]?["parameters"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
            #expect(names == ListQuery.parameterNames + collection.fields.map(\.name))
            #expect(all["x-collection"]?["fields"]?.arrayValue?.count == collection.fields.count)
        }
    }

    @Test func `no field of ours is named as a parameter of lists`() {
        let parameters = Set(ListQuery.parameterNames)
        for collection in Self.declared { #expect(parameters.isDisjoint(with: collection.fields.map(\.name))) }
    }

    @Test func `the document has the schemas that its operations refer to`() throws {
        for collection in Self.declared {
            let schemas = JSON.object(collection.openAPISchemas)
            let text = JSON.object(collection.openAPIPaths).text
            for suffix in ["", "New", "Patch"] {
                let schema = try #require(schemas[collection.title + suffix])
                #expect(text.contains("#/components/schemas/\(collection.title)\(suffix)\""))
                #expect(schema["additionalProperties"] == false)
                let names = schema["properties"]?.objectValue?.map(\.name) ?? []
                #expect(Set(names).isSuperset(of: collection.fields.map(\.name)))
                #expect(names.contains("version") == suffix.isEmpty)
            }
        }
        let new = try #require(JSON.object(transactions.openAPISchemas)["TransactionNew"])
        #expect(new["required"] == ["amount"])
        let thing = try #require(JSON.object(things.openAPISchemas)["Thing"]?["properties"])
        #expect(thing["units"]?["minimum"] == -1000)
        #expect(thing["email"]?["format"] == "email")
        #expect(thing["size"]?["enum"] == ["small", "large", nil])
        #expect(thing["moment"]?["type"] == ["string", "null"])
        #expect(JSON.object(customers.openAPISchemas)["Customer"]?["properties"]?["email"]?["x-personal"] == true)
    }

    @Test(arguments: [
        (Role.owner, "read create update delete"), (.admin, "read create update delete"),
        (.staff, "read create update"),
        (.viewer, "read"),
    ])
    func `roles may do what they may`(role: Role, expected: String) {
        let granted = Permissions.Operation.allCases.filter { Permissions.standard.allow($0, for: role) }
        #expect(granted.map(\.rawValue).joined(separator: " ") == expected)
    }

    @Test func `a role that is not named may do nothing`() {
        let permissions = Permissions([.owner: [.read: .all]])
        #expect(permissions.allow(.read, for: .owner))
        #expect(!permissions.allow(.create, for: .owner))
        #expect(!permissions.allow(.read, for: .viewer))
    }

    @Test(arguments: [
        (Retention.years(7), "2026-11-21T10:00:00Z", "2019-11-21T00:00:00.000Z"),
        // 29 February falls back to the 28th: kept a day longer.
        (.years(7), "2024-02-29T10:00:00Z", "2017-02-28T00:00:00.000Z"),
        (.years(4), "2024-02-29T10:00:00Z", "2020-02-29T00:00:00.000Z"),
        (.years(1), "2027-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"),
        (.days(90), "2026-11-21T10:00:00Z", "2026-08-23T10:00:00.000Z"),
    ])
    func `records are due once their time is over`(retention: Retention, now: String, cutoff: String) throws {
        #expect(retention.cutoff(now: try #require(Instant(now)))?.description == cutoff)
    }

    @Test func `records that are kept are never due`() throws {
        let now = try #require(Instant("2026-11-21T10:00:00Z"))
        #expect(Retention.untilDeleted.cutoff(now: now) == nil)
        #expect(Retention.years(9999).cutoff(now: now) == nil)
        #expect(transactions.retention == .years(7))
        #expect(customers.retention == .untilDeleted)
    }

    @Test func `a catalog finds collections by name, with their module`() {
        let catalog = CollectionCatalog([(nil, [customers, transactions]), ("shop", [products])])
        #expect(catalog["products"]?.title == "Product")
        #expect(catalog.entry("products")?.module == "shop")
        #expect(catalog.entry("customers")?.module == nil)
        #expect(catalog["nothing"] == nil)
        #expect(catalog.collections.map(\.name) == ["customers", "transactions", "products"])
    }

    @Test func `what is computed from a person's data is a person's data`() {
        let name = Field.text("name", max: 20).personal()
        let sign = Field.text("sign", max: 40).computed(#"name & "!""#)
        let twice = Field.text("twice", max: 80).computed("sign & sign")
        #expect(RecordErasure.mistake([name, sign]) == "sign tells name, which is personal, and has to be so too")
        #expect(RecordErasure.mistake([name, sign.personal()]) == nil)
        #expect(RecordErasure.mistake([name, sign.personal(), twice])?.hasPrefix("twice tells sign") == true)
        #expect(RecordErasure.mistake([.text("name", max: 20), sign, twice]) == nil)
    }

    /// Not in the log, which outlives an erasure, and not in a copy of the shop.
    @Test func `what is computed from a person's data is kept out of the log, and erased`() async throws {
        let shop = try TestShop([caregivers])
        let made = try await shop.create(caregivers, ["firstName": "Asha", "lastName": "Rao", "country": "IN"])
        #expect(made["displayName"] == "Asha Rao")
        let id = try #require(made["id"]?.stringValue)
        let events = try shop.file.read { db in try AuditTrail.list(db, before: nil, limit: 9) }
        #expect(events.first?["data"]?["new"]?["displayName"] == "[personal]")
        #expect(!events.map(\.text).joined().contains("Rao"))
        let erasing = try #require(RecordErasure(caregivers))
        #expect(erasing.fieldNames.contains("displayName"))
        let erasure = Erasure(
            id: "ers_1", tenant: "ten_1", collection: "caregivers", record: id, token: "0a1b2c3d", at: TestShop.now)
        try await shop.file.write { db in
            try db.execute(sql: RecordErasure.baseSQL)
            _ = try erasing.apply(db, erasure, now: TestShop.now)
        }
        let left = try shop.file.read { db in try Records(caregivers).get(db, id: id) }
        #expect(!String(decoding: left.json, as: UTF8.self).contains("Rao"))
    }
}
