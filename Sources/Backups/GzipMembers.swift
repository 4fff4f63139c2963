import ApplianceCore
import Foundation
import Storage

/// A gzip file of many small members (RFC 1952 §2.2: `gunzip` reads them as one), so that all cores work on one file
/// with constant memory: while one block is compressed, others are read, hashed and written.
enum GzipMembers {
    private enum Limit {
        /// Plain bytes of a member.
        static let block = 256 << 10
        /// Members made in one round: some 15 MiB of memory in all.
        static let blocks = 8
    }

    /// A block of memory of its own.
    private final class Buffer {
        let bytes: UnsafeMutableRawBufferPointer
        var count = 0
        var filled: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[..<count]) }

        init(_ size: Int) { bytes = .allocate(byteCount: size, alignment: 64) }
        deinit { bytes.deallocate() }
    }

    // MARK: - Compressing

    /// A round on its way: plain blocks, and what they became.
    private final class Round {
        let plain = Buffer(Limit.block * Limit.blocks)
        let packed = (0..<Limit.blocks).map { _ in Buffer(Deflate.bound(Limit.block)) }
        /// Which blocks were packed by somebody else already.
        private var isPacked = [Bool](repeating: false, count: Limit.blocks)
        var blocks: Int { (plain.count + Limit.block - 1) / Limit.block }

        func block(_ index: Int) -> UnsafeRawBufferPointer {
            let start = index * Limit.block
            return UnsafeRawBufferPointer(rebasing: plain.filled[start..<min(start + Limit.block, plain.count)])
        }

        /// Reads the next blocks, and takes over what `former` has of them.
        func fill(_ read: (UnsafeMutableRawBufferPointer) throws -> Int, _ former: FormerMembers?) throws {
            plain.count = try read(plain.bytes)
            for index in 0..<blocks {
                isPacked[index] = false
                guard let member = former?.next(of: block(index)) else { continue }
                packed[index].bytes.copyMemory(from: member)
                packed[index].count = member.count
                isPacked[index] = true
            }
        }

        func pack(_ index: Int, _ packer: Packer) throws {
            guard !isPacked[index] else { return }
            packed[index].count = try packer.pack(block(index), to: packed[index].bytes)
        }
    }

    /// Makes members, and sees of each that it gives back what is in it.
    private final class Packer {
        private let compressor: MemberCompressor
        private let decompressor: MemberDecompressor?
        private let plain = Buffer(Limit.block)

        init(_ deflate: Deflate) throws {
            compressor = try MemberCompressor(deflate)
            decompressor = try deflate.library.map { try MemberDecompressor($0) }
        }

        /// How long the member is that `output` begins with.
        func pack(_ block: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) throws -> Int {
            let count = try compressor.compress(block, to: output)
            guard try opens(UnsafeRawBufferPointer(rebasing: output[..<count]), to: block) else {
                throw FileFault(reason: "it does not give back what was stored in it")
            }
            return count
        }

        private func opens(_ member: UnsafeRawBufferPointer, to block: UnsafeRawBufferPointer) throws -> Bool {
            guard let decompressor else { return try opensByZlib(member, to: block) }
            guard let done = decompressor.decompress(member, to: plain.bytes), done.read == member.count else {
                return false
            }
            return isSame(UnsafeRawBufferPointer(rebasing: plain.bytes[..<done.written]), block)
        }

        private func opensByZlib(_ member: UnsafeRawBufferPointer, to block: UnsafeRawBufferPointer) throws -> Bool {
            var source = member
            var (offset, isEqual) = (0, true)
            try Gzip.decompress {
                defer { source = UnsafeRawBufferPointer(start: nil, count: 0) }
                return source
            } sink: { part in
                let expected = block.dropFirst(offset).prefix(part.count)
                isEqual = isEqual && isSame(part, UnsafeRawBufferPointer(rebasing: expected))
                offset += part.count
            }
            return isEqual && offset == block.count
        }
    }

    private static func isSame(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        guard one.count == other.count, let first = one.baseAddress, let second = other.baseAddress else {
            return one.count == other.count
        }
        return memcmp(first, second, one.count) == 0
    }

    /// Compresses all that `read` gives (it fills its buffer unless the end has come), and passes the bytes on in their
    /// order: `plain` before they are compressed, `packed` after; each member has given back its block by then. Each
    /// closure is called by one thread at a time. Where a block is what it was in `former`, its member is taken from
    /// there. Throws `FileFault` where a member does not give back its block.
    static func compress(
        _ deflate: Deflate, former: FormerMembers? = nil, read: (UnsafeMutableRawBufferPointer) throws -> Int,
        plain: (UnsafeRawBufferPointer) -> Void, packed: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let packers = try (0..<Limit.blocks).map { _ in try Packer(deflate) }
        var (next, current, previous) = (Round(), Round(), Round())
        try current.fill(read, former)
        while current.plain.count > 0 || previous.plain.count > 0 {
            let (round, following, done) = (current, next, previous)
            try Cores.together(3 + round.blocks) { step in
                switch step {
                case 0: plain(round.plain.filled)
                case 1:
                    // A round that is not full was the last.
                    let isLast = round.plain.count < round.plain.bytes.count
                    if isLast { following.plain.count = 0 } else { try following.fill(read, former) }
                case 2: for index in 0..<done.blocks { try packed(done.packed[index].filled) }
                default: try round.pack(step - 3, packers[step - 3])
                }
            }
            (previous, current, next) = (round, following, done)
        }
    }

    /// The members of a stored file of before, one after the other: most blocks of a large file are what they were an
    /// hour ago, and to decompress and compare one takes a quarter of the time that compressing it does. Nothing is
    /// believed: a member is used only when it has just given the very bytes that are to be stored.
    final class FormerMembers {
        private let input: MemberInput
        private let plain = Buffer(Limit.block)

        /// Nil when the file cannot be read, or is not of such members.
        init?(_ url: URL, _ deflate: Deflate = .best) {
            guard let reader = try? FileReader(url), let input = try? MemberInput(deflate, read: reader.fill),
                input.isOfBlocks
            else { return nil }
            self.input = input
        }

        /// The next member if it holds exactly `block`, valid until the next call.
        fileprivate func next(of block: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
            guard let member = try? input.next(plain), isSame(plain.filled, block) else { return nil }
            return member
        }
    }

    // MARK: - Decompressing

    /// Decompresses all that `read` gives, of whatever members, to `sink`, which works beside it. Throws `Gzip.Damage`
    /// on what is not whole gzip. Never holds more than two rounds in memory, whatever the input claims.
    static func decompress(
        _ deflate: Deflate, read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int,
        sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let input = try MemberInput(deflate, read: read)
        guard input.isOfBlocks else { return try Gzip.decompress(source: input.nextBytes, sink: sink) }
        var (next, current) = (Buffer(Limit.block * Limit.blocks), Buffer(Limit.block * Limit.blocks))
        try input.fill(current)
        while current.count > 0 {
            let (full, following) = (current, next)
            try Cores.together(2) { step in step == 0 ? try sink(full.filled) : try input.fill(following) }
            (current, next) = (following, full)
        }
    }

    /// The compressed bytes: a window that holds at least one whole member of ours.
    private final class MemberInput {
        private let read: (UnsafeMutableRawBufferPointer) throws -> Int
        private let window = Buffer(4 * Deflate.bound(Limit.block))
        private let plain = Buffer(Limit.block)
        private let decompressor: MemberDecompressor?
        private var start = 0
        private var isEnded = false
        /// Whether the file begins with a member of our size: all of ours do. Others go through zlib.
        private(set) var isOfBlocks = false

        init(_ deflate: Deflate, read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) throws {
            self.read = read
            decompressor = try deflate.library.map { try MemberDecompressor($0) }
            try refill()
            isOfBlocks = decompressor?.decompress(window.filled, to: plain.bytes) != nil
        }

        private func refill() throws {
            let rest = window.count - start
            window.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: window.bytes[start..<window.count]))
            (start, window.count) = (0, rest)
            guard !isEnded else { return }
            let room = UnsafeMutableRawBufferPointer(rebasing: window.bytes[rest...])
            let count = try read(room)
            isEnded = count < room.count
            window.count += count
        }

        /// As many whole members as fit; none at the end.
        func fill(_ output: Buffer) throws {
            output.count = 0
            while output.bytes.count - output.count >= Limit.block {
                if window.count - start < Deflate.bound(Limit.block) { try refill() }
                guard window.count > start else { return }
                let input = UnsafeRawBufferPointer(rebasing: window.bytes[start..<window.count])
                let room = UnsafeMutableRawBufferPointer(rebasing: output.bytes[output.count...])
                guard let done = decompressor?.decompress(input, to: room) else { throw Gzip.Damage() }
                start += done.read
                output.count += done.written
            }
        }

        /// The next member as it lies in the window, and in `output` what it holds; nil when there is none of our size.
        func next(_ output: Buffer) throws -> UnsafeRawBufferPointer? {
            output.count = 0
            if window.count - start < Deflate.bound(Limit.block) { try refill() }
            guard window.count > start else { return nil }
            let input = UnsafeRawBufferPointer(rebasing: window.bytes[start..<window.count])
            guard let done = decompressor?.decompress(input, to: output.bytes),
                done.read <= Deflate.bound(Limit.block)
            else {
                (start, window.count, isEnded) = (0, 0, true)
                return nil
            }
            start += done.read
            output.count = done.written
            return UnsafeRawBufferPointer(rebasing: input[..<done.read])
        }

        /// For zlib: the window first, then the rest.
        func nextBytes() throws -> UnsafeRawBufferPointer {
            if start == window.count { try refill() }
            defer { start = window.count }
            return UnsafeRawBufferPointer(rebasing: window.bytes[start..<window.count])
        }
    }
}
