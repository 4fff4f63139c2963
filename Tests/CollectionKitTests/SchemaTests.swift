import ApplianceCore
import Books
import CollectionKit
import GRDB
import Storage
import Testing

struct SchemaTests {
    private static let old = Collection(
        "notes", idPrefix: "not", title: "Note", fields: [.text("title", max: 100).required()])

    private static let new = Collection(
        "notes", idPrefix: "not", title: "Note",
        fields: [
            .text("title", max: 100).required(), .text("slug", max: 50).unique(), .boolean("isPinned"),
            .reference("customerId", to: "customers"),
        ],
        indexes: [["isPinned", "title"]])

    private static let odd = Collection(
        "odd\"; --", idPrefix: "odd", title: "Odd", fields: [.text("a\"b", max: 9).searchable()])

    private let shop: TestShop
    private let realShop: TestShop
    private let oddShop: TestShop
    /// As an older version left it.
    private let oldest: TestShop

    init() throws {
        shop = try TestShop([Self.old, customers])
        realShop = try TestShop()
        oddShop = try TestShop([Self.odd])
        oldest = try TestShop([Self.new, customers])
    }

    @Test func `an older table gains the columns and indexes of a newer declaration and keeps its records`()
        async throws
    {
        let note = try await shop.create(Self.old, ["title": "first"])
        let file = await shop.reopened([Self.new, customers])
        let context = shop.context
        let read = try file.read { try Records(Self.new).get($0, id: note.id) }.value
        #expect(read["title"] == "first")
        #expect(read["slug"] == .null)
        #expect(read["isPinned"] == .null)
        let made = try await file.write { try Records(Self.new).create($0, ["title": "x", "slug": "s"], context) }
        let twice = await refusal {
            _ = try await file.write { try Records(Self.new).create($0, ["title": "y", "slug": "s"], context) }
        }
        #expect(twice?.faultList == ["slug not_unique"])
        #expect(try made.value["slug"] == "s")
        let indexes = try file.read {
            try String.fetchSet($0, sql: "SELECT name FROM sqlite_schema WHERE type = 'index'")
        }
        #expect(indexes.isSuperset(of: ["notes_slug", "notes_customerId_rowid", "notes_isPinned_title_rowid"]))
        while !file.closeIfQuiet() { await Task.yield() }
    }

    @Test func `indexes of a version that ended them with the id are exchanged, a shop's own too`() async throws {
        try await oldest.file.write { db in
            try db.execute(
                sql: """
                    DROP INDEX notes_customerId_rowid;
                    DROP INDEX notes_isPinned_title_rowid;
                    CREATE INDEX "notes_customerId_id" ON "notes" ("customerId", "id");
                    CREATE INDEX "notes_isPinned_title_id" ON "notes" ("isPinned", "title", "id");
                    CREATE TABLE "own_tools" (id TEXT PRIMARY KEY NOT NULL, "state" TEXT, "photo" TEXT REFERENCES files (id));
                    CREATE INDEX "own_tools_state_id" ON "own_tools" ("state", "id");
                    CREATE INDEX "own_tools_photo_id" ON "own_tools" ("photo", "id");
                    CREATE UNIQUE INDEX "own_tools_state_photo" ON "own_tools" ("state", "photo");
                    CREATE INDEX "own_tools_stateId" ON "own_tools" ("state");
                    CREATE INDEX foreign_id ON own_tools (state, id);
                    CREATE INDEX "partial_id" ON "own_tools" ("state", "id") WHERE "state" IS NULL;
                    CREATE INDEX "computed_id" ON "own_tools" (lower("state"), "id");
                    UPDATE collections SET declaration = 'older' WHERE name = 'notes';
                    """)
        }
        let file = await oldest.reopened([Self.new, customers])
        let indexes = try file.read { db in
            try String.fetchSet(
                db,
                sql: """
                    SELECT sql FROM sqlite_schema
                    WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('notes', 'own_tools')
                    """)
        }
        #expect(
            indexes == [
                #"CREATE UNIQUE INDEX "notes_slug" ON "notes" ("slug")"#,
                #"CREATE INDEX "notes_customerId_rowid" ON "notes" ("customerId")"#,
                #"CREATE INDEX "notes_isPinned_title_rowid" ON "notes" ("isPinned", "title")"#,
                #"CREATE INDEX "own_tools_state_rowid" ON "own_tools" ("state")"#,
                #"CREATE INDEX "own_tools_photo_rowid_present" ON "own_tools" ("photo") WHERE "photo" IS NOT NULL"#,
                #"CREATE UNIQUE INDEX "own_tools_state_photo" ON "own_tools" ("state", "photo")"#,
                #"CREATE INDEX "own_tools_stateId" ON "own_tools" ("state")"#,
                // Ours are written otherwise.
                "CREATE INDEX foreign_id ON own_tools (state, id)",
                #"CREATE INDEX "partial_id" ON "own_tools" ("state", "id") WHERE "state" IS NULL"#,
                #"CREATE INDEX "computed_id" ON "own_tools" (lower("state"), "id")"#,
            ])
        while !file.closeIfQuiet() { await Task.yield() }
    }

    @Test func `a collection that is new gets its table, an unchanged one is left alone`() async throws {
        try await shop.create(customers, ["name": "a"])
        let before = try shop.file.read { try Int.fetchOne($0, sql: "PRAGMA schema_version") }
        let same = await shop.reopened([Self.old, customers])
        #expect(try same.read { try Int.fetchOne($0, sql: "PRAGMA schema_version") } == before)
        while !same.closeIfQuiet() { await Task.yield() }
        let more = await shop.reopened([Self.old, customers, transactions])
        #expect(try more.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM transactions") } == 0)
        while !more.closeIfQuiet() { await Task.yield() }
    }

    @Test func `columns are named as the fields, in a strict table`() async throws {
        for collection in realShop.catalog.collections {
            let columns = try realShop.file.read { db in
                try db.all("SELECT name FROM pragma_table_info(?1)", [.text(collection.name)]) { $0.text(0) ?? "" }
            }
            #expect(columns == ["id"] + collection.fields.map(\.name) + ["createdAt", "updatedAt", "version"])
            let isStrict = try realShop.file.read { db in
                try db.first("SELECT strict FROM pragma_table_list(?1)", [.text(collection.name)]) { $0.integer(0) }
            }
            #expect(isStrict == 1)
        }
    }

    @Test func `a name with quotes in it stays a name`() async throws {
        let made = try await oddShop.create(Self.odd, ["a\"b": "x"])
        #expect(made["a\"b"] == "x")
        try await oddShop.index()
        #expect(try oddShop.column("a\"b", of: Self.odd, ["sort": "a\"b", "q": "x"]) == ["x"])
    }
}
