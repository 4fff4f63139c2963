import ApplianceCore
import CAppliance
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Storage

struct WriteTests {
    private let storage: TestStorage

    /// Without a pause: how often a WAL begins again must not depend on how fast the machine is.
    init() throws { storage = try TestStorage(checkpointPause: .zero) }

    private struct Changed: Error {}

    @Test func `commits are synced and go through a write-ahead log`() async throws {
        let file = try storage.file()
        // 2 is FULL: the log is synced after each commit.
        #expect(try await file.write { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
        #expect(try await file.write { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
        #expect(try await file.write { try Bool.fetchOne($0, sql: "PRAGMA foreign_keys") } == true)
        #expect(try await file.write { try Int.fetchOne($0, sql: "PRAGMA wal_autocheckpoint") } == 0)
        // Also of a file that was closed and opened again.
        #expect(file.closeIfQuiet())
        #expect(try await file.write { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
    }

    @Test func `an acknowledged write is there for the next read`() async throws {
        let file = try storage.file()
        for number in 1...200 {
            try await file.add("note \(number)")
            #expect(try file.notes().count == number)
        }
    }

    @Test func `a write is invisible until it is committed`() async throws {
        let file = try storage.file()
        let (gate, write) = await occupy(file)
        #expect(try file.notes() == [])
        gate.open()
        try await write.value
        #expect(try file.notes() == ["first"])
    }

    @Test func `writes that wait together share one commit`() async throws {
        let file = try storage.file()
        let (gate, write) = await occupy(file)
        let others = (0..<200).map { number in Task { try await file.add("\(number)") } }
        await until { file.waitingWrites == 200 }
        gate.open()
        try await write.value
        for other in others { try await other.value }
        #expect(storage.services.statistics.writes == 201)
        #expect(storage.services.statistics.commits == 2)
        #expect(Set(try file.notes()).count == 201)
    }

    @Test func `a write that throws undoes only itself`() async throws {
        let file = try storage.file()
        let (gate, write) = await occupy(file)
        let before = Task { try await file.add("before") }
        await until { file.waitingWrites == 1 }
        let failing = Task {
            try await file.write { db in
                try db.run("INSERT INTO notes (text) VALUES ('undone')")
                throw Changed()
            }
        }
        await until { file.waitingWrites == 2 }
        let after = Task { try await file.add("after") }
        await until { file.waitingWrites == 3 }
        gate.open()
        try await write.value
        try await before.value
        await #expect(throws: Changed.self) { try await failing.value }
        try await after.value
        #expect(try file.notes() == ["first", "before", "after"])
        #expect(storage.services.statistics.commits == 2)
    }

    @Test func `a statement that SQLite refuses undoes only its write`() async throws {
        let file = try storage.file()
        let error = await refusal {
            try await file.write { db in
                try db.run("INSERT INTO notes (id, text) VALUES (1, 'undone')")
                try db.run("INSERT INTO notes (id, text) VALUES (1, 'twice')")
            }
        }
        #expect(error?.code == "constraint_failed")
        #expect(error?.category == .conflict)
        try await file.add("next")
        #expect(try file.notes() == ["next"])
    }

    @Test func `a write alone shares its transaction with nobody`() async throws {
        let file = try storage.file()
        let (gate, write) = await occupy(file)
        var others: [Task<Void, any Error>] = []
        for (number, alone) in [false, false, true, false, false].enumerated() {
            others.append(Task { try await file.add("\(number)", alone: alone) })
            await until { file.waitingWrites == number + 1 }
        }
        gate.open()
        try await write.value
        for other in others { try await other.value }
        #expect(try file.notes() == ["first", "0", "1", "2", "3", "4"])
        // The first, two together, the one alone, two together.
        #expect(storage.services.statistics.commits == 4)
    }

    @Test func `a full queue refuses with 503 and loses nothing that it took`() async throws {
        let file = try storage.file()
        let (gate, write) = await occupy(file)
        let limit = DatabaseFile.Limit.waitingWrites
        let others = (0..<limit).map { number in Task { try await file.add("\(number)") } }
        await until { file.waitingWrites == limit }
        let error = await refusal { try await file.add("one too many") }
        #expect(error?.code == "too_many_writes")
        #expect(error?.category == .unavailable)
        #expect(error?.retryAfter == 1)
        gate.open()
        try await write.value
        for other in others { try await other.value }
        #expect(try file.notes().count == limit + 1)
        #expect(storage.services.statistics.commits == 1 + limit / DatabaseFile.Limit.groupedWrites)
    }

    @Test func `other files cannot be attached`() async throws {
        let file = try storage.file()
        _ = try storage.file("other.sqlite")
        let sql = "ATTACH '\(storage.url("other.sqlite").path)' AS other"
        #expect(await refusal { try await file.write { try $0.execute(sql: sql) } } != nil)
        #expect(throws: DomainError.self) { try file.read { try $0.execute(sql: sql) } }
    }

    @Test func `a reader cannot write`() async throws {
        let file = try storage.file()
        #expect(throws: DomainError.self) { try file.read { try $0.run("INSERT INTO notes (text) VALUES ('x')") } }
        #expect(try file.notes() == [])
    }

    @Test func `the log's file is longer than the log, and read up to its end`() async throws {
        let file = try storage.file()
        for index in 0..<60 { try await file.add("\(index)") }
        let wal = try #require(try WriteAheadLog.open(of: file.url))
        let frames = try wal.end(frames: nil).frame
        #expect(FileSystem.size(storage.url("shop.sqlite-wal")) > Int64(frames) * 4120 + 32)
        // As after a kill: only what is in the files.
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(
                at: storage.url("shop.sqlite\(suffix)"), to: storage.url("killed.sqlite\(suffix)"))
        }
        let killed = storage.existing("killed.sqlite")
        #expect(try killed.notes().count == 60)
        try await killed.add("after")
        #expect(try killed.notes().count == 61)
    }

    @Test func `a long log is checkpointed and starts again`() async throws {
        let file = try storage.file()
        let text = String(repeating: "x", count: 100_000)
        for _ in 0..<200 { try await file.add(text) }
        let frames = Int64(DatabaseFile.Limit.walFrames)
        #expect(FileSystem.size(storage.url("shop.sqlite-wal")) < (frames + 500) * 4200)
        #expect(FileSystem.size(file.url) > 10 << 20)
        #expect(try file.notes().count == 200)
    }

    @Test func `what is gathered for a WAL is there for others once it is committed`() async throws {
        let file = try storage.file()
        try await file.write { db in
            let vfs = sqlite3_vfs_find(nil)?.pointee.zName.map { String(cString: $0) }
            #expect(vfs == "wal-gathering")
            // So that pages go to the WAL, and come back from it, in the middle of a transaction.
            try db.execute(sql: "PRAGMA cache_size = 10")
        }
        for round in 1...5 {
            let text = String(repeating: "\(round)", count: 300_000)
            try await file.write { db in
                for _ in 0..<3 { try db.run("INSERT INTO notes (text) VALUES (?1)", [.text(text)]) }
                try db.run("UPDATE notes SET text = text || 'x'", [])
            }
            let notes = try file.notes()
            #expect(notes.count == 3 * round)
            #expect(notes.last == text + "x")
            // Read from the disk, not from what the connection knows.
            let wal = try #require(try WriteAheadLog.open(of: file.url))
            let frames = file.state.withLock { if case .open(let writer) = $0.phase { writer.walFrames } else { 0 } }
            #expect(try wal.end(frames: nil).frame == frames)
        }
    }
}
