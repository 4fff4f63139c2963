import ApplianceCore
import Books
import CollectionKit
import Storage
import Testing

struct AggregateTests {
    private let shop: TestShop

    init() throws { shop = try TestShop([customers, transactions] + fourBusinesses) }

    private func figures(
        _ collection: CollectionKit.Collection, _ parameters: KeyValuePairs<String, String>
    ) throws -> JSON {
        let query = try ListQuery(collection, parameters: parameters.map { ($0.key, $0.value) })
        #expect(query.isAggregate)
        return try JSONParser.parse(try shop.file.read { try query.aggregate($0) })["items"] ?? .null
    }

    private func fill() async throws {
        for (kind, amount, currency, at) in [
            ("sale", 100, "INR", "2026-10-31T23:59:59Z"), ("sale", 250, "INR", "2026-11-01T00:00:00Z"),
            ("refund", 50, "INR", "2026-11-02T00:00:00Z"), ("sale", 7, "USD", "2026-11-02T10:00:00Z"),
        ] as [(String, Int64, String, String)] {
            try await shop.create(
                transactions,
                [
                    "kind": .string(kind), "amount": .integer(amount), "currency": .string(currency),
                    "occurredAt": .string(at),
                ])
        }
    }

    @Test func `sums go by groups, in their order`() async throws {
        try await fill()
        #expect(
            try figures(transactions, ["group": "kind,currency", "sum": "amount,quantity", "max": "amount"]) == [
                [
                    "kind": "refund", "currency": "INR", "count": 1, "sum": ["amount": 50, "quantity": 1],
                    "max": ["amount": 50],
                ],
                [
                    "kind": "sale", "currency": "INR", "count": 2, "sum": ["amount": 350, "quantity": 2],
                    "max": ["amount": 250],
                ],
                [
                    "kind": "sale", "currency": "USD", "count": 1, "sum": ["amount": 7, "quantity": 1],
                    "max": ["amount": 7],
                ],
            ])
    }

    @Test func `filters come first, and times group by month`() async throws {
        try await fill()
        #expect(
            try figures(transactions, ["group": "occurredAt.month", "kind": "sale", "min": "occurredAt"]) == [
                ["occurredAt.month": "2026-10", "count": 1, "min": ["occurredAt": "2026-10-31T23:59:59.000Z"]],
                ["occurredAt.month": "2026-11", "count": 2, "min": ["occurredAt": "2026-11-01T00:00:00.000Z"]],
            ])
        #expect(
            try figures(transactions, ["avg": "quantity", "kind": "payment"])
                == [["count": 0, "avg": ["quantity": nil]]])
    }

    @Test func `decimals are figures of their scale`() async throws {
        for (sku, carats) in [("A", "1.5"), ("B", "0.25"), ("C", nil)] as [(String, String?)] {
            try await shop.create(
                articles,
                ["sku": .string(sku), "name": "x", "purity": "22K916", "grossWeight": 10, "carats": JSON(carats)])
        }
        #expect(
            try figures(articles, ["sum": "carats,netWeight", "avg": "carats"])
                == [["count": 3, "sum": ["carats": "1.750", "netWeight": 30], "avg": ["carats": "0.875"]]])
    }

    @Test(
        arguments: [
            (["sum": "amount"], "group mixed_currencies"), (["sum": "kind"], "sum wrong_type"),
            (["sum": "occurredAt"], "sum wrong_type"), (["group": "nothing"], "group unknown_field"),
            (["group": "kind.month"], "group wrong_type"), (["group": "occurredAt.hour"], "group wrong_type"),
            (["group": "kind,kind"], "group twice"), (["group": "kind,currency,note,customerId"], "group too_many"),
            (["group": "kind", "sort": "kind"], "group contradiction"),
            (["group": "kind", "cursor": "x"], "cursor not_a_cursor"),
        ] as [([String: String], String)])
    func `what makes no sense is refused`(parameters: [String: String], fault: String) async {
        let error = await refusal {
            _ = try ListQuery(transactions, parameters: parameters.map { ($0.key, $0.value) })
        }
        #expect(error?.faultList.first == fault)
    }

    @Test func `more groups than an answer has room for are a fault`() async throws {
        let context = shop.context
        try await shop.file.write { db in
            for index in 0...1000 { _ = try Records(customers).create(db, ["name": .string("c\(index)")], context) }
        }
        let error = await refusal { _ = try figures(customers, ["group": "name"]) }
        #expect(error?.faultList == ["group too_many"])
    }

    // MARK: - Expansion

    @Test func `a record comes with those it refers to, in one statement`() async throws {
        let customer = try await shop.create(customers, ["name": "Asha"])
        let sale = try await shop.create(transactions, ["customerId": customer["id"] ?? nil, "amount": 5])
        try await shop.create(transactions, ["amount": 6])
        let catalog = shop.catalog
        let query = try ListQuery(CollectionView(transactions), parameters: [("expand", "customerId")]) { name in
            catalog[name].map { CollectionView($0) }
        }
        let page = try JSONParser.parse(try shop.file.read { try query.page($0).json })
        let items = page["items"]?.arrayValue ?? []
        #expect(items.map { $0["expand"] } == [["customerId": nil], ["customerId": customer]])
        let one = try JSONParser.parse(try shop.file.read { try query.record($0, id: try sale.id) })
        #expect(one == sale.adding(["expand": ["customerId": customer]]))
    }

    @Test func `a record of the same collection can be expanded`() async throws {
        let shop = try TestShop()
        let parent = try await shop.create(things, ["name": "parent", "isOpen": true])
        let child = try await shop.create(things, ["name": "child", "parentId": parent["id"] ?? nil])
        let view = CollectionView(things)
        let query = try ListQuery(view, parameters: [("expand", "parentId"), ("fields", "name")]) { _ in view }
        let one = try JSONParser.parse(try shop.file.read { try query.record($0, id: try child.id) })
        #expect(one == ["name": "child", "expand": ["parentId": parent]])
    }

    @Test(arguments: [("name", "not_a_reference"), ("customerId,customerId", "twice"), ("", "not_a_reference")])
    func `only references can be expanded`(text: String, code: String) async {
        let error = await refusal {
            _ = try ListQuery(CollectionView(transactions), parameters: [("expand", text)]) { _ in
                CollectionView(customers)
            }
        }
        #expect(error?.faultList == ["expand \(code)"])
        let hidden = await refusal { _ = try ListQuery(transactions, parameters: [("expand", "customerId")]) }
        #expect(hidden?.faultList == ["expand not_permitted"])
    }

    // MARK: - Filters

    @Test func `a field named as a parameter is asked for with an operator`() async throws {
        let odd = Collection(
            "odd", idPrefix: "odd", title: "Odd", fields: [.integer("limit", in: 0...9), .text("q", max: 9)])
        let shop = try TestShop([odd])
        try await shop.create(odd, ["limit": 5, "q": "a"])
        try await shop.create(odd, ["limit": 6, "q": "b"])
        #expect(try shop.column("limit", of: odd, ["limit[eq]": "5", "limit": "10"]) == [5])
        #expect(try shop.column("limit", of: odd, ["q[eq]": "b"]) == [6])
    }
}
