import ApplianceCore
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Storage

struct ReplaceTests {
    private let storage: TestStorage

    init() throws { storage = try TestStorage() }

    @Test func `a replacement waits for running work and refuses new work meanwhile`() async throws {
        let file = try storage.file()
        let good = try contents(file.url)
        let (gate, write) = await occupy(file)
        let hasRun = Mutex(false)
        let replacing = Task {
            try await file.replace {
                hasRun.withLock { $0 = true }
                for suffix in ["-wal", "-shm"] { try FileSystem.remove(storage.url("shop.sqlite" + suffix)) }
                try AtomicFile.publish(good, to: file.url)
            }
        }
        await until { file.isReplacing }
        for error in [
            await refusal { try await file.add("x") }, await refusal { _ = try file.notes() }, file.probe(),
        ] {
            #expect(error?.code == "restore_under_way")
            #expect(error?.category == .unavailable)
            #expect(error?.retryAfter == 1)
        }
        let second = await refusal { try await file.replace {} }
        #expect(second?.code == "restore_under_way")
        #expect(second?.category == .conflict)
        #expect(!file.closeIfQuiet())
        #expect(!hasRun.withLock { $0 })
        gate.open()
        try await write.value
        try await replacing.value
        #expect(try file.notes() == [])
        try await file.add("after")
        #expect(try file.notes() == ["after"])
    }

    @Test func `a replacement waits for a reader`() async throws {
        let file = try storage.file()
        try await file.add("one")
        let gate = Gate()
        let reading = Task {
            try await file.readLong { db in
                gate.pass()
                return try db.first("SELECT count(*) FROM notes") { $0.integer(0) }
            }
        }
        await gate.isReached()
        let order = Mutex<[String]>([])
        let replacing = Task { try await file.replace { order.withLock { $0.append("replaced") } } }
        await until { file.isReplacing }
        order.withLock { $0.append("read") }
        gate.open()
        #expect(try await reading.value == 1)
        try await replacing.value
        #expect(order.withLock { $0 } == ["read", "replaced"])
        #expect(try file.notes() == ["one"])
    }

    @Test func `a past that cannot be changed stays as it was`() async throws {
        let url = storage.url("past.sqlite")
        try DatabaseFile.create(url, schema: TestStorage.schema)
        let before = try hash(url)
        let error = await refusal {
            try DatabaseFile.changeAlone(url) { db in
                try db.execute(sql: "INSERT INTO notes (text) VALUES ('half')")
                throw DomainError.notFound("live file")
            }
        }
        #expect(error?.code == "not_found")
        #expect(try hash(url) == before)
        try DatabaseFile.changeAlone(url) { try $0.execute(sql: "INSERT INTO notes (text) VALUES ('whole')") }
        #expect(try hash(url) != before)
        #expect(!FileSystem.exists(URL(filePath: url.path + "-journal")))
    }

    /// It gives nothing then, and takes no process with it.
    @Test(arguments: [Damage.damaged, .none, .missing])
    func `what stands is carried from a live file as far as it can be read`(damage: Damage) async throws {
        let (past, live) = (storage.url("past.sqlite"), storage.url("live.sqlite"))
        for url in [past, live] {
            try DatabaseFile.create(url, schema: TestStorage.schema)
            try DatabaseFile.changeAlone(url) {
                try $0.execute(sql: "INSERT INTO notes (text) VALUES ('\(url == past ? "then" : "now")')")
            }
        }
        switch damage {
        case .damaged: try AtomicFile.publish([UInt8](repeating: 7, count: 40_000), to: live)
        case .missing: try FileSystem.remove(live)
        case .none: break
        }
        let standing = StandingRows(replaced: ["notes"], merged: [], emptied: ["counter"])
        try standing.carry(into: past, from: live)
        let queue = try DatabaseConfiguration.openReader(past)
        defer { try? queue.close() }
        let (notes, counters) = try await queue.read {
            (try String.fetchAll($0, sql: "SELECT text FROM notes"), try Int.fetchAll($0, sql: "SELECT * FROM counter"))
        }
        #expect(notes == [damage == .none ? "now" : "then"])
        #expect(counters == (damage == .none ? [0] : []))
    }

    enum Damage { case none, damaged, missing }

    @Test func `a replacement that fails leaves the file in service`() async throws {
        let file = try storage.file()
        try await file.add("one")
        let changes = file.changes.count
        let error = await refusal { try await file.replace { throw DomainError.notFound("snapshot") } }
        #expect(error?.code == "not_found")
        #expect(try file.notes() == ["one"])
        #expect(file.changes.count > changes)
    }
}
