import ApplianceCore
import CAppliance
import Foundation
import GRDB
import GRDBSQLite
import Synchronization

/// The one read-write connection of a file.
final class Writer: Sendable {
    let queue: DatabaseQueue
    let checkpoints: CheckpointPlan
    private let walSize = WALSize()
    private let room: WALRoom
    private let isPrepared = Atomic<Bool>(false)
    private let use = Mutex(Use())
    /// SQLite's own handle of the database file, which is there for as long as the connection. Only through it may the
    /// file be synced: to close another descriptor of it would take away SQLite's locks.
    private nonisolated(unsafe) let file: UnsafeMutablePointer<sqlite3_file>
    /// SQLite's descriptor of the file; -1 where it is not known, and the file is only synced.
    let descriptor: Int32

    /// `queue` is open on the file at `url`.
    init(_ queue: DatabaseQueue, _ url: URL, checkpointPause: Duration) throws {
        self.queue = queue
        checkpoints = CheckpointPlan(pause: checkpointPause)
        room = WALRoom(database: url)
        let context = Unmanaged.passUnretained(walSize).toOpaque()
        (file, descriptor) = try queue.writeWithoutTransaction { db in
            guard let connection = db.sqliteConnection, let file = cappliance_sqlite_file(connection) else {
                throw DomainError.internal("no connection")
            }
            // Takes the place of automatic checkpoints: only tells how many frames the WAL holds.
            sqlite3_wal_hook(
                connection,
                { context, _, _, frames in
                    guard let context else { return SQLITE_OK }
                    Unmanaged<WALSize>.fromOpaque(context).takeUnretainedValue().frames.store(
                        frames, ordering: .relaxed)
                    return SQLITE_OK
                }, context)
            return (file, cappliance_sqlite_descriptor(connection))
        }
    }

    var walFrames: Int { Int(walSize.frames.load(ordering: .relaxed)) }

    /// Call before a transaction. Throws SQLITE_READONLY where SQLite could open the file only for reading: it would
    /// begin a transaction all the same, and fail the first statement that writes.
    func prepare(_ db: Database, _ schema: DatabaseSchema) throws {
        room.prepare(used: walFrames)
        guard !isPrepared.load(ordering: .relaxed) else { return }
        guard Self.canWrite(db) else { throw DatabaseError(resultCode: .SQLITE_READONLY) }
        try schema.prepareWriter(db)
        isPrepared.store(true, ordering: .relaxed)
    }

    /// False for a connection that SQLite could open only for reading.
    var canWrite: Bool { queue.unsafeReentrantWrite(Self.canWrite) }

    private static func canWrite(_ db: Database) -> Bool {
        db.sqliteConnection.map { sqlite3_db_readonly($0, "main") == 0 } ?? false
    }

    /// Copies what no reader needs any more from the WAL into the file; waits for nobody. Syncs the file only when that
    /// is all of the WAL. Answers how many of its frames are in the file.
    @discardableResult
    func checkpoint() throws -> Int {
        try queue.writeWithoutTransaction { db in try db.checkpoint(.passive).checkpointedFrameCount }
    }

    /// Syncs the database file, in which at most so many pages changed, so that the commits of this one and of others
    /// hardly wait for it. From any thread, also while the connection is at work.
    func syncFile(changed pages: Int) throws {
        guard use.withLock({ $0.begin() }) else { throw DomainError.internal("the connection is closed") }
        defer { if use.withLock({ $0.end() }) { try? queue.close() } }
        var size: Int64 = 0
        if descriptor >= 0, cappliance_sqlite_size(file, &size) == SQLITE_OK {
            guard WriteBehind.writeOut(descriptor, size: size, changed: pages) else {
                throw DatabaseError(resultCode: .SQLITE_IOERR_FSYNC)
            }
        }
        let code = cappliance_sqlite_sync(file)
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }

    /// Copies everything committed into the file, syncs it there and empties the WAL. Throws when a reader is at work.
    ///
    /// What an earlier checkpoint copied is copied again: after a failed sync nobody knows whether it is on disk.
    func beginWALAnew() throws {
        try queue.writeWithoutTransaction { db in
            guard cappliance_sqlite_copy_wal_again(file) == SQLITE_OK else {
                throw DomainError.internal("the WAL's index cannot be reached")
            }
            _ = try db.checkpoint(.truncate)
        }
        room.forget()
    }

    /// Closes the connection; while the file is synced by another thread, as soon as that has ended.
    func close() {
        if use.withLock({ $0.close() }) { try? queue.close() }
    }

    /// SQLite's handle of the file ends with the connection, so nobody may be at work with it then.
    private struct Use {
        private var syncs = 0
        private var isClosed = false

        mutating func begin() -> Bool {
            if !isClosed { syncs += 1 }
            return !isClosed
        }

        /// True when the connection is to be closed now, as below.
        mutating func end() -> Bool {
            syncs -= 1
            return isClosed && syncs == 0
        }

        mutating func close() -> Bool {
            isClosed = true
            return syncs == 0
        }
    }
}

private final class WALSize: Sendable {
    let frames = Atomic<CInt>(0)
}
