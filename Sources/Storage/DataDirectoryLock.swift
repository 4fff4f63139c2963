import ApplianceCore
import Foundation

/// An exclusive `flock` on `appliance.lock`: one process at a time works on a data folder. The kernel drops the lock
/// with the process, however it ends, so there is no stale lock to clean up.
package final class DataDirectoryLock: Sendable {
    private let descriptor: Int32

    /// Throws `data_in_use` when another process holds the lock.
    package init(_ directory: DataDirectory) throws {
        descriptor = open(directory.lock.path, O_RDWR | O_CREAT | O_CLOEXEC, FileSystem.privateFile)
        guard descriptor >= 0 else { throw FileSystem.failure("open", directory.lock) }
        // The object is complete, so `deinit` runs and closes the descriptor.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw DomainError(
                .conflict, "data_in_use", "The data folder \(directory.root.path) is in use by another process.",
                hint: "Stop the other server, or name another folder with --data.")
        }
    }

    deinit { close(descriptor) }
}
