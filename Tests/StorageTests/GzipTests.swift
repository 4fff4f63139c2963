import ApplianceCore
import Testing

@testable import Storage

struct GzipTests {
    private func compress(_ bytes: [UInt8], level: Int32 = 1, chunk: Int) throws -> [UInt8] {
        var (out, position): ([UInt8], Int) = ([], 0)
        try bytes.withUnsafeBytes { whole in
            try Gzip.compress(level: level, source: { Self.next(whole, &position, chunk) }, sink: { out += Array($0) })
        }
        return out
    }

    private func decompress(_ bytes: [UInt8], chunk: Int = 1000) throws -> [UInt8] {
        var (out, position): ([UInt8], Int) = ([], 0)
        try bytes.withUnsafeBytes { whole in
            try Gzip.decompress(source: { Self.next(whole, &position, chunk) }, sink: { out += Array($0) })
        }
        return out
    }

    private static func next(_ whole: UnsafeRawBufferPointer, _ position: inout Int, _ chunk: Int)
        -> UnsafeRawBufferPointer
    {
        let end = min(position + chunk, whole.count)
        defer { position = end }
        return UnsafeRawBufferPointer(rebasing: whole[position..<end])
    }

    /// Neither all noise nor all the same.
    private static let sample = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }

    @Test(arguments: [0, 1, 2, 100, 262_143, 262_144, 262_145, 300_000])
    func `bytes survive the way there and back`(count: Int) throws {
        let bytes = Array(Self.sample.prefix(count))
        for chunk in [7, 1000, 1 << 20] where count < 1000 || chunk > 7 {
            let packed = try compress(bytes, chunk: chunk)
            #expect(try decompress(packed, chunk: chunk) == bytes)
        }
        #expect(try decompress(Gzip.compressed(bytes, level: 6)) == bytes)
    }

    @Test func `a long run of zeros survives`() throws {
        let bytes = [UInt8](repeating: 0, count: 5_000_000)
        let packed = try compress(bytes, level: 9, chunk: 1 << 18)
        #expect(packed.count < 10_000)
        #expect(try decompress(packed) == bytes)
    }

    @Test func `a cut stream is refused wherever it is cut`() throws {
        let packed = try compress(Array(Self.sample.prefix(20_000)), chunk: 1000)
        for length in stride(from: 0, to: packed.count, by: max(1, packed.count / 200)) {
            #expect(throws: Gzip.Damage.self) { try decompress(Array(packed.prefix(length))) }
        }
        #expect(throws: Gzip.Damage.self) { try decompress(packed.dropLast()) }
    }

    @Test func `a flipped bit is refused wherever it is`() throws {
        let bytes = Array(Self.sample.prefix(5000))
        let packed = try compress(bytes, chunk: 1000)
        // The header's time, extra flags and system (bytes 4–9) say nothing about the content.
        for index in packed.indices where index < 4 || index > 9 {
            var damaged = packed
            damaged[index] ^= 1 << UInt8(index % 8)
            #expect(throws: Gzip.Damage.self, "byte \(index)") { try decompress(damaged) }
        }
    }

    @Test func `members follow each other, and anything else behind the end is refused`() throws {
        let packed = try compress([1, 2, 3], chunk: 10)
        for chunk in [1, packed.count, 1000] {
            #expect(try decompress(packed + packed, chunk: chunk) == [1, 2, 3, 1, 2, 3])
            #expect(throws: Gzip.Damage.self) { try decompress(packed + [0], chunk: chunk) }
            #expect(throws: Gzip.Damage.self) { try decompress(packed + packed.dropLast(), chunk: chunk) }
        }
    }

    @Test func `what is no gzip stream is refused`() {
        #expect(throws: Gzip.Damage.self) { try decompress([]) }
        #expect(throws: Gzip.Damage.self) { try decompress(Array("not gzip at all".utf8)) }
    }
}
