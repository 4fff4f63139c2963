import Foundation
import Storage

/// How a live file looked when it was copied: the answer to "has it changed since?".
struct FileMark: Equatable, Sendable {
    let fingerprint: DatabaseFile.Fingerprint
    /// Commits of this process; means nothing to the next one.
    let changes: Int

    /// Taken before the copy, so that what commits meanwhile shows as a change.
    init(_ file: DatabaseFile) { (changes, fingerprint) = (file.changes.count, file.fingerprint()) }

    /// Whether the fingerprint alone, without the count of commits, can be believed by a later process.
    ///
    /// Modification times have a grain: a write in the same tick as the fingerprint, into the same number of bytes,
    /// would not show. So the times must be older than `scratch`, made before the fingerprint, by a margin.
    static func isSettled(_ file: DatabaseFile, before scratch: URL) -> Bool {
        guard let now = FileSystem.status(scratch)?.st_mtim else { return false }
        return [file.url, URL(filePath: file.url.path + "-wal")].allSatisfy { url in
            guard let time = FileSystem.status(url)?.st_mtim else { return true }
            let age = (now.tv_sec - time.tv_sec) * 1_000_000_000 + now.tv_nsec - time.tv_nsec
            return age > margin
        }
    }

    /// Nanoseconds: the coarsest grain of a file system is FAT's two seconds.
    private static let margin = 3_000_000_000
}

/// The marks of the last snapshot's files, by path, with the stored bytes they stand for.
struct RememberedMark: Sendable {
    let mark: FileMark
    let storedSha256: String
}
