import ApplianceCore
import Foundation
import GRDB
import Logging
import Synchronization
import Testing

@testable import Storage

/// A folder with a change log, and a clock that the test moves.
final class LoggedStorage: Sendable {
    final class Clock: Sendable {
        private let value: Mutex<Instant>
        init(_ start: Instant) { value = Mutex(start) }
        var now: Instant { value.withLock { $0 } }
        func advance(_ duration: Duration) { value.withLock { $0 = $0.adding(duration) } }
    }

    /// The secrets that seal, as a rotation changes them.
    final class Keys: Sendable {
        private let value: Mutex<[[UInt8]]>
        init(_ bytes: UInt8...) { value = Mutex(bytes.map { Array(repeating: $0, count: 32) }) }
        var all: [[UInt8]] { value.withLock { $0 } }
        func set(_ keys: Keys) { value.withLock { [all = keys.all] in $0 = all } }
    }

    let folder: URL
    let clock: Clock
    let log: ChangeLog
    let seals: LogSeals?
    let template: DatabaseTemplate
    private let services: StorageServices
    private let ownsFolder: Bool

    /// Without `keys` as before there were seals.
    init(
        in existing: URL? = nil, at start: Instant = Instant(seconds: 1_790_000_000), keys: Keys? = Keys(7)
    ) throws {
        seals = keys.map { keys in LogSeals { keys.all } }
        ownsFolder = existing == nil
        folder = existing ?? FileManager.default.temporaryDirectory.appending(path: "log-\(Random.token(bytes: 9))")
        try FileSystem.makeFolder(folder)
        template = try DatabaseTemplate(schema: TestStorage.schema, scratch: folder.appending(path: "template.sqlite"))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        clock = Clock(start)
        log = ChangeLog(
            backups: folder.appending(path: "backups"), scratch: folder, seals: seals,
            time: TimeSource(now: { [clock] in clock.now }, sleep: { _ in }), logger: logger)
        services = StorageServices(logger: logger, changeLog: log)
    }

    deinit {
        let folder = ownsFolder ? folder : nil
        Task { [services] in
            try await services.shutdown()
            if let folder { try FileSystem.remove(folder) }
        }
    }

    /// As at the end of a server.
    func stop() async throws { try await services.shutdown() }

    func file(_ name: String = "shop.sqlite") throws -> DatabaseFile {
        try DatabaseFile.create(folder.appending(path: name), schema: TestStorage.schema)
        return existing(name)
    }

    func fileFromTemplate() throws -> DatabaseFile {
        let file = existing()
        try file.begin(from: template)
        return file
    }

    func existing(_ name: String = "shop.sqlite") -> DatabaseFile {
        DatabaseFile(folder.appending(path: name), name: name, schema: TestStorage.schema, services: services)
    }

    var tenant: LogFolder { LogFolder(root: log.backups, name: "shop.sqlite") }

    var compaction: LogCompaction {
        LogCompaction(root: log.backups, name: "shop.sqlite", scratch: folder, seals: seals)
    }

    var files: [LogFolder.Entry] { (try? tenant.epochs().flatMap(\.entries)) ?? [] }

    /// As at the start of a server.
    func settle(again: Bool = false) throws -> Int? {
        let mark = folder.appending(path: "log.sealed")
        return try seals.flatMap { try LogSealing(root: log.backups, seals: $0, mark: mark).settle(again: again) }
    }

    var restorableFrom: Instant? { try? tenant.epochs().first?.base?.time }

    /// The notes as they were, from the log alone.
    func notes(at instant: Instant, isUnsealed: Bool = false) throws -> [String] {
        let image = folder.appending(path: "image-\(Random.token(bytes: 6)).sqlite")
        let epoch = try #require(try tenant.epochs().last { $0.base.map { $0.time <= instant } ?? false })
        let chain = try #require(epoch.chain(until: instant, owner: "shop.sqlite"))
        try LogReplay.run(chain, on: image, seals: isUnsealed ? nil : seals)
        let queue = try DatabaseQueue(path: image.path)
        let check = try queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
        #expect(check == ["ok"])
        return try queue.read { try String.fetchAll($0, sql: "SELECT text FROM notes ORDER BY id") }
    }

    func makeLogUnwritable() throws {
        try FileSystem.move(log.backups, to: folder.appending(path: "away"))
        try Data().write(to: log.backups)
    }

    func makeLogWritable() throws {
        try FileSystem.remove(log.backups)
        try FileSystem.move(folder.appending(path: "away"), to: log.backups)
    }
}

struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

extension DatabaseFile {
    /// As a long WAL does it.
    func checkpointIfLogged() throws {
        guard case .open(let writer) = state.withLock({ $0.phase }), let log else { return }
        if log.isReadyForCheckpoint(frames: writer.walFrames, self) {
            try writer.checkpoint()
            log.didCheckpoint()
        }
    }
}
