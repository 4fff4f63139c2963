import ApplianceCore
import CAppliance
import Foundation
import GRDB

/// All pages that a reader sees, written to a new file front to back: from the file, and those over them that the WAL
/// has newer. A quarter of the work of SQLite's backup, which takes each page through two caches and page 1 last; and
/// one who wants to read the copy need not wait for its end (`CopyProgress`).
///
/// While a reader holds a state, SQLite copies no later frame into the file, and does not begin the WAL again unless
/// all of that state is in the file (sqlite.org/walformat.html#wal_locks). So where this reads nothing moves.
enum DatabaseCopy {
    private enum Limit {
        /// Bytes on their way.
        static let chunk = 256 << 10
    }

    /// Not synced. `held` is what `source`, inside its transaction, has in the WAL; nil for a file without one. Throws
    /// `DatabaseError` where the source is not whole, `DomainError` where the target cannot be written.
    static func run(
        _ source: Database, _ held: DatabaseFile.Held?, of url: URL, to target: URL, progress: CopyProgress?
    ) throws {
        guard let connection = source.sqliteConnection, let file = cappliance_sqlite_file(connection),
            let pageSize = try Int.fetchOne(source, sql: "PRAGMA page_size"),
            let pages = try UInt32.fetchOne(source, sql: "PRAGMA page_count")
        else { throw DomainError.internal("no connection") }
        let wal = try held.flatMap { held in held.isInFile ? nil : try NewerPages(held, of: url, pageSize: pageSize) }
        var output = try PlainFile(target, isKept: false)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(Limit.chunk, pageSize), alignment: 4096)
        defer { buffer.deallocate() }
        let pagesAtOnce = UInt32(buffer.count / pageSize)
        var done: UInt32 = 0
        while done < pages {
            let count = min(pagesAtOnce, pages - done)
            let chunk = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(Int(count) * pageSize)])
            let offset = Int64(done) * Int64(pageSize)
            // What lies behind the file's end is only in the WAL yet.
            let whole = try read(file, chunk, at: offset) / pageSize
            for index in 0..<count {
                let page = UnsafeMutableRawBufferPointer(
                    rebasing: chunk[Int(index) * pageSize..<(Int(index) + 1) * pageSize])
                let isNewer = try wal?.read(done + index + 1, into: page) ?? false
                guard isNewer || index < whole else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
            }
            try output.write(UnsafeRawBufferPointer(chunk))
            done += count
            progress?.didWrite(offset + Int64(chunk.count))
        }
        try wal?.checkUnchanged(url)
    }

    /// How many bytes of `chunk` the file has.
    private static func read(
        _ file: UnsafeMutablePointer<sqlite3_file>, _ chunk: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws -> Int {
        var size: Int64 = 0
        var code = cappliance_sqlite_size(file, &size)
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
        let count = Int(min(Int64(chunk.count), max(0, size - offset)))
        guard count > 0 else { return 0 }
        code = cappliance_sqlite_read(file, chunk.baseAddress, Int32(count), offset)
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
        return count
    }

    /// The pages that the WAL has newer than the file, or alone.
    private struct NewerPages {
        private let wal: WriteAheadLog
        private let frames: [UInt32: UInt32]

        init?(_ held: DatabaseFile.Held, of url: URL, pageSize: Int) throws {
            guard held.position.frame > 0 else { return nil }
            guard let wal = try WriteAheadLog.open(of: url), wal.pageSize == pageSize, wal.isOf(held.position) else {
                throw Self.changed(url)
            }
            self.wal = wal
            frames = try wal.newestFrames(of: held.position.frame)
        }

        /// False when the file has the newest.
        func read(_ number: UInt32, into page: UnsafeMutableRawBufferPointer) throws -> Bool {
            guard let frame = frames[number] else { return false }
            try wal.read(frame, into: page)
            return true
        }

        /// Only somebody who does not keep to SQLite's locks can have begun it again.
        func checkUnchanged(_ url: URL) throws {
            guard try WriteAheadLog.open(of: url)?.isOf(wal.start) == true else { throw Self.changed(url) }
        }

        private static func changed(_ url: URL) -> DomainError {
            .unavailable("storage_failed", "The WAL was changed while it was read.", cause: url.path)
        }
    }
}
