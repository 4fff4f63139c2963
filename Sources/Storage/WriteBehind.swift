import CAppliance
package import Foundation

/// Lets the disk write a long file while it grows. Otherwise all of it is written when it is synced, and on ext4 every
/// other sync of the disk, such as that of somebody's commit, waits until it is.
package struct WriteBehind: Sendable {
    private enum Limit {
        /// Bytes that are handed to the disk at once; about twice as many are on their way.
        static let piece: Int64 = 512 << 10
        /// Into so many at the most a file is divided that changed here and there.
        static let pieces = 64
        static let pagesOfPiece = 32
        static let leastPiece: Int64 = 256 << 10
    }

    private var written: Int64 = 0
    private var begun: Int64 = 0

    package init() {}

    /// Call after each write at the end of the file at `url`. Makes nothing durable; waits while the disk is behind.
    /// Throws what the disk refused: the sync would not tell it again.
    package mutating func didWrite(_ count: Int, to descriptor: Int32, _ url: URL) throws {
        written += Int64(count)
        guard written - begun >= Limit.piece else { return }
        guard cappliance_write_behind(descriptor, begun, written - begun) == 0 else {
            throw FileSystem.failure("write", url)
        }
        begun = written
    }

    /// Has the disk write what changed in a file of `size` bytes, some `pages` here and there, before it is synced and
    /// for the same reason: a piece at a time, one after the other, so that the syncs of others come between. For 500
    /// pages a commit beside it waits half a millisecond, and four without. False when the disk refused something: the
    /// sync would not tell it again.
    static func writeOut(_ descriptor: Int32, size: Int64, changed pages: Int) -> Bool {
        // Each piece costs a call, also where nothing changed.
        let pieces = Int64(min(max(pages / Limit.pagesOfPiece, 1), Limit.pieces))
        let piece = max(Limit.leastPiece, (size + pieces - 1) / pieces)
        return stride(from: 0, to: size, by: Int(piece)).allSatisfy {
            cappliance_write_out(descriptor, $0, piece) == 0
        }
    }
}
