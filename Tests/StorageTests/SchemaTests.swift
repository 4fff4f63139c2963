import ApplianceCore
import Foundation
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

    @Test func `whoever asks for the health of a file does not wait for its migration`() async throws {
        let old = try storage.file(schema: Self.schema([]))
        await until { old.closeIfQuiet() }
        let (begun, mayGoOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let new = storage.existing(
            schema: Self.schema([Self.step("a")]) { _ in
                begun.signal()
                mayGoOn.wait()
            })
        Thread.detachNewThread { _ = new.probe() }
        Self.wait(for: begun)
        Thread.detachNewThread { if new.quarantineReason == nil { begun.signal() } }
        let isAnswered = Self.wait(for: begun)
        mayGoOn.signal()
        #expect(isAnswered)
        #expect(try Self.steps(new) == ["a"])
        await until { new.closeIfQuiet() }
    }

    /// False when nobody signalled: whoever should have is stuck.
    @discardableResult
    private static func wait(for semaphore: DispatchSemaphore) -> Bool {
        semaphore.wait(timeout: .now() + .seconds(10)) == .success
    }

    private static let bad = DatabaseSchema.Migration(
        "bad", "INSERT INTO log VALUES ('half'); INSERT INTO nowhere VALUES (1)")

    @Test func `a migration that fails leaves the version before it, whole`() async throws {
        let old = try storage.file(schema: Self.schema([]))
        await until { old.closeIfQuiet() }
        let broken = storage.existing(schema: Self.schema([Self.step("a"), Self.bad, Self.step("c")]))
        #expect(await refusal { try await broken.add("x") }?.code == "migration_failed")
        #expect(storage.services.openFileCount == 0)

        let back = storage.existing(schema: Self.schema([Self.step("a")]))
        #expect(try Self.version(back) == 2)
        #expect(try Self.steps(back) == ["a"])
        await until { back.closeIfQuiet() }

        let fixed = storage.existing(schema: Self.schema(["a", "b", "c"].map(Self.step)))
        #expect(try Self.steps(fixed) == ["a", "b", "c"])
    }

    @Test func `a file whose migration fails is out of service, and no other`() async throws {
        let old = try storage.file(schema: Self.schema([]))
        await until { old.closeIfQuiet() }
        let broken = storage.existing(schema: Self.schema([Self.bad]))
        let other = try storage.file("other.sqlite", schema: Self.schema([Self.step("a")]))
        #expect(broken.probe()?.code == "migration_failed")
        #expect(broken.quarantineReason?.category == .unavailable)
        #expect(await refusal { _ = try Self.steps(broken) }?.code == "migration_failed")
        #expect(try Self.steps(other) == ["a"])
    }

    @Test func `an index that the records contradict takes the file out of service`() async throws {
        let old = try storage.file(schema: Self.schema([Self.step("twice"), Self.step("twice")]))
        await until { old.closeIfQuiet() }
        let broken = storage.existing(
            schema: Self.schema([Self.step("twice"), Self.step("twice")]) { db in
                try db.execute(sql: "CREATE UNIQUE INDEX IF NOT EXISTS once ON log (step)")
            })
        #expect(broken.probe()?.code == "migration_failed")
    }

    /// A run of migrations that was killed left the file at one of the versions on the way.
    @Test(arguments: 1...4) func `migrations that were cut short go on where they ended`(reached: Int) async throws {
        let all = ["a", "b", "c"].map(Self.step)
        let old = try storage.file(schema: Self.schema([]))
        try await old.write { try $0.run("INSERT INTO log VALUES ('before')") }
        await until { old.closeIfQuiet() }
        let broken = Array(all.prefix(reached - 1)) + [Self.bad, Self.bad, Self.bad]
        let first = storage.existing(schema: Self.schema(broken))
        #expect(first.probe()?.code == "migration_failed")
        let copies = names(in: storage.folder).filter { $0.contains(".before-") && !$0.contains("-wal") }
        #expect(copies == ["shop.sqlite.before-\(reached + 3)"])

        let new = storage.existing(schema: Self.schema(all))
        #expect(try Self.steps(new) == ["before", "a", "b", "c"])
        #expect(try Self.version(new) == 4)
    }

    @Test func `the file as it was before its migrations is kept until the next ones`() async throws {
        let old = try storage.file(schema: Self.schema([]))
        try await old.write { try $0.run("INSERT INTO log VALUES ('mine')") }
        await until { old.closeIfQuiet() }
        for (count, kept) in [(1, ["mine"]), (1, ["mine"]), (3, ["mine", "s0"])] {
            let file = storage.existing(schema: Self.schema((0..<count).map { Self.step("s\($0)") }))
            #expect(try Self.version(file) == count + 1)
            await until { file.closeIfQuiet() }
            let copies = names(in: storage.folder).filter { $0.contains(".before-") }
            #expect(copies == ["shop.sqlite.before-\(count + 1)"])
            let copy = try DatabaseConfiguration.openReader(storage.url(copies.first ?? ""))
            #expect(try await copy.read { try String.fetchAll($0, sql: "SELECT step FROM log ORDER BY rowid") } == kept)
            try copy.close()
        }
    }

    @Test func `a copy that was cut short is made again, and a whole one is not`() async throws {
        let old = try storage.file(schema: Self.schema([]))
        await until { old.closeIfQuiet() }
        try AtomicFile.publish([1, 2, 3], to: storage.url("shop.sqlite.before-2.tmp"))
        let new = storage.existing(schema: Self.schema([Self.step("a")]))
        #expect(new.probe() == nil)
        #expect(names(in: storage.folder).contains("shop.sqlite.before-2"))
        #expect(!names(in: storage.folder).contains("shop.sqlite.before-2.tmp"))
    }

    @Test func `a newer file is not touched by an older program, nor is its log`() async throws {
        let new = try storage.file(schema: Self.schema([Self.step("a"), Self.step("b")]))
        try await new.write { try $0.run("INSERT INTO log VALUES ('in the WAL')") }
        await until { new.closeIfQuiet() }
        let paths = ["shop.sqlite", "shop.sqlite-wal"].map(storage.url)
        let before = try paths.map(hash)
        let old = storage.existing(schema: Self.schema([Self.step("a")]))
        #expect(old.probe()?.code == "file_newer")
        #expect(await refusal { try await old.add("x") }?.code == "file_newer")
        #expect(try paths.map(hash) == before)
        #expect(!names(in: storage.folder).contains { $0.contains(".before-") })
        #expect(try Self.steps(storage.existing(schema: new.schema)) == ["a", "b", "in the WAL"])
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
        #expect(journal == "wal")
        try queue.close()
    }
}
