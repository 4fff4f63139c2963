import Synchronization

/// When the WAL of a file goes into the file, and how much of it at once.
///
/// A short one is copied and synced at the end of a commit. A long one would keep the writes behind it waiting for
/// 20 ms and more, so it goes in parts: what is behind the newest commit is copied, which SQLite does without a sync
/// because the WAL still has all of it; then the file is synced by another thread while commits go on; the little that
/// came meanwhile is copied and synced last, and only that lets the WAL begin again.
final class CheckpointPlan: Sendable {
    enum Limit {
        /// When the last whole one was a moment ago the WAL may grow to `DatabaseFile.Limit.busyWALFrames`.
        static let pause = Duration.seconds(1)
        /// Until the next try when a reader, perhaps a copy of seconds, needs what is in the WAL.
        static let heldPause = Duration.milliseconds(250)
        /// Frames beyond those in the file that make a part of a long WAL: a millisecond of work, behind a commit.
        static let partFrames = 600
        /// What a whole one copies and syncs at the most of a long WAL, while writes wait. What came while a part was
        /// synced is often more, and makes another part: each is shorter than the one before.
        static let lastFrames = 200
        /// What is copied as a whole while the WAL is not long: a shop of few writes is spared the second sync.
        static let wholeFrames = 3000
        /// Parts before a whole one, even if it is much then: a disk whose syncs take long would never come to an end.
        static let parts = 40
    }

    enum Step {
        case none
        /// Behind the next commit, all but that commit.
        case part
        /// The same, and soon the whole: the change log should get ready.
        case lastPart
        /// All of it, if the change log has it.
        case whole
    }

    private struct State {
        /// When the last whole one was, or one that was kept from it.
        var last: ContinuousClock.Instant?
        /// Frames of the WAL that are in the file.
        var copied = 0
        var parts = 0
        /// The last one was kept from copying what it should.
        var isHeld = false
        var isSyncing = false
        var hasFailed = false
        /// Frames of which `didCopy` last told that the WAL should begin again.
        var begun = 0
    }

    private let pause: Duration
    private let state = Mutex(State())

    init(pause: Duration = Limit.pause) { self.pause = pause }

    /// What to do with a WAL of so many frames.
    func step(frames: Int, now: @autoclosure () -> ContinuousClock.Instant = .now) -> Step {
        state.withLock { state in
            // The WAL began again.
            if frames < state.copied {
                (state.copied, state.parts, state.isHeld, state.begun) = (0, 0, false, 0)
            }
            guard frames >= DatabaseFile.Limit.walFrames, frames > state.copied, !state.isSyncing, !state.hasFailed
            else { return .none }
            let isLong = frames >= DatabaseFile.Limit.busyWALFrames
            let passed = state.last.map { now() - $0 }
            if state.isHeld, let passed, passed < Limit.heldPause { return .none }
            let isDue = isLong || passed.map { $0 >= pause } ?? true
            let left = frames - state.copied
            guard state.parts < Limit.parts else { return isDue ? .whole : .none }
            let isMuch = left > (isLong ? Limit.lastFrames : isDue ? Limit.wholeFrames : Limit.partFrames)
            return switch (isDue, isMuch) {
            case (true, true): .lastPart
            case (true, false): .whole
            case (false, true): .part
            case (false, false): .none
            }
        }
    }

    /// A part was copied and is being synced: now so many frames of the WAL are in the file. Answers how many are new.
    @discardableResult
    func didCopyPart(_ copied: Int, now: ContinuousClock.Instant = .now) -> Int {
        state.withLock { state in
            defer { (state.copied, state.parts, state.isSyncing) = (max(copied, state.copied), state.parts + 1, true) }
            state.isHeld = copied <= state.copied
            if state.isHeld { state.last = now }
            return max(0, copied - state.copied)
        }
    }

    /// A failure stays: the connection is of no use any more.
    func didSync(failed: Bool) {
        state.withLock { ($0.isSyncing, $0.hasFailed) = (false, $0.hasFailed || failed) }
    }

    /// The sync of a part failed: what it copied may not be on disk, and the next sync would not tell.
    var hasFailed: Bool { state.withLock { $0.hasFailed } }

    /// The disk refused the copy: tried again as behind a reader, and not with every commit.
    func didFail(now: ContinuousClock.Instant = .now) {
        state.withLock { ($0.isHeld, $0.last) = (true, now) }
    }

    /// As much as possible was copied of a WAL of so many frames; synced too, if that is all. True when it is all of a
    /// long one, which then should begin again: told once, because a reader may keep it from that.
    @discardableResult
    func didCopy(_ copied: Int, of frames: Int, now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            let isAll = copied >= frames
            let mustBegin = isAll && frames >= Limit.wholeFrames && frames > state.begun + 1
            state = State(last: now, copied: copied, isHeld: !isAll, begun: mustBegin ? frames : state.begun)
            return mustBegin
        }
    }

    /// The last one was kept from copying what it should, by a reader or by the disk.
    var isHeld: Bool { state.withLock { $0.isHeld } }
}
