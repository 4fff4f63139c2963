package import ApplianceCore
package import Foundation

/// Keeps the change log of one database small and quick to restore from, without taking a second from it.
///
/// The files of a finished hour become two: all batches one behind the other, for restores into that hour, and their
/// merged pages, for restores that only pass it. What is older than the window goes: the whole database with which the
/// epoch begins moves forward. Each step leaves a log that is whole, wherever it is cut short.
package struct LogCompaction {
    package enum Limit {
        /// The beginning moves when it has become this much older than the window.
        static let slack = Duration.days(1)
    }

    private let folder: LogFolder
    private let scratch: URL
    private let seals: LogSeals?

    /// `root` is the backups folder; `scratch` takes a file as large as the database. With `seals` it works on what
    /// they vouch for only, and seals what it makes of that.
    package init(root: URL, name: String, scratch: URL, seals: LogSeals?) {
        folder = LogFolder(root: root, name: name)
        (self.scratch, self.seals) = (scratch, seals)
    }

    // MARK: - Hours

    /// Joins the files of the hours that are over at `now`; how many hours there were to join.
    @discardableResult
    package func compact(now: Instant) throws -> Int {
        var joined = 0
        for epoch in try folder.epochs() {
            let finished = epoch.entries.filter { $0.kind == .changes && Self.hour($0.time) < Self.hour(now) }
            for entries in Dictionary(grouping: finished, by: { Self.hour($0.firstTime) }).values {
                for run in Self.runs(entries) where run.count > 1 {
                    try merge(run, in: epoch)
                    try join(run, in: epoch)
                    joined += 1
                }
            }
            try removeContained(epoch.number)
        }
        return joined
    }

    private static func hour(_ instant: Instant) -> Int64 { instant.seconds.floorDivided(by: 3600) }

    /// Files that follow each other without a gap. Those contained in another are left out.
    private static func runs(_ entries: [LogFolder.Entry]) -> [[LogFolder.Entry]] {
        let sorted = entries.sorted { ($0.first, $1.last) < ($1.first, $0.last) }
        return sorted.reduce(into: []) { runs, entry in
            guard let end = runs.last?.last?.last else { return runs.append([entry]) }
            if entry.last <= end { return }
            if entry.first == end + 1 { runs[runs.count - 1].append(entry) } else { runs.append([entry]) }
        }
    }

    private func join(_ run: [LogFolder.Entry], in epoch: LogFolder.Epoch) throws {
        guard let first = run.first, let last = run.last else { return }
        var segment = try LogSegmentWriter(LogFolder.file(.changes, first, last, in: epoch.url), seals)
        try eachBatch(run) { head, reader in try segment.copy(head, from: reader) }
        try segment.publish()
    }

    /// The batches of a run, each vouched for and going on from the one before: what is sealed anew was sealed before.
    /// What `body` made of them counts when this returns.
    private func eachBatch(_ run: [LogFolder.Entry], _ body: (LogBatch, LogReader) throws -> Void) throws {
        let proof = seals.map(LogProof.init)
        var continuity = LogContinuity(owner: folder.name, after: .anywhere)
        for entry in run {
            let reader = try LogReader(entry, proof)
            while let head = try reader.head() {
                try continuity.take(head)
                try body(head, reader)
            }
        }
    }

    private func merge(_ run: [LogFolder.Entry], in epoch: LogFolder.Epoch) throws {
        guard let first = run.first, let last = run.last else { return }
        try withScratchFile { file in
            let image = try ImageFile(file)
            var (pages, heads): (Set<UInt32>, [LogBatch]) = ([], [])
            try eachBatch(run) { head, reader in
                let splitter = PageSplitter(head)
                try reader.payload(head) { part in
                    try splitter.take(part) { page, number in
                        pages.insert(number)
                        try image.write(page, number: number)
                    }
                }
                try splitter.finish()
                heads = heads.isEmpty ? [head] : [heads[0], head]
            }
            guard let start = heads.first, let end = heads.last else { return }
            let numbers = pages.filter { $0 <= end.databasePages }.sorted()
            var head = LogBatch(
                kind: .merged, pageSize: end.pageSize, pages: UInt32(clamping: numbers.count),
                databasePages: end.databasePages, position: end.position, first: start.first, last: end.last,
                epoch: end.epoch, firstTime: start.firstTime, time: end.time, previous: start.previous,
                owner: end.owner)
            head.continues = end.chain
            var segment = try LogSegmentWriter(LogFolder.file(.merged, first, last, in: epoch.url), seals)
            let feed = PageFeed(numbers, pageSize: end.pageSize) { try image.read($0, into: $1) }
            _ = try segment.append(head, payload: feed.next)
            try segment.publish()
        }
    }

    /// What a longer file of the same kind holds too, if that is ours: a name alone takes nothing away.
    private func removeContained(_ number: UInt64) throws {
        guard let epoch = try folder.epochs().first(where: { $0.number == number }) else { return }
        for kind in [LogBatch.Kind.changes, .merged] {
            var longest: LogFolder.Entry?
            // Looked at once, and only where it would take something away.
            var isOurs: Bool?
            for entry in epoch.entries where entry.kind == kind {
                guard let held = longest, entry.last <= held.last else {
                    (longest, isOurs) = (entry, nil)
                    continue
                }
                let isTaken = isOurs ?? self.isOurs(held)
                isOurs = isTaken
                if isTaken { try FileSystem.remove(entry.url) }
            }
        }
    }

    private func isOurs(_ entry: LogFolder.Entry) -> Bool {
        (try? LogReader(entry, seals.map(LogProof.init))) != nil
    }

    // MARK: - The window

    /// Removes what no restore to `start` or later needs; how many files.
    @discardableResult
    package func prune(before start: Instant) throws -> Int {
        let epochs = try folder.epochs()
        var removed = 0
        // A beginning that nobody vouches for replaces none.
        let beginnings = epochs.map { $0.isOurs(seals) ? $0.base?.time : nil }
        for epoch in epochs.prefix(Self.superseded(beginnings, before: start)) {
            removed += epoch.entries.count
            try FileSystem.remove(epoch.url)
        }
        if let oldest = try folder.epochs().first { removed += try moveBase(oldest, to: start) }
        return removed
    }

    /// How many of the oldest chains no restore to `start` or later needs: those behind which another begins by then.
    /// `beginnings` are the times of their whole databases, oldest first; nil for a chain that has lost it.
    package static func superseded(_ beginnings: [Instant?], before start: Instant) -> Int {
        (beginnings.lastIndex { $0.map { $0 <= start } ?? false }) ?? 0
    }

    /// Removes the whole log of a database that is no more, when all of it is older than `start`; whether it did.
    package func removeIfOver(before start: Instant) throws -> Bool {
        guard let end = try folder.epochs().compactMap(\.end).max(), end < start else { return false }
        try FileSystem.remove(folder.url)
        return true
    }

    private func moveBase(_ epoch: LogFolder.Epoch, to start: Instant) throws -> Int {
        guard let base = epoch.base, base.time < start.subtracting(Limit.slack),
            let path = epoch.chain(until: start, owner: folder.name)
        else { return 0 }
        // Only whole files: what follows must begin where the new base ends.
        let entries = Array(path.entries.prefix { $0.time <= start })
        guard let last = entries.last else { return 0 }
        let chain = LogChain(base: base, start: nil, entries: entries, until: .latest, owner: folder.name)
        try withScratchFile { file in
            guard let end = try LogReplay.run(chain, on: file, seals: seals).last else { return }
            var head = LogBatch(
                kind: .base, pageSize: end.pageSize, pages: end.databasePages, databasePages: end.databasePages,
                position: end.position, first: end.last, last: end.last, epoch: end.epoch, firstTime: end.time,
                time: end.time, previous: LogBatch.noDigest, owner: end.owner)
            head.continues = end.chain
            var segment = try LogSegmentWriter(LogFolder.file(head, to: head, in: epoch.url), seals)
            let reader = try FileReader(file)
            _ = try segment.append(head, payload: reader.next)
            try segment.publish()
        }
        // The old beginning first: without it nothing needs the rest.
        let old = [base] + epoch.entries.filter { $0.last <= last.last && $0 != base }
        for entry in old { try FileSystem.remove(entry.url) }
        return old.count
    }

    private func withScratchFile(_ body: (URL) throws -> Void) throws {
        let file = scratch.appending(path: "log-\(Random.token(bytes: 9))")
        defer { try? FileSystem.remove(file) }
        try body(file)
    }
}
