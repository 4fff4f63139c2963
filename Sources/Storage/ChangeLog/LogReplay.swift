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
        let last: LogBatch?
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
        return Result(at: last?.time, last: last)
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
                try reader.payload(head) { try pages.take($0) { try file.write($0, number: $1) } }
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
            guard previous == nil else {
                throw LogFault(reason: "a whole database stands where it should not")
            }
        } else {
            guard let previous, head.first == previous.batch + 1, head.previous.hexadecimal == previous.chain,
                epoch.map({ $0 == head.epoch }) ?? true
            else { throw LogFault(reason: "it does not go on from the batch before") }
        }
        epoch = head.epoch
    }
}
