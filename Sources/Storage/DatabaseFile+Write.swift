import ApplianceCore
import Foundation
package import GRDB
import Logging
import Synchronization

/// A write that waits for its commit. `run` makes the change and returns what announces its success afterwards.
struct PendingWrite: Sendable {
    let run: @Sendable (Database) throws -> @Sendable () -> Void
    let fail: @Sendable (any Error) -> Void
    /// Shares its transaction with nobody: an import of seconds must not hold up, or be undone with, small writes.
    let isAlone: Bool
    /// Changes nothing and is in no transaction: it only needs a moment in which nobody commits.
    var isPause = false
    /// Nothing but a moment for a checkpoint.
    var isCheckpoint = false

    static let checkpoint = PendingWrite(run: { _ in {} }, fail: { _ in }, isAlone: true, isCheckpoint: true)

    /// Writes the first page as it is.
    static let unchanging = PendingWrite(
        run: { db in
            let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            try db.execute(sql: "PRAGMA user_version = \(version)")
            return {}
        }, fail: { _ in }, isAlone: false)
}

extension DatabaseFile {
    /// Queues `body` and returns once its commit is on disk (fsync at `synchronous=FULL`). Writes that wait together
    /// share one transaction, each in a savepoint of its own: one that throws undoes only itself.
    package func write<Value: Sendable>(
        alone: Bool = false, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Value, any Error>) in
            let write = PendingWrite(
                run: { db in
                    let value = try body(db)
                    return { continuation.resume(returning: value) }
                },
                fail: { continuation.resume(throwing: $0) }, isAlone: alone)
            enqueue(write)
        }
    }

    func enqueue(_ write: PendingWrite) {
        do {
            let mustDrain = try state.withLock { state in
                let writer = try openWriter(&state)
                try regainTrust(&state, writer)
                guard state.waiting.count < Limit.waitingWrites else {
                    throw DomainError.unavailable("too_many_writes", "Too many changes are waiting for this shop.")
                }
                state.waiting.append(write)
                defer { state.isDraining = true }
                return !state.isDraining
            }
            services.didUse(self)
            if mustDrain { scheduleDrain() }
        } catch {
            write.fail(error)
        }
    }

    func scheduleDrain() {
        services.commitWork { [self] in
            // Where others wait, one commit and then the end of the line again: a busy shop does not keep a thread from
            // them. Where nobody does, to wake another thread would cost more than to go on.
            while drain() {
                if services.hasWaitingCommits { return scheduleDrain() }
            }
        }
    }

    /// Commits what is first in line; false when nothing is left.
    private func drain() -> Bool {
        if let pause = state.withLock({ $0.pauseBeforeCommit }) { services.rest(pause) }
        let (writer, group) = state.withLock { state -> (Writer?, [PendingWrite]) in
            let count = state.waiting.first?.isAlone == true ? 1 : groupSize(state.waiting)
            let group = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(group.count)
            if case .open(let writer) = state.phase, !state.isDistrusted { return (writer, group) }
            return (nil, group)
        }
        if let writer {
            commit(group, on: writer)
        } else {
            let reason = quarantineReason ?? .unavailable("storage_failed", "The shop's data file was closed.")
            for write in group { write.fail(reason) }
        }
        let (isDone, waiters) = state.withLock { state in
            if group.first?.isAlone == false { state.spacing.didCommit() }
            if state.waiting.isEmpty { state.isDraining = false }
            return (!state.isDraining, takeQuietWaiters(&state))
        }
        for waiter in waiters { waiter.resume() }
        return !isDone
    }

    private func groupSize(_ waiting: [PendingWrite]) -> Int {
        min(waiting.firstIndex { $0.isAlone } ?? waiting.count, Limit.groupedWrites)
    }

    private func commit(_ group: [PendingWrite], on writer: Writer) {
        if let only = group.first, only.isPause { return pause(only, writer) }
        if group.first?.isCheckpoint == true { return checkpoint(writer, isMoment: true) }
        let hold = holdForPart(writer)
        defer { release(hold) }
        do {
            let isBulk = group.first?.isAlone == true
            let outcomes = try writer.queue.writeWithoutTransaction { db in
                try writer.prepare(db, schema)
                guard isBulk else { return try transaction(group, db) }
                return try DatabaseConfiguration.withBulkCache(db) { try transaction(group, db) }
            }
            changes.add()
            keptValue.didCommit()
            noteCommit(writer)
            services.statistics.didCommit(writes: group.count)
            services.refusals.remove(name)
            for outcome in outcomes { outcome() }
            services.commits.announce(name)
            if let hold { copyPart(writer, hold) } else { checkpoint(writer) }
            if isBulk, writer.walFrames >= Limit.walFrames { services.giveMemoryBack() }
        } catch {
            let reason = note(error)
            if reason.code == DomainError.readOnlyCode, let writer = openForWriting(insteadOf: writer) {
                // Nothing of the group has run yet.
                return commit(group, on: writer)
            }
            if Self.diskRefusals.contains(reason.code) { services.refusals.add(name) }
            if Self.mayHaveLostPages(error) { distrust() }
            for write in group { write.fail(reason) }
        }
    }

    private static let diskRefusals: Set = [
        "storage_full", DomainError.readOnlyCode, DomainError.storageFailedCode,
    ]

    /// SQLite opens a file read-only when it cannot open it for writing at that moment, for want of a descriptor or on
    /// a disk that is read-only, and leaves it so. The readers stay: on such a disk no new one could be opened.
    private func openForWriting(insteadOf old: Writer) -> Writer? {
        state.withLock { state in
            guard case .open(let current) = state.phase, current === old, let new = try? connect(), new.canWrite else {
                return nil
            }
            state.phase = .open(new)
            old.close()
            return new
        }
    }

    private func pause(_ pause: PendingWrite, _ writer: Writer) {
        do {
            try writer.queue.writeWithoutTransaction { db in try pause.run(db) }()
        } catch {
            pause.fail(error)
        }
    }

    /// What to tell each write once the commit is on disk. Throws when nothing of the group was committed.
    private func transaction(_ group: [PendingWrite], _ db: Database) throws -> [@Sendable () -> Void] {
        let changesBefore = db.totalChangesCount
        try db.cachedStatement(sql: "BEGIN IMMEDIATE").execute()
        do {
            if group.count == 1, let only = group.first { return [try outcome(ofOnly: only, db, changesBefore)] }
            let outcomes = try group.map { write in try outcome(of: write, db) }
            try commit(db, changesBefore)
            return outcomes
        } catch {
            if db.isInsideTransaction { try? db.execute(sql: "ROLLBACK") }
            throw error
        }
    }

    private func commit(_ db: Database, _ changesBefore: Int) throws {
        try schema.beforeCommit?(db, TransactionChanges(before: changesBefore, after: db.totalChangesCount))
        try db.cachedStatement(sql: "COMMIT").execute()
    }

    /// Alone in its transaction a write needs no savepoint. In that of an import of 70,000 rows SQLite would keep a
    /// copy of every page it changes in a list in memory, and go through that list at the end of every statement.
    private func outcome(
        ofOnly write: PendingWrite, _ db: Database, _ changesBefore: Int
    ) throws -> @Sendable () -> Void {
        let success: @Sendable () -> Void
        do {
            success = try write.run(db)
        } catch {
            guard db.isInsideTransaction, !Self.quarantines(DomainError(any: error)) else { throw error }
            try db.cachedStatement(sql: "ROLLBACK").execute()
            return failure(of: write, error)
        }
        try commit(db, changesBefore)
        return success
    }

    private func failure(of write: PendingWrite, _ error: any Error) -> @Sendable () -> Void {
        guard let error = error as? DatabaseError else { return { write.fail(error) } }
        return { [self] in write.fail(note(error)) }
    }

    private func outcome(of write: PendingWrite, _ db: Database) throws -> @Sendable () -> Void {
        try db.cachedStatement(sql: "SAVEPOINT write").execute()
        do {
            let success = try write.run(db)
            try db.cachedStatement(sql: "RELEASE write").execute()
            return success
        } catch {
            // A full disk or an I/O error has already rolled back the whole transaction: nobody's change is left.
            // Nor is anything to be written to a damaged file.
            guard db.isInsideTransaction, !Self.quarantines(DomainError(any: error)) else { throw error }
            try db.cachedStatement(sql: "ROLLBACK TO write").execute()
            try db.cachedStatement(sql: "RELEASE write").execute()
            return failure(of: write, error)
        }
    }

    /// A write that failed told the truth: nothing of it is in the file, and the next one takes its place. So on a disk
    /// that became read-only the connections stay open, and reading goes on.
    static func mayHaveLostPages(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError, error.resultCode == .SQLITE_IOERR else { return false }
        return error.extendedResultCode != .SQLITE_IOERR_WRITE
    }

    /// After a failed sync. Linux then holds the pages for clean: the next sync succeeds without them, and a
    /// commit behind frames that never reached the disk is lost with them at a power loss. So what is committed is
    /// written anew into the file, whose sync tells the truth about it, and the connections are closed.
    func distrust() {
        state.withLock { state in
            guard case .open(let writer) = state.phase else { return }
            state.isDistrusted = true
            // This connection knows that the failed commit is none; a new one would take it from the WAL.
            try? regainTrust(&state, writer)
            close(&state)
        }
    }

    /// Throws as long as the WAL cannot begin anew: because the disk still fails, or because somebody reads from it.
    /// Call with the lock held.
    private func regainTrust(_ state: inout State, _ writer: Writer) throws {
        guard state.isDistrusted else { return }
        guard state.readersOut == 0, log?.isReadyToEmpty(frames: writer.walFrames, self) ?? true,
            (try? writer.beginWALAnew()) != nil
        else {
            throw DomainError.unavailable(DomainError.storageFailedCode, "The disk could not be written.")
        }
        state.isDistrusted = false
    }

    /// The change log takes it from here.
    private func noteCommit(_ writer: Writer) {
        guard let log, let changeLog = services.changeLog else { return }
        if log.didCommit(frame: writer.walFrames, at: changeLog.now()) { changeLog.enqueue(self) }
    }
}
