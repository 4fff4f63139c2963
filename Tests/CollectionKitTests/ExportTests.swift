import ApplianceCore
import Books
import CollectionKit
import Shop
import Storage
import Testing

struct ExportTests {
    private let shop: TestShop
    private let other: TestShop

    init() throws {
        shop = try TestShop()
        other = try TestShop()
    }

    private func export(
        _ collection: CollectionKit.Collection, _ parameters: [(name: String, value: String)], _ shop: TestShop
    ) throws -> String {
        let query = try ListQuery(collection, parameters: parameters)
        var out: [UInt8] = []
        _ = try shop.file.read { db in try RecordExport(query).run(db) { out += $0 } }
        return String(decoding: out, as: UTF8.self)
    }

    @Test func `records are written for people`() async throws {
        try await shop.create(products, ["sku": "A", "name": "Ring, gold", "price": 1177, "currency": "USD"])
        try await shop.create(
            products, ["sku": "B", "name": "The \"Chain\"", "price": 1177, "currency": "JPY", "stock": -2])
        let text = try export(products, [("fields", "sku,name,price,stock"), ("sort", "sku")], shop)
        #expect(text == "sku,name,price,stock\r\nA,\"Ring, gold\",11.77,0\r\nB,\"The \"\"Chain\"\"\",1177,-2\r\n")
        #expect(try export(products, [("fields", "price"), ("currency", "JPY")], shop) == "price\r\n1177\r\n")
        #expect(
            try export(products, [("fields", "sku"), ("sort", "-sku"), ("limit", "1")], shop) == "sku\r\nB\r\n")
    }

    @Test func `a spreadsheet does not run a cell`() async throws {
        for name in ["=1+1", "+cmd", "-x", "@x", "+49 30 1", "-5", "'=1", "'quoted'", "''"] {
            try await shop.create(things, ["name": .string(name)])
        }
        let text = try export(things, [("fields", "name"), ("sort", "id")], shop)
        let cells = text.split(separator: "\r\n").dropFirst().map(String.init)
        #expect(cells == ["'=1+1", "'+cmd", "'-x", "'@x", "+49 30 1", "-5", "''=1", "'quoted'", "''"])
    }

    @Test func `what was exported can be imported elsewhere and is the same`() async throws {
        var random = SeededGenerator()
        let pieces = ["a", "\"", ",", "=", "+", "-", "@", "'", "1", "é", "\n", "\t", "\\", "%"]
        func text() -> JSON {
            .string((0..<8).map { _ in pieces.randomElement(using: &random) ?? "" }.joined())
        }
        for number in 0..<200 {
            var members = [JSON.Member("name", .string("'=\(number)")), .init("story", text())]
            if Bool.random(using: &random) { members.append(.init("isOpen", .bool(.random(using: &random)))) }
            if Bool.random(using: &random) {
                members.append(.init("balance", .integer(.random(in: -9999...9999, using: &random))))
            }
            if Bool.random(using: &random) { members.append(.init("moment", .string(TestShop.now.description))) }
            members.append(
                .init("currency", .string(["USD", "JPY", "KWD"].randomElement(using: &random) ?? "USD")))
            try await shop.create(things, .object(members))
        }
        let query = [(name: "sort", value: "name")]
        let before = try export(things, query, shop)
        let report = try await other.importCSV(things, before)
        #expect(report.created == 200)
        #expect(report.ignoredColumns == [])
        // Ids and times are the other shop's own.
        let fields = [(name: "fields", value: things.fields.map(\.name).joined(separator: ","))]
        #expect(
            try export(things, query + fields, other) == export(things, query + fields, shop),
            "seed \(random.seed)")
    }

    @Test func `a long export comes in pieces and is counted`() async throws {
        let rows = (0..<5000).map { "C-\($0),Customer number \($0)" }.joined(separator: "\n")
        try await shop.importCSV(customers, "externalId,name\n" + rows)
        var (pieces, bytes) = (0, 0)
        let query = try ListQuery(customers, parameters: [])
        let count = try shop.file.read { db in
            try RecordExport(query).run(db) { piece in (pieces, bytes) = (pieces + 1, bytes + piece.count) }
        }
        #expect(count == 5000)
        #expect(pieces > 3)
        #expect(bytes > 5000 * 100)
    }
}
