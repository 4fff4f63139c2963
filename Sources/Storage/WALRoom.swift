import Foundation
import Synchronization

/// Keeps the file of a WAL longer than what is in it, with zeros. A sync of a file that has grown writes its inode as
/// well, which takes as long again; SQLite's own answer, to write over the frames of before, helps only behind the
/// first checkpoint.
///
/// SQLite takes a WAL to end with the first frame that is not of its generation, and zeros are of none
/// (sqlite.org/fileformat2.html#walformat). They are written behind the end of the file, while nobody commits.
final class WALRoom: Sendable {
    private enum Limit {
        /// A shop that hardly writes gets none.
        static let leastFrames = 16
        /// The room doubles the file, up to so many frames at once: a megabyte.
        static let mostFrames = 256
        /// Frames that have to fit when a transaction begins.
        static let spareFrames = 8
    }

    /// Of pages as ours are; with any other size the room is only more or less than meant.
    private static let frameBytes = 24 + 4096
    private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

    private let url: URL
    /// Frames that the file is known to have room for.
    private let frames = Atomic<Int>(0)

    init(database: URL) { url = URL(filePath: database.path + "-wal") }

    /// Call before a transaction, with the frames in the WAL. Failing costs nothing but the time that room saves.
    func prepare(used: Int) {
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

    /// The file was emptied.
    func forget() { frames.store(0, ordering: .relaxed) }
}
