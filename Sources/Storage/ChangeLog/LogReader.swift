import ApplianceCore
import Crypto
import Foundation

/// Reads one file of the change log front to back, and believes nothing in it.
///
/// With a proof the seal is checked before anything else is read, and that the heads are the sealed ones at the end of
/// the file: read it to there before what it gave is used.
final class LogReader {
    private let descriptor: Int32
    private let url: URL
    /// Where the batches end.
    private let end: Int64
    private var offset: Int64 = 0
    private var digest = SHA256()
    /// The one in the file, unchecked.
    let seal: LogSeal?
    /// What it must come to; nil where there is no seal, and nobody asks for one.
    private var sealed: [UInt8]?

    /// Throws `LogFault`, which says `isUnsealed` for a file that is whole and that `proof` does not vouch for.
    init(_ entry: LogFolder.Entry, _ proof: LogProof?) throws {
        url = entry.url
        // Nobody who puts a pipe there makes it wait.
        let opened = open(entry.url.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        descriptor = opened
        var status = stat()
        let isFile = opened >= 0 && fstat(opened, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        let size = isFile ? Int64(status.st_size) : 0
        let tail = Result {
            guard opened >= 0 else { throw LogFault(reason: "it cannot be read") }
            guard isFile else { throw LogFault(reason: "it is not an ordinary file") }
            return try Self.seal(opened, size, entry.url)
        }
        seal = (try? tail.get()) ?? nil
        end = size - Int64(seal == nil ? 0 : LogSeal.byteCount)
        // The object is complete, so `deinit` runs and closes the file.
        _ = try tail.get()
        do {
            sealed = try proof?.heads(of: url, seal) ?? seal?.heads
        } catch let fault as LogFault where fault.isUnsealed {
            // One that was cut short is damaged, whoever wrote it.
            _ = try heads()
            throw fault
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private static func seal(_ descriptor: Int32, _ size: Int64, _ url: URL) throws -> LogSeal? {
        let start = size - Int64(LogSeal.byteCount)
        guard start >= 0 else { return nil }
        return try LogSeal.decode(Bytes.read(descriptor, at: start, count: LogSeal.byteCount, url))
    }

    /// The head of the next batch; nil at the end. Its payload follows: read or skip it before the next head.
    func head() throws -> LogBatch? {
        if offset == end {
            if let sealed, !digest.finalize().elementsEqual(sealed) { throw LogProof.mismatch }
            return nil
        }
        let bytes = try Bytes.read(
            descriptor, at: offset, count: Int(min(end - offset, Int64(LogBatch.byteCount))), url)
        let batch = try LogBatch.decode(bytes)
        digest.update(data: bytes)
        offset += Int64(LogBatch.byteCount)
        guard batch.payloadBytes <= end - offset else { throw LogFault(reason: "it was cut short") }
        return batch
    }

    func skip(_ batch: LogBatch) { offset += batch.payloadBytes }

    /// Goes to the end, past all payloads; the SHA-256 of all heads.
    @discardableResult
    func heads() throws -> [UInt8] {
        while let batch = try head() { skip(batch) }
        return Array(digest.finalize())
    }

    /// Pushes the payload as it is stored to `sink`, its sum checked.
    func copy(_ batch: LogBatch, sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        try stored(batch, sink: sink)
    }

    /// Checks the stored bytes and then pushes what they decompress to. The sum comes first, so that zlib never sees
    /// bytes that nobody wrote.
    func payload(_ batch: LogBatch, sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        let start = offset
        try stored(batch) { _ in }
        var rest = batch.payloadBytes
        var position = start
        // They may be others by the second time they are read.
        var digest = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 16)
        defer { buffer.deallocate() }
        do {
            try Gzip.decompress(
                source: {
                    let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(rest, Int64(buffer.count)))])
                    let count = try Bytes.read(descriptor, at: position, into: part, url)
                    (position, rest) = (position + Int64(count), rest - Int64(count))
                    let bytes = UnsafeRawBufferPointer(rebasing: part[..<count])
                    digest.update(bufferPointer: bytes)
                    return bytes
                }, sink: sink)
        } catch is Gzip.Damage {
            throw LogFault(reason: "a batch is not a whole gzip stream")
        }
        try check(digest, batch)
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
        try check(digest, batch)
    }

    private func check(_ digest: SHA256, _ batch: LogBatch) throws {
        guard digest.finalize().elementsEqual(batch.payloadDigest) else {
            throw LogFault(reason: "the SHA-256 of a batch does not match")
        }
    }
}
