import ApplianceCore
import Foundation
import Storage

/// Reads indexes straight from the pages of a file that nobody writes (sqlite.org/fileformat2.html §1.6, §2.1), entry
/// after entry as a search would find them. SQLite takes three times as long, because it makes a row of each.
///
/// Believes nothing: what is not as the format says is `Malformed`, and no more pages are read than the file has.
final class IndexPages: Sendable {
    /// The pages are none of a sound index.
    struct Malformed: Error {}

    private enum Limit {
        /// Levels of a tree, as SQLite has it.
        static let depth = 20
        /// Bytes of an entry: no connection of ours takes longer values.
        static let entry = 32 << 20
    }

    private static let headerBytes = 100
    private let descriptor: Int32
    private let url: URL
    private let pageSize: Int
    /// Without what the file reserves at the end of each page.
    private let usable: Int
    private let pages: UInt32

    /// Throws `Malformed` on a header that is none, and on text that is not UTF-8.
    init(_ url: URL) throws {
        self.url = url
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        self.descriptor = descriptor
        guard descriptor >= 0 else { throw FileSystem.failure("open", url) }
        do {
            let size = FileSystem.size(url)
            let header = [UInt8](unsafeUninitializedCapacity: Self.headerBytes) { bytes, count in
                count = max(0, pread(descriptor, bytes.baseAddress, Self.headerBytes, 0))
            }
            guard header.count == Self.headerBytes else { throw Malformed() }
            let stated = Int(header[16]) << 8 | Int(header[17])
            pageSize = stated == 1 ? 65536 : stated
            usable = pageSize - Int(header[20])
            guard pageSize >= 512, pageSize & (pageSize - 1) == 0, usable >= 480, header[56...59] == [0, 0, 0, 1]
            else { throw Malformed() }
            pages = UInt32(clamping: size / Int64(pageSize))
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    /// The sum over the entries of an index, each hashed from `start` on; nil where they are not in strict order or not
    /// as the format says.
    func entries(_ index: IndexProof.Index, from start: RowHash) throws -> RowSum? {
        guard let root = UInt32(exactly: index.rootPage) else { return nil }
        var walk = Walk(self, index, start)
        do {
            try walk.tree(root, depth: 0)
            return walk.sum
        } catch is Malformed {
            return nil
        }
    }

    /// Reads page `number`, counted from 1.
    private func read(_ number: UInt32, to page: UnsafeMutableRawBufferPointer) throws {
        guard number > 1, number <= pages else { throw Malformed() }
        while true {
            let count = pread(descriptor, page.baseAddress, pageSize, off_t(number - 1) * off_t(pageSize))
            if count == pageSize { return }
            guard count < 0, errno == EINTR else { throw Malformed() }
        }
    }

    /// One way through an index.
    private struct Walk: ~Copyable {
        private let file: IndexPages
        private let usable: Int
        private let start: RowHash
        private(set) var sum = RowSum()
        private var last: IndexEntry
        private var next: IndexEntry
        /// Room for a page of each level, and for one of those that entries go on in.
        private let buffers: UnsafeMutableRawBufferPointer
        private var pagesLeft: UInt32

        init(_ file: IndexPages, _ index: IndexProof.Index, _ start: RowHash) {
            (self.file, usable, self.start, pagesLeft) = (file, file.usable, start, file.pages)
            last = IndexEntry(index)
            next = IndexEntry(index)
            buffers = .allocate(byteCount: (Limit.depth + 1) * file.pageSize, alignment: 16)
        }

        deinit { buffers.deallocate() }

        mutating func tree(_ number: UInt32, depth: Int) throws {
            guard depth < Limit.depth else { throw Malformed() }
            let page = try read(number, level: depth)
            let kind = try page.byte(0)
            guard kind == 2 || kind == 10 else { throw Malformed() }
            let isLeaf = kind == 10
            let cells = try page.number(3, bytes: 2)
            let pointers = isLeaf ? 8 : 12
            for cell in 0..<Int(cells) {
                var place = Int(try page.number(pointers + 2 * cell, bytes: 2))
                if !isLeaf {
                    try tree(UInt32(try page.number(place, bytes: 4)), depth: depth + 1)
                    place += 4
                }
                try entry(page, place)
            }
            if !isLeaf { try tree(UInt32(try page.number(8, bytes: 4)), depth: depth + 1) }
        }

        private mutating func entry(_ page: Bytes, _ start: Int) throws {
            var place = start
            let length = try page.varint(&place)
            guard length <= UInt64(Limit.entry) else { throw Malformed() }
            let count = Int(length)
            let local = localBytes(count)
            let record = next.makeRoom(count)
            record.copyMemory(from: try page.part(place, count: local))
            if local < count {
                try overflow(
                    UInt32(try page.number(place + local, bytes: 4)),
                    to: UnsafeMutableRawBufferPointer(rebasing: record[local...]))
            }
            try next.decode(Bytes(UnsafeRawBufferPointer(record)))
            guard sum.rows == 0 || last.precedes(next) else { throw Malformed() }
            sum.add(next.hash(from: self.start))
            swap(&last, &next)
        }

        /// Of an entry so long the bytes that stand on the page itself.
        private func localBytes(_ count: Int) -> Int {
            let most = (usable - 12) * 64 / 255 - 23
            guard count > most else { return count }
            let least = (usable - 12) * 32 / 255 - 23
            let fitting = least + (count - least) % (usable - 4)
            return fitting <= most ? fitting : least
        }

        private mutating func overflow(_ first: UInt32, to target: UnsafeMutableRawBufferPointer) throws {
            var (number, filled) = (first, 0)
            while filled < target.count {
                let page = try read(number, level: Limit.depth)
                let part = try page.part(4, count: min(usable - 4, target.count - filled))
                UnsafeMutableRawBufferPointer(rebasing: target[filled...]).copyMemory(from: part)
                filled += part.count
                number = UInt32(try page.number(0, bytes: 4))
            }
        }

        /// What the page says, until another of that level is read.
        private mutating func read(_ number: UInt32, level: Int) throws -> Bytes {
            guard pagesLeft > 0 else { throw Malformed() }
            pagesLeft -= 1
            let size = file.pageSize
            let page = UnsafeMutableRawBufferPointer(rebasing: buffers[level * size..<(level + 1) * size])
            try file.read(number, to: page)
            return Bytes(UnsafeRawBufferPointer(rebasing: page[..<usable]))
        }
    }

    /// Bytes that are only read where there are any.
    struct Bytes {
        let bytes: UnsafeRawBufferPointer

        init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        func byte(_ place: Int) throws -> UInt8 {
            guard place >= 0, place < bytes.count else { throw Malformed() }
            return bytes[place]
        }

        func part(_ place: Int, count: Int) throws -> UnsafeRawBufferPointer {
            guard place >= 0, count >= 0, place <= bytes.count - count else { throw Malformed() }
            return UnsafeRawBufferPointer(rebasing: bytes[place..<place + count])
        }

        /// Big-endian, without a sign.
        func number(_ place: Int, bytes count: Int) throws -> UInt64 {
            var number: UInt64 = 0
            for byte in try part(place, count: count) { number = number << 8 | UInt64(byte) }
            return number
        }

        /// Of at most nine bytes, the last of which has all its bits (sqlite.org/fileformat2.html §1.6).
        func varint(_ place: inout Int) throws -> UInt64 {
            let first = try byte(place)
            place += 1
            guard first >= 0x80 else { return UInt64(first) }
            var value = UInt64(first & 0x7F)
            for _ in 0..<7 {
                let next = try byte(place)
                place += 1
                value = value << 7 | UInt64(next & 0x7F)
                if next < 0x80 { return value }
            }
            defer { place += 1 }
            return value << 8 | UInt64(try byte(place))
        }
    }
}
