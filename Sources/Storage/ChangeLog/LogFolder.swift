package import ApplianceCore
package import Foundation

/// The change log of one database on disk: `log/<name>/<epoch>/<first>-<last>_<time>-<time>.<kind>`.
///
/// An epoch is a chain without a gap, beginning with a whole database. What a file holds stands in its name, so that a
/// restore is planned from a listing alone; that the names tell the truth is checked when the files are read.
package struct LogFolder: Sendable {
    /// A file of an epoch.
    package struct Entry: Equatable, Sendable {
        let kind: LogBatch.Kind
        let first: UInt64
        let last: UInt64
        /// Of the first and the last batch in it: when each had its last commit.
        package let firstTime: Instant
        package let time: Instant
        package let url: URL
        package let bytes: Int64
    }

    package struct Epoch: Sendable {
        /// Grows with each epoch.
        package let number: UInt64
        package let url: URL
        /// By first batch, the ones that reach further before those that they hold.
        package let entries: [Entry]

        package var base: Entry? { entries.first { $0.kind == .base } }
        /// The newest state it can give.
        package var end: Instant? { entries.map(\.time).max() }

        /// Whether its beginning is one of ours; without seals any is.
        package func isOurs(_ seals: LogSeals?) -> Bool {
            guard let seals, let base else { return base != nil }
            return (try? LogReader(base, LogProof(seals))) != nil
        }
    }

    package let url: URL
    package let name: String

    /// `root` is the backups folder; `name` a tenant's id, or `system`.
    package init(root: URL, name: String) {
        self.name = name
        url = Self.root(root).appending(path: name)
    }

    package static func root(_ backups: URL) -> URL { backups.standardizedFileURL.appending(path: "log") }

    /// The databases that have a log, in no order.
    package static func names(root: URL) throws -> [String] { try names(Self.root(root)) }

    /// Oldest first. Empty when there is no log.
    package func epochs() throws -> [Epoch] {
        try numbers().map { Epoch(number: $0, url: epoch($0), entries: try Self.entries(epoch($0))) }
    }

    /// The newest, without listing the others.
    func newest() throws -> Epoch? {
        guard let number = try numbers().last else { return nil }
        return Epoch(number: number, url: epoch(number), entries: try Self.entries(epoch(number)))
    }

    private func numbers() throws -> [UInt64] {
        try Self.names(url).compactMap { UInt64($0) }.filter { $0 < LogBatch.numbers }.sorted()
    }

    func epoch(_ number: UInt64) -> URL { url.appending(path: Self.padded(number)) }

    static func entries(_ url: URL) throws -> [Entry] {
        try names(url).compactMap { entry($0, in: url) }.sorted {
            ($0.first, $0.kind.rawValue, $1.last) < ($1.first, $1.kind.rawValue, $0.last)
        }
    }

    static func file(_ batch: LogBatch, to last: LogBatch, in epoch: URL) -> URL {
        file(batch.kind, batch.first...last.last, batch.firstTime, last.time, epoch)
    }

    /// The name of what takes the place of the files from `first` to `last`.
    static func file(_ kind: LogBatch.Kind, _ first: Entry, _ last: Entry, in epoch: URL) -> URL {
        file(kind, first.first...last.last, first.firstTime, last.time, epoch)
    }

    private static func file(
        _ kind: LogBatch.Kind, _ numbers: ClosedRange<UInt64>, _ first: Instant, _ last: Instant, _ epoch: URL
    ) -> URL {
        let span = "\(padded(numbers.lowerBound))-\(padded(numbers.upperBound))"
        return epoch.appending(path: "\(span)_\(first.milliseconds)-\(last.milliseconds).\(kind.name)")
    }

    private static func entry(_ name: String, in folder: URL) -> Entry? {
        let parts = name.split(omittingEmptySubsequences: false) { "-_.".contains($0) }
        guard parts.count == 5, let first = UInt64(parts[0]), let last = UInt64(parts[1]), first <= last,
            last < LogBatch.numbers, let firstTime = Int64(parts[2]), let time = Int64(parts[3]),
            let kind = LogBatch.Kind(name: parts[4])
        else { return nil }
        let url = folder.appending(path: name)
        return Entry(
            kind: kind, first: first, last: last, firstTime: Instant(milliseconds: firstTime),
            time: Instant(milliseconds: time), url: url, bytes: FileSystem.size(url))
    }

    /// Below `log`: whose a file is, of which epoch, and what it says to hold.
    static func place(_ file: URL) -> String { file.pathComponents.suffix(3).joined(separator: "/") }

    private static func padded(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 10 - digits.count)) + digits
    }

    private static func names(_ url: URL) throws -> [String] {
        guard FileSystem.exists(url) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: url.path)
    }
}
