package import ApplianceCore
package import Foundation
import GRDB
import Logging
import NIOPosix
import Synchronization

/// One SQLite file that this process alone writes: a tenant's, or `system.sqlite`.
///
/// The object lives as long as the process may need the file; its connections open on first use and close when the
/// file has been idle and others need the room, so an idle tenant costs no descriptor, thread or timer. Writes are
/// grouped (`+Write`), reads run on the caller's thread (`+Read`), `replace` swaps the file under everybody's feet.
package final class DatabaseFile: Sendable {
    package enum Limit {
        /// Writes that may wait for one file; one more is refused with 503.
        package static let waitingWrites = 4096
        /// Writes committed together at the most.
        static let groupedWrites = 256
        /// What an open file takes of the process's descriptors: two connections, the WAL and its index.
        package static let descriptors = 5
        /// Reader connections kept open for one file: as many as event loops on a small machine.
        static let idleReaders = 2
        /// Frames in the WAL (4 KiB each) after which a commit is followed by a checkpoint.
        static let walFrames = 2000
        /// How many they may be when the last checkpoint was a moment ago (`CheckpointPlan`), within `walBytes`. Pages
        /// that are written over and over are then taken into the change log a few times less, and fewer writes wait.
        static let busyWALFrames = 15_000
        /// Bytes that a WAL keeps on disk when it starts again from its beginning (`WALRoom`).
        static let walBytes = 64 << 20
    }

    enum Phase {
        case closed
        case open(Writer)
        case quarantined(DomainError)
    }

    struct State {
        var phase = Phase.closed {
            didSet { quarantineNote.reason = if case .quarantined(let reason) = phase { reason } else { nil } }
        }
        let quarantineNote: QuarantineNote
        var waiting: [PendingWrite] = []
        var isDraining = false
        var idleReaders: [Reader] = []
        var readersOut = 0
        /// Set while `replace` works: everybody else is told to come back in a second.
        var isReplacing = false
        /// Set from a failed write or sync until the WAL has begun anew: nothing may be committed behind its frames.
        var isDistrusted = false
        var renewal = IndexRenewal.none
        var quietWaiters: [CheckedContinuation<Void, Never>] = []
        var lastUse: UInt64 = 0
        var spacing: CommitSpacing

        /// Of the writes in line, if they are to wait for more.
        var pauseBeforeCommit: Duration? {
            waiting.first?.isAlone == false ? spacing.pause(writes: waiting.count) : nil
        }
        var isQuiet: Bool { !isDraining && readersOut == 0 && waiting.isEmpty }
    }

    package let url: URL
    /// What logs call the file: the tenant's id, or `system`.
    package let name: String
    package let schema: DatabaseSchema
    let services: StorageServices
    let state: Mutex<State>
    private let quarantineNote = QuarantineNote()
    package let changes = ChangeCounter()
    let log: FileChangeLog?
    let keptValue = KeptValue()

    /// `isLogged`: false for a copy, whose changes nobody needs back.
    package init(
        _ url: URL, name: String, schema: DatabaseSchema, services: StorageServices, isLogged: Bool = true
    ) {
        (self.url, self.name, self.schema, self.services) = (url, name, schema, services)
        state = Mutex(
            State(
                quarantineNote: quarantineNote, spacing: CommitSpacing(distance: services.commitDistance)))
        log = isLogged ? services.changeLog?.log(url, name: name) : nil
    }

    // MARK: - Opening

    /// The writer, opened when it was not. Call with the lock held.
    func openWriter(_ state: inout State) throws -> Writer {
        guard !state.isReplacing else {
            throw DomainError.unavailable("restore_under_way", "This shop's data is being restored.")
        }
        state.lastUse = services.nextUse()
        switch state.phase {
        case .open(let writer): return writer
        case .quarantined(let reason) where FileSystem.exists(url) && reason.code != Self.missingCode: throw reason
        case .closed, .quarantined: break
        }
        do {
            let writer = try connect()
            keptValue.forget()
            state.phase = .open(writer)
            services.didOpen(self)
            if let changeLog = services.changeLog, log?.didOpen(at: changeLog.now()) == true { changeLog.enqueue(self) }
            return writer
        } catch {
            let reason = DomainError(any: error)
            if Self.quarantines(reason) { quarantine(&state, reason) }
            throw reason
        }
    }

    private static let missingCode = "data_missing"

    func connect() throws -> Writer {
        do {
            return try connectOnce()
        } catch let error as DomainError where error.code == DomainError.readOnlyCode {
            // SQLite opens a file read-only when opening it for writing fails, perhaps only this once.
            return try connectOnce()
        }
    }

    private func connectOnce() throws -> Writer {
        // GRDB would create the file; a missing one is a loss to report, never an empty shop.
        guard FileSystem.exists(url) else {
            throw DomainError(
                .unavailable, Self.missingCode, "This shop's data file is missing; the other shops are not affected.",
                hint: "appliance restore --tenant SLUG --yes", retryAfter: 60, cause: "no file \(url.path)")
        }
        // SQLite would say CANTOPEN, which may be a passing lack of descriptors.
        guard FileSystem.isOrdinaryFile(url) else { throw DomainError.damaged(cause: "not a file: \(url.path)") }
        do {
            let queue = try DatabaseConfiguration.openWriter(url, check: schema.check)
            try queue.writeWithoutTransaction(migrate)
            return try Writer(queue, url, checkpointPause: services.checkpointPause)
        } catch let error as DatabaseError {
            throw DomainError(sqlite: error)
        }
    }

    /// Makes a new file of the current schema at `url`, set to use a WAL and without one, ready to be copied.
    package static func create(_ url: URL, schema: DatabaseSchema) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        let queue = try DatabaseQueue(path: url.path, configuration: configuration)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA page_size = 4096; PRAGMA journal_mode = DELETE; PRAGMA secure_delete = FAST")
            try schema.apply(to: db, isNew: true)
            try db.execute(sql: "PRAGMA journal_mode = WAL")
        }
        try queue.close()
        try FileSystem.syncFile(url)
    }

    // MARK: - Quarantine

    static func quarantines(_ reason: DomainError) -> Bool {
        [DomainError.damagedCode, "file_foreign", "file_newer", missingCode, migrationFailedCode].contains(reason.code)
    }

    /// Why the file is out of service; nil when it is not known to be. Waits for nobody, least of all for a migration.
    package var quarantineReason: DomainError? { quarantineNote.reason }

    /// Opens the file to find out whether it can be served; the reason when not.
    package func probe() -> DomainError? {
        do {
            _ = try state.withLock { try openWriter(&$0) }
            return nil
        } catch {
            return DomainError(any: error)
        }
    }

    var isOpen: Bool { state.withLock { if case .open = $0.phase { true } else { false } } }

    /// As `probe`, and closes the file again when it was opened for that.
    package func probeAndClose() -> DomainError? {
        let wasOpen = isOpen
        let reason = probe()
        if !wasOpen { closeIfQuiet() }
        return reason
    }

    /// Reads a file once more, whole, that was taken out of service for damage: to SQLite a read that the disk failed
    /// once is damage too. True when it is sound, and back in service. Takes some seconds for a gigabyte.
    package func recheck() async throws -> Bool {
        guard quarantineReason?.code == DomainError.damagedCode else { return false }
        let isSound = try await services.longWork { [url] in
            (try? DatabaseConfiguration.openReader(url).read { db in
                try String.fetchAll(db, sql: "PRAGMA integrity_check(1)") == ["ok"]
            }) ?? false
        }
        return isSound
            && state.withLock { state in
                guard case .quarantined(let reason) = state.phase, reason.code == DomainError.damagedCode else {
                    return false
                }
                state.phase = .closed
                services.logger.notice("data file is sound; back in service", metadata: [LogKey.tenant: "\(name)"])
                return true
            }
    }

    /// Maps an error of SQLite; damage takes the file out of service, so that nothing is written over what is left.
    func note(_ error: any Error) -> DomainError {
        let reason = DomainError(any: error)
        if Self.quarantines(reason) { state.withLock { quarantine(&$0, reason) } }
        renewIndexes(after: reason)
        return reason
    }

    /// Lets go of the connections instead of closing them, because others may be at work with them: a connection closes
    /// with its last user.
    func quarantine(_ state: inout State, _ reason: DomainError) {
        if case .quarantined = state.phase { return }
        services.logger.error(
            "data file out of service",
            metadata: [LogKey.tenant: "\(name)", LogKey.error: "\(reason.cause ?? reason.message)"])
        if case .open = state.phase { services.didClose(self) }
        state.idleReaders = []
        state.phase = .quarantined(reason)
    }

    // MARK: - Closing and replacing

    /// Closes the connections unless somebody works with them; true when they are closed now.
    @discardableResult
    package func closeIfQuiet() -> Bool {
        state.withLock { state in
            guard state.isQuiet, !state.isReplacing else { return false }
            close(&state)
            return true
        }
    }

    func close(_ state: inout State) {
        guard case .open(let writer) = state.phase else { return }
        for reader in state.idleReaders { reader.close() }
        state.idleReaders = []
        writer.close()
        keptValue.forget()
        (state.phase, state.renewal) = (.closed, .none)
        services.didClose(self)
    }

    /// Waits until nobody reads or writes, closes the file, and runs `body` while everybody else gets 503 with
    /// `Retry-After`. Afterwards the file opens anew on its next use, out of quarantine.
    package func replace<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try state.withLock { state in
            guard !state.isReplacing else {
                throw DomainError.conflict("restore_under_way", "Another restore of this shop is under way.")
            }
            state.isReplacing = true
        }
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                if !state.isQuiet { state.quietWaiters.append(continuation) }
                return state.isQuiet
            }
            if isQuiet { continuation.resume() }
        }
        defer {
            state.withLock { state in
                state.isReplacing = false
                state.isDistrusted = false
                if case .quarantined = state.phase { state.phase = .closed }
            }
            changes.add()
            services.commits.announce(name)
        }
        state.withLock { close(&$0) }
        return try await services.longWork { [self] in
            // Nobody can write now: what the file was until this moment stays restorable.
            log?.willReplace(self)
            defer { log?.didReplace() }
            return try body()
        }
    }

    /// Wakes `replace` once the last reader or writer is gone. Call with the lock held; resume what it returns without.
    func takeQuietWaiters(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        guard state.isQuiet else { return [] }
        defer { state.quietWaiters = [] }
        return state.quietWaiters
    }

    /// When the file was last used, for the choice of whom to close.
    var lastUse: UInt64 { state.withLock { $0.lastUse } }
}

/// Why a file is out of service, beside its state: whoever asks for the health of all shops must not wait for the lock
/// of one that is opened and brought up to date for seconds.
final class QuarantineNote: Sendable {
    private let value = Mutex<DomainError?>(nil)

    var reason: DomainError? {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}

/// Counts what changed a file since the process started. A class of its own: Swift 6.3.1 at -O crashes on a class that
/// stores an `Atomic` and has a throwing init.
package final class ChangeCounter: Sendable {
    private let value = Atomic<Int>(0)
    package var count: Int { value.load(ordering: .sequentiallyConsistent) }
    func add() { value.add(1, ordering: .sequentiallyConsistent) }
}
