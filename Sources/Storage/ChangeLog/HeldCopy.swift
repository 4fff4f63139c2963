import ApplianceCore
import Foundation
import GRDB
import GRDBSQLite

/// The state of a database at one moment, for the change log to begin with: in memory when it is small, as that of
/// most shops is, else in a file that goes with it.
final class HeldCopy {
    enum Limit {
        /// Bytes of a database that is held in memory.
        static let inMemory = 4 << 20
    }

    /// Where in the WAL the state ends.
    struct End {
        let position: WriteAheadLog.Position
        let pageSize: Int
        let time: Instant
    }

    private enum Content {
        case memory(UnsafeRawBufferPointer)
        case file(URL, FileReader)
    }

    let end: End
    let byteCount: Int
    private let content: Content
    private var isRead = false

    /// `db` is in a read transaction. Nil when the database is too large for it.
    init?(_ end: End, inMemory db: Database) throws {
        let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        guard pages * end.pageSize <= Limit.inMemory, let connection = db.sqliteConnection else { return nil }
        var count: Int64 = 0
        guard let bytes = sqlite3_serialize(connection, "main", &count, 0) else {
            throw DomainError.unavailable(DomainError.storageFailedCode, "The database could not be copied.")
        }
        (self.end, byteCount) = (end, Int(count))
        content = .memory(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    }

    /// Takes `file` over.
    init(_ end: End, file: URL) throws {
        (self.end, byteCount) = (end, Int(clamping: FileSystem.size(file)))
        content = .file(file, try FileReader(file))
    }

    deinit {
        switch content {
        case .memory(let bytes): sqlite3_free(UnsafeMutableRawPointer(mutating: bytes.baseAddress))
        case .file(let url, _): try? FileSystem.remove(url)
        }
    }

    /// The next bytes, valid until the next call; empty at the end.
    func next() throws -> UnsafeRawBufferPointer {
        switch content {
        case .file(_, let reader): return try reader.next()
        case .memory(let bytes):
            defer { isRead = true }
            return isRead ? UnsafeRawBufferPointer(start: nil, count: 0) : bytes
        }
    }
}
