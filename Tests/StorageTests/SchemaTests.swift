import ApplianceCore
import GRDB
import Synchronization
import Testing

@testable import Storage

struct SchemaTests {
    private let storage: TestStorage

    init() throws { storage = try TestStorage() }

    private static let log = DatabaseSchema.Migration("log", "CREATE TABLE log (step TEXT NOT NULL) STRICT")

    private static func step(_ name: String) -> DatabaseSchema.Migration {
        .init(name, "INSERT INTO log VALUES ('\(name)')")
    }

    private static func schema(
        _ migrations: [DatabaseSchema.Migration], synchronize: @escaping @Sendable (Database) throws -> Void = { _ in }
    ) -> DatabaseSchema {
        DatabaseSchema(applicationID: 71, migrations: [log] + migrations, synchronize: synchronize)
    }

    private static func steps(_ file: DatabaseFile) throws -> [String] {
        try file.read { try String.fetchAll($0, sql: "SELECT step FROM log ORDER BY rowid") }
    }

    private static func version(_ file: DatabaseFile) throws -> Int? {
        try file.read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
    }

    @Test func `migrations run in order, each once`() async throws {
        let old = try storage.file(schema: Self.schema([Self.step("a")]))
        #expect(try Self.steps(old) == ["a"])
        await until { old.closeIfQuiet() }
        for _ in 0..<2 {
            let new = storage.existing(schema: Self.schema(["a", "b", "c"].map(Self.step)))
            #expect(try Self.steps(new) == ["a", "b", "c"])
            #expect(try Self.version(new) == 4)
            await until { new.closeIfQuiet() }
        }
    }

    @Test func `a migration that fails leaves the version before it, whole`() async throws {
        let old = try storage.file(schema: Self.schema([]))
        await until { old.closeIfQuiet() }
        let bad = DatabaseSchema.Migration("bad", "INSERT INTO log VALUES ('half'); INSERT INTO nowhere VALUES (1)")
        let broken = storage.existing(schema: Self.schema([Self.step("a"), bad, Self.step("c")]))
        #expect(await refusal { try await broken.add("x") } != nil)
        #expect(storage.services.openFileCount == 0)

        let back = storage.existing(schema: Self.schema([Self.step("a")]))
        #expect(try Self.version(back) == 2)
        #expect(try Self.steps(back) == ["a"])
        await until { back.closeIfQuiet() }

        let fixed = storage.existing(schema: Self.schema(["a", "b", "c"].map(Self.step)))
        #expect(try Self.steps(fixed) == ["a", "b", "c"])
    }

    @Test func `collections are brought up to date at each opening, after the migrations`() async throws {
        let seen = Mutex<[[String]]>([])
        let schema = Self.schema([Self.step("a")]) { db in
            let steps = try String.fetchAll(db, sql: "SELECT step FROM log")
            seen.withLock { $0.append(steps) }
        }
        let file = try storage.file(schema: schema)
        _ = try Self.steps(file)
        await until { file.closeIfQuiet() }
        _ = try Self.steps(file)
        #expect(seen.withLock { $0 } == [["a"], ["a"], ["a"]])
    }

    @Test func `a new file is one file, synced, without a log`() async throws {
        _ = try storage.file()
        #expect(names(in: storage.folder) == ["shop.sqlite"])
        let queue = try DatabaseConfiguration.openReader(storage.url("shop.sqlite"))
        let (application, journal) = try await queue.read { db in
            (
                try Int32.fetchOne(db, sql: "PRAGMA application_id"),
                try String.fetchOne(db, sql: "PRAGMA journal_mode")
            )
        }
        #expect(application == 71)
        #expect(journal == "delete")
        try queue.close()
    }
}
