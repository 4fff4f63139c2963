import ApplianceCore
import Books
import GRDB
import Shop
import Storage
import Synchronization
import Testing

@testable import CollectionKit

/// The hot queries stay one statement on an index.
struct QueryPlanTests {
    private let shop: TestShop

    init() throws { shop = try TestShop() }

    private func plan(
        _ collection: CollectionKit.Collection, _ parameters: [(name: String, value: String)], _ shop: TestShop
    ) throws -> String {
        let query = try ListQuery(collection, parameters: parameters)
        var values: [SQLValue] = []
        let sql = query.pageSQL(&values)
        return try shop.file.read { db in
            try db.all("EXPLAIN QUERY PLAN " + sql, values) { $0.text(3) ?? "" }.joined(separator: "; ")
        }
    }

    @Test func `reading one record is a search by its id`() async throws {
        for collection in shop.catalog.collections {
            let plan = try shop.file.read { db in
                try db.all("EXPLAIN QUERY PLAN " + collection.sql.get, [.text("x")]) { $0.text(3) ?? "" }
            }
            #expect(plan.count == 1)
            #expect(plan.first?.hasPrefix("SEARCH \(collection.name) USING INDEX") == true, "\(plan)")
        }
    }

    @Test func `the default list walks the rows backwards and sorts nothing`() async throws {
        for collection in shop.catalog.collections {
            let plan = try plan(collection, [], shop)
            #expect(plan == "SCAN \(collection.name)")
            let next = try self.plan(collection, [("cursor", Self.cursor(["-rowid"], [.integer(7)]))], shop)
            #expect(next == "SEARCH \(collection.name) USING INTEGER PRIMARY KEY (rowid<?)")
        }
    }

    @Test func `goods of a currency by price are one range of an index`() async throws {
        let plan = try plan(products, [("currency", "INR"), ("sort", "-price")], shop)
        #expect(plan == "SEARCH products USING INDEX products_currency_price_rowid (currency=?)")
        let dear = try self.plan(products, [("currency", "INR"), ("price[gt]", "100"), ("sort", "-price")], shop)
        #expect(dear == "SEARCH products USING INDEX products_currency_price_rowid (currency=? AND price>?)")
    }

    @Test func `a customer's transactions by time are one range of an index`() async throws {
        let parameters = [("customerId", "cus_x"), ("occurredAt[gte]", "2026-11-01"), ("sort", "-occurredAt")]
        let plan = try plan(transactions, parameters, shop)
        #expect(
            plan.hasPrefix(
                "SEARCH transactions USING INDEX transactions_customerId_occurredAt_rowid (customerId=? AND"))
        #expect(!plan.contains("TEMP B-TREE"))
        let newest = try self.plan(transactions, [("sort", "-occurredAt")], shop)
        #expect(newest == "SCAN transactions USING INDEX transactions_occurredAt_rowid")
    }

    @Test func `every declared index carries its own order`() async throws {
        for collection in shop.catalog.collections {
            for fields in collection.indexes {
                let equal = fields.dropLast().map { ($0, "null") }
                for direction in ["", "-"] {
                    let plan = try plan(collection, equal + [("sort", direction + (fields.last ?? ""))], shop)
                    #expect(
                        plan.contains("USING INDEX \(collection.name)_\(fields.joined(separator: "_"))_rowid"),
                        "\(plan)")
                    #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
                }
            }
        }
    }

    @Test func `one read is one statement`() async throws {
        let ids = try await [shop.create(customers, ["name": "a"]).id, shop.create(customers, ["name": "b"]).id]
        let id = try #require(ids.first)
        let byName = try ListQuery(customers, parameters: [("sort", "name"), ("limit", "1"), ("q", "a")])
        let counted = try ListQuery(customers, parameters: [("count", "exact")])
        try shop.file.read { db in
            let get = try statements(db) { _ = try Records(customers).get(db, id: id) }
            let list = try statements(db) { _ = try byName.page(db) }
            let total = try statements(db) { _ = try counted.page(db) }
            #expect(get.count == 1, "\(get)")
            #expect(list.count == 1, "\(list)")
            #expect(total.count == 2, "\(total)")
        }
    }

    @Test func `a create is the insert, the head of the audit log and its event`() async throws {
        let context = shop.context
        let counted = try await shop.file.write { db in
            try statements(db) { _ = try Records(customers).create(db, ["name": "a"], context) }
        }
        #expect(counted.count == 3, "\(counted)")
    }

    private static func cursor(_ sort: [String], _ values: [SQLValue]) -> String {
        let keys = sort.map {
            ListQuery.SortKey(column: $0.replacing("-", with: ""), descending: $0.hasPrefix("-"), isNullable: false)
        }
        return ListCursor(values: values).text(sort: keys)
    }
}

/// The statements of ours that SQLite runs during `body`: triggers show as comments, what FTS5 asks names the schema.
private func statements(_ db: Database, _ body: () throws -> Void) rethrows -> [String] {
    let seen = Mutex<[String]>([])
    db.trace { event in
        guard case .statement(let statement) = event, !statement.sql.hasPrefix("--"),
            !statement.sql.contains("'main'."), !statement.sql.hasPrefix("PRAGMA")
        else { return }
        seen.withLock { $0.append(statement.sql) }
    }
    defer { db.trace(options: []) }
    try body()
    return seen.withLock { $0 }
}
