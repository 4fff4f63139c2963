import ApplianceCore
import Foundation

/// Cuts a payload into pages.
final class PageSplitter {
    private let head: LogBatch
    private let recordBytes: Int
    private var record: [UInt8] = []
    private var pages: UInt32 = 0
    private var lastNumber: UInt32 = 0

    init(_ head: LogBatch) {
        self.head = head
        recordBytes = MemoryLayout<UInt32>.size + head.pageSize
        record.reserveCapacity(recordBytes)
    }

    /// Pushes each whole page and its number, from 1.
    func take(_ bytes: UnsafeRawBufferPointer, page: (UnsafeRawBufferPointer, UInt32) throws -> Void) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(recordBytes - record.count)
            record.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
            guard record.count == recordBytes else { return }
            let number = record.bigEndian32(0)
            pages += 1
            guard number > lastNumber, number <= head.databasePages, pages <= head.pages else {
                throw LogFault(reason: "a batch has a page that does not belong there")
            }
            lastNumber = number
            try record.withUnsafeBytes {
                try page(UnsafeRawBufferPointer(rebasing: $0[MemoryLayout<UInt32>.size...]), number)
            }
            record.removeAll(keepingCapacity: true)
        }
    }

    func finish() throws {
        guard record.isEmpty, pages == head.pages else { throw LogFault(reason: "a batch has too few pages") }
    }
}

/// The database file that is being made.
final class ImageFile {
    private let descriptor: Int32
    private let url: URL
    private var end: Int64 = 0

    init(_ url: URL) throws {
        self.url = url
        descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FileSystem.privateFile)
        guard descriptor >= 0 else { throw FileSystem.failure("create", url) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ bytes: UnsafeRawBufferPointer, limit: Int64) throws {
        guard end + Int64(bytes.count) <= limit else { throw LogFault(reason: "it decompresses to more than it says") }
        try write(bytes, at: end)
        end += Int64(bytes.count)
    }

    func write(_ page: UnsafeRawBufferPointer, number: UInt32) throws {
        try write(page, at: Int64(number - 1) * Int64(page.count))
    }

    func read(_ number: UInt32, into page: UnsafeMutableRawBufferPointer) throws {
        _ = try Bytes.read(descriptor, at: Int64(number - 1) * Int64(page.count), into: page, url)
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = pwrite(descriptor, base + done, bytes.count - done, off_t(offset) + off_t(done))
            if count < 0 {
                if errno == EINTR { continue }
                throw FileSystem.failure("write", url)
            }
            done += count
        }
    }

    /// Gives the file the size that the last batch says.
    func finish(_ batch: LogBatch) throws {
        guard ftruncate(descriptor, off_t(batch.databasePages) * off_t(batch.pageSize)) == 0 else {
            throw FileSystem.failure("truncate", url)
        }
    }
}

/// Pages as they stand in a payload: each with its number before it.
final class PageFeed {
    private let record: UnsafeMutableRawBufferPointer
    private var rest: ArraySlice<UInt32>
    private let read: (UInt32, UnsafeMutableRawBufferPointer) throws -> Void

    /// `numbers` are the pages to give, ascending; `read` fills a buffer of one page.
    init(
        _ numbers: [UInt32], pageSize: Int, read: @escaping (UInt32, UnsafeMutableRawBufferPointer) throws -> Void
    ) {
        record = .allocate(byteCount: MemoryLayout<UInt32>.size + pageSize, alignment: 16)
        (rest, self.read) = (numbers[...], read)
    }

    deinit { record.deallocate() }

    /// Valid until the next call; empty at the end.
    func next() throws -> UnsafeRawBufferPointer {
        guard let number = rest.popFirst() else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        record.storeBytes(of: number.bigEndian, as: UInt32.self)
        try read(number, UnsafeMutableRawBufferPointer(rebasing: record[MemoryLayout<UInt32>.size...]))
        return UnsafeRawBufferPointer(record)
    }
}
