import ApplianceCore
import Foundation
import GRDB
import Testing

@testable import Storage

/// A file that cannot be trusted is left exactly as it is, and only its own shop is out of service.
struct QuarantineTests {
    private let storage: TestStorage

    init() throws { storage = try TestStorage() }

    enum Damage: CaseIterable {
        case missing, empty, zeroed, garbage, cutHeader, foreign, newer

        var code: String {
            switch self {
            case .missing: "data_missing"
            case .empty, .foreign: "file_foreign"
            case .zeroed, .garbage, .cutHeader: "data_damaged"
            case .newer: "file_newer"
            }
        }

        func apply(to url: URL) throws {
            let size = Int(FileSystem.size(url))
            switch self {
            case .missing: try FileSystem.remove(url)
            case .empty: try AtomicFile.publish([], to: url)
            case .zeroed: try AtomicFile.publish([UInt8](repeating: 0, count: size), to: url)
            case .garbage: try AtomicFile.publish(Random.bytes(size), to: url)
            case .cutHeader: try AtomicFile.publish(Array(try contents(url).prefix(50)), to: url)
            case .foreign:
                try FileSystem.remove(url)
                let queue = try DatabaseQueue(path: url.path)
                try queue.write { try $0.execute(sql: "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)") }
                try queue.close()
            case .newer:
                let queue = try DatabaseQueue(path: url.path)
                try queue.write { try $0.execute(sql: "PRAGMA user_version = 99") }
                try queue.close()
            }
        }
    }

    @Test(arguments: Damage.allCases)
    func `a file that cannot be trusted is out of service and stays as it is`(damage: Damage) async throws {
        let file = try storage.file()
        let good = try contents(file.url)
        try damage.apply(to: file.url)
        let before = try? hash(file.url)

        #expect(file.probe()?.code == damage.code)
        #expect(await refusal { try await file.add("x") }?.code == damage.code)
        #expect(await refusal { _ = try file.notes() }?.code == damage.code)
        #expect(await refusal { try file.copy(to: storage.url("copy.sqlite")) }?.code == damage.code)
        #expect(file.quarantineReason?.code == damage.code)
        #expect(file.quarantineReason?.category == .unavailable)
        #expect((try? hash(file.url)) == before)
        #expect(FileSystem.exists(file.url) == (damage != .missing))
        #expect(storage.services.openFileCount == 0)
        #expect(storage.openDescriptors == 0)

        try await file.replace {
            for suffix in ["-wal", "-shm"] { try FileSystem.remove(URL(filePath: file.url.path + suffix)) }
            try AtomicFile.publish(good, to: file.url)
        }
        #expect(file.quarantineReason == nil)
        try await file.add("back")
        #expect(try file.notes() == ["back"])
    }

    @Test func `an index that does not fit even when it is new puts the file out of service`() async throws {
        let file = try storage.file()
        func meet() async -> String? {
            await refusal { try await file.write { _ in throw DatabaseError(resultCode: .SQLITE_CORRUPT_VTAB) } }?.code
        }
        #expect(await meet() == "search_damaged")
        try await file.add("goes on")
        #expect(file.quarantineReason == nil)
        #expect(await meet() == "search_damaged")
        #expect(file.quarantineReason?.code == "data_damaged")
    }

    @Test func `a newer file is refused with both versions named`() async throws {
        let file = try storage.file()
        try Damage.newer.apply(to: file.url)
        let message = file.probe()?.message ?? ""
        #expect(message.contains("99"))
        #expect(message.contains("up to 1"))
    }

    @Test func `a missing file that comes back is served again`() async throws {
        let file = try storage.file()
        let good = try contents(file.url)
        try FileSystem.remove(file.url)
        #expect(file.probe()?.code == "data_missing")
        try AtomicFile.publish(good, to: file.url)
        #expect(file.probe() == nil)
        try await file.add("back")
    }

    @Test func `damage found by a read takes the file out of service`() async throws {
        let file = try await Self.damagedInside(storage)
        #expect(await refusal { _ = try file.notes() }?.code == "data_damaged")
        #expect(file.quarantineReason?.code == "data_damaged")
        #expect(await refusal { try await file.add("x") }?.code == "data_damaged")
    }

    @Test func `damage found by a write takes the file out of service, not the server`() async throws {
        let file = try await Self.damagedInside(storage)
        let other = try storage.file("other.sqlite")
        let error = await refusal { try await file.write { try $0.run("UPDATE notes SET text = text || '!'") } }
        #expect(error?.code == "data_damaged")
        #expect(file.quarantineReason?.code == "data_damaged")
        #expect(await refusal { _ = try file.notes() }?.code == "data_damaged")
        try await other.add("still here")
    }

    @Test func `damage found by readers and writers at once takes the file out of service`() async throws {
        let file = try await Self.damagedInside(storage)
        await withTaskGroup(of: String?.self) { group in
            for _ in 0..<20 {
                group.addTask { await refusal { _ = try file.notes() }?.code }
                group.addTask {
                    await refusal { try await file.write { try $0.run("UPDATE notes SET text = 'x'") } }?.code
                }
            }
            for await code in group { #expect(code == "data_damaged") }
        }
    }

    /// A file that opens well and whose leaves are rubbish.
    private static func damagedInside(_ storage: TestStorage) async throws -> DatabaseFile {
        let file = try storage.file()
        let text = String(repeating: "x", count: 1000)
        try await file.write { db in
            for _ in 0..<2000 { try db.run("INSERT INTO notes (text) VALUES (?1)", [.text(text)]) }
        }
        try file.checkpoint()
        await until { file.closeIfQuiet() }
        for suffix in ["-wal", "-shm"] { try FileSystem.remove(URL(filePath: file.url.path + suffix)) }
        var bytes = try contents(file.url)
        for index in (10 * 4096)..<bytes.count { bytes[index] = 0xFF }
        try AtomicFile.publish(bytes, to: file.url)
        return file
    }

    @Test func `a file that a failed read took out of service comes back once it can be read`() async throws {
        let file = try storage.file()
        try await file.add("x")
        try await file.add("y")
        file.closeIfQuiet()
        let good = try contents(file.url)
        try AtomicFile.publish(Random.bytes(good.count), to: file.url)
        #expect(file.probe()?.code == "data_damaged")
        let isBackTooSoon = try await file.recheck()
        #expect(!isBackTooSoon && file.quarantineReason != nil)
        try AtomicFile.publish(good, to: file.url)
        // Nobody looks by itself: a request is not the moment to read a whole file.
        #expect(await refusal { _ = try file.notes() }?.code == "data_damaged")
        let isBack = try await file.recheck()
        let notes = try file.notes()
        #expect(isBack && notes == ["x", "y"])
        let isBackTwice = try await file.recheck()
        #expect(!isBackTwice)
    }
}
