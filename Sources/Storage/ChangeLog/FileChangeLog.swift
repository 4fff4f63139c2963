import ApplianceCore
import Foundation
import Logging
import Synchronization

/// Carries the commits of one database from its WAL into its change log.
///
/// `didCommit` notes what there is to do, `archive` does it. A checkpoint, which lets SQLite begin the WAL again, is
/// allowed only when all frames are in the log: `isReadyForCheckpoint`.
final class FileChangeLog: Sendable {
    enum Limit {
        /// Unarchived ends of seconds that are remembered; beyond it neighbours share one restore point.
        static let cuts = 100_000
        /// Frames that a commit waits for before a checkpoint: a few milliseconds of work.
        static let inlineFrames = 200
        /// How many they may be once the log has gone on so often and was always behind again: otherwise that of a busy
        /// shop would run after its WAL in ever so small files.
        static let mostInlineFrames = 1000
        static let hurries = 6
        /// Frames of a WAL that may wait for a log that cannot be written: 256 MiB. Then the log is given up and begun
        /// again later, because the data disk must not fill up for want of a backup disk.
        static let unarchivedFrames = 65_536
        /// Batches in one file.
        static let batchesPerFile = 1000
    }

    /// The last commit of a second, or of the moment at which somebody took a copy.
    struct Cut: Sendable {
        var frame: UInt32
        var time: Instant
        /// When the first commit in it was made; nil when it only marks a copy.
        var since: Instant?
        var pins: [LogPin] = []
    }

    private struct Pending {
        var cuts: [Cut] = []
        var isQueued = false
        var hasOpened = false
        /// When an earlier process made its last commit; nil when all of them are in the log.
        var openedAt: Instant?
        /// Where the first commit of this process ends.
        var firstFrame: UInt32?
        /// When commits were made that went by the log, until it begins anew.
        var lostSince: Instant?
        var isLogging = false
        /// What the file began as, until its log has begun or a checkpoint has changed the file.
        var template: DatabaseTemplate?
        /// Whether a checkpoint has asked for the log since it last went on.
        var isHurried = false
        /// How often one has asked since the last checkpoint.
        var hurries = 0
        var lags = LagRecord()
    }

    let folder: LogFolder
    let database: URL
    private let seals: LogSeals?
    private let pending = Mutex(Pending())
    /// Held while files are written: by one thread at a time, which may wait for the disk.
    private let archived: Mutex<LogArchive>
    /// Frames of the WAL as it is now that are in the log.
    private let archivedFrames = FrameCount()

    init(folder: LogFolder, database: URL, seals: LogSeals?) {
        (self.folder, self.database, self.seals) = (folder, database, seals)
        archived = Mutex(LogArchive(folder: folder, database: database, seals: seals))
    }

    // MARK: - What there is to do

    /// True when it was not waiting to be archived: then it must be queued.
    func didCommit(frame: Int, at time: Instant) -> Bool {
        pending.withLock { pending in
            let frame = UInt32(clamping: frame)
            if pending.firstFrame == nil { pending.firstFrame = frame }
            var cut = Cut(frame: frame, time: max(time, pending.cuts.last?.time ?? time), since: time)
            if let last = pending.cuts.last, last.pins.isEmpty,
                last.time.seconds == cut.time.seconds || pending.cuts.count >= Limit.cuts
            {
                cut.since = last.since ?? time
                pending.cuts[pending.cuts.count - 1] = cut
            } else {
                pending.cuts.append(cut)
            }
            return Self.queue(&pending)
        }
    }

    /// Somebody has to look whether the WAL holds what the log does not. True when it must be queued.
    func didOpen(at now: Instant) -> Bool {
        pending.withLock { pending in
            guard !pending.hasOpened else { return false }
            pending.hasOpened = true
            if let mark = FileSystem.status(LogArchive.gapMark(of: database)) {
                pending.lostSince = min(now, Instant(mark.st_mtim))
            }
            guard let status = FileSystem.status(URL(filePath: database.path + "-wal")), status.st_size > 0 else {
                return false
            }
            pending.openedAt = min(now, Instant(status.st_mtim))
            return Self.queue(&pending)
        }
    }

    /// The file is new, and as `template` is. Before anybody opens it.
    func didBegin(from template: DatabaseTemplate) { pending.withLock { $0.template = template } }

    /// How far the log is behind the commits.
    func lag(at now: Instant) -> LogLag {
        pending.withLock { pending in
            let waiting = pending.cuts.lazy.compactMap(\.since).first
            return LogLag(
                waitingSince: [waiting, pending.lostSince].compactMap { $0 }.min(),
                isLogging: pending.isLogging && pending.lostSince == nil, worst: pending.lags.worst(at: now))
        }
    }

    private static func queue(_ pending: inout Pending) -> Bool {
        defer { pending.isQueued = true }
        return !pending.isQueued
    }

    /// Asks for a restore point at what is committed now, which ends with the WAL's frame `frame`. Call while no commit
    /// can happen.
    func pin(_ pin: LogPin, frame: UInt32, at time: Instant) {
        pending.withLock { pending in
            if let last = pending.cuts.indices.last {
                pending.cuts[last].pins.append(pin)
            } else {
                pending.cuts.append(Cut(frame: frame, time: time, pins: [pin]))
            }
        }
    }

    // MARK: - Archiving

    var hasEpoch: Bool { archived.withLock { $0.hasCursor } }

    /// Brings the log up to the last commit. Blocks for as long as the disks take.
    func archive(_ file: DatabaseFile) throws {
        try archived.withLock { try advance(&$0, file) }
        file.checkpointSoon()
    }

    /// False when another thread is at it.
    func archiveIfFree(_ file: DatabaseFile) throws -> Bool {
        let isFree = try archived.withLockIfAvailable { try advance(&$0, file) } != nil
        if isFree { file.checkpointSoon() }
        return isFree
    }

    /// Whether a checkpoint would take nothing away that the log does not have. Called by the thread that commits: it
    /// does the last few frames itself, and leaves more to the others.
    func isReadyForCheckpoint(frames: Int, _ file: DatabaseFile) -> Bool {
        let hasHurried = pending.withLock { $0.hurries >= Limit.hurries }
        let isNear = frames - archivedFrames.value <= (hasHurried ? Limit.mostInlineFrames : Limit.inlineFrames)
        if isNear, archived.withLockIfAvailable({ (try? advance(&$0, file, mayBegin: false)) != nil }) == true {
            return archivedFrames.value == frames
        }
        hurry(file)
        return frames >= Limit.unarchivedFrames && giveUp(file)
    }

    /// A checkpoint is near: has the log go on now.
    func hurry(_ file: DatabaseFile) {
        let mustHurry = pending.withLock { pending in
            guard !pending.isHurried else { return false }
            (pending.isHurried, pending.hurries) = (true, pending.hurries + 1)
            return true
        }
        if mustHurry { file.services.changeLog?.hurry(file) }
    }

    /// Whether the WAL may be emptied without delay. What the log does not have is then noted on disk as gone by it.
    func isReadyToEmpty(frames: Int, _ file: DatabaseFile) -> Bool {
        archivedFrames.value == frames && frames > 0 || giveUp(file)
    }

    func didCheckpoint() {
        archivedFrames.value = 0
        pending.withLock { ($0.template, $0.hurries) = (nil, 0) }
    }

    /// The file is about to be another one: what was committed to this one stays restorable as far as the log can be
    /// written. Afterwards `didReplace`, and the next commit begins a new epoch.
    func willReplace(_ file: DatabaseFile) {
        try? archive(file)
    }

    func didReplace() {
        pending.withLock { $0 = Pending() }
        archived.withLock { $0 = LogArchive(folder: folder, database: database, seals: seals) }
        archivedFrames.value = 0
    }

    /// True when it is noted on disk that frames went by the log.
    private func giveUp(_ file: DatabaseFile) -> Bool {
        archived.withLockIfAvailable { archive in
            guard (try? archive.giveUp()) != nil else { return false }
            pending.withLock { pending in
                pending.lostSince = pending.lostSince ?? pending.cuts.lazy.compactMap(\.since).first
                (pending.isLogging, pending.template) = (false, nil)
                pending.cuts = []
            }
            file.services.logger.error(
                "change log given up until its folder can be written again", metadata: [LogKey.tenant: "\(file.name)"])
            return true
        } ?? false
    }

    private func advance(_ archive: inout LogArchive, _ file: DatabaseFile, mayBegin: Bool = true) throws {
        let work = pending.withLock { pending in
            pending.isQueued = false
            return LogArchive.Work(
                cuts: pending.cuts, openedAt: pending.openedAt, firstFrame: pending.firstFrame,
                template: pending.template)
        }
        let changeLog = file.services.changeLog
        do {
            let position = try archive.advance(work, file, mayBegin: mayBegin)
            pending.withLock { pending in
                let end = position?.frame ?? 0
                let done = pending.cuts.lazy.filter { $0.frame <= end }.compactMap(\.since).first
                if let oldest = [done, pending.lostSince].compactMap({ $0 }).min(), let now = changeLog?.now() {
                    pending.lags.note(now.since(oldest), at: now)
                }
                (pending.lostSince, pending.isLogging) = (nil, pending.isLogging || position != nil)
                // Somebody may have pinned the last one meanwhile.
                pending.cuts.removeAll { $0.frame < end || $0.frame == end && $0.pins.allSatisfy(\.isSet) }
                (pending.openedAt, pending.isHurried) = (nil, false)
                if position != nil { pending.template = nil }
            }
            archivedFrames.value = Int(position?.frame ?? 0)
        } catch {
            // What was written stays written; the rest is tried again.
            pending.withLock { ($0.isQueued, $0.isHurried) = (true, false) }
            throw error
        }
    }
}

/// A restore point that somebody waits for: set once the log has it.
package final class LogPin: Sendable {
    private let value = Mutex<LogPosition?>(nil)

    package init() {}

    var isSet: Bool { position != nil }

    package internal(set) var position: LogPosition? {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}

/// A class of its own: Swift 6.3.1 at -O crashes on a class that stores an `Atomic` and has a throwing init.
private final class FrameCount: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int {
        get { count.load(ordering: .sequentiallyConsistent) }
        set { count.store(newValue, ordering: .sequentiallyConsistent) }
    }
}
