import ApplianceCore
import CollectionKit
import GRDB
import Storage
import Testing

/// Rules between the fields of a record, on the declarations of the four businesses.
struct RuleTests {
    private let shop: TestShop

    init() throws { shop = try TestShop(fourBusinesses) }

    private func invoice(_ more: KeyValuePairs<String, JSON> = [:]) async throws -> JSON {
        let found = try shop.list(articles)["items"]?.arrayValue?.first
        let article: JSON = ["sku": "R-1", "name": "Ring", "purity": "22K916", "grossWeight": 6250, "stoneWeight": 170]
        let id = if let found { try found.id } else { try await shop.create(articles, article).id }
        let body: JSON = ["articleId": .string(id), "buyerName": "Asha", "value": 100_000, "making": 5000]
        return try await shop.create(invoices, body.adding(more))
    }

    // MARK: - Moves

    @Test func `a choice goes only where it may`() async throws {
        let policy = try await shop.create(licensePolicies, ["name": "Pro", "product": "RescuePC"]).id
        let license = try await shop.create(
            softwareLicenses, ["policyId": .string(policy), "holderEmail": "A@B.example"])
        #expect(license["holderEmail"] == "a@b.example")
        #expect(try await shop.patch(softwareLicenses, license.id, ["status": "suspended"])["status"] == "suspended")
        // Staying is no move.
        #expect(try await shop.patch(softwareLicenses, license.id, ["status": "suspended"])["version"] == 3)
        try await shop.patch(softwareLicenses, license.id, ["status": "revoked"])
        let error = await refusal { try await shop.patch(softwareLicenses, license.id, ["status": "active"]) }
        #expect(error?.category == .conflict && error?.code == "invalid_transition")
        #expect(error?.faultList == ["status invalid_transition"])
        #expect(error?.hint == "revoked is where it ends.")
        #expect(try shop.get(softwareLicenses, license.id)["status"] == "revoked")
    }

    // MARK: - Frozen

    @Test func `an issued invoice changes no more, but for what is excepted`() async throws {
        let draft = try await invoice()
        try await shop.patch(invoices, draft.id, ["value": 200_000])
        // Together with the move is still before it.
        try await shop.patch(invoices, draft.id, ["value": 300_000, "status": "issued"])
        let error = await refusal { try await shop.patch(invoices, draft.id, ["value": 1, "buyerName": "Bela"]) }
        #expect(error?.faultList.sorted() == ["buyerName immutable", "value immutable"])
        let remarked = try await shop.patch(invoices, draft.id, ["remarks": "paid in cash", "value": 300_000])
        #expect(remarked["remarks"] == "paid in cash" && remarked["value"] == 300_000)
        #expect(try await shop.patch(invoices, draft.id, ["status": "paid"])["status"] == "paid")
    }

    @Test func `a field may be frozen by itself`() async throws {
        let caregiver = try await shop.create(caregivers, ["firstName": "An", "lastName": "Peeters"])
        #expect(caregiver["displayName"] == "An Peeters")
        let booking = try await shop.create(
            bookings,
            [
                "caregiverId": caregiver["id"] ?? nil, "startsAt": "2026-11-22T09:00:00Z", "length": 3600,
                "price": 3000, "currency": "EUR",
            ])
        try await shop.patch(bookings, booking.id, ["price": 3500])
        try await shop.patch(bookings, booking.id, ["status": "confirmed"])
        let error = await refusal { try await shop.patch(bookings, booking.id, ["price": 1]) }
        #expect(error?.faultList == ["price immutable"])
        #expect(error?.faults.first?.message == "Cannot be changed once status is confirmed.")
        try await shop.patch(bookings, booking.id, ["length": 7200])
    }

    // MARK: - Computed

    @Test func `a computed field follows the others`() async throws {
        let made = try await invoice()
        #expect(made["taxable"] == 105_000)
        #expect(try await shop.patch(invoices, made.id, ["making": 0])["taxable"] == 100_000)
        let error = await refusal { try await shop.patch(invoices, made.id, ["taxable": 1]) }
        #expect(error?.faultList == ["taxable read_only"])
        #expect(try shop.column("netWeight", of: articles, ["netWeight[gte]": "6000"]) == [6080])
    }

    @Test func `a computed value keeps the limits of its type`() async throws {
        let error = await refusal {
            try await shop.create(
                articles, ["sku": "R-2", "name": "Ring", "purity": "22K916", "grossWeight": 1, "stoneWeight": 2])
        }
        #expect(error?.faultList == ["netWeight out_of_range"])
        let large = await refusal { _ = try await invoice(["value": 999_999_999_999_999]) }
        #expect(large?.faultList == ["taxable out_of_range"])
    }

    @Test func `a field that is computed from now on is computed for old records too`() async throws {
        func gems(_ fields: [Field]) -> CollectionKit.Collection {
            Collection("gems", idPrefix: "gem", title: "Gem", fields: fields)
        }
        let old = [Field.text("name", max: 20), .integer("count", in: 0...100)]
        let shop = try TestShop([gems(old)])
        try await shop.create(gems(old), ["name": "Ruby", "count": 7])
        try await shop.create(gems(old), ["name": "Opal"])
        let new = gems(
            old + [
                .integer("double", in: 0...200).computed("count * 2"), .text("sign", max: 40).computed(#"name & "!""#),
            ])
        let file = await shop.reopened([new])
        let rows = try file.read { db in
            try Row.fetchAll(db, sql: "SELECT CAST(double AS TEXT) AS double, sign FROM gems ORDER BY name").map {
                [$0["double"], $0["sign"]] as [String?]
            }
        }
        #expect(rows == [[nil, "Opal!"], ["14", "Ruby!"]])
    }

    // MARK: - Sequences

    @Test func `numbers are drawn when the state is reached, and without gaps`() async throws {
        var ids: [String] = []
        for _ in 0..<3 { ids.append(try await invoice().id) }
        #expect(try shop.column("number", of: invoices) == [nil, nil, nil])
        #expect(try await shop.patch(invoices, ids[1], ["status": "issued"])["number"] == "INV/26-27/0001")
        // A refused change gives its number back.
        let error = await refusal { try await shop.patch(invoices, ids[0], ["status": "issued", "value": -1]) }
        #expect(error != nil)
        #expect(try await shop.patch(invoices, ids[0], ["status": "issued"])["number"] == "INV/26-27/0002")
        #expect(try await shop.patch(invoices, ids[0], ["status": "paid"])["number"] == "INV/26-27/0002")
        let given = await refusal { _ = try await invoice(["number": "INV/26-27/0009"]) }
        #expect(given?.faultList == ["number read_only"])
    }

    @Test func `many at once get one number each`() async throws {
        var ids: [String] = []
        for _ in 0..<40 { ids.append(try await invoice().id) }
        try await withThrowingTaskGroup { tasks in
            for id in ids { tasks.addTask { try await shop.patch(invoices, id, ["status": "issued"]) } }
            try await tasks.waitForAll()
        }
        let numbers = try shop.column("number", of: invoices, ["limit": "200", "sort": "number"]).compactMap(
            \.stringValue)
        #expect(numbers == (1...40).map { "INV/26-27/00" + ($0 < 10 ? "0" : "") + "\($0)" })
    }

    @Test func `a record with a number cannot be deleted`() async throws {
        let draft = try await invoice()
        let issued = try await invoice()
        try await shop.patch(invoices, issued.id, ["status": "issued"])
        let error = await refusal { try await shop.delete(invoices, issued.id) }
        #expect(error?.code == "numbered" && error?.category == .conflict)
        try await shop.delete(invoices, draft.id)
        #expect(try shop.count("invoices") == 1)
    }

    // MARK: - Unique together

    @Test func `fields may be unique together`() async throws {
        let ids = try await [
            shop.create(caregivers, ["firstName": "An", "lastName": "P"]).id,
            shop.create(caregivers, ["firstName": "Bo", "lastName": "P"]).id,
        ]
        func book(_ id: String, _ at: String) async throws {
            try await shop.create(
                bookings, ["caregiverId": .string(id), "startsAt": .string(at), "length": 3600, "price": 1])
        }
        try await book(ids[0], "2026-11-22T09:00:00Z")
        try await book(ids[1], "2026-11-22T09:00:00Z")
        try await book(ids[0], "2026-11-22T10:00:00Z")
        let error = await refusal { try await book(ids[0], "2026-11-22T09:00:00Z") }
        #expect(
            error?.code == "not_unique" && error?.message == "Another record has the same caregiverId and startsAt.")
        #expect(error?.faultList == ["caregiverId not_unique", "startsAt not_unique"])
    }

    // MARK: - References

    @Test func `a reference may take its record along`() async throws {
        let agent = try await shop.create(agents, ["name": "Claude"]).id
        let task = try await shop.create(tasks, ["agentId": .string(agent), "prompt": "Write"])
        #expect(task["requestedBy"] == "usr_asha" && task["priority"] == 5)
        try await shop.delete(agents, agent)
        #expect(try shop.count("tasks") == 0)
    }

    @Test func `every declaration of the article opens, and says what the page needs`() throws {
        for collection in fourBusinesses {
            #expect(try shop.count(CollectionSQLName.quoted(collection.name)) == 0)
            let described = collection.description["fields"]?.arrayValue ?? []
            #expect(described.map { $0["name"]?.stringValue } == collection.fields.map(\.name))
        }
        let fields = invoices.description["fields"]?.arrayValue ?? []
        let status = try #require(fields.first { $0["name"] == "status" })
        #expect(status["choices"] == ["draft", "issued", "paid", "cancelled"] && status["default"] == "draft")
        #expect(status["moves"] == ["draft": ["issued"], "issued": ["paid", "cancelled"]])
        let number = try #require(fields.first { $0["name"] == "number" })
        #expect(number["readOnly"] == true && number["drawn"] == ["field": "status", "values": ["issued"]])
        let value = try #require(fields.first { $0["name"] == "value" })
        #expect(
            value["frozen"] == ["field": "status", "values": ["issued", "paid"]] && value["currency"] == "currency"
        )
        let article = try #require(fields.first { $0["name"] == "articleId" })
        #expect(article["title"] == "Article" && article["reference"] == "articles")
        #expect(invoices.description["titleField"] == "number")
    }
}

private enum CollectionSQLName {
    static func quoted(_ name: String) -> String { "\"\(name)\"" }
}
