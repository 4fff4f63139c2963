import ApplianceCore
import Foundation
import GRDB

/// Where the log of one database ends, and how it goes on.
struct LogArchive {
    /// What was committed and is not known to be in the log.
    struct Work {
        let cuts: [FileChangeLog.Cut]
        let openedAt: Instant?
        let firstFrame: UInt32?
        /// What the database is but for the WAL, where that is known.
        let template: DatabaseTemplate?
    }

    /// The end of the current epoch.
    private struct Cursor {
        let epoch: UInt64
        let url: URL
        let id: UInt64
        var batch: UInt64
        var chain: [UInt8]
        var time: Instant
        var position: WriteAheadLog.Position

        init(epoch: UInt64, url: URL, _ last: LogBatch) {
            (self.epoch, self.url, id) = (epoch, url, last.epoch)
            (batch, chain, time, position) = (last.last, last.chain, last.time, last.position)
        }

        mutating func move(to last: LogBatch) { self = Cursor(epoch: epoch, url: url, last) }

        var logPosition: LogPosition { LogPosition(epoch: epoch, batch: batch, chain: chain.hexadecimal) }
    }

    private let folder: LogFolder
    private let database: URL
    /// Nil where nothing is sealed.
    private let seals: LogSeals?
    private var cursor: Cursor?
    private var hasLoaded = false

    init(folder: LogFolder, database: URL, seals: LogSeals?) {
        (self.folder, self.database, self.seals) = (folder, database, seals)
    }

    var hasCursor: Bool { cursor != nil }

    /// Frames went by the log if this exists beside the database.
    static func gapMark(of database: URL) -> URL { URL(filePath: database.path + "-unlogged") }
    private var gapMark: URL { Self.gapMark(of: database) }

    /// Notes that the WAL is about to lose frames that the log does not have.
    func giveUp() throws { try AtomicFile.publish([], to: gapMark) }

    /// Writes what the WAL holds beyond the log, or a whole database where it cannot be shown that nothing lies
    /// between.
    /// Answers how far the WAL is in the log; nil when there is no WAL, which means no commit.
    mutating func advance(_ work: Work, _ file: DatabaseFile, mayBegin: Bool) throws -> WriteAheadLog.Position? {
        guard let wal = try WriteAheadLog.open(of: database) else { return nil }
        if !hasLoaded { try load() }
        if cursor == nil, mayBegin, let template = work.template { try begin(template, wal, work) }
        guard let cursor, !FileSystem.exists(gapMark), let start = try wal.continuing(cursor.position) else {
            guard mayBegin else {
                throw DomainError.unavailable("log_not_begun", "The change log must begin with a whole copy first.")
            }
            return try begin(file)
        }
        for cut in work.cuts where cut.frame == start.frame { resolve(cut.pins) }
        let drafts = try LogDraft.drafts(wal, from: start, work)
        if start != cursor.position { self.cursor?.position = start }
        for slice in stride(from: 0, to: drafts.count, by: FileChangeLog.Limit.batchesPerFile) {
            try append(drafts[slice..<min(drafts.count, slice + FileChangeLog.Limit.batchesPerFile)], wal)
        }
        return self.cursor?.position
    }

    private func resolve(_ pins: [LogPin]) { for pin in pins { pin.position = cursor?.logPosition } }

    // MARK: - Going on

    private mutating func append(_ drafts: ArraySlice<LogDraft>, _ wal: WriteAheadLog) throws {
        guard var cursor, let last = drafts.last else { return }
        let owner = LogBatch.owner(folder.name)
        // Never backwards, whatever the clock did.
        let end = max(cursor.time, drafts.map(\.time).max() ?? cursor.time)
        func head(_ draft: LogDraft, _ number: UInt64, time: Instant) -> LogBatch {
            LogBatch(
                kind: .changes, pageSize: wal.pageSize, pages: UInt32(clamping: draft.frames.count),
                databasePages: draft.databasePages, position: draft.end, first: number, last: number, epoch: cursor.id,
                firstTime: time, time: time, previous: cursor.chain, owner: owner)
        }
        let first = head(last, cursor.batch + 1, time: max(cursor.time, drafts.first?.time ?? end))
        let final = head(last, cursor.batch + UInt64(drafts.count), time: end)
        var segment = try LogSegmentWriter(LogFolder.file(first, to: final, in: cursor.url), seals)
        for draft in drafts {
            let pages = PageFeed(draft.frames.keys.sorted(), pageSize: wal.pageSize) { number, page in
                try wal.read(draft.frames[number] ?? 0, into: page)
            }
            let written = try segment.append(
                head(draft, cursor.batch + 1, time: max(cursor.time, draft.time)), payload: pages.next)
            cursor.move(to: written)
        }
        try segment.publish()
        self.cursor = cursor
        resolve(last.pins)
    }

    // MARK: - Beginning

    /// Finds the end of the newest epoch. An end that cannot be read, or that nobody vouches for, is as good as none: a
    /// new epoch begins.
    private mutating func load() throws {
        try removeLeftovers()
        if let epoch = try folder.newest(),
            let last = epoch.entries.filter({ $0.kind != .merged }).max(by: { $0.last < $1.last }),
            let batch = try? lastBatch(last), batch.owner == LogBatch.owner(folder.name)
        {
            cursor = Cursor(epoch: epoch.number, url: epoch.url, batch)
        }
        hasLoaded = true
    }

    private func lastBatch(_ entry: LogFolder.Entry) throws -> LogBatch? {
        let reader = try LogReader(entry, seals.map(LogProof.init))
        var last: LogBatch?
        while let head = try reader.head() {
            reader.skip(head)
            last = head
        }
        return last
    }

    /// What was being written when the process died.
    private func removeLeftovers() throws {
        guard let epoch = try folder.newest() else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: epoch.url.path) where name.hasPrefix(".") {
            try FileSystem.remove(epoch.url.appending(path: name))
        }
    }

    /// Starts an epoch with what a new file began as, which cost its copy once for all. The file is that still, as the
    /// WAL is its first: what was committed since is there from its first frame on.
    private mutating func begin(_ template: DatabaseTemplate, _ wal: WriteAheadLog, _ work: Work) throws {
        guard wal.start.sequence == 0, !FileSystem.exists(gapMark), try folder.newest() == nil else { return }
        // The time of the first restore point: before it there was no shop yet.
        guard let first = try LogDraft.drafts(wal, from: wal.start, work).first else { return }
        let payload = try template.payload()
        let pages = UInt32(clamping: template.bytes.count / wal.pageSize)
        cursor = try publishBase(1, wal.pageSize, pages, at: wal.start, first.time) { segment, head in
            try segment.append(head, packed: payload)
        }
    }

    /// Starts an epoch with a copy of the whole database.
    private mutating func begin(_ file: DatabaseFile) throws -> WriteAheadLog.Position? {
        let number = (try folder.newest()?.number ?? 0) + 1
        guard let scratch = file.services.changeLog?.scratch else { return nil }
        let image = scratch.appending(path: "base-\(Random.token(bytes: 9)).sqlite")
        defer { try? FileSystem.remove(image) }
        guard let held = try file.copyHeld(to: image) else { return nil }
        let pages = UInt32(clamping: FileSystem.size(image) / Int64(held.pageSize))
        let reader = try FileReader(image)
        let made = try publishBase(number, held.pageSize, pages, at: held.position, held.time) { segment, head in
            try segment.append(head, payload: reader.next)
        }
        try FileSystem.remove(gapMark)
        cursor = made
        return held.position
    }

    /// The first file of the epoch `number`, whose payload `write` adds behind the head.
    private func publishBase(
        _ number: UInt64, _ pageSize: Int, _ pages: UInt32, at position: WriteAheadLog.Position, _ time: Instant,
        _ write: (inout LogSegmentWriter, LogBatch) throws -> LogBatch
    ) throws -> Cursor {
        let url = folder.epoch(number)
        for made in [folder.url, url] where try !FileSystem.makeFolder(made) {
            try FileSystem.syncFolder(made.deletingLastPathComponent())
        }
        let head = LogBatch(
            kind: .base, pageSize: pageSize, pages: pages, databasePages: pages, position: position, first: 1,
            last: 1, epoch: UInt64.random(in: 1 ... .max), firstTime: time, time: time, previous: LogBatch.noDigest,
            owner: LogBatch.owner(folder.name))
        var segment = try LogSegmentWriter(LogFolder.file(head, to: head, in: url), seals)
        let written = try write(&segment, head)
        try segment.publish()
        return Cursor(epoch: number, url: url, written)
    }
}

/// A batch before it is written: which frame of the WAL holds the last content of each page.
struct LogDraft {
    let frames: [UInt32: UInt32]
    let databasePages: UInt32
    let end: WriteAheadLog.Position
    let time: Instant
    let pins: [LogPin]

    /// Cuts what the WAL holds behind `start` at the given commits. Commits of an earlier opening of the file, whose
    /// times nobody remembers, become one batch of the time at which the WAL was last written.
    static func drafts(
        _ wal: WriteAheadLog, from start: WriteAheadLog.Position, _ work: LogArchive.Work
    ) throws -> [LogDraft] {
        var drafts: [LogDraft] = []
        var cuts = work.cuts.filter { $0.frame > start.frame }[...]
        var transaction: [UInt32: UInt32] = [:]
        var frames: [UInt32: UInt32] = [:]
        var last: (commit: WriteAheadLog.Commit, end: WriteAheadLog.Position)?

        func close(_ time: Instant, _ pins: [LogPin]) {
            guard let last, !frames.isEmpty else { return }
            frames = frames.filter { $0.key <= last.commit.databasePages }
            drafts.append(
                LogDraft(
                    frames: frames, databasePages: last.commit.databasePages, end: last.end, time: time, pins: pins))
            frames = [:]
        }

        let limit = cuts.last?.frame ?? (work.openedAt == nil ? start.frame : .max)
        try wal.scan(
            from: start, limit: limit, page: { frame, number in transaction[number] = frame },
            commit: { commit, end in
                if let openedAt = work.openedAt, let first = work.firstFrame, commit.frame >= first,
                    last.map({ $0.commit.frame < first }) ?? false
                {
                    close(openedAt, [])
                }
                frames.merge(transaction) { $1 }
                transaction = [:]
                last = (commit, end)
                guard let cut = cuts.first, cut.frame <= commit.frame else { return }
                cuts.removeFirst()
                close(cut.time, cut.pins)
            })
        if let openedAt = work.openedAt, work.firstFrame == nil { close(openedAt, []) }
        return drafts
    }
}
