import ApplianceCore
import Foundation
import GRDB
import Logging
import Synchronization
import Testing

@testable import Storage

/// A folder of its own for one test, and the threads that its files need. A suite keeps it as a property, which lives as
/// long as the test. (Not as a closure around the test: Swift 6.3.1 runs the wrong one of two closures when one stands
/// inside `#expect(…)` and both inside another closure.)
final class TestStorage: Sendable {
    static let schema = DatabaseSchema(
        applicationID: 71,
        migrations: [
            .init(
                "start",
                """
                CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
                CREATE TABLE counter (value INTEGER NOT NULL) STRICT;
                INSERT INTO counter VALUES (0);
                """)
        ])

    let folder: URL
    let services: StorageServices

    init(openFiles: Int = 256, checkpointPause: Duration? = nil, commitDistance: Duration? = nil) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "storage-\(Random.token(bytes: 9))")
        try FileSystem.makeFolder(folder)
        services = StorageServices(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, openFiles: openFiles,
            checkpointPause: checkpointPause, commitDistance: commitDistance)
    }

    deinit {
        try? FileSystem.remove(folder)
        Task { [services] in try await services.shutdown() }
    }

    func url(_ name: String) -> URL { folder.appending(path: name) }

    /// A file of the schema, made now.
    func file(_ name: String = "shop.sqlite", schema: DatabaseSchema = schema) throws -> DatabaseFile {
        try DatabaseFile.create(url(name), schema: schema)
        return existing(name, schema: schema)
    }

    /// What stands under the name, if anything.
    func existing(_ name: String = "shop.sqlite", schema: DatabaseSchema = schema) -> DatabaseFile {
        DatabaseFile(url(name), name: name, schema: schema, services: services)
    }

    /// Descriptors that the process holds on files of this folder.
    var openDescriptors: Int {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return all.count { number in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
            return target?.hasPrefix(folder.path) ?? false
        }
    }
}

extension DatabaseFile {
    func add(_ text: String, alone: Bool = false) async throws {
        try await write(alone: alone) { db in try db.run("INSERT INTO notes (text) VALUES (?1)", [.text(text)]) }
    }

    func notes() throws -> [String] {
        try read { db in try db.all("SELECT text FROM notes ORDER BY id") { $0.text(0) ?? "" } }
    }

    var waitingWrites: Int { state.withLock { $0.waiting.count } }
    var isReplacing: Bool { state.withLock { $0.isReplacing } }

    /// Copies the WAL into the file, as a commit does once the WAL is long.
    func checkpoint() throws {
        guard case .open(let writer) = state.withLock({ $0.phase }) else { return }
        try writer.checkpoint()
    }
}

/// A door that one thread waits behind until the test opens it.
final class Gate: Sendable {
    private let opened = DispatchSemaphore(value: 0)
    private let reached = Mutex(false)

    /// Blocks the calling thread.
    func pass() {
        reached.withLock { $0 = true }
        opened.wait()
    }

    func open() { opened.signal() }
    func isReached() async { await until { reached.withLock { $0 } } }
}

/// Lets others run until `condition` holds.
func until(_ condition: () -> Bool) async { while !condition() { await Task.yield() } }

/// A write that keeps its file's commit thread busy, so that others have to wait together; returns once it has begun.
func occupy(_ file: DatabaseFile) async -> (gate: Gate, write: Task<Void, any Error>) {
    let gate = Gate()
    let write = Task {
        try await file.write { db in
            try db.run("INSERT INTO notes (text) VALUES ('first')")
            gate.pass()
        }
    }
    await gate.isReached()
    return (gate, write)
}

/// The error of an operation that must be refused.
func refusal(_ body: () async throws -> Void) async -> DomainError? {
    do {
        try await body()
        return nil
    } catch {
        return DomainError(any: error)
    }
}

func contents(_ url: URL) throws -> [UInt8] { try FileReader.contents(url, limit: 1 << 30) }
func hash(_ url: URL) throws -> String { Digest.of(try contents(url)) }

func names(in folder: URL) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
}
