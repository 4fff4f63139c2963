package import ApplianceCore
import Foundation

/// A state of a database that the change log can give: the end of a batch.
package struct LogPosition: Codable, Equatable, Sendable {
    /// Number of the epoch's folder.
    package let epoch: UInt64
    package let batch: UInt64
    /// `LogBatch.chain` there, hexadecimal.
    package let chain: String
}

/// Which files, in which order, lead to the state of a database at an instant.
package struct LogChain: Sendable, Equatable {
    /// The whole database to start from; nil to start from a copy that was taken at `start`.
    let base: LogFolder.Entry?
    let start: LogPosition?
    let entries: [LogFolder.Entry]
    /// Batches whose last commit came later are left out.
    package let until: Instant
    /// The database's name.
    package let owner: String

    /// False when a file of it was joined with others or removed since it was planned.
    package var isThere: Bool { ((base.map { [$0] } ?? []) + entries).allSatisfy { FileSystem.exists($0.url) } }

    /// What a restore reads.
    package var bytes: Int64 { (base?.bytes ?? 0) + entries.reduce(0) { $0 + $1.bytes } }
    package var files: Int { entries.count + (base == nil ? 0 : 1) }
    /// The newest commit that the names of the files promise, `until` at the latest. The act tells it exactly.
    package var newest: Instant? { (entries.last ?? base).map { min($0.time, until) } }
}

extension LogFolder.Epoch {
    /// From the epoch's own base, or from a copy taken at `start`. Nil when the epoch cannot give that state.
    package func chain(until: Instant, from start: LogPosition? = nil, owner: String) -> LogChain? {
        if let start {
            guard start.epoch == number, base.map({ $0.first <= start.batch }) ?? true else { return nil }
            let entries = path(after: start.batch, until: until)
            return LogChain(base: nil, start: start, entries: entries, until: until, owner: owner)
        }
        guard let base, base.time <= until else { return nil }
        let entries = path(after: base.last, until: until)
        return LogChain(base: base, start: nil, entries: entries, until: until, owner: owner)
    }

    /// At each step the file that reaches furthest without passing `until`; where none does, the one with single
    /// batches that passes it, of which a part is read.
    private func path(after batch: UInt64, until: Instant) -> [LogFolder.Entry] {
        var next = batch + 1
        var path: [LogFolder.Entry] = []
        let byFirst = Dictionary(grouping: entries.filter { $0.kind != .base }, by: \.first)
        while let candidates = byFirst[next] {
            let whole = candidates.filter { $0.time <= until }.max {
                ($0.last, $0.kind.rawValue) < ($1.last, $1.kind.rawValue)
            }
            if let whole {
                path.append(whole)
                next = whole.last + 1
                continue
            }
            if let part = candidates.first(where: { $0.kind == .changes && $0.firstTime <= until }) {
                path.append(part)
            }
            break
        }
        return path
    }
}
