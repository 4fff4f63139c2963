import ApplianceCore
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
