import ApplianceCore
import Foundation

/// A database's `-wal` file, read beside SQLite (sqlite.org/fileformat2.html#walformat).
///
/// Only the WAL itself is opened. To close any descriptor of the database or of its `-shm` would take away the POSIX
/// locks that SQLite holds on them in this process.
final class WriteAheadLog {
    /// How far a WAL was read: enough to go on from there, and to know whether what lies there now goes on from it.
    struct Position: Equatable, Sendable {
        /// Grows by one each time SQLite starts the WAL again from its beginning.
        var sequence: UInt32
        var salt1: UInt32
        var salt2: UInt32
        /// Frames read; the next one has this index.
        var frame: UInt32
        var checksum: Checksum
    }

    /// A transaction's end in the WAL.
    struct Commit: Equatable, Sendable {
        /// Frames up to and with its last.
        let frame: UInt32
        /// Size of the database after it.
        let databasePages: UInt32
    }

    private enum Layout {
        static let headerBytes = 32
        static let frameHeaderBytes = 24
        static let magic: UInt32 = 0x377f_0682
        /// Frames read at once.
        static let framesPerRead = 64
        static let pageSizes: ClosedRange<Int> = 512...65_536
    }

    let pageSize: Int
    /// Before the first frame.
    let start: Position
    private let descriptor: Int32
    private let url: URL
    private let isBigEndian: Bool

    private var frameBytes: Int { Layout.frameHeaderBytes + pageSize }

    /// The WAL of the database at `url`; nil when there is none, or none with a whole header, which holds no commit.
    static func open(of database: URL) throws -> WriteAheadLog? {
        let url = URL(filePath: database.path + "-wal")
        let descriptor = Foundation.open(url.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw FileSystem.failure("open", url) }
        guard let wal = try WriteAheadLog(url, descriptor) else {
            close(descriptor)
            return nil
        }
        return wal
    }

    private init?(_ url: URL, _ descriptor: Int32) throws {
        let header = try Bytes.read(descriptor, at: 0, count: Layout.headerBytes, url)
        guard header.count == Layout.headerBytes else { return nil }
        let magic = header.bigEndian32(0)
        let pageSize = Int(header.bigEndian32(8))
        guard magic & ~1 == Layout.magic, Layout.pageSizes.contains(pageSize), pageSize.nonzeroBitCount == 1 else {
            return nil
        }
        var checksum = Checksum()
        let isBigEndian = magic & 1 == 1
        header.withUnsafeBytes { checksum.add(UnsafeRawBufferPointer(rebasing: $0[..<24]), isBigEndian: isBigEndian) }
        guard checksum == Checksum(header.bigEndian32(24), header.bigEndian32(28)) else { return nil }
        (self.url, self.descriptor, self.pageSize, self.isBigEndian) = (url, descriptor, pageSize, isBigEndian)
        start = Position(
            sequence: header.bigEndian32(12), salt1: header.bigEndian32(16), salt2: header.bigEndian32(20), frame: 0,
            checksum: checksum)
    }

    deinit { close(descriptor) }

    /// Where to go on after `position`, when nothing can lie between; nil when that cannot be shown.
    ///
    /// A WAL that was started again is the next one if its sequence and first salt went up by one, as SQLite does it.
    /// The caller must know that the old one had been read to its end before it could be started again.
    func continuing(_ position: Position) throws -> Position? {
        if isOf(position) {
            guard position.frame > 0 else { return position.checksum == start.checksum ? start : nil }
            let header = try Bytes.read(
                descriptor, at: offset(position.frame - 1), count: Layout.frameHeaderBytes, url)
            guard header.count == Layout.frameHeaderBytes, belongs(header),
                position.checksum == Checksum(header.bigEndian32(16), header.bigEndian32(20))
            else { return nil }
            return position
        }
        let isNext = start.sequence == position.sequence &+ 1 && start.salt1 == position.salt1 &+ 1
        return isNext ? start : nil
    }

    /// Reads the whole transactions behind `position`, checking every frame, up to `limit` frames of the WAL or to the
    /// first that is not whole. `page` is told each frame's index and page number, `commit` each transaction's end and
    /// the position behind it.
    func scan(
        from position: Position, limit: UInt32 = .max, page: (UInt32, UInt32) -> Void,
        commit: (Commit, Position) throws -> Void
    ) throws {
        var position = position
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Layout.framesPerRead * frameBytes, alignment: 16)
        defer { buffer.deallocate() }
        while position.frame < limit {
            let wanted = min(Layout.framesPerRead, Int(limit - position.frame))
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(wanted * frameBytes)])
            let whole = try Bytes.read(descriptor, at: offset(position.frame), into: room, url) / frameBytes
            for index in 0..<whole {
                let frame = UnsafeRawBufferPointer(rebasing: buffer[index * frameBytes..<(index + 1) * frameBytes])
                guard let next = after(position, frame) else { return }
                page(position.frame, frame.bigEndian32(0))
                position = next
                let databasePages = frame.bigEndian32(4)
                if databasePages > 0 {
                    try commit(Commit(frame: position.frame, databasePages: databasePages), position)
                }
            }
            if whole < wanted { return }
        }
    }

    /// Behind the last commit, or behind the first `frames` where the caller knows that they end with it. Only while
    /// nobody commits.
    func end(frames: UInt32?) throws -> Position {
        if let frames, frames > 0 {
            let header = try Bytes.read(descriptor, at: offset(frames - 1), count: Layout.frameHeaderBytes, url)
            guard header.count == Layout.frameHeaderBytes, belongs(header) else {
                throw DomainError.unavailable("storage_failed", "The WAL is not as it was written.", cause: url.path)
            }
            var end = start
            end.frame = frames
            end.checksum = Checksum(header.bigEndian32(16), header.bigEndian32(20))
            return end
        }
        var end = start
        try scan(from: start, page: { _, _ in }, commit: { _, position in end = position })
        return end
    }

    /// Of each page in the first `frames`, which end with a commit and stay as they are, the newest frame.
    func newestFrames(of frames: UInt32) throws -> [UInt32: UInt32] {
        var newest: [UInt32: UInt32] = [:]
        try withUnsafeTemporaryAllocation(byteCount: Layout.frameHeaderBytes, alignment: 8) { header in
            for frame in 0..<frames {
                guard try Bytes.read(descriptor, at: offset(frame), into: header, url) == header.count,
                    belongs(UnsafeRawBufferPointer(header))
                else {
                    throw DomainError.unavailable("storage_failed", "The WAL ended early.", cause: url.path)
                }
                newest[UnsafeRawBufferPointer(header).bigEndian32(0)] = frame
            }
        }
        return newest
    }

    /// Whether the position is one in the WAL since it began the last time.
    func isOf(_ position: Position) -> Bool { position.salt1 == start.salt1 && position.salt2 == start.salt2 }

    /// Fills `page` with what a frame holds.
    func read(_ frame: UInt32, into page: UnsafeMutableRawBufferPointer) throws {
        let count = try Bytes.read(descriptor, at: offset(frame) + Int64(Layout.frameHeaderBytes), into: page, url)
        guard count == page.count else {
            throw DomainError.unavailable("storage_failed", "The WAL ended early.", cause: "short read of \(url.path)")
        }
    }

    private func offset(_ frame: UInt32) -> Int64 { Int64(Layout.headerBytes) + Int64(frame) * Int64(frameBytes) }

    private func belongs(_ header: some ByteSequence) -> Bool {
        header.bigEndian32(8) == start.salt1 && header.bigEndian32(12) == start.salt2
    }

    /// Nil when the frame is not the one that SQLite wrote behind `position`.
    private func after(_ position: Position, _ frame: UnsafeRawBufferPointer) -> Position? {
        guard belongs(frame), frame.bigEndian32(0) > 0 else { return nil }
        var next = position
        next.checksum.add(UnsafeRawBufferPointer(rebasing: frame[..<8]), isBigEndian: isBigEndian)
        next.checksum.add(
            UnsafeRawBufferPointer(rebasing: frame[Layout.frameHeaderBytes...]), isBigEndian: isBigEndian)
        guard next.checksum == Checksum(frame.bigEndian32(16), frame.bigEndian32(20)) else { return nil }
        next.frame += 1
        return next
    }
}

/// The running checksum of a WAL (sqlite.org/fileformat2.html#checksum_algorithm).
struct Checksum: Equatable, Sendable {
    private(set) var first: UInt32
    private(set) var second: UInt32

    init(_ first: UInt32 = 0, _ second: UInt32 = 0) { (self.first, self.second) = (first, second) }

    /// `bytes` is a multiple of eight long.
    mutating func add(_ bytes: UnsafeRawBufferPointer, isBigEndian: Bool) {
        var (a, b) = (first, second)
        var offset = 0
        while offset + 8 <= bytes.count {
            var x = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            var y = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            if isBigEndian {
                (x, y) = (UInt32(bigEndian: x), UInt32(bigEndian: y))
            } else {
                (x, y) = (UInt32(littleEndian: x), UInt32(littleEndian: y))
            }
            a = a &+ x &+ b
            b = b &+ y &+ a
            offset += 8
        }
        (first, second) = (a, b)
    }
}
