import Foundation
import Synchronization

/// Keeps the file of a WAL longer than what is in it, with zeros. A sync of a file that has grown writes its inode as
/// well, which takes as long again; SQLite's own answer, to write over the frames of before, helps only behind the
/// first checkpoint.
///
/// SQLite takes a WAL to end with the first frame that is not of its generation, and zeros are of none
/// (sqlite.org/fileformat2.html#walformat). They are written behind the end of the file, while nobody commits.
///
/// And it makes the file shorter that an import left long, a piece before each transaction. SQLite would cut all of it
/// in the middle of a commit (`journal_size_limit`): 75 ms for 200 MB.
final class WALRoom: Sendable {
    private enum Limit {
        /// A shop that hardly writes gets none.
        static let leastFrames = 16
        /// The room doubles the file, up to so many frames at once: a megabyte.
        static let mostFrames = 256
        /// Frames that have to fit when a transaction begins.
        static let spareFrames = 8
        /// What is cut off at once: a millisecond of work.
        static let piece = 4 << 20
    }

    /// Of pages as ours are; with any other size the room is only more or less than meant.
    private static let frameBytes = 24 + 4096
    private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

    private let url: URL
    /// Frames that the file is known to have room for.
    private let frames = Atomic<Int>(0)
    /// Frames in the WAL at the last look; fewer than that, and it has begun again.
    private let lastUsed = Atomic<Int>(.max)

    init(database: URL) { url = URL(filePath: database.path + "-wal") }

    /// Call before a transaction, with the frames in the WAL; 0 when they are not known. Failing costs nothing but the
    /// time that room saves.
    func prepare(used: Int) {
        if used > 0, used < lastUsed.exchange(used, ordering: .relaxed), isCut(to: used) {
            // More is left for the next one.
            lastUsed.store(.max, ordering: .relaxed)
        }
        guard used >= Limit.leastFrames, used + Limit.spareFrames > frames.load(ordering: .relaxed) else { return }
        let wanted = used + min(used, Limit.mostFrames)
        frames.store(wanted, ordering: .relaxed)
        let descriptor = open(url.path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return }
        var end = Int(status.st_size)
        let target = wanted * Self.frameBytes
        while end < target {
            let written = pwrite(descriptor, Self.zeros, min(Self.zeros.count, target - end), off_t(end))
            guard written > 0 else { return }
            end += written
        }
        frames.store(max(wanted, end / Self.frameBytes), ordering: .relaxed)
    }

    /// Takes a piece off the end of a file that is longer than it needs to be, behind all of the `used` frames: nothing
    /// there belongs to the WAL any more. False when it is as short as it may be.
    private func isCut(to used: Int) -> Bool {
        guard used * Self.frameBytes < DatabaseFile.Limit.walBytes else { return false }
        let descriptor = open(url.path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > DatabaseFile.Limit.walBytes else { return false }
        let size = max(DatabaseFile.Limit.walBytes, Int(status.st_size) - Limit.piece)
        guard ftruncate(descriptor, off_t(size)) == 0 else { return false }
        frames.store(min(frames.load(ordering: .relaxed), size / Self.frameBytes), ordering: .relaxed)
        return true
    }

    /// The file was emptied.
    func forget() { frames.store(0, ordering: .relaxed) }
}
