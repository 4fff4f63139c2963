import ApplianceCore
import Dispatch
package import Foundation
import GRDB
import Synchronization

extension DatabaseFile {
    /// What a snapshot compares to know whether the file changed since the last one. A checkpoint changes it without a
    /// change of content, which only costs a copy; a change of content always changes it.
    package struct Fingerprint: Codable, Equatable, Sendable {
        package let database: String
        package let wal: String
    }

    /// Taken before a copy starts, so that what commits meanwhile shows as a change at the next look.
    package func fingerprint() -> Fingerprint {
        Fingerprint(database: Self.stamp(url), wal: Self.stamp(URL(filePath: url.path + "-wal")))
    }

    private static func stamp(_ url: URL) -> String {
        guard let status = FileSystem.status(url), status.st_size > 0 else { return "" }
        return "\(status.st_ino).\(status.st_size).\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }

    /// Copies the latest committed state to a new file at `target` without stopping writers: SQLite's backup through a
    /// read-only connection, in one read transaction. The copy is not synced: whoever publishes it does that.
    ///
    /// Answers the restore point that the copy is, once the change log has reached it; nil where it does not.
    @discardableResult
    package func copy(to target: URL) throws -> LogPosition? {
        // A run over all shops leaves those closed that nobody uses.
        let wasOpen = isOpen
        defer { if !wasOpen { closeIfQuiet() } }
        let pin = LogPin()
        let reader = try holding { file, frames in
            guard let changeLog = file.services.changeLog, let wal = try WriteAheadLog.open(of: file.url) else {
                return
            }
            file.log?.pin(pin, frame: try wal.end(frames: frames).frame, at: changeLog.now())
        }
        defer { release(reader) }
        try copy(reader, to: target)
        // What fails here is tried again by the log itself; the copy is good without it.
        try? log?.archive(self)
        return pin.position
    }

    /// A copy, and where in the WAL it ends.
    struct Held {
        let position: WriteAheadLog.Position
        let pageSize: Int
        let time: Instant
    }

    /// As `copy`, for the change log to begin with. Nil when nothing was ever committed to a WAL.
    func copyHeld(to target: URL) throws -> Held? {
        let held = Mutex<Held?>(nil)
        let reader = try holding { file, frames in
            guard let wal = try WriteAheadLog.open(of: file.url) else { return }
            let end = try wal.end(frames: frames)
            let time = file.services.changeLog?.now() ?? Instant.earliest
            held.withLock { $0 = Held(position: end, pageSize: wal.pageSize, time: time) }
        }
        defer { release(reader) }
        guard let held = held.withLock({ $0 }) else { return nil }
        try copy(reader, to: target)
        return held
    }

    private func copy(_ reader: Reader, to target: URL) throws {
        reader.arm(.long)
        do {
            try reader.queue.unsafeReentrantRead { source in try DatabaseCopy.run(source, to: target) }
        } catch {
            throw note(error)
        }
    }

    /// A reader that sees the state of one moment in which nobody commits; `note` runs in that moment, with the number
    /// of frames in the WAL where a commit since opening told it. Blocks: not for an event loop or a thread that
    /// commits.
    private func holding(_ note: @escaping @Sendable (DatabaseFile, UInt32?) throws -> Void) throws -> Reader {
        let reader = try takeReader()
        let done = DispatchSemaphore(value: 0)
        let failure = Mutex<(any Error)?>(nil)
        enqueue(
            PendingWrite(
                run: { [self] _ in
                    try reader.queue.unsafeReentrantRead { db in
                        try db.execute(sql: "BEGIN")
                        // Only a read takes hold of the state.
                        _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema")
                    }
                    try note(self, committedFrames)
                    return { done.signal() }
                },
                fail: { error in
                    failure.withLock { $0 = error }
                    done.signal()
                }, isAlone: true, isPause: true))
        done.wait()
        if let error = failure.withLock({ $0 }) {
            release(reader)
            throw error
        }
        return reader
    }

    /// Puts it back without the pages that it read, which nobody asked for.
    private func release(_ reader: Reader) {
        try? reader.queue.unsafeReentrantRead { db in
            if db.isInsideTransaction { try db.execute(sql: "ROLLBACK") }
            try db.execute(sql: "PRAGMA shrink_memory")
        }
        putBack(reader)
    }

    private var committedFrames: UInt32? {
        state.withLock { state in
            guard case .open(let writer) = state.phase, writer.walFrames > 0 else { return nil }
            return UInt32(clamping: writer.walFrames)
        }
    }
}
