import ApplianceCore
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Storage

struct CopyTests {
    private let storage: TestStorage

    init() throws { storage = try TestStorage() }

    @Test func `a copy taken during writes is a whole state, no older than the last acknowledged write`() async throws {
        let file = try storage.file()
        let acknowledged = Mutex<Int64>(0)
        let isStopped = Mutex(false)
        let writing = Task {
            while !isStopped.withLock({ $0 }) {
                // The invariant: as many notes as the counter says.
                let value = try await file.write { db in
                    try db.run("INSERT INTO notes (text) VALUES (hex(randomblob(500)))")
                    return try db.first("UPDATE counter SET value = value + 1 RETURNING value") { $0.integer(0) }
                }
                acknowledged.withLock { $0 = value ?? 0 }
            }
        }
        for number in 0..<20 {
            let before = acknowledged.withLock { $0 }
            let copy = storage.url("copy-\(number).sqlite")
            try file.copy(to: copy)
            let (counter, notes, check) = try Self.look(copy)
            #expect(counter == notes)
            #expect(counter >= before)
            #expect(check == "ok")
            await until { acknowledged.withLock { $0 } > before + 2 }
        }
        isStopped.withLock { $0 = true }
        try await writing.value
    }

    private static func look(_ url: URL) throws -> (counter: Int64, notes: Int64, check: String?) {
        let queue = try DatabaseConfiguration.openReader(url)
        defer { try? queue.close() }
        return try queue.read { db in
            (
                try Int64.fetchOne(db, sql: "SELECT value FROM counter") ?? -1,
                try Int64.fetchOne(db, sql: "SELECT count(*) FROM notes") ?? -2,
                try String.fetchOne(db, sql: "PRAGMA integrity_check")
            )
        }
    }

    @Test func `a copy is a file of its own, without a log`() async throws {
        let file = try storage.file()
        try await file.add("one")
        try file.copy(to: storage.url("copy.sqlite"))
        #expect(names(in: storage.folder).filter { $0.hasPrefix("copy") } == ["copy.sqlite"])
        let copy = storage.existing("copy.sqlite")
        #expect(try copy.notes() == ["one"])
    }

    @Test func `every write changes the fingerprint`() async throws {
        let file = try storage.file()
        var seen = [file.fingerprint()]
        for number in 0..<300 {
            try await file.add("\(number)")
            let now = file.fingerprint()
            #expect(now != seen.last)
            seen.append(now)
            #expect(file.fingerprint() == now)
        }
    }

    @Test func `writes over the old frames of a log change the fingerprint too`() async throws {
        let file = try storage.file()
        try await file.add(String(repeating: "x", count: 2_000_000))
        var same = 0
        for number in 0..<300 {
            // The log starts again at its beginning: its size does not change any more.
            if number % 50 == 0 { try file.checkpoint() }
            let before = file.fingerprint()
            try await file.write { try $0.run("UPDATE counter SET value = value + 1") }
            if file.fingerprint() == before { same += 1 }
        }
        #expect(same == 0)
    }

    @Test func `reading does not change the fingerprint`() async throws {
        let file = try storage.file()
        try await file.add("one")
        let before = file.fingerprint()
        for _ in 0..<10 { _ = try file.notes() }
        try file.copy(to: storage.url("copy.sqlite"))
        await until { file.closeIfQuiet() }
        _ = try file.notes()
        #expect(file.fingerprint() == before)
    }
}
