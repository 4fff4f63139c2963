package import ApplianceCore
package import Foundation

/// Makes a database file as it was, by laying the batches of a chain over each other in order.
package struct LogReplay {
    private let chain: LogChain
    private let owner: [UInt8]
    /// Of the batch that was taken last; nil before a base.
    private var previous: (batch: UInt64, chain: String)?
    private var epoch: UInt64?

    /// What the replay ended at.
    package struct Result: Sendable {
        /// When the last commit in it was made.
        package let at: Instant?
        let databasePages: UInt32?
    }

    /// Writes the state to `target`: a new file when the chain has a base, else the copy taken at the chain's start.
    ///
    /// Constant memory. Throws `LogFault` (naming the file through `failing`) for anything that is not as it was
    /// written; `target` is then of no use.
    @discardableResult
    package static func run(_ chain: LogChain, on target: URL, failing: (URL) -> Void = { _ in }) throws -> Result {
        var replay = LogReplay(chain)
        var last: LogBatch?
        let file = try ImageFile(target)
        for entry in (chain.base.map { [$0] } ?? []) + chain.entries {
            failing(entry.url)
            last = try replay.apply(entry, to: file) ?? last
        }
        if let last { try file.finish(last) }
        return Result(at: last?.time, databasePages: last?.databasePages)
    }

    private init(_ chain: LogChain) {
        self.chain = chain
        owner = LogBatch.owner(chain.owner)
        previous = chain.start.map { ($0.batch, $0.chain) }
    }

    /// The last batch taken.
    private mutating func apply(_ entry: LogFolder.Entry, to file: ImageFile) throws -> LogBatch? {
        let reader = try LogReader(entry)
        var last: LogBatch?
        while let head = try reader.head() {
            guard head.time <= chain.until else { break }
            try check(head)
            if head.kind == .base {
                let limit = Int64(head.databasePages) * Int64(head.pageSize)
                try reader.payload(head) { try file.append($0, limit: limit) }
            } else {
                let pages = PageSplitter(head)
                try reader.payload(head) { try pages.take($0) { try file.write($0, at: $1) } }
                try pages.finish()
            }
            previous = (head.last, head.chain.hexadecimal)
            last = head
        }
        return last
    }

    private mutating func check(_ head: LogBatch) throws {
        guard head.owner == owner else { throw LogFault(reason: "it belongs to another database") }
        if head.kind == .base {
            guard previous == nil else { throw LogFault(reason: "a whole database stands where it should not") }
        } else {
            guard let previous, head.first == previous.batch + 1, head.previous.hexadecimal == previous.chain,
                epoch.map({ $0 == head.epoch }) ?? true
            else { throw LogFault(reason: "it does not go on from the batch before") }
        }
        epoch = head.epoch
    }
}

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

    /// Pushes each whole page and its place in the database file.
    func take(_ bytes: UnsafeRawBufferPointer, page: (UnsafeRawBufferPointer, Int64) throws -> Void) throws {
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
                try page(
                    UnsafeRawBufferPointer(rebasing: $0[MemoryLayout<UInt32>.size...]),
                    Int64(number - 1) * Int64(head.pageSize))
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
        descriptor = open(url.path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FileSystem.privateFile)
        guard descriptor >= 0 else { throw FileSystem.failure("create", url) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ bytes: UnsafeRawBufferPointer, limit: Int64) throws {
        guard end + Int64(bytes.count) <= limit else { throw LogFault(reason: "it decompresses to more than it says") }
        try write(bytes, at: end)
        end += Int64(bytes.count)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
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
