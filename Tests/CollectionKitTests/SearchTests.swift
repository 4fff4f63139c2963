import ApplianceCore
import Foundation
import GRDB
import Storage
import Testing

@testable import CollectionKit

struct SearchTests {
    private let shop: TestShop

    init() throws { shop = try TestShop([shelves, notes]) }

    private static let shelvesDeclared = [Field.text("name", max: 100).required().searchable()]
    private let shelves = Collection(
        "old-shelves", idPrefix: "shf", title: "Shelf", fields: SearchTests.shelvesDeclared)
    private let notes = Collection(
        "notes", idPrefix: "not", title: "Note",
        fields: [
            .text("title", max: 100).required().searchable(), .longText("body").searchable(),
            .integer("rank", in: 0...99), .reference("shelfId", to: "old-shelves", onDelete: .cascade),
        ],
        indexes: [["rank"]])

    private func found(_ text: String, _ more: KeyValuePairs<String, String> = [:]) async throws -> [String] {
        let parameters = [("q", text), ("sort", "id")] + more.map { ($0.key, $0.value) }
        let query = try ListQuery(notes, parameters: parameters)
        try await query.prepareSearch(in: shop.file)
        let page = try JSONParser.parse(try shop.file.read { try query.page($0).json })
        return page["items"]?.arrayValue?.compactMap { $0["title"]?.stringValue } ?? []
    }

    /// FTS5 compares every word of the index with the records, and reports the first difference as damage.
    private func checkIndexes(_ file: DatabaseFile) async throws {
        let indexes = [shelves, notes].compactMap(\.search)
        try await file.write { db in
            for index in indexes { try index.catchUp(db) }
            for table in ["notes_search", "old-shelves_search"] {
                try db.execute(sql: "INSERT INTO \"\(table)\" (\"\(table)\", rank) VALUES ('integrity-check', 1)")
            }
        }
    }

    @Test(arguments: [
        ("zoe", "Zoë"), ("ZOË", "Zoë"), ("café", "cafe au lait"), ("lait cafe", "cafe au lait"),
        ("ÖSTER", "Österreich"),
        ("नमस्", "नमस्ते"), ("αθήν", "Αθήνα"), ("abc-1", "ABC-123/x"), ("123 x", "ABC-123/x"),
        ("asha@ex", "asha@example.com"), ("東京", "東京 タワー"), ("o'ne", "O'Neil \"the\" AND"),
        ("\"the\"", "O'Neil \"the\" AND"), ("and", "O'Neil \"the\" AND"),
    ])
    func `case, diacritics and marks between words do not count`(text: String, title: String) async throws {
        for title in [
            "Zoë", "cafe au lait", "Österreich", "नमस्ते", "Αθήνα", "ABC-123/x", "asha@example.com", "東京 タワー",
            "O'Neil \"the\" AND",
        ] { try await shop.create(notes, ["title": .string(title)]) }
        #expect(try await found(text) == [title])
    }

    @Test(arguments: [
        "\"", "\"\"", "*", "a*", "(", ")", "AND", "OR NOT", "NEAR(a b)", "title:x", "{title}: x", "-a", "^a", "a + b",
        "'", "';--",
        "\\", "%", "😀", "\"\u{301}", "a\"\u{301}b \"", "a\u{301}", "\u{301}", "a\u{200D}b", "...", "- - -", "\u{FFFD}",
        "NEAR", "a AND", "rank:1",
    ])
    func `whatever somebody types is a search`(text: String) async throws {
        try await shop.create(notes, ["title": "a plain b title:x rank:1 near or not and"])
        _ = try await found(text)
        _ = try await found("plain " + text)
    }

    @Test func `any characters are a search, and words that are marks alone find nothing`() async throws {
        try await shop.create(notes, ["title": "anything"])
        #expect(try await found("--- ...").isEmpty)
        #expect(try await found("anything ---") == ["anything"])
        var random = SeededGenerator()
        for _ in 0..<500 {
            let scalars = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                let range: ClosedRange<UInt32> = Bool.random(using: &random) ? 0x20...0x7E : 0xA0...0x1_FAFF
                return Unicode.Scalar(UInt32.random(in: range, using: &random)).map(Character.init) ?? "\""
            }
            do {
                _ = try await found(String(scalars))
            } catch let error as DomainError {
                // Control characters are refused by name, as everywhere.
                #expect(error.faultList == ["q not_a_search"], "\(scalars)")
            }
        }
    }

    @Test func `a search goes with filters, order, cursor, count, figures and exports`() async throws {
        for rank in 0..<9 { try await shop.create(notes, ["title": .string("red \(rank)"), "rank": JSON(rank % 3)]) }
        try await shop.create(notes, ["title": "blue", "rank": 1])
        #expect(try await found("red", ["rank": "1"]) == ["red 1", "red 4", "red 7"])
        var seen: [String] = []
        var cursor: String?
        repeat {
            let parameters = [("q", "RED"), ("sort", "-rank,title"), ("limit", "2")]
            let query = try ListQuery(notes, parameters: parameters + (cursor.map { [("cursor", $0)] } ?? []))
            try await query.prepareSearch(in: shop.file)
            let page = try shop.file.read { try query.page($0) }
            let items = try JSONParser.parse(page.json)["items"]?.arrayValue ?? []
            seen += items.compactMap { $0["title"]?.stringValue }
            cursor = page.nextCursor
        } while cursor != nil
        #expect(seen == [2, 5, 8, 1, 4, 7, 0, 3, 6].map { "red \($0)" })
        let query = try ListQuery(notes, parameters: [("q", "red"), ("group", "rank"), ("count", "exact")])
        #expect(try shop.file.read { try query.total($0) } == 9)
        let figures = try JSONParser.parse(try shop.file.read { try query.aggregate($0) })
        #expect(figures["items"]?.arrayValue?.compactMap { $0["count"]?.integerValue } == [3, 3, 3])
        let export = try ListQuery(notes, parameters: [("q", "blue"), ("fields", "title")])
        var lines: [UInt8] = []
        _ = try shop.file.read { db in try RecordExport(export).run(db) { lines += $0 } }
        #expect(String(decoding: lines, as: UTF8.self) == "title\r\nblue\r\n")
    }

    @Test func `a collection of which nothing is searchable says so`() async throws {
        let plain = Collection("plain", idPrefix: "pln", title: "Plain", fields: [.text("name", max: 9)])
        let error = #expect(throws: DomainError.self) { try ListQuery(plain, parameters: [("q", "a")]) }
        #expect(error?.faultList == ["q not_searchable"])
    }

    @Test func `a write that fails leaves nothing to be found, and the others of its commit are`() async throws {
        let shop = shop
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<60 {
                group.addTask { [notes] in
                    _ = await refusal {
                        try await shop.file.write { [context = shop.context] db in
                            _ = try Records(notes).create(db, ["title": .string("one \(number)")], context)
                            if number % 3 == 0 { throw DomainError.conflict("no", "No.") }
                        }
                    }
                }
            }
        }
        #expect(try await found("one", ["limit": "200"]).count == 40)
        #expect(try await found("one 33").isEmpty)
        try await checkIndexes(shop.file)
    }

    /// What a plain look at all texts finds.
    private func expected(_ word: String, _ texts: [String: String]) -> Set<String> {
        Set(texts.filter { $0.value.split(separator: " ").contains { $0.hasPrefix(word) } }.map(\.key))
    }

    /// The last two: seeds that once found an index going further than its last row.
    @Test(arguments: [UInt64.random(in: 0...UInt64.max), 17_322_299_845_871_701_742, 11_656_121_745_325_668_250])
    func `the index follows every way of writing`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let words = ["alpha", "alps", "beta", "better", "gamma", "delta"]
        var (shelfIDs, texts, shelfOf): ([String], [String: String], [String: String]) = ([], [:], [:])
        func text() -> String {
            (0..<Int.random(in: 1...3, using: &random)).map { _ in words[Int.random(in: 0..<6, using: &random)] }
                .joined(separator: " ")
        }
        for step in 0..<400 {
            let some = texts.keys.sorted().randomElement(using: &random)
            switch (Int.random(in: 0..<10, using: &random), some) {
            case (0, _): shelfIDs.append(try await shop.create(shelves, ["name": .string(text())]).id)
            case (1...4, _), (_, nil):
                let (title, shelf) = (text(), shelfIDs.randomElement(using: &random))
                let id = try await shop.create(notes, ["title": .string(title), "shelfId": JSON(shelf)]).id
                (texts[id], shelfOf[id]) = (title, shelf)
            case (5, let id?):
                let (title, body) = (text(), text())
                try await shop.patch(notes, id, ["title": .string(title), "body": .string(body)])
                texts[id] = title + " " + body
            case (6, let id?):
                try await shop.delete(notes, id)
                texts[id] = nil
            case (7, _):
                // With its notes, by the foreign key.
                guard let shelf = shelfIDs.popLast() else { continue }
                try await shop.delete(shelves, shelf)
                for (id, own) in shelfOf where own == shelf { (texts[id], shelfOf[id]) = (nil, nil) }
            case (8, let id?):
                // Made, changed and gone in one transaction, so that its place in the table is used again.
                let title = text()
                try await shop.file.write { [notes, context = shop.context] db in
                    let made = try Records(notes).create(db, ["title": .string("passing")], context)
                    _ = try Records(notes).patch(db, id: made.id, ["title": "alpha"], ifVersion: nil, context)
                    try Records(notes).delete(db, id: made.id, ifVersion: nil, context)
                    _ = try Records(notes).patch(
                        db, id: id, ["title": "between", "body": nil], ifVersion: nil, context)
                    _ = try Records(notes).patch(db, id: id, ["title": .string(title)], ifVersion: nil, context)
                }
                texts[id] = title
            default:
                // As the purge and a sandbox write, past the engine.
                try await shop.file.write { db in
                    try db.run("UPDATE notes SET body = 'masked' WHERE body IS NOT NULL")
                    try db.run("DELETE FROM notes WHERE title = 'gamma'")
                }
                for (id, _) in texts {
                    let left = try? shop.get(notes, id)
                    texts[id] = left.map { ($0["title"]?.stringValue ?? "") + " " + ($0["body"]?.stringValue ?? "") }
                }
            }
            guard step % 20 == 0 else { continue }
            for word in ["al", "alpha", "be", "gamma", "delta", "masked", "passing", "between"] {
                try await ListQuery(notes, parameters: [("q", word)]).prepareSearch(in: shop.file)
                let ids = try shop.column("id", of: notes, ["q": word, "limit": "200"])
                #expect(Set(ids.compactMap(\.stringValue)) == expected(word, texts), "\(word), seed \(random.seed)")
            }
        }
        try await checkIndexes(shop.file)
    }

    @Test func `a shop that is there already gets the index, and one over other fields when they change`() async throws
    {
        let plain = Collection(
            "notes", idPrefix: "not", title: "Note",
            fields: notes.fields.map { field in
                field.name == "shelfId" || field.name == "rank" ? field : Field(name: field.name, type: field.type)
            }, indexes: [["rank"]])
        let shop = try TestShop([shelves, plain])
        for title in ["first", "second"] { try await shop.create(plain, ["title": .string(title), "body": "hidden"]) }
        let titles = Collection(
            "notes", idPrefix: "not", title: "Note",
            fields: plain.fields.map { field in
                field.name == "title" ? field.searchable() : field
            }, indexes: [["rank"]])
        func count(_ file: DatabaseFile, _ collection: CollectionKit.Collection, _ text: String) async throws -> Int64 {
            let query = try ListQuery(collection, parameters: [("q", text)])
            try await query.prepareSearch(in: file)
            return try file.read { try query.total($0) }
        }
        var file = await shop.reopened([shelves, titles])
        #expect(try await count(file, titles, "first") == 1)
        #expect(try await count(file, titles, "hidden") == 0)
        while !file.closeIfQuiet() { await Task.yield() }
        file = await shop.reopened([shelves, notes])
        #expect(try await count(file, notes, "hidden") == 2)
        try await checkIndexes(file)
        while !file.closeIfQuiet() { await Task.yield() }
        file = await shop.reopened([shelves, plain])
        let count = "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'notes_search*'"
        let left = try file.read { try Int.fetchOne($0, sql: count) }
        #expect(left == 0)
        while !file.closeIfQuiet() { await Task.yield() }
    }

    @Test func `new records are taken in many at a time, and by a search at once`() async throws {
        func isBehind() throws -> Bool {
            let index = try #require(notes.search)
            return try shop.file.read { try index.isBehind($0) }
        }
        try await shop.create(notes, ["title": "first"])
        #expect(try isBehind())
        #expect(try await found("first") == ["first"])
        #expect(try !isBehind())
        // Nobody searches, and the index follows all the same.
        var (most, made) = (0, 0)
        for _ in 0..<40 {
            try await shop.file.write { [notes, context = shop.context] db in
                for _ in 0..<100 { _ = try Records(notes).create(db, ["title": "more"], context) }
            }
            made = try isBehind() ? made + 100 : 0
            most = max(most, made)
        }
        #expect(most > 0 && most <= 4096)
        // What an old index has, all of it, is not taken in twice.
        try await checkIndexes(shop.file)
        try await shop.file.write { try $0.run("DELETE FROM search_state") }
        while !shop.file.closeIfQuiet() { await Task.yield() }
        let file = await shop.reopened([shelves, notes])
        try await checkIndexes(file)
        while !file.closeIfQuiet() { await Task.yield() }
    }

    @Test func `changes are followed from the first row on that an index knows`() async throws {
        struct Undone: Error {}
        func watched(_ file: DatabaseFile) async throws -> Int? {
            let count = "SELECT count(*) FROM temp.sqlite_schema WHERE type = 'trigger' AND name GLOB 'notes_search_*'"
            return try await file.write { try Int.fetchOne($0, sql: count) }
        }
        let id = try await shop.create(notes, ["title": "first"]).id
        #expect(try await watched(shop.file) == 0)
        await #expect(throws: Undone.self) {
            try await shop.file.write { [notes] db in
                try notes.search?.catchUp(db)
                throw Undone()
            }
        }
        #expect(try await watched(shop.file) == 0)
        try await shop.file.write { [notes, context = shop.context] db in
            try notes.search?.catchUp(db)
            _ = try Records(notes).patch(db, id: id, ["title": "second"], ifVersion: nil, context)
        }
        #expect(try await watched(shop.file) == 2)
        #expect(try await found("first").isEmpty)
        #expect(try await found("second") == ["second"])
        try await checkIndexes(shop.file)

        while !shop.file.closeIfQuiet() { await Task.yield() }
        let file = await shop.reopened([shelves, notes])
        try await file.write { try $0.run("UPDATE notes SET title = 'third'") }
        #expect(try await watched(file) == 2)
        try await checkIndexes(file)
        while !file.closeIfQuiet() { await Task.yield() }
    }

    @Test func `a disk that takes no writes finds what the index knows`() async throws {
        try await shop.create(notes, ["title": "known"])
        #expect(try await found("known") == ["known"])
        // Too much for the pages that there are: a file that may not grow stands for a full disk.
        let words = (0..<1200).map { "w\($0)" }.joined(separator: " ")
        try await shop.create(notes, ["title": "known later", "body": .string(words)])
        try await shop.file.write { try $0.execute(sql: "PRAGMA max_page_count = 1") }
        let refused = await refusal { try await shop.create(notes, ["title": "too much", "body": .string(words)]) }
        #expect(refused?.code == "storage_full")
        #expect(try await found("known") == ["known"])
    }

    @Test func `an index that does not fit is made anew, and the shop stays in service`() async throws {
        for number in 0..<50 { try await shop.create(notes, ["title": .string("kept \(number)")]) }
        #expect(try await found("kept 7") == ["kept 7"])
        while !shop.file.closeIfQuiet() { await Task.yield() }
        let other = try DatabaseQueue(path: shop.file.url.path)
        try await other.write {
            try $0.execute(sql: "UPDATE notes_search_data SET block = x'ffffffffffff' WHERE id > 10")
            #expect($0.changesCount > 0)
        }
        try other.close()

        #expect(await refusal { _ = try await found("kept 7") }?.code == "search_damaged")
        // The renewal waits in the line of writes: this one comes behind it.
        try await shop.file.write { _ in }
        #expect(shop.file.quarantineReason == nil)
        #expect(try await found("kept 7") == ["kept 7"])
        try await checkIndexes(shop.file)
    }

    @Test func `a search is one statement, and stops at the deadline`() async throws {
        try await shop.file.write { [notes, context = shop.context] db in
            for number in 0..<2000 {
                _ = try Records(notes).create(db, ["title": .string("many \(number)")], context)
            }
        }
        let query = try ListQuery(notes, parameters: [("q", "many"), ("sort", "-title")])
        try await query.prepareSearch(in: shop.file)
        let plan = try shop.file.read { db in
            var values: [SQLValue] = []
            return try db.all("EXPLAIN QUERY PLAN " + query.pageSQL(&values), values) { $0.text(3) ?? "" }
        }
        #expect(plan.contains { $0.contains("SCAN notes_search VIRTUAL TABLE INDEX") }, "\(plan)")
        let slow = await refusal {
            try shop.file.read(limit: .init(time: .seconds(60), steps: 5000)) { _ = try query.page($0) }
        }
        #expect(slow?.code == "query_too_slow")
    }

    @Test func `only an index as we make it passes for ours`() throws {
        let own = try #require(notes.search?.createTable)
        func isOurs(_ sql: String, _ name: String = "notes_search") -> Bool {
            SearchIndex.isOurs(.init(type: "table", name: name, sql: sql))
        }
        #expect(isOurs(own))
        #expect(isOurs(own.replacing("\"title\", ", with: "\"heading\", ")))
        #expect(!isOurs(own, "customers_search"))
        #expect(!isOurs(own.replacing("fts5", with: "fts4")))
        #expect(!isOurs(own.replacing("\"body\"", with: "\"body\", tokenize=\"x\"")))
        #expect(!isOurs(own.replacing("content=\"notes\"", with: "content=\"users\"")))
        #expect(!isOurs("CREATE VIRTUAL TABLE notes_search USING dbstat"))
    }
}
