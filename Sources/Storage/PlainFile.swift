package import Foundation

/// A new database file that is written front to back, mode 0600. Not synced: in scratch it need not be, in staging the
/// caller does.
package struct PlainFile: ~Copyable {
    private let descriptor: Int32
    private let url: URL
    private var behind: WriteBehind?

    /// `isKept`: it will be synced, so the disk begins with it at once.
    package init(_ url: URL, isKept: Bool) throws {
        self.url = url
        behind = isKept ? WriteBehind() : nil
        descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FileSystem.privateFile)
        guard descriptor >= 0 else { throw FileSystem.failure("create", url) }
    }

    deinit { close(descriptor) }

    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        try FileSystem.write(bytes, to: descriptor, url)
        try behind?.didWrite(bytes.count, to: descriptor, url)
    }
}
