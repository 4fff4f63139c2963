import ApplianceCore
import Crypto
import Foundation

/// Reads one file of the change log front to back, and believes nothing in it.
final class LogReader {
    private let descriptor: Int32
    private let url: URL
    private let size: Int64
    private var offset: Int64 = 0

    init(_ entry: LogFolder.Entry) throws {
        url = entry.url
        descriptor = open(entry.url.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        var status = stat()
        let isFile = descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        size = isFile ? Int64(status.st_size) : 0
        guard descriptor >= 0 else { throw LogFault(reason: "it cannot be read") }
        guard isFile else { throw LogFault(reason: "it is not an ordinary file") }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The head of the next batch; nil at the end. Its payload follows: read or skip it before the next head.
    func head() throws -> LogBatch? {
        if offset == size { return nil }
        let batch = try LogBatch.decode(try Bytes.read(descriptor, at: offset, count: LogBatch.byteCount, url))
        offset += Int64(LogBatch.byteCount)
        guard batch.payloadBytes <= size - offset else { throw LogFault(reason: "it was cut short") }
        return batch
    }

    func skip(_ batch: LogBatch) { offset += batch.payloadBytes }

    /// Pushes the batch as it is stored, head included, to `sink`, its sum checked.
    func copy(_ batch: LogBatch, sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        try batch.encoded().withUnsafeBytes(sink)
        try stored(batch, sink: sink)
    }

    /// Checks the stored bytes and then pushes what they decompress to. The sum comes first, so that zlib never sees
    /// bytes that nobody wrote.
    func payload(_ batch: LogBatch, sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        let start = offset
        try stored(batch) { _ in }
        var rest = batch.payloadBytes
        var position = start
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 16)
        defer { buffer.deallocate() }
        do {
            try Gzip.decompress(
                source: {
                    let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(rest, Int64(buffer.count)))])
                    let count = try Bytes.read(descriptor, at: position, into: part, url)
                    (position, rest) = (position + Int64(count), rest - Int64(count))
                    return UnsafeRawBufferPointer(rebasing: part[..<count])
                }, sink: sink)
        } catch is Gzip.Damage {
            throw LogFault(reason: "a batch is not a whole gzip stream")
        }
    }

    private static let chunk = 256 << 10

    private func stored(_ batch: LogBatch, sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 16)
        defer { buffer.deallocate() }
        var digest = SHA256()
        var rest = batch.payloadBytes
        while rest > 0 {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(rest, Int64(buffer.count)))])
            let count = try Bytes.read(descriptor, at: offset, into: part, url)
            guard count > 0 else { throw LogFault(reason: "it was cut short") }
            let bytes = UnsafeRawBufferPointer(rebasing: part[..<count])
            digest.update(bufferPointer: bytes)
            try sink(bytes)
            (offset, rest) = (offset + Int64(count), rest - Int64(count))
        }
        guard digest.finalize().elementsEqual(batch.payloadDigest) else {
            throw LogFault(reason: "the SHA-256 of a batch does not match")
        }
    }
}
