import ApplianceCore
import CAppliance
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

    /// Copies the latest committed state to a new file at `target` without stopping writers (`DatabaseCopy`), and tells
    /// `progress` how much of it is there. The copy is not synced: whoever publishes it does that.
    ///
    /// Answers the restore point that the copy is, once the change log has reached it; nil where it does not.
    @discardableResult
    package func copy(to target: URL, progress: CopyProgress? = nil) throws -> LogPosition? {
        // A run over all shops leaves those closed that nobody uses.
        let wasOpen = isOpen
        defer { if !wasOpen { closeIfQuiet() } }
        do {
            let pin = LogPin()
            try copy(to: target, progress) { [self] held in log?.pin(pin, frame: held.position.frame, at: held.time) }
            progress?.end(failed: false)
            // What fails here is tried again by the log itself; the copy is good without it.
            try? log?.archive(self)
            return pin.position
        } catch {
            progress?.end(failed: true)
            throw error
        }
    }

    /// A state that a reader holds, as the WAL has it.
    struct Held: Sendable {
        /// Where it ends.
        let position: WriteAheadLog.Position
        let pageSize: Int
        let time: Instant
        /// All of it is in the file too. Then the WAL may begin again under the reader, and is not to be read.
        let isInFile: Bool
    }

    /// As `copy`, for the change log to begin with. Nil when nothing was ever committed to a WAL.
    func copyHeld(to target: URL) throws -> Held? { try copy(to: target, nil) { _ in } }

    /// `note` runs in the moment whose state it is, in which nobody commits.
    @discardableResult
    private func copy(
        to target: URL, _ progress: CopyProgress?, note willCopy: @escaping @Sendable (Held) -> Void
    ) throws -> Held? {
        let (reader, held) = try holding(willCopy)
        defer { release(reader) }
        reader.arm(.long)
        do {
            try reader.queue.unsafeReentrantRead { source in
                try DatabaseCopy.run(source, held, of: url, to: target, progress: progress)
            }
        } catch {
            throw note(error)
        }
        return held
    }

    /// A reader that sees the state of one moment in which nobody commits. Blocks: not for an event loop or a thread
    /// that commits.
    private func holding(_ note: @escaping @Sendable (Held) -> Void) throws -> (Reader, Held?) {
        let reader = try takeReader()
        let done = DispatchSemaphore(value: 0)
        let outcome = Mutex<Result<Held?, any Error>>(.success(nil))
        enqueue(
            PendingWrite(
                run: { [self] writer in
                    try reader.queue.unsafeReentrantRead { db in
                        try db.execute(sql: "BEGIN")
                        // Only a read takes hold of the state.
                        _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema")
                    }
                    if let held = try held(writer) {
                        note(held)
                        outcome.withLock { $0 = .success(held) }
                    }
                    return { done.signal() }
                },
                fail: { error in
                    outcome.withLock { $0 = .failure(error) }
                    done.signal()
                }, isAlone: true, isPause: true))
        done.wait()
        do {
            return (reader, try outcome.withLock { $0 }.get())
        } catch {
            release(reader)
            throw error
        }
    }

    /// The state of this moment, as the WAL has it. Nil when nothing was ever committed to one.
    private func held(_ writer: Database) throws -> Held? {
        guard let wal = try WriteAheadLog.open(of: url) else { return nil }
        let position = try wal.end(frames: committedFrames)
        var copied: UInt32 = 0
        guard let connection = writer.sqliteConnection, let file = cappliance_sqlite_file(connection),
            cappliance_sqlite_copied_frames(file, &copied) == SQLITE_OK
        else { throw DomainError.internal("the WAL's index cannot be reached") }
        return Held(
            position: position, pageSize: wal.pageSize, time: services.changeLog?.now() ?? .earliest,
            isInFile: copied >= position.frame)
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
