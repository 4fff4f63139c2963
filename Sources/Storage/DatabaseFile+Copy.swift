import ApplianceCore
package import Foundation
import GRDB

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
    package func copy(to target: URL) throws {
        try read(limit: .long) { source in
            let destination = try DatabaseQueue(path: target.path)
            try destination.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF")
                try source.backup(to: db)
            }
            try destination.close()
        }
    }
}
