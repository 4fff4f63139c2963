import ApplianceCore
import GRDB
import Logging
import Synchronization

extension DatabaseFile {
    /// What keeps a part of a checkpoint from becoming a whole one: a reader of the state before a commit.
    struct Hold {
        let reader: Reader
        let step: CheckpointPlan.Step
        /// The WAL's, before that commit.
        let frames: Int
        let start: WriteAheadLog.Position
    }

    /// A long WAL goes into the file as soon as the change log has it, instead of behind somebody's next write.
    func checkpointSoon() {
        let mustDrain = state.withLock { state in
            // Behind a commit there is a checkpoint anyway.
            guard case .open(let writer) = state.phase, state.waiting.isEmpty, !state.isReplacing,
                writer.checkpoints.hasFailed || writer.checkpoints.step(frames: writer.walFrames) != .none
            else { return false }
            state.waiting.append(.checkpoint)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if mustDrain { scheduleDrain() }
    }

    /// Behind a commit, or when there is a moment.
    func checkpoint(_ writer: Writer, isMoment: Bool = false) {
        if writer.checkpoints.hasFailed { return distrust() }
        let frames = writer.walFrames
        switch writer.checkpoints.step(frames: frames) {
        case .none: return
        case .part, .lastPart:
            // A part goes behind a commit.
            if isMoment, !writer.checkpoints.isHeld { commitNothing() }
            return
        case .whole: break
        }
        guard log?.isReadyForCheckpoint(frames: frames, self) ?? true else { return }
        do {
            let copied = try writer.checkpoint()
            let mustBegin = writer.checkpoints.didCopy(copied, of: frames)
            log?.didCheckpoint()
            // Only a commit makes a WAL short that is all in the file. Whoever opened the file before would read all of
            // it, 70 ms for what an import leaves, and copy it once more.
            if mustBegin { commitNothing() }
        } catch {
            checkpointFailed(writer, error)
        }
    }

    /// There will be a commit now, if only of a page that stays as it is.
    private func commitNothing() {
        state.withLock { if $0.waiting.isEmpty { $0.waiting.append(.unchanging) } }
    }

    /// Call before a commit, and `release` after `copyPart`. Nil when no part is due, or cannot be had: then the whole
    /// is copied when its time comes.
    func holdForPart(_ writer: Writer) -> Hold? {
        let frames = writer.walFrames
        let step = writer.checkpoints.step(frames: frames)
        guard step == .part || step == .lastPart, let start = try? WriteAheadLog.open(of: url)?.start,
            let reader = try? takeReader()
        else { return nil }
        let hold = Hold(reader: reader, step: step, frames: frames, start: start)
        do {
            try reader.queue.unsafeReentrantRead { db in
                try db.beginTransaction(.deferred)
                // Only a statement that reads begins it.
                _ = try Int.fetchOne(db, sql: "PRAGMA schema_version")
            }
            return hold
        } catch {
            release(hold)
            return nil
        }
    }

    func release(_ hold: Hold?) {
        guard let hold else { return }
        try? hold.reader.queue.unsafeReentrantRead { db in
            if db.isInsideTransaction { try db.rollback() }
        }
        putBack(hold.reader)
    }

    /// Copies what was committed before `hold` and has the file synced. The commit since then stays in the WAL alone,
    /// so that it cannot begin again, whatever of it the change log has not.
    func copyPart(_ writer: Writer, _ hold: Hold) {
        // Nothing was committed, or the WAL had been in the file and began again.
        guard writer.walFrames > hold.frames, (try? WriteAheadLog.open(of: url)?.start) == hold.start else { return }
        let pages: Int
        do {
            pages = writer.checkpoints.didCopyPart(try writer.checkpoint())
        } catch {
            return checkpointFailed(writer, error)
        }
        if hold.step == .lastPart { log?.hurry(self) }
        // Counts as a reader, so that nobody closes the file meanwhile.
        state.withLock { $0.readersOut += 1 }
        services.commitWork { [self] in
            do {
                try writer.syncFile(changed: pages)
                writer.checkpoints.didSync(failed: false)
            } catch {
                warnOfCheckpoint(error)
                writer.checkpoints.didSync(failed: true)
            }
            returnReader(nil)
            checkpointSoon()
        }
    }

    private func checkpointFailed(_ writer: Writer, _ error: any Error) {
        warnOfCheckpoint(error)
        writer.checkpoints.didFail()
        if Self.mayHaveLostPages(error) { distrust() }
    }

    private func warnOfCheckpoint(_ error: any Error) {
        services.logger.warning("checkpoint failed", metadata: [LogKey.tenant: "\(name)", LogKey.error: "\(error)"])
    }
}
