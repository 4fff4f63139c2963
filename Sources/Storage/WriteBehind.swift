import CAppliance
package import Foundation

/// Lets the disk write a long file while it grows. Otherwise all of it is written when it is synced, and on ext4 every
/// other sync of the disk, such as that of somebody's commit, waits until it is.
package struct WriteBehind: Sendable {
    /// Bytes that are handed to the disk at once; about twice as many are on their way.
    private static let piece: Int64 = 4 << 20

    private var written: Int64 = 0
    private var begun: Int64 = 0

    package init() {}

    /// Call after each write at the end of the file at `url`. Makes nothing durable; waits while the disk is behind.
    /// Throws what the disk refused: the sync would not tell it again.
    package mutating func didWrite(_ count: Int, to descriptor: Int32, _ url: URL) throws {
        written += Int64(count)
        guard written - begun >= Self.piece else { return }
        guard cappliance_write_behind(descriptor, begun, written - begun) == 0 else {
            throw FileSystem.failure("write", url)
        }
        begun = written
    }
}
