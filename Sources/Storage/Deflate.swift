import ApplianceCore
import Foundation

/// Compresses and decompresses whole gzip members in memory: by libdeflate where the system has it, by zlib elsewhere.
/// Both write the same format; libdeflate is two to three times as fast at either, and packs a tenth closer.
///
/// libdeflate is looked up at run time, so that nothing has to be installed to build or run. Figures: `Decisions`.
package struct Deflate: Sendable {
    /// The functions of libdeflate.so.0 (libdeflate.h, 1.0 and later).
    package struct Library: Sendable {
        fileprivate typealias Pointer = UnsafeMutableRawPointer
        fileprivate let makeCompressor: @convention(c) (Int32) -> OpaquePointer?
        fileprivate let compress: @convention(c) (OpaquePointer, UnsafeRawPointer?, Int, Pointer?, Int) -> Int
        fileprivate let freeCompressor: @convention(c) (OpaquePointer) -> Void
        fileprivate let makeDecompressor: @convention(c) () -> OpaquePointer?
        fileprivate let decompress:
            @convention(c) (
                OpaquePointer, UnsafeRawPointer?, Int, Pointer?, Int, UnsafeMutablePointer<Int>,
                UnsafeMutablePointer<Int>
            ) -> Int32
        fileprivate let freeDecompressor: @convention(c) (OpaquePointer) -> Void

        /// Nil when the system does not have it.
        init?() {
            guard let handle = dlopen("libdeflate.so.0", RTLD_NOW | RTLD_LOCAL),
                let makeCompressor = dlsym(handle, "libdeflate_alloc_compressor"),
                let compress = dlsym(handle, "libdeflate_gzip_compress"),
                let freeCompressor = dlsym(handle, "libdeflate_free_compressor"),
                let makeDecompressor = dlsym(handle, "libdeflate_alloc_decompressor"),
                let decompress = dlsym(handle, "libdeflate_gzip_decompress_ex"),
                let freeDecompressor = dlsym(handle, "libdeflate_free_decompressor")
            else { return nil }
            func cast<Function>(_ symbol: Pointer, _: Function.Type = Function.self) -> Function {
                unsafeBitCast(symbol, to: Function.self)
            }
            self.makeCompressor = cast(makeCompressor)
            self.compress = cast(compress)
            self.freeCompressor = cast(freeCompressor)
            self.makeDecompressor = cast(makeDecompressor)
            self.decompress = cast(decompress)
            self.freeDecompressor = cast(freeDecompressor)
        }
    }

    /// Level 1 of either library: higher ones cost more time than they save bytes.
    fileprivate static let level: Int32 = 1

    package let library: Library?

    /// What this system has.
    package static let best = Deflate(library: Library())
    package static let zlib = Deflate(library: nil)

    /// Room for one compressed member: deflate's stored blocks add five bytes for each 16 KiB, gzip its head and tail.
    package static func bound(_ bytes: Int) -> Int { bytes + bytes / 1000 + 1024 }
}

/// Makes members; for one thread at a time.
package final class MemberCompressor {
    private let library: Deflate.Library?
    private let handle: OpaquePointer?

    package init(_ deflate: Deflate) throws {
        library = deflate.library
        handle = deflate.library?.makeCompressor(Deflate.level)
        guard library == nil || handle != nil else { throw DomainError.internal("libdeflate could not start") }
    }

    deinit { if let handle { library?.freeCompressor(handle) } }

    /// Bytes written to `output`, which has `Deflate.bound` of room.
    package func compress(_ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let library, let handle else { return try Self.zlib(input, output) }
        let count = library.compress(handle, input.baseAddress, input.count, output.baseAddress, output.count)
        guard count > 0 else { throw DomainError.internal("a compressed block outgrew its bound") }
        return count
    }

    private static func zlib(_ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer) throws -> Int {
        var rest: UnsafeRawBufferPointer? = input
        var count = 0
        try Gzip.compress(level: Deflate.level) {
            defer { rest = nil }
            return rest ?? UnsafeRawBufferPointer(start: nil, count: 0)
        } sink: { part in
            guard count + part.count <= output.count else {
                throw DomainError.internal("a compressed block outgrew its bound")
            }
            UnsafeMutableRawBufferPointer(rebasing: output[count...]).copyMemory(from: part)
            count += part.count
        }
        return count
    }
}

/// Reads members with libdeflate; for one thread at a time.
package final class MemberDecompressor {
    private let library: Deflate.Library
    private let handle: OpaquePointer

    package init(_ library: Deflate.Library) throws {
        guard let handle = library.makeDecompressor() else { throw DomainError.internal("libdeflate could not start") }
        (self.library, self.handle) = (library, handle)
    }

    deinit { library.freeDecompressor(handle) }

    /// The bytes read of `input` and written to `output`; nil when `input` does not begin with a whole member that
    /// fits.
    package func decompress(
        _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
    ) -> (read: Int, written: Int)? {
        var (read, written) = (0, 0)
        let code = library.decompress(
            handle, input.baseAddress, input.count, output.baseAddress, output.count, &read, &written)
        return code == 0 ? (read, written) : nil
    }
}
