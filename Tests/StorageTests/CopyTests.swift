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

    @Test func `a copy is a whole state whatever of the log is in the file, and however often the log begins anew`()
        async throws
    {
        let file = try storage.file()
        // Many chunks of a copy, so that there is time to write in the middle of one.
        for _ in 0..<8 { try await file.add(String(repeating: "x", count: 1_000_000)) }
        try await file.write { try $0.run("UPDATE counter SET value = 8") }
        let rounds = Mutex(0)
        let isStopped = Mutex(false)
        let writing = Task {
            while !isStopped.withLock({ $0 }) {
                let round = rounds.withLock { rounds in
                    rounds += 1
                    return rounds
                }
                // Pages all over the file, old and new.
                try await file.write { db in
                    try db.run("INSERT INTO notes (text) VALUES (hex(randomblob(3000)))")
                    try db.run("UPDATE notes SET text = upper(text) WHERE id % 7 = \(round % 7)")
                    try db.run("UPDATE counter SET value = value + 1")
                }
                // In vain where a copy is being made of a state that is not in the file.
                if round % 3 == 0 { try? file.checkpoint() }
            }
        }
        for number in 0..<40 {
            let copy = storage.url("copy-\(number).sqlite")
            let before = rounds.withLock { $0 }
            try file.copy(to: copy)
            let (counter, notes, check) = try Self.look(copy)
            #expect(counter == notes)
            #expect(check == "ok")
            try FileSystem.remove(copy)
            await until { rounds.withLock { $0 } > before + number % 4 }
        }
        isStopped.withLock { $0 = true }
        try await writing.value
    }

    @Test(arguments: [0, 1, 2, 3, 4])
    func `a copy has the pages that SQLite's own backup has`(_ checkpoints: Int) async throws {
        let file = try storage.file()
        for number in 0..<20 {
            try await file.add(String(repeating: "\(number)", count: 50_000))
            if number % 5 == 4, number / 5 < checkpoints { try file.checkpoint() }
        }
        let copy = storage.url("copy.sqlite")
        let backup = storage.url("backup.sqlite")
        try file.copy(to: copy)
        try file.read { source in
            let target = try DatabaseQueue(path: backup.path)
            defer { try? target.close() }
            try target.writeWithoutTransaction { try source.backup(to: $0) }
        }
        let (ours, theirs) = (try Data(contentsOf: copy), try Data(contentsOf: backup))
        #expect(ours.count == theirs.count)
        // The first page counts the changes of its own file.
        #expect(ours.dropFirst(4096) == theirs.dropFirst(4096))
    }

    @Test func `who follows a copy reads all of it`() async throws {
        let file = try storage.file()
        for _ in 0..<4 { try await file.add(String(repeating: "x", count: 1_000_000)) }
        let copy = storage.url("copy.sqlite")
        let progress = CopyProgress()
        let following = Task.detached {
            try progress.wait(for: 1)
            var (bytes, reader) = ([UInt8](), try FileReader(copy))
            let part = UnsafeMutableRawBufferPointer.allocate(byteCount: 10_000, alignment: 1)
            defer { part.deallocate() }
            while true {
                try progress.wait(for: Int64(bytes.count + part.count))
                let count = try reader.fill(part)
                bytes += part[..<count]
                if count < part.count { return bytes }
            }
        }
        try file.copy(to: copy, progress: progress)
        #expect(try await following.value == [UInt8](Data(contentsOf: copy)))
    }

    @Test func `who follows a copy that fails is told`() async throws {
        let file = try storage.file()
        try await file.add("one")
        let taken = storage.url("copy.sqlite")
        try Data("mine".utf8).write(to: taken)
        let progress = CopyProgress()
        #expect(await refusal { try file.copy(to: taken, progress: progress) }?.code == "storage_failed")
        #expect(throws: CopyProgress.Failed.self) { try progress.wait(for: 1) }
        #expect(try Data(contentsOf: taken) == Data("mine".utf8))
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
