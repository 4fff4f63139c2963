import ApplianceCore
import Crypto
import Foundation

/// Writes batches into one file, published whole or not at all.
struct LogSegmentWriter: ~Copyable {
    private var file: AtomicFile
    private var bytes: Int64 = 0
    private let packer: LogPacker
    private let seals: LogSeals?
    /// Of the heads, which have the sums of all else.
    private var heads = SHA256()

    /// Sealed when it is published, where there are seals.
    init(_ target: URL, _ seals: LogSeals?) throws {
        let packer = try LogPacker()
        let file = try AtomicFile(target)
        self.packer = packer
        self.file = file
        self.seals = seals
    }

    /// Writes `head`, its sums filled in, and the bytes that `payload` gives until an empty buffer ends them. Returns
    /// the head as written.
    mutating func append(_ head: LogBatch, payload: () throws -> UnsafeRawBufferPointer) throws -> LogBatch {
        let start = bytes
        try file.write([UInt8](repeating: 0, count: LogBatch.byteCount))
        var digest = SHA256()
        var batch = head
        try packer.pack(source: payload) { part in
            digest.update(bufferPointer: part)
            batch.payloadBytes += Int64(part.count)
            try file.write(part)
        }
        batch.payloadDigest = Array(digest.finalize())
        let head = batch.encoded()
        heads.update(data: head)
        try file.overwrite(head, at: start)
        bytes += Int64(LogBatch.byteCount) + batch.payloadBytes
        return batch
    }

    /// As above, with a payload that was packed before.
    mutating func append(_ head: LogBatch, packed: DatabaseTemplate.Payload) throws -> LogBatch {
        var batch = head
        (batch.payloadBytes, batch.payloadDigest) = (Int64(packed.bytes.count), packed.digest)
        let head = batch.encoded()
        heads.update(data: head)
        try file.write(head)
        try file.write(packed.bytes)
        bytes += Int64(LogBatch.byteCount) + batch.payloadBytes
        return batch
    }

    /// Adds a batch as it is stored in another file, its sum checked.
    mutating func copy(_ batch: LogBatch, from reader: LogReader) throws {
        let head = batch.encoded()
        heads.update(data: head)
        try file.write(head)
        try reader.copy(batch) { try file.write($0) }
        bytes += Int64(LogBatch.byteCount) + batch.payloadBytes
    }

    mutating func publish() throws {
        if let seals {
            let seal = try seals.seal(heads: Array(heads.finalize()), at: LogFolder.place(file.target))
            try file.write(seal.encoded())
        }
        try file.publish()
    }
}

/// Compresses payloads as gzip members of at most 256 KiB of plain bytes. Their memory is touched only as far as it is
/// filled: most batches are a few pages.
final class LogPacker {
    private static let block = 256 << 10
    private let compressor: MemberCompressor
    private let plain = UnsafeMutableRawBufferPointer.allocate(byteCount: block, alignment: 64)
    private let packed = UnsafeMutableRawBufferPointer.allocate(byteCount: Deflate.bound(block), alignment: 64)
    private var filled = 0

    init() throws { compressor = try MemberCompressor(.best) }

    deinit {
        plain.deallocate()
        packed.deallocate()
    }

    func pack(source: () throws -> UnsafeRawBufferPointer, sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        filled = 0
        var isFirst = true
        while case var part = try source(), !part.isEmpty {
            while !part.isEmpty {
                let taken = UnsafeRawBufferPointer(rebasing: part.prefix(plain.count - filled))
                UnsafeMutableRawBufferPointer(rebasing: plain[filled...]).copyMemory(from: taken)
                filled += taken.count
                part = UnsafeRawBufferPointer(rebasing: part.dropFirst(taken.count))
                if filled == plain.count {
                    try flush(sink)
                    isFirst = false
                }
            }
        }
        // No bytes at all are one empty member.
        if filled > 0 || isFirst { try flush(sink) }
    }

    private func flush(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        let count = try compressor.compress(UnsafeRawBufferPointer(rebasing: plain[..<filled]), to: packed)
        filled = 0
        try sink(UnsafeRawBufferPointer(rebasing: packed[..<count]))
    }
}
