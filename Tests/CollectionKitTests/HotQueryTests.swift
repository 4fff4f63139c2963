import ApplianceCore
import Books
import GRDB
import Licensing
import Shop
import Storage
import Synchronization
import Testing

@testable import CollectionKit

/// The queries that every request or job makes are on an index in every collection that is declared, and a request is
/// so many statements and no more.
struct HotQueryTests {
    private static let declared = [things, customers, transactions, licenses, products] + fourBusinesses
    private let shop: TestShop

    init() throws { shop = try TestShop(Self.declared) }

    private func plan(_ sql: String, _ values: [SQLValue] = []) throws -> String {
        try shop.file.read { db in
            try db.all("EXPLAIN QUERY PLAN " + sql, values) { $0.text(3) ?? "" }.joined(separator: "; ")
        }
    }

    private func plan(_ query: ListQuery) throws -> String {
        var values: [SQLValue] = []
        let sql = query.pageSQL(&values)
        return try plan(sql, values)
    }

    /// The page behind a record whose sort keys are all `x`, or all empty where they may be.
    private func next(_ collection: CollectionKit.Collection, _ parameters: [(String, String)]) throws -> ListQuery {
        let first = try ListQuery(collection, parameters: parameters)
        let cursor = ListCursor(values: first.sort.map { _ in .text("x") }).text(sort: first.sort)
        return try ListQuery(collection, parameters: parameters + [("cursor", cursor)])
    }

    @Test(arguments: declared) func `single records are found by their key`(
        collection: CollectionKit.Collection
    ) throws {
        let sql = collection.sql
        for text in [sql.get, sql.values, sql.delete] {
            let plan = try plan(text, [.text("x")])
            #expect(plan.hasPrefix("SEARCH \(collection.name) USING "), "\(plan)")
            #expect(plan.contains("(id=?)"), "\(plan)")
        }
        for (_, exists) in collection.rules.references + collection.rules.lists {
            #expect(try plan(exists, [.text("x")]).contains("(id=?)"))
        }
        for field in collection.fields where field.isUnique {
            let found = try plan(
                "SELECT id FROM \(sql.table) WHERE \(CollectionSQL.equals(field, "?1"))", [.text("x")])
            #expect(found.hasPrefix("SEARCH \(collection.name) USING"), "\(found)")
        }
    }

    @Test(arguments: declared) func `pages by a declared index are one range of it, the next ones too`(
        collection: CollectionKit.Collection
    ) throws {
        var orders: [[(String, String)]] = [[]]
        for fields in collection.indexes {
            let equal = fields.dropLast().map { ($0, "null") }
            for sign in ["", "-"] { orders.append(equal + [("sort", sign + (fields.last ?? ""))]) }
        }
        for parameters in orders {
            for query in try [ListQuery(collection, parameters: parameters), next(collection, parameters)] {
                let plan = try plan(query)
                // Without an order the table itself is walked, backwards.
                let name = collection.name
                let walks = ["SCAN \(name)", "SEARCH \(name) USING INTEGER PRIMARY KEY (rowid<?)"]
                let isServed = parameters.isEmpty ? walks.contains(plan) : plan.contains("USING INDEX")
                #expect(isServed && !plan.contains("TEMP B-TREE"), "\(parameters): \(plan)")
                #expect(query.missingIndex == nil, "\(parameters)")
            }
        }
    }

    @Test(arguments: declared) func `records of another one, own ones and what is due are found by an index`(
        collection: CollectionKit.Collection
    ) throws {
        for field in collection.fields {
            switch field.type {
            case .reference, .user:
                let query = try ListQuery(collection, parameters: [(field.name, "x")])
                let plan = try plan(query)
                #expect(plan.hasPrefix("SEARCH \(collection.name) USING INDEX"), "\(plan)")
                // The newest first, unless an index of that field and others takes the place of its own.
                let hasOwn = !collection.indexes.contains { $0.first == field.name }
                #expect(!hasOwn || !plan.contains("TEMP B-TREE"), "\(plan)")
                #expect(query.missingIndex == nil)
            case .references:
                let plan = try plan(try ListQuery(collection, parameters: [(field.name, "x")]))
                #expect(plan.contains("SEARCH \(collection.name) USING") && plan.contains("(targetId=?"), "\(plan)")
            default: break
            }
        }
        if collection.retention != .untilDeleted {
            let due = "SELECT id FROM \(collection.sql.table) WHERE createdAt < ?1 ORDER BY createdAt LIMIT 500"
            let plan = try plan(due, [.text("x")])
            #expect(plan.contains("(createdAt<?)") && !plan.contains("TEMP B-TREE"), "\(plan)")
        }
    }

    @Test(arguments: declared) func `a search asks the index of words`(collection: CollectionKit.Collection) throws {
        guard collection.search != nil else { return }
        let plan = try plan(try ListQuery(collection, parameters: [("q", "x")]))
        #expect(plan.contains("SCAN \(collection.name)_search VIRTUAL TABLE INDEX"), "\(plan)")
    }

    // MARK: - What would help

    @Test(arguments: [
        ([("note", "x")], "note"), ([("sort", "amount")], "amount"),
        ([("kind", "sale"), ("sort", "-amount")], "kind amount"),
        ([("kind", "sale"), ("amount[gt]", "1")], "kind amount"), ([("currency[in]", "INR,USD")], "currency"),
        ([("amount[gte]", "5"), ("amount[lt]", "9")], "amount"),
        ([("sort", "-occurredAt,amount")], "occurredAt amount"),
        // Served, or not to be served by any.
        ([("sort", "-occurredAt")], nil), ([("customerId", "x"), ("sort", "occurredAt")], nil),
        ([("occurredAt[gt]", "2026-01-01")], nil), ([("id", "x"), ("sort", "amount")], nil),
        ([("note[like]", "x%")], nil),
        ([], nil), ([("createdAt[lt]", "2026-01-01")], nil), ([("q", "x")], nil), ([("customerId", "x")], nil),
    ]) func `a query without an index says which one it lacks`(parameters: [(String, String)], fields: String?) throws {
        let query = try ListQuery(transactions, parameters: parameters)
        #expect(query.missingIndex?.joined(separator: " ") == fields)
        let stopped = DomainError(.invalid, "query_too_slow", "Stopped.", hint: "Ask for less.")
        let told = query.explaining(stopped)
        if let fields {
            #expect(told.hint?.contains("index on \(fields.replacing(" ", with: ", "))") == true)
            #expect(told.faultList == fields.split(separator: " ").map { "\($0) no_index" })
        } else {
            #expect(told.hint == "Ask for less." && told.faults.isEmpty)
        }
        #expect(query.explaining(.notFound("record")).code == "not_found")
    }

    // MARK: - Statements

    /// All that SQLite runs for one write and its commit. Triggers show as comments; what FTS5 asks names the schema.
    private func statements(
        _ body: @escaping @Sendable (Database, RecordContext) throws -> Void
    ) async throws -> [String] {
        let trace = Trace()
        try await shop.file.write { db in
            db.trace { event in
                if case .statement(let statement) = event { trace.add(statement.sql) }
            }
        }
        trace.clear()
        try await shop.file.write { [context = shop.context] db in try body(db, context) }
        let found = trace.all
        try await shop.file.write { db in db.trace(options: []) }
        return found
    }

    @Test func `a write is its own statements, and what its commit adds`() async throws {
        let id = try await shop.create(customers, ["name": "first"]).id
        let saleID = try await shop.create(transactions, ["amount": 1, "customerId": .string(id)]).id
        let around = ["BEGIN", "SELECT DISTINCT", "COMMIT"]
        func words(_ statements: [String]) -> [String] {
            statements.map { text in
                text.split(separator: " ").prefix { $0.allSatisfy(\.isUppercase) }.prefix(2).joined(separator: " ")
            }
        }
        let created = try await statements { _ = try Records(customers).create($0, ["name": "a"], $1) }
        // The record, the head of the audit log and its event; the search index learns of it with many others.
        #expect(
            words(created) == [
                "BEGIN IMMEDIATE", "INSERT INTO", "SELECT", "INSERT INTO", "SELECT DISTINCT", "COMMIT",
            ], "\(created)")
        let sold = try await statements {
            _ = try Records(transactions).create($0, ["amount": 5, "customerId": .string(id)], $1)
        }
        // As above, with a look whether the customer exists.
        #expect(sold.count == created.count + 1, "\(sold)")
        let patched = try await statements {
            _ = try Records(transactions).patch($0, id: saleID, ["amount": 2], ifVersion: nil, $1)
        }
        // Nothing that is searched changed: the record as it was, the change, the log.
        #expect(patched.count == around.count + 4, "\(patched)")
        let renamed = try await statements {
            _ = try Records(customers).patch($0, id: id, ["name": "b"], ifVersion: nil, $1)
        }
        // The index does not know it yet.
        #expect(renamed.count == patched.count, "\(renamed)")
        try await shop.index()
        let again = try await statements {
            _ = try Records(customers).patch($0, id: id, ["name": "c"], ifVersion: nil, $1)
        }
        // The old words out, the new ones in, and the two notes away.
        #expect(again.count == patched.count + 4, "\(again)")
        let deleted = try await statements { try Records(transactions).delete($0, id: saleID, ifVersion: nil, $1) }
        #expect(deleted.count == again.count, "\(deleted)")
    }
}

/// Statements seen, from whatever thread.
private final class Trace: Sendable {
    private let seen = Mutex<[String]>([])
    var all: [String] { seen.withLock { $0 } }
    func clear() { seen.withLock { $0 = [] } }
    func add(_ sql: String) {
        guard !sql.hasPrefix("--"), !sql.contains("'main'."), !sql.hasPrefix("PRAGMA") else { return }
        seen.withLock { $0.append(sql) }
    }
}
