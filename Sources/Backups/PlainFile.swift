import ApplianceCore
import Foundation
import Storage

/// A new file for a decompressed database, mode 0600. Not synced: in scratch it need not be, in staging the caller
/// does.
struct PlainFile: ~Copyable {
    private let descriptor: Int32
    private let url: URL
    private var behind: WriteBehind?

    /// `isKept`: it will be synced, so the disk begins with it at once.
    init(_ url: URL, isKept: Bool) throws {
        self.url = url
        behind = isKept ? WriteBehind() : nil
        descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileSystem.failure("create", url) }
    }

    deinit { close(descriptor) }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let written = Foundation.write(descriptor, base, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                throw FileSystem.failure("write", url)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
        try behind?.didWrite(bytes.count, to: descriptor, url)
    }
}
