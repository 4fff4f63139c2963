import ApplianceCore
import Books
import CollectionKit
import GRDB
import Shop
import Storage
import Testing

struct RecordTests {
    private let shop: TestShop

    init() throws { shop = try TestShop() }

    @Test func `a new record has its id, its times and its defaults`() async throws {
        let record = try await shop.create(things, ["name": "Lamp"])
        #expect(try record.id.hasPrefix("thg_"))
        #expect(record["createdAt"] == "2026-11-21T02:00:00.250Z")
        #expect(record["updatedAt"] == record["createdAt"])
        #expect(record["version"] == 1)
        #expect(record["rank"] == 5)
        #expect(record["size"] == "small")
        // The shop's own currency.
        #expect(record["currency"] == "INR")
        let names = ["id"] + things.fields.map(\.name) + ["createdAt", "updatedAt", "version"]
        #expect(record.objectValue?.map(\.name) == names)
    }

    @Test func `a null that is given stands for left out`() async throws {
        let record = try await shop.create(things, ["name": "Lamp", "rank": nil, "currency": nil, "units": nil])
        #expect(record["rank"] == 5)
        #expect(record["currency"] == "INR")
        #expect(record["units"] == .null)
    }

    @Test func `a default may be another field, or now`() async throws {
        #expect(try await shop.create(customers, ["externalId": "C-1"])["name"] == "C-1")
        #expect(await refusal { try await shop.create(customers, [:]) }?.faultList == ["name required"])
        let sale = try await shop.create(transactions, ["amount": 1177])
        #expect(sale["occurredAt"] == "2026-11-21T02:00:00.250Z")
        #expect(sale["quantity"] == 1)
        #expect(sale["kind"] == "sale")
    }

    @Test func `a patch changes what it names and counts the version`() async throws {
        let record = try await shop.create(things, ["name": "Lamp", "units": 3, "story": "old"])
        let patched = try await shop.patch(things, record.id, ["units": 4, "story": nil])
        #expect(patched["units"] == 4)
        #expect(patched["story"] == .null)
        #expect(patched["name"] == "Lamp")
        #expect(patched["version"] == 2)
        #expect(patched["createdAt"] == record["createdAt"])
        #expect(try shop.get(things, record.id) == patched)
        #expect(
            await refusal { try await shop.patch(things, record.id, ["name": nil]) }?.faultList == ["name required"]
        )
        #expect(
            await refusal { try await shop.patch(things, record.id, ["rank": nil]) }?.faultList == ["rank required"]
        )
    }

    @Test func `a version that moved on refuses the change`() async throws {
        let id = try await shop.create(things, ["name": "Lamp"]).id
        try await shop.patch(things, id, ["units": 1], ifVersion: 1)
        let late = await refusal { try await shop.patch(things, id, ["units": 2], ifVersion: 1) }
        #expect(late?.category == .preconditionFailed)
        #expect(late?.code == "version_changed")
        #expect(await refusal { try await shop.delete(things, id, ifVersion: 1) }?.code == "version_changed")
        #expect(try shop.get(things, id)["units"] == 1)
        try await shop.delete(things, id, ifVersion: 2)
        #expect(throws: DomainError.notFound("record")) { try shop.get(things, id) }
    }

    @Test func `a record that is not there is not found`() async throws {
        for id in ["thg_none", "", "' OR 1=1 --"] {
            #expect(await refusal { _ = try shop.get(things, id) }?.category == .notFound)
            #expect(await refusal { try await shop.patch(things, id, ["units": 1]) }?.category == .notFound)
            #expect(await refusal { try await shop.delete(things, id) }?.category == .notFound)
        }
    }

    @Test func `a unique value taken by another is a conflict that names the field`() async throws {
        try await shop.create(things, ["name": "a", "code": "X1"])
        let second = try await shop.create(things, ["name": "b", "code": "X2"]).id
        for error in [
            await refusal { try await shop.create(things, ["name": "c", "code": "x1"]) },
            await refusal { try await shop.patch(things, second, ["code": "X1"]) },
        ] {
            #expect(error?.category == .conflict)
            #expect(error?.code == "not_unique")
            #expect(error?.faultList == ["code not_unique"])
        }
        // Empty is not a value: any number of records may lack it.
        try await shop.create(things, ["name": "d"])
        try await shop.create(things, ["name": "e"])
        #expect(try shop.count("things") == 4)
    }

    @Test func `a field set at creation only stays`() async throws {
        let id = try await shop.create(things, ["name": "a", "serial": "S1"]).id
        #expect(
            await refusal { try await shop.patch(things, id, ["serial": "S2"]) }?.faultList == ["serial immutable"])
        #expect(
            await refusal { try await shop.patch(things, id, ["serial": nil]) }?.faultList == ["serial immutable"])
        #expect(try await shop.patch(things, id, ["serial": "S1", "units": 1])["serial"] == "S1")
    }

    @Test func `a record that others refer to stays`() async throws {
        let customer = try await shop.create(customers, ["name": "Asha Rao"]).id
        let sale = try await shop.create(transactions, ["customerId": .string(customer), "amount": 1177]).id
        let error = await refusal { try await shop.delete(customers, customer) }
        #expect(error?.category == .conflict)
        #expect(error?.code == "in_use")
        try await shop.delete(transactions, sale)
        try await shop.delete(customers, customer)
        #expect(try shop.count("customers") == 0)
    }

    @Test func `each change is in the audit log with who did it, and refused ones are not`() async throws {
        let id = try await shop.create(customers, ["name": "Asha Rao", "email": "asha@acme.example"]).id
        try await shop.patch(customers, id, ["email": "rao@acme.example"])
        _ = await refusal { try await shop.patch(customers, id, ["email": "none"]) }
        try await shop.delete(customers, id)
        let events = try shop.file.read { try AuditTrail.list($0, before: nil, limit: 10) }
        #expect(events.map { $0["action"] } == ["customers.delete", "customers.update", "customers.create"])
        #expect(events.allSatisfy { $0["actor"] == "user:usr_asha" && $0["requestId"] == "req_1" })
        #expect(events.allSatisfy { $0["target"] == .string(id) })
        // Of a person only that there was something.
        #expect(
            events.map { $0["data"] } == [
                ["old": ["email": "[personal]", "name": "[personal]"]],
                ["new": ["email": "[personal]"], "old": ["email": "[personal]"]],
                ["new": ["email": "[personal]", "name": "[personal]"]],
            ])
        #expect(try shop.file.read { try AuditTrail.list($0, before: 3, limit: 1) }.map { $0["seq"] } == [2])
    }

    @Test func `the log has what was there and what is there, each in its JSON form`() async throws {
        let id = try await shop.create(things, ["name": "Ring", "isOpen": true, "price": 5, "currency": "INR"]).id
        try await shop.patch(things, id, ["isOpen": false, "price": nil, "name": "Ring"])
        let events = try shop.file.read { try AuditTrail.list($0, before: nil, limit: 10) }
        #expect(
            events.map { $0["data"] } == [
                ["new": ["isOpen": false, "price": nil], "old": ["isOpen": true, "price": 5]],
                ["new": ["currency": "INR", "isOpen": true, "name": "Ring", "price": 5, "rank": 5, "size": "small"]],
            ])
    }

    @Test func `the audit log cannot be changed`() async throws {
        try await shop.create(customers, ["name": "Asha Rao"])
        for sql in ["DELETE FROM audit", "UPDATE audit SET actor = 'nobody'"] {
            #expect(
                await refusal { try await shop.file.write { try $0.execute(sql: sql) } }?.code
                    == "constraint_failed")
        }
        #expect(try shop.count("audit") == 1)
    }
}
