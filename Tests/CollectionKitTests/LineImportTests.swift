import ApplianceCore
import CollectionKit
import Foundation
import Storage
import Testing

/// Newline-delimited JSON, both ways.
struct LineImportTests {
    private let shop: TestShop

    init() throws { shop = try TestShop() }

    private func importLines(_ text: String, upsert: String? = nil) async throws -> ImportReport {
        let url = shop.folder.appending(path: "\(Random.token(bytes: 6)).ndjson")
        try Data(text.utf8).write(to: url)
        let (catalog, context) = (shop.catalog, shop.context)
        return try await shop.file.write(alone: true) { db in
            var options = ImportOptions()
            options.upsert = upsert
            var work = try RecordImport(things, catalog, options, context)
            return try work.run(db, file: url, format: .ndjson) { _ in }
        }
    }

    @Test func `what was exported comes back`() async throws {
        try await shop.create(things, ["name": "a", "story": "x\ny", "isOpen": true, "code": "A1"])
        try await shop.create(things, ["name": "b", "price": 5, "code": "B1"])
        let query = try ListQuery(things, parameters: [("sort", "name")])
        var lines: [UInt8] = []
        try shop.file.read { db in try query.exportLines(db) { lines += $0 } }
        let text = String(decoding: lines, as: UTF8.self)
        #expect(text.split(separator: "\n").count == 2 && text.hasSuffix("\n"))
        #expect(try await importLines(text, upsert: "code").unchanged == 2)
        let before = try shop.list(things, ["sort": "name"])["items"]?.arrayValue ?? []
        for item in before { try await shop.delete(things, item.id) }
        #expect(try await importLines(text).created == 2)
        let back = try shop.list(things, ["sort": "name"])["items"]?.arrayValue ?? []
        for (old, new) in zip(before, back) {
            for field in things.fields { #expect(old[field.name] == new[field.name], "\(field.name)") }
        }
    }

    @Test func `every fault has its line, and nothing is left behind`() async throws {
        let text = """
            {"name":"fine"}

            {"name":"b","units":5000}
            {"name":"b",}
            [1]
            {"colour":"red"}\r
            {"name":"c","parentId":"thg_none"}
            """
        let error = await refusal { _ = try await importLines(text) }
        #expect(
            error?.faults.map { "\($0.line ?? 0) \($0.field) \($0.code)" } == [
                "3 units out_of_range", "4  malformed_json", "5  not_an_object", "6 colour unknown_field",
                "7 parentId not_found",
            ])
        let left = try (shop.count("things"), shop.count("audit"))
        #expect(left == (0, 0))
    }

    @Test func `a line that never ends is refused`() async throws {
        let error = await refusal {
            _ = try await importLines(#"{"name":""# + String(repeating: "x", count: 1 << 20) + #""}"#)
        }
        #expect(error?.faults.map(\.code) == ["malformed_json"])
    }
}
