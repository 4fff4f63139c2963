import ApplianceCore
import Foundation

/// Bytes that integers are read from. Every index is checked: behind the end everything is zero.
protocol ByteSequence: RandomAccessCollection<UInt8> where Index == Int {}

extension [UInt8]: ByteSequence {}
extension ArraySlice<UInt8>: ByteSequence {}
extension UnsafeRawBufferPointer: ByteSequence {
    /// As for others, in one instruction: a busy second of the change log reads ten thousand frames.
    func bigEndian32(_ offset: Int) -> UInt32 {
        guard offset >= 0, offset + 4 <= count else { return 0 }
        return UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}

extension ByteSequence {
    /// The big-endian integer at `offset` from the start.
    func bigEndian32(_ offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: bigEndian(offset, bytes: 4)) }

    func bigEndian64(_ offset: Int) -> UInt64 { bigEndian(offset, bytes: 8) }

    func bigEndian(_ offset: Int, bytes count: Int) -> UInt64 {
        guard offset >= 0, offset + count <= self.count else { return 0 }
        return self[startIndex + offset..<startIndex + offset + count].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}

enum Bytes {
    /// What lies at `offset`, shorter than `count` at the end of the file.
    static func read(_ descriptor: Int32, at offset: Int64, count: Int, _ url: URL) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = try read(descriptor, at: offset, into: UnsafeMutableRawBufferPointer(buffer), url)
        }
    }

    /// Fills `buffer` from `offset` on; how many bytes there were.
    static func read(
        _ descriptor: Int32, at offset: Int64, into buffer: UnsafeMutableRawBufferPointer, _ url: URL
    ) throws -> Int {
        var filled = 0
        while filled < buffer.count, let base = buffer.baseAddress {
            let got = pread(descriptor, base + filled, buffer.count - filled, off_t(offset) + off_t(filled))
            if got < 0 {
                if errno == EINTR { continue }
                throw FileSystem.failure("read", url)
            }
            if got == 0 { break }
            filled += got
        }
        return filled
    }
}
