import ApplianceCore
import Books
import CollectionKit
import Foundation
import Shop
import Storage
import Testing

struct ImportTests {
    private let shop: TestShop

    init() throws { shop = try TestShop() }

    @Test func `columns are fields, and money is in major units of the row's currency`() async throws {
        let report = try await shop.importCSV(
            products,
            """
            sku,name,price,currency,stock
            A,Ring,11.77,USD,3
            B,Chain,1177,JPY,
            C,Dinar,1.234,KWD,-1
            D,"Rupee, the",5.5,,0
            """)
        #expect(report.json.text == #"{"rows":4,"created":4,"updated":0,"unchanged":0,"ignoredColumns":[]}"#)
        #expect(try shop.column("price", of: products, ["sort": "sku"]) == [1177, 1177, 1234, 550])
        #expect(try shop.column("currency", of: products, ["sort": "sku"]) == ["USD", "JPY", "KWD", "INR"])
        #expect(try shop.column("stock", of: products, ["sort": "sku"]) == [3, 0, -1, 0])
    }

    @Test func `the currency may stand behind the amount`() async throws {
        try await shop.importCSV(products, "price,sku,name,currency\n1.234,A,x,KWD\n")
        #expect(try shop.column("price", of: products) == [1234])
    }

    @Test func `a column may fill two fields, constants fill the rest, others are ignored and told`() async throws {
        var options = ImportOptions()
        options.map = [("Number", "externalId"), ("Number", "name"), ("Town", "city")]
        options.constants = [("stateCode", "MH")]
        let report = try await shop.importCSV(customers, "Number,Town,Shoe size\nC-1,Pune,42\nC-2,,43\n", options)
        #expect(report.ignoredColumns == ["Shoe size"])
        #expect(report.created == 2)
        #expect(try shop.column("name", of: customers, ["sort": "name"]) == ["C-1", "C-2"])
        #expect(try shop.column("externalId", of: customers, ["sort": "name"]) == ["C-1", "C-2"])
        #expect(try shop.column("city", of: customers, ["sort": "name"]) == ["Pune", nil])
        #expect(try shop.column("stateCode", of: customers) == ["MH", "MH"])
    }

    @Test func `a reference may be given by a unique field, and a day begins where the shop is`() async throws {
        let customer = try await shop.create(customers, ["name": "Asha Rao", "externalId": "00001"]).id
        var options = ImportOptions()
        options.map = [
            ("id", "customerId.externalId"), ("date", "occurredAt"), ("units", "quantity"), ("dollars", "amount"),
        ]
        options.constants = [("currency", "USD")]
        try await shop.importCSV(
            transactions, "id,date,units,dollars\n00001,1997-01-01,1,11.77\n00001,1997-01-12T10:00:00Z,5,77.0\n",
            options)
        let sales = try #require(try shop.list(transactions, ["sort": "occurredAt"])["items"]?.arrayValue)
        #expect(sales.map { $0["customerId"] } == [.string(customer), .string(customer)])
        #expect(sales.map { $0["amount"] } == [1177, 7700])
        // Midnight in India.
        #expect(sales.map { $0["occurredAt"] } == ["1996-12-31T18:30:00.000Z", "1997-01-12T10:00:00.000Z"])
    }

    @Test func `a record referred to by id is looked up too`() async throws {
        let error = await refusal { try await shop.importCSV(transactions, "customerId,amount\ncus_none,1\n") }
        #expect(error?.faultList == ["customerId not_found"])
        #expect(error?.faults.first?.line == 2)
    }

    @Test func `rows find the records that they update by a unique field`() async throws {
        try await shop.importCSV(products, "sku,name,price,stock\nA,Ring,1.00,5\nB,Chain,2.00,5\n")
        var options = ImportOptions()
        options.upsert = "sku"
        let report = try await shop.importCSV(
            products, "sku,name,price,stock\nA,Ring,1.50,\nB,   ,2.00,5\nC,Dinar,3.00,1\n", options)
        #expect(report.json.text == #"{"rows":3,"created":1,"updated":1,"unchanged":1,"ignoredColumns":[]}"#)
        let goods = try #require(try shop.list(products, ["sort": "sku"])["items"]?.arrayValue)
        #expect(goods.map { $0["price"] } == [150, 200, 300])
        // An empty cell, or one of spaces, leaves the field as it was.
        #expect(goods.map { $0["stock"] } == [5, 5, 1])
        #expect(goods.map { $0["name"] } == ["Ring", "Chain", "Dinar"])
        #expect(goods.map { $0["version"] } == [2, 1, 1])
        let again = try await shop.importCSV(products, "sku,name,price\nA,Ring,1.50\n", options)
        #expect((again.created, again.updated, again.unchanged) == (0, 0, 1))
    }

    @Test func `an import is one event of the audit log`() async throws {
        try await shop.importCSV(customers, "name\na\nb\nc\n")
        let events = try shop.file.read { try AuditTrail.list($0, before: nil, limit: 10) }
        #expect(events.map { $0["action"] } == ["customers.import"])
        let data = events.first?["data"]
        let ids = try shop.column("id", of: customers, ["sort": "id"])
        #expect(data?["created"] == 3 && data?["firstId"] == ids.first && data?["lastId"] == ids.last)
    }

    @Test func `what an import changed is told record by record`() async throws {
        try await shop.importCSV(products, "sku,name,price,currency\nA,Ring,1.00,INR\nB,Chain,2.00,INR\n")
        var options = ImportOptions()
        options.upsert = "sku"
        try await shop.importCSV(products, "sku,price\nA,1.50\nB,2.00\n", options)
        let events = try shop.file.read { try AuditTrail.list($0, before: nil, limit: 10) }
        #expect(events.map { $0["action"] } == ["products.import", "products.update", "products.import"])
        #expect(events.dropFirst().first?["data"] == ["new": ["price": 150], "old": ["price": 100]])
    }

    @Test func `booleans, choices and days are read as people write them`() async throws {
        try await shop.importCSV(
            things,
            """
            name,isOpen,size,day,moment,units,phone,balance
            a,yes,large,2026-01-01,2026-01-01,-5,+91 98200 12345,-1.50
            b,FALSE,small,,,,,
            c,1,,,,,,
            """)
        let sorted = try #require(try shop.list(things, ["sort": "name"])["items"]?.arrayValue)
        #expect(sorted.map { $0["isOpen"] } == [true, false, true])
        #expect(sorted.first?["moment"] == "2025-12-31T18:30:00.000Z")
        #expect(sorted.first?["balance"] == -150)
        #expect(sorted.first?["phone"] == "+91 98200 12345")
    }
}

extension TestShop {
    /// As the API runs it: one write of its own.
    @discardableResult
    func importCSV(
        _ collection: CollectionKit.Collection, _ text: String, _ options: ImportOptions = ImportOptions()
    ) async throws -> ImportReport {
        try await importCSV(collection, bytes: Array(text.utf8), options)
    }

    @discardableResult
    func importCSV(
        _ collection: CollectionKit.Collection, bytes: [UInt8], _ options: ImportOptions = ImportOptions()
    ) async throws -> ImportReport {
        let url = folder.appending(path: "upload.csv")
        try AtomicFile.publish(bytes, to: url)
        return try await file.write(alone: true) { [catalog, context] db in
            var work = try RecordImport(collection, catalog, options, context)
            return try work.run(db, file: url) { _ in }
        }
    }
}
