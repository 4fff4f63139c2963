import ApplianceCore
package import Foundation

/// Reads a file front to back through one buffer of its own.
package final class FileReader {
    private static let chunk = 256 << 10
    private let descriptor: Int32
    private let url: URL
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 16)

    /// Reads from the byte `start` on.
    package init(_ url: URL, from start: Int64 = 0) throws {
        self.url = url
        descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        // The object is complete, so `deinit` runs and frees the buffer.
        guard descriptor >= 0 else { throw FileSystem.failure("open", url) }
        guard start == 0 || lseek(descriptor, off_t(start), SEEK_SET) == off_t(start) else {
            throw FileSystem.failure("read", url)
        }
    }

    deinit {
        close(descriptor)
        buffer.deallocate()
    }

    /// The next bytes, valid until the next call; empty at the end.
    package func next() throws -> UnsafeRawBufferPointer {
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return UnsafeRawBufferPointer(rebasing: buffer[..<count]) }
            guard errno == EINTR else { throw FileSystem.failure("read", url) }
        }
    }

    /// Fills `target`, or as much of it as the file still has.
    package func fill(_ target: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < target.count {
            let count = read(descriptor, target.baseAddress.map { $0 + filled }, target.count - filled)
            if count == 0 { break }
            if count > 0 { filled += count } else if errno != EINTR { throw FileSystem.failure("read", url) }
        }
        return filled
    }

    /// The whole content; throws when it is longer than `limit` bytes.
    package static func contents(_ url: URL, limit: Int) throws -> [UInt8] {
        let reader = try FileReader(url)
        var bytes: [UInt8] = []
        while case let part = try reader.next(), !part.isEmpty {
            bytes.append(contentsOf: part)
            guard bytes.count <= limit else {
                throw DomainError(.tooLarge, "file_too_large", "The file is larger than \(limit) bytes.")
            }
        }
        return bytes
    }
}
