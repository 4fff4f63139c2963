import Synchronization

/// When the WAL of a file goes into the file, and how much of it at once.
///
/// A short one is copied and synced at the end of a commit. A long one would keep the writes behind it waiting for
/// 20 ms and more, so it goes in parts: what is behind the newest commit is copied, which SQLite does without a sync
/// because the WAL still has all of it; then the file is synced by another thread while commits go on; the little that
/// came meanwhile is copied and synced last, and only that lets the WAL begin again.
final class CheckpointPlan: Sendable {
    enum Limit {
        /// When the last checkpoint was a moment ago the WAL may grow to `DatabaseFile.Limit.busyWALFrames`.
        static let pause = Duration.seconds(1)
        /// Until the next try when a reader, perhaps a copy of seconds, needs what is in the WAL.
        static let heldPause = Duration.milliseconds(250)
        /// Frames that are copied and synced at the end of one commit at the most, as long as there are parts left.
        static let wholeFrames = 3000
        /// Parts that may come before the whole: each leaves behind what is committed during its sync.
        static let parts = 2
    }

    enum Step {
        case none
        /// Behind the next commit, all but that commit.
        case part
        /// All of it, if the change log has it.
        case whole
    }

    private struct State {
        var last: ContinuousClock.Instant?
        /// Frames of the WAL that are in the file.
        var copied = 0
        var parts = 0
        /// The last one could not copy everything.
        var isHeld = false
        var isSyncing = false
        var hasFailed = false
    }

    private let state = Mutex(State())

    /// What to do with a WAL of so many frames.
    func step(frames: Int, now: @autoclosure () -> ContinuousClock.Instant = .now) -> Step {
        state.withLock { state in
            // The WAL began again.
            if frames < state.copied { (state.copied, state.parts, state.isHeld) = (0, 0, false) }
            guard frames >= DatabaseFile.Limit.walFrames, frames > state.copied, !state.isSyncing, !state.hasFailed
            else { return .none }
            guard state.parts == 0 else { return Self.step(state, frames) }
            let isBusy = frames >= DatabaseFile.Limit.busyWALFrames
            if state.isHeld || !isBusy, let last = state.last {
                guard now() - last >= (state.isHeld ? Limit.heldPause : Limit.pause) else { return .none }
            }
            return Self.step(state, frames)
        }
    }

    private static func step(_ state: State, _ frames: Int) -> Step {
        state.parts < Limit.parts && frames - state.copied > Limit.wholeFrames ? .part : .whole
    }

    /// A part was copied and is being synced.
    func didCopyPart(_ copied: Int) {
        state.withLock { ($0.copied, $0.parts, $0.isSyncing) = (copied, $0.parts + 1, true) }
    }

    /// A failure stays: the connection is of no use any more.
    func didSync(failed: Bool) {
        state.withLock { ($0.isSyncing, $0.hasFailed) = (false, $0.hasFailed || failed) }
    }

    /// The sync of a part failed: what it copied may not be on disk, and the next sync would not tell.
    var hasFailed: Bool { state.withLock { $0.hasFailed } }

    /// As much as possible was copied of a WAL of so many frames; synced too, if that is all.
    func didCopy(_ copied: Int, of frames: Int, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            state = State(last: now, copied: copied, isHeld: copied < frames)
        }
    }
}
