import ApplianceCore
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Storage

/// A long WAL goes into the file in parts, and what a part copied is on disk before anything relies on it.
struct CheckpointTests {
    private let storage: TestStorage

    init() throws { storage = try TestStorage() }

    private static let due = DatabaseFile.Limit.walFrames
    private static let busy = DatabaseFile.Limit.busyWALFrames
    private static let part = CheckpointPlan.Limit.partFrames
    private static let last = CheckpointPlan.Limit.lastFrames
    private static let whole = CheckpointPlan.Limit.wholeFrames

    // MARK: - When

    @Test func `a WAL is copied at once while it is short, and not too often`() {
        let plan = CheckpointPlan()
        let now = ContinuousClock.now
        #expect(plan.step(frames: Self.due - 1, now: now) == .none)
        #expect(plan.step(frames: Self.whole + 1, now: now) == .lastPart)
        #expect(plan.step(frames: Self.whole, now: now) == .whole)
        #expect(plan.step(frames: Self.due, now: now) == .whole)
        plan.didCopy(Self.due, of: Self.due, now: now)
        // Nothing was committed since.
        #expect(plan.step(frames: Self.due, now: now + .seconds(9)) == .none)
        // It began again, and grew.
        #expect(plan.step(frames: 12, now: now) == .none)
        #expect(plan.step(frames: Self.due - 1, now: now + .milliseconds(900)) == .none)
        #expect(plan.step(frames: Self.due, now: now + .milliseconds(900)) == .part)
        plan.didCopyPart(Self.due - 1, now: now)
        plan.didSync(failed: false)
        #expect(plan.step(frames: Self.due, now: now + .milliseconds(900)) == .none)
        #expect(plan.step(frames: Self.due, now: now + CheckpointPlan.Limit.pause) == .whole)
    }

    @Test func `a long WAL goes in parts, and after so many as a whole`() {
        let plan = CheckpointPlan()
        let now = ContinuousClock.now
        plan.didCopy(Self.due, of: Self.due, now: now)
        var copied = Self.due
        for _ in 0..<CheckpointPlan.Limit.parts {
            // Once it is long, each part is shorter than the one before, until the rest is soon copied.
            let (isLong, most) = copied >= Self.busy ? (true, Self.last) : (false, Self.part)
            #expect(plan.step(frames: copied + most, now: now) == (isLong ? .whole : .none))
            #expect(plan.step(frames: copied + most + 1, now: now) == (isLong ? .lastPart : .part))
            copied += Self.part
            if copied + Self.part >= Self.busy { copied = max(copied, Self.busy) }
            plan.didCopyPart(copied, now: now)
            #expect(plan.step(frames: 9 * Self.busy, now: now) == .none, "while it is synced")
            plan.didSync(failed: false)
        }
        #expect(plan.step(frames: 9 * Self.busy, now: now) == .whole)
        #expect(!plan.hasFailed)
        plan.didSync(failed: true)
        plan.didSync(failed: false)
        #expect(plan.hasFailed)
    }

    @Test func `a long WAL that is all in the file should begin again, which is told once`() {
        let plan = CheckpointPlan()
        #expect(!plan.didCopy(Self.due, of: Self.due))
        #expect(plan.didCopy(Self.whole, of: Self.whole))
        #expect(!plan.didCopy(Self.whole + 1, of: Self.whole + 1), "a reader kept it from that")
        #expect(!plan.didCopy(Self.busy, of: Self.busy + 1))
        #expect(plan.didCopy(Self.busy + 1, of: Self.busy + 1))
        // It has begun, and grown again.
        #expect(plan.step(frames: 1) == .none)
        plan.didCopyPart(Self.whole)
        #expect(plan.didCopy(Self.whole + 1, of: Self.whole + 1))
    }

    @Test func `behind a reader it is tried a few times a second`() {
        let plan = CheckpointPlan()
        let now = ContinuousClock.now
        let soon = now + .milliseconds(200)
        let later = now + CheckpointPlan.Limit.heldPause
        plan.didCopy(100, of: Self.busy, now: now)
        #expect(plan.step(frames: 2 * Self.busy, now: soon) == .none)
        #expect(plan.step(frames: 2 * Self.busy, now: later) == .lastPart)
        plan.didCopyPart(100, now: later)
        plan.didSync(failed: false)
        #expect(plan.step(frames: 2 * Self.busy, now: later) == .none)
        #expect(plan.step(frames: 2 * Self.busy, now: later + CheckpointPlan.Limit.heldPause) == .lastPart)
    }

    @Test func `after a refusal of the disk it is tried a few times a second`() {
        let plan = CheckpointPlan()
        let now = ContinuousClock.now
        #expect(plan.step(frames: Self.busy, now: now) == .lastPart)
        plan.didFail(now: now)
        #expect(plan.step(frames: Self.busy + 1, now: now + .milliseconds(200)) == .none)
        #expect(plan.step(frames: Self.busy + 1, now: now + CheckpointPlan.Limit.heldPause) == .lastPart)
    }

    // MARK: - What

    @Test func `the writer knows the descriptor that SQLite has of its file`() async throws {
        let file = try storage.file()
        try await file.add("first")
        var status = stat()
        #expect(fstat(try writer(file).descriptor, &status) == 0)
        #expect(status.st_ino == FileSystem.status(file.url)?.st_ino)
        #expect(WriteBehind.writeOut(try writer(file).descriptor, size: FileSystem.size(file.url), changed: 9))
        #expect(!WriteBehind.writeOut(-1, size: 1, changed: 1), "what the system refuses is told")
    }

    /// One commit of more frames than are copied as a whole.
    private func fill(_ file: DatabaseFile) async throws {
        let text = String(repeating: "x", count: 1_000_000)
        let rows = Self.whole * 4096 / text.utf8.count + 2
        try await file.write { db in
            for _ in 0..<rows { try db.run("INSERT INTO notes (text) VALUES (?1)", [.text(text)]) }
        }
    }

    private func writer(_ file: DatabaseFile) throws -> Writer {
        guard case .open(let writer) = (file.state.withLock { $0.phase }) else { throw DomainError.internal("closed") }
        return writer
    }

    @Test func `a connection ends with the last sync of its file`() async throws {
        let file = try storage.file()
        for _ in 0..<20 {
            try await file.add("first")
            let writer = try writer(file)
            let (synced, ended) = (ChangeCounter(), ChangeCounter())
            for _ in 0..<3 {
                Thread.detachNewThread {
                    while (try? writer.syncFile(changed: 500)) != nil { synced.add() }
                    ended.add()
                }
            }
            await until { synced.count > 9 }
            // As when a sync of the WAL fails.
            file.distrust()
            await until { ended.count == 3 }
            #expect(throws: DomainError.self) { try writer.syncFile(changed: 1) }
            #expect(try file.notes().last == "first")
        }
    }

    /// Its WAL is long, and goes into the file only in parts, because the log cannot be written.
    private func long(_ logged: LoggedStorage) async throws -> DatabaseFile {
        let file = try logged.file()
        try Data().write(to: logged.log.backups)
        try await fill(file)
        return file
    }

    @Test func `the first part leaves the newest commit in the WAL`() async throws {
        let logged = try LoggedStorage()
        let file = try await long(logged)
        let empty = FileSystem.size(file.url)
        let start = try #require(try WriteAheadLog.open(of: file.url)?.start)
        // Fails as a whole: nothing is committed, and so nothing may be copied.
        await #expect(throws: DomainError.self) {
            try await file.write { _ in throw DomainError.internal("no") }
        }
        #expect(FileSystem.size(file.url) == empty)
        try await file.add(String(repeating: "s", count: 1_000_000))
        await until { FileSystem.size(file.url) > empty && file.closeIfQuiet() }
        let whole = Int64(Self.whole) * 4096
        #expect((empty + whole..<empty + whole + 2_000_000).contains(FileSystem.size(file.url)))
        let now = try #require(try WriteAheadLog.open(of: file.url)?.start)
        #expect(now == start)
        #expect(try file.notes().last?.first == "s")
    }

    @Test func `behind the parts the WAL begins again`() async throws {
        let file = try storage.file()
        try await fill(file)
        let start = try #require(try WriteAheadLog.open(of: file.url)?.start)
        try await file.add("more")
        await until { (try? WriteAheadLog.open(of: file.url)?.start.sequence) == start.sequence + 1 }
        #expect(try file.notes().last == "more")
    }

    @Test func `a long WAL that is in the file begins again by itself`() async throws {
        let logged = try LoggedStorage()
        let file = try logged.file()
        try await file.add("first")
        try await fill(file)
        let start = try #require(try WriteAheadLog.open(of: file.url)?.start)
        // Once the log has it, which may be a moment behind the last part, and then quiet for half a second.
        while try WriteAheadLog.open(of: file.url)?.start.sequence != start.sequence + 1 { await logged.log.flush() }
        await until { file.closeIfQuiet() }
        let wal = try #require(try WriteAheadLog.open(of: file.url))
        #expect(wal.start.sequence == start.sequence + 1)
        #expect(try wal.end(frames: nil).frame == 1, "a page, unchanged")
        await logged.log.flush()
        #expect(try logged.tenant.epochs().count == 1, "the log goes on")
        let notes = try file.notes()
        #expect(try logged.notes(at: logged.clock.now) == notes)
        #expect(notes.first == "first")
    }

    @Test func `a stop right behind a long transaction leaves a short WAL`() async throws {
        let logged = try LoggedStorage()
        let file = try logged.file()
        try await fill(file)
        let start = try #require(try WriteAheadLog.open(of: file.url)?.start)
        try await logged.stop()
        let wal = try #require(try WriteAheadLog.open(of: file.url))
        #expect(wal.start.sequence == start.sequence + 1)
        #expect(try wal.end(frames: nil).frame == 1)
    }

    @Test func `a WAL that was long is cut off by and by`() async throws {
        let file = try storage.file()
        let limit = Int64(DatabaseFile.Limit.walBytes)
        let text = String(repeating: "x", count: 1_000_000)
        try await file.write(alone: true) { db in
            for _ in 0..<90 { try db.run("INSERT INTO notes (text) VALUES (?1)", [.text(text)]) }
        }
        let wal = URL(filePath: file.url.path + "-wal")
        let long = FileSystem.size(wal)
        #expect(long > limit + 20 << 20)
        var sizes = [long]
        while let last = sizes.last, last > limit, sizes.count < 1000 {
            try await file.add("small")
            sizes.append(FileSystem.size(wal))
        }
        #expect(sizes.last == limit)
        #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0 - $1 <= 4 << 20 }, "in pieces")
        #expect(sizes.count(where: { $0 >= long }) > 1, "not while its frames are of use")
        #expect(try file.notes().count == 90 + sizes.count - 1)
    }

    @Test func `what a failed sync may have lost is copied again`() async throws {
        let logged = try LoggedStorage()
        let file = try await long(logged)
        let (writer, empty) = (try writer(file), FileSystem.size(file.url))
        try await file.add("behind it")
        await until { FileSystem.size(file.url) > empty && file.state.withLock { $0.isQuiet } }
        // As Linux does it: the pages that could not be written count as written, and the next sync succeeds.
        let page = [UInt8](repeating: 0xEE, count: 4096)
        let last = FileSystem.size(file.url) - 4096
        let handle = try FileHandle(forUpdating: file.url)
        try handle.seek(toOffset: UInt64(last))
        try handle.write(contentsOf: page)
        let copied = try writer.checkpoint()
        try handle.seek(toOffset: UInt64(last))
        #expect(try handle.readToEnd() == Data(page), "SQLite takes it for copied")
        #expect(copied > 0)
        try writer.beginWALAnew()
        try handle.seek(toOffset: UInt64(last))
        #expect(try handle.readToEnd() != Data(page))
        try handle.close()
        #expect(try await writer.queue.read { db in try String.fetchAll(db, sql: "PRAGMA integrity_check") } == ["ok"])
        #expect(FileSystem.size(URL(filePath: file.url.path + "-wal")) == 0)
    }

    @Test func `after a failed sync of a part the file is opened anew, and all is there`() async throws {
        let file = try storage.file()
        try await fill(file)
        let old = try writer(file)
        old.checkpoints.didSync(failed: true)
        try await file.add("behind it")
        try await file.add("and one more")
        #expect(try writer(file) !== old)
        #expect(try file.notes().suffix(2) == ["behind it", "and one more"])
    }
}
