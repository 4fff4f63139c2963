package import ApplianceCore
package import Foundation

/// Makes a database file as it was, by laying the batches of a chain over each other in order.
package struct LogReplay {
    private let chain: LogChain
    private let proof: LogProof?
    private var continuity: LogContinuity

    /// What the replay ended at.
    package struct Result: Sendable {
        /// When the last commit in it was made.
        package let at: Instant?
        let last: LogBatch?
    }

    /// Writes the state to `target`: a new file when the chain has a base, else the copy taken at the chain's start.
    ///
    /// Constant memory. Throws `LogFault` (naming the file through `failing`) for anything that is not as it was
    /// written; `target` is then of no use. With `seals` all of them are checked before `target` is touched.
    @discardableResult
    package static func run(
        _ chain: LogChain, on target: URL, seals: LogSeals?, failing: (URL) -> Void = { _ in }
    ) throws -> Result {
        var replay = LogReplay(chain, seals)
        var last: LogBatch?
        let entries = (chain.base.map { [$0] } ?? []) + chain.entries
        for entry in entries where replay.proof != nil {
            failing(entry.url)
            try LogReader(entry, replay.proof).heads()
        }
        let file = try ImageFile(target)
        for entry in entries {
            failing(entry.url)
            last = try replay.apply(entry, to: file) ?? last
        }
        if let last { try file.finish(last) }
        return Result(at: last?.time, last: last)
    }

    private init(_ chain: LogChain, _ seals: LogSeals?) {
        self.chain = chain
        proof = seals.map(LogProof.init)
        let start = chain.start.map { LogContinuity.Start.batch($0.batch, $0.chain) } ?? .nothing
        continuity = LogContinuity(owner: chain.owner, after: start)
    }

    /// The last batch taken.
    private mutating func apply(_ entry: LogFolder.Entry, to file: ImageFile) throws -> LogBatch? {
        let reader = try LogReader(entry, proof)
        var last: LogBatch?
        while let head = try reader.head() {
            guard head.time <= chain.until else {
                // To its end, where the seal is compared.
                reader.skip(head)
                try reader.heads()
                break
            }
            try continuity.take(head)
            if head.kind == .base {
                let limit = Int64(head.databasePages) * Int64(head.pageSize)
                try reader.payload(head) { try file.append($0, limit: limit) }
            } else {
                let pages = PageSplitter(head)
                try reader.payload(head) { try pages.take($0) { try file.write($0, number: $1) } }
                try pages.finish()
            }
            last = head
        }
        return last
    }
}

/// That batches are one database's, and each goes on from the one before.
struct LogContinuity {
    enum Start {
        /// The first is a whole database.
        case nothing
        /// The first follows this one.
        case batch(UInt64, String)
        /// In the middle of a chain: whatever the first follows.
        case anywhere
    }

    private let owner: [UInt8]
    private var start: Start
    private var epoch: UInt64?

    init(owner: String, after start: Start) {
        self.owner = LogBatch.owner(owner)
        self.start = start
    }

    mutating func take(_ head: LogBatch) throws {
        guard head.owner == owner else { throw LogFault(reason: "it belongs to another database") }
        switch (start, head.kind) {
        case (.nothing, .base), (.anywhere, .changes): break
        case (_, .base): throw LogFault(reason: "a whole database stands where it should not")
        case (.batch(let number, let chain), _)
        where head.first == number + 1 && head.previous.hexadecimal == chain && epoch ?? head.epoch == head.epoch:
            break
        default: throw LogFault(reason: "it does not go on from the batch before")
        }
        start = .batch(head.last, head.chain.hexadecimal)
        epoch = head.epoch
    }
}
