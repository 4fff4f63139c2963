import ApplianceCore
import CAppliance
import Foundation

/// gzip streams over zlib with constant memory: `compress` and `decompress` push chunks to `sink`.
package enum Gzip {
    private static let chunk = 256 << 10

    /// One reusable stream and output buffer; freed on every way out.
    private final class Stream {
        var z = z_stream()
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: Gzip.chunk, alignment: 16)
        let end: (UnsafeMutablePointer<z_stream>) -> Int32

        init(
            _ start: (UnsafeMutablePointer<z_stream>) -> Int32,
            end: @escaping (UnsafeMutablePointer<z_stream>) -> Int32
        ) throws {
            self.end = end
            guard start(&z) == Z_OK else { throw DomainError.internal("zlib could not start") }
        }

        deinit {
            _ = end(&z)
            output.deallocate()
        }

        /// Runs `step` until it leaves room in the output; true when the stream has ended.
        func pump(_ step: (UnsafeMutablePointer<z_stream>) -> Int32, sink: (UnsafeRawBufferPointer) throws -> Void)
            throws -> Bool
        {
            while true {
                z.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
                z.avail_out = UInt32(output.count)
                let code = step(&z)
                guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw Damage() }
                let produced = output.count - Int(z.avail_out)
                if produced > 0 { try sink(UnsafeRawBufferPointer(rebasing: output[..<produced])) }
                if code == Z_STREAM_END { return true }
                if z.avail_out > 0 { return false }
            }
        }
    }

    /// The compressed bytes are not a whole gzip stream.
    package struct Damage: Error { package init() {} }

    /// Compresses everything `source` gives (an empty buffer ends it) at `level` 1–9.
    package static func compress(
        level: Int32, source: () throws -> UnsafeRawBufferPointer, sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let stream = try Stream({ cappliance_gzip_deflate_init($0, level) }, end: deflateEnd)
        while true {
            let input = try source()
            stream.z.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.z.avail_in = UInt32(input.count)
            let flush = input.isEmpty ? Z_FINISH : Z_NO_FLUSH
            let ended = try stream.pump({ deflate($0, flush) }, sink: sink)
            if input.isEmpty || ended { return }
        }
    }

    /// Decompresses gzip members until the source ends (RFC 1952 §2.2: they concatenate). Throws `Damage` on a broken
    /// or cut one, and on bytes behind the last that are none.
    package static func decompress(
        source: () throws -> UnsafeRawBufferPointer, sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let stream = try Stream({ cappliance_gzip_inflate_init($0) }, end: inflateEnd)
        var ended = false
        while case let input = try source(), !input.isEmpty {
            stream.z.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.z.avail_in = UInt32(input.count)
            while stream.z.avail_in > 0 {
                if ended, inflateReset(&stream.z) != Z_OK { throw Damage() }
                ended = try stream.pump({ inflate($0, Z_NO_FLUSH) }, sink: sink)
            }
        }
        guard ended else { throw Damage() }
    }

    /// Compresses a small body in memory.
    package static func compressed(_ bytes: [UInt8], level: Int32) throws -> [UInt8] {
        var out: [UInt8] = []
        var isRead = false
        try bytes.withUnsafeBytes { whole in
            try compress(
                level: level,
                source: {
                    defer { isRead = true }
                    return isRead ? UnsafeRawBufferPointer(start: nil, count: 0) : whole
                },
                sink: { out.append(contentsOf: $0) })
        }
        return out
    }
}
