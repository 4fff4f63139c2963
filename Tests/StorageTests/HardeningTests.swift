import ApplianceCore
import Foundation
import GRDB
import Testing

@testable import Storage

/// What a connection must refuse whatever is asked of it, because its file may come from anywhere.
struct HardeningTests {
    private let storage: TestStorage

    init() throws { storage = try TestStorage() }

    /// Runs `body` on the writer and on a reader.
    private func onBoth(_ file: DatabaseFile, _ body: @escaping @Sendable (Database) throws -> Void) async throws {
        try await file.write(body)
        try file.read(body)
    }

    @Test func `every connection is opened as it must be`() async throws {
        try await onBoth(try storage.file()) { db in
            let flags = ["trusted_schema", "cell_size_check", "foreign_keys"]
            let values = try flags.map { try Int.fetchOne(db, sql: "PRAGMA \($0)") }
            let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode")
            #expect(values == [0, 1, 1])
            #expect(journal == "wal")
        }
    }

    @Test func `the writer refuses to open at less than FULL`() throws {
        let queue = try DatabaseQueue(path: storage.url("x.sqlite").path)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
            let normal = Result { try DatabaseConfiguration.requireDurability(db) }
            try db.execute(sql: "PRAGMA synchronous = FULL")
            let full = Result { try DatabaseConfiguration.requireDurability(db) }
            try db.execute(sql: "PRAGMA journal_mode = DELETE")
            let rollback = Result { try DatabaseConfiguration.requireDurability(db) }
            #expect([normal, full, rollback].map { (try? $0.get()) != nil } == [false, true, false])
        }
        try queue.close()
    }

    @Test func `the schema cannot be rewritten by hand`() async throws {
        let file = try storage.file()
        let error = await refusal {
            try await file.write { db in
                try db.execute(sql: "PRAGMA writable_schema = ON")
                try db.execute(sql: "UPDATE sqlite_master SET sql = 'x'")
            }
        }
        #expect(error != nil)
    }

    @Test func `no code is loaded`() async throws {
        let file = try storage.file()
        let sql = "SELECT load_extension('/x.so')"
        let written = await refusal { try await file.write { try $0.execute(sql: sql) } }
        let read = await refusal { try file.read { try $0.execute(sql: sql) } }
        #expect(written?.cause?.contains("not authorized") == true)
        #expect(read?.cause?.contains("not authorized") == true)
    }

    @Test func `a view of the file's own may not call what has effects outside`() async throws {
        let file = try storage.file()
        try await file.write { try $0.execute(sql: "CREATE VIEW evil AS SELECT load_extension('/x.so')") }
        let error = await refusal { try file.read { try $0.execute(sql: "SELECT * FROM evil") } }
        #expect(error?.cause?.contains("unsafe use of load_extension()") == true)
    }

    @Test func `a value of over 32 MiB is refused`() async throws {
        let file = try storage.file()
        let error = await refusal { try await file.write { try $0.execute(sql: "SELECT zeroblob(33554433)") } }
        #expect(error?.cause?.contains("too big") == true)
    }
}
