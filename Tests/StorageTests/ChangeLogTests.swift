import ApplianceCore
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Storage

/// Any state that was ever committed comes out of the log again, whatever happened to the WAL meanwhile.
struct ChangeLogTests {
    private let storage: LoggedStorage

    init() throws { storage = try LoggedStorage() }

    @Test func everySecondComesBack() async throws {
        let file = try storage.file()
        var expected: [(at: Instant, notes: Int)] = []
        for index in 0..<20 {
            try await file.add("note \(index)")
            // The log begins with the first.
            if index == 0 { try await storage.log.flush(file) }
            expected.append((storage.clock.now, index + 1))
            storage.clock.advance(.seconds(1))
        }
        try await storage.log.flush(file)
        for (at, notes) in expected {
            let found = try storage.notes(at: at.adding(.milliseconds(999)))
            #expect(found.count == notes)
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8])
    func whateverHappensToTheWAL(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let file = seed % 2 == 0 ? try storage.file() : try storage.fileFromTemplate()
        var texts: [(at: Instant, text: String)] = []
        for step in 0..<150 {
            switch Int.random(in: 0..<12, using: &random) {
            case 0: try await storage.log.flush(file)
            case 1:
                try await storage.log.flush(file)
                try file.checkpointIfLogged()
            case 2: file.closeIfQuiet()
            case 5: try storage.compaction.compact(now: storage.clock.now)
            case 3: try await file.write(alone: true) { db in try db.execute(sql: "DELETE FROM counter") }
            case 4:
                let copy = storage.folder.appending(path: "copy-\(step).sqlite")
                let hadBegun = file.log?.hasEpoch == true
                let position = try file.copy(to: copy)
                if hadBegun { #expect(position != nil) }
            default:
                let text = "\(step) " + String(repeating: "x", count: Int.random(in: 0..<9000, using: &random))
                try await file.add(text)
                texts.append((storage.clock.now, text))
            }
            let isLong = Int.random(in: 0..<20, using: &random) == 0
            storage.clock.advance(.milliseconds(Int.random(in: 0..<(isLong ? 4_000_000 : 2500), using: &random)))
        }
        try await storage.log.flush(file)
        let earliest = try #require(texts.first?.at)
        let start = try #require(storage.restorableFrom)
        for _ in 0..<25 {
            let span = storage.clock.now.since(earliest).wholeMilliseconds
            let at = max(start, earliest.adding(.milliseconds(Int64.random(in: 0...span, using: &random))))
            // To the second: what came before the second of `at` must be there, what came after `at` must not.
            let found = try storage.notes(at: at)
            #expect(found == texts.prefix(found.count).map(\.text))
            #expect(texts.dropFirst(found.count).allSatisfy { $0.at.seconds >= at.seconds })
            #expect(texts.prefix(found.count).allSatisfy { $0.at <= at })
        }
    }

    @Test func theLogOfANewFileBeginsWithItsTemplate() async throws {
        let file = try storage.fileFromTemplate()
        try await file.add("first")
        storage.clock.advance(.seconds(2))
        try await file.add("second")
        try await storage.log.flush(file)
        let entries = try #require(try storage.tenant.epochs().first?.entries)
        #expect(entries.map(\.kind) == [.base, .changes])
        let payload = try storage.template.payload()
        #expect(entries[0].bytes == Int64(LogBatch.byteCount + payload.bytes.count + LogSeal.byteCount))
        // Nobody can go back to a shop that did not exist.
        #expect(entries[0].time == entries[1].firstTime)
        #expect(try storage.notes(at: entries[0].time.adding(.milliseconds(999))) == ["first"])
        #expect(try storage.notes(at: .latest) == ["first", "second"])
        storage.clock.advance(.seconds(2))
        try await file.add("third")
        try await storage.log.flush(file)
        #expect(try storage.notes(at: .latest) == ["first", "second", "third"])
        #expect(try storage.tenant.epochs().count == 1)
    }

    @Test func aBaseWithoutItsChangesIsGoneOnFrom() async throws {
        let file = try storage.fileFromTemplate()
        try await file.add("first")
        try await storage.log.flush(file)
        // As after a kill between the two files.
        let entries = try #require(try storage.tenant.epochs().first?.entries)
        try FileSystem.remove(try #require(entries.last).url)
        let next = try LoggedStorage(in: storage.folder, at: storage.clock.now)
        #expect(next.existing().probe() == nil)
        await next.log.flush()
        #expect(try next.notes(at: .latest) == ["first"])
        #expect(try next.tenant.epochs().count == 1)
    }

    @Test func aFileThatACheckpointChangedIsItsTemplateNoLonger() async throws {
        let file = try storage.fileFromTemplate()
        try await file.add("first")
        guard case .open(let writer) = file.state.withLock({ $0.phase }) else { return #expect(Bool(false)) }
        try writer.checkpoint()
        try await file.add("second")
        try await storage.log.flush(file)
        #expect(try storage.notes(at: .latest) == ["first", "second"])
        let entries = try #require(try storage.tenant.epochs().first?.entries)
        #expect(entries.map(\.kind) == [.base])
    }

    @Test func aKilledProcessLeavesItsCommitsInTheWAL() async throws {
        let file = try storage.file()
        try await file.add("logged")
        try await storage.log.flush(file)
        storage.clock.advance(.seconds(5))
        try await file.add("not logged")
        // As after a kill: nothing in memory, the WAL as it was.
        let next = try LoggedStorage(in: storage.folder, at: storage.clock.now)
        let again = next.existing()
        #expect(again.probe() == nil)
        await next.log.flush()
        let found = try next.notes(at: .latest)
        #expect(found == ["logged", "not logged"])
        #expect(try next.tenant.epochs().count == 1)
    }

    @Test func aReplacedFileBeginsANewEpochAndTheOldOneStays() async throws {
        let file = try storage.file()
        try await file.add("old")
        try await storage.log.flush(file)
        let before = storage.clock.now
        storage.clock.advance(.seconds(10))
        let other = try storage.file("other.sqlite")
        try await other.add("new")
        let copy = storage.folder.appending(path: "new.sqlite")
        try other.copy(to: copy)
        let live = file.url
        try await file.replace {
            try FileSystem.remove(live)
            for suffix in ["-wal", "-shm"] { try FileSystem.remove(URL(filePath: live.path + suffix)) }
            try FileSystem.move(copy, to: live)
        }
        try await file.add("newer")
        try await storage.log.flush(file)
        let (now, then) = (try storage.notes(at: .latest), try storage.notes(at: before.adding(.seconds(1))))
        #expect(now == ["new", "newer"])
        #expect(then == ["old"])
        #expect(try storage.tenant.epochs().count == 2)
    }

    @Test func theWALIsKeptUntilTheLogHasIt() async throws {
        let file = try storage.file()
        try await file.add("first")
        try await storage.log.flush(file)
        try storage.makeLogUnwritable()
        for index in 0..<30 { try await file.add("\(index) " + String(repeating: "x", count: 400_000)) }
        let reader = try #require(try WriteAheadLog.open(of: file.url))
        let end = try reader.end(frames: nil)
        #expect(end.frame > DatabaseFile.Limit.walFrames)
        await #expect(throws: DomainError.self) { try await storage.log.flush(file) }
        #expect(storage.log.status.failures[file.name] != nil)
        try storage.makeLogWritable()
        try await storage.log.flush(file)
        let found = try storage.notes(at: .latest)
        #expect(found.count == 31)
        #expect(try storage.tenant.epochs().count == 1)
    }

    @Test func aLongWALGoesIntoTheFileOnceTheLogHasIt() async throws {
        let file = try storage.file()
        try await file.add("first")
        try await storage.log.flush(file)
        let before = FileSystem.size(file.url)
        let text = String(repeating: "x", count: 400_000)
        try await file.write(alone: true) { db in
            for _ in 0..<30 { try db.execute(sql: "INSERT INTO notes (text) VALUES (?)", arguments: [text]) }
        }
        try await storage.log.flush(file)
        // Stands in line behind the checkpoint, and makes none.
        try file.copy(to: storage.folder.appending(path: "copy.sqlite"))
        #expect(FileSystem.size(file.url) > before + 10 << 20)
        #expect(try storage.notes(at: .latest).count == 31)
    }

    @Test func anHourBecomesTwoFilesAndKeepsItsSeconds() async throws {
        let file = try storage.file()
        var expected: [Instant] = []
        for hour in 0..<3 {
            for index in 0..<10 {
                try await file.add("\(hour) \(index)")
                try await storage.log.flush(file)
                expected.append(storage.clock.now)
                storage.clock.advance(.seconds(7))
            }
            storage.clock.advance(.hours(1))
        }
        let joined = try storage.compaction.compact(now: storage.clock.now)
        #expect(joined == 3)
        let kinds = try storage.tenant.epochs().flatMap { $0.entries.map(\.kind) }
        #expect(kinds == [.base, .changes, .merged, .changes, .merged, .changes, .merged])
        for (index, at) in expected.enumerated() {
            let found = try storage.notes(at: at)
            #expect(found.count == index + 1)
        }
        // And the log goes on from there, also after a restart.
        let next = try LoggedStorage(in: storage.folder, at: storage.clock.now)
        try await next.existing().add("more")
        await next.log.flush()
        let found = try next.notes(at: .latest)
        #expect(found.count == 31)
        #expect(try next.tenant.epochs().count == 1)
    }

    @Test func theWindowMovesTheBeginningForward() async throws {
        let file = try storage.file()
        var expected: [Instant] = []
        for day in 0..<6 {
            for index in 0..<3 {
                try await file.add("\(day) \(index)")
                try await storage.log.flush(file)
                expected.append(storage.clock.now)
                storage.clock.advance(.seconds(5))
            }
            storage.clock.advance(.days(1))
            try storage.compaction.compact(now: storage.clock.now)
        }
        let start = expected[9]
        let removed = try storage.compaction.prune(before: start)
        #expect(removed > 5)
        for (index, at) in expected.enumerated().dropFirst(9) {
            let found = try storage.notes(at: at)
            #expect(found.count == index + 1)
        }
        let again = try storage.compaction.prune(before: start)
        #expect(again == 0)
        try await file.add("more")
        try await storage.log.flush(file)
        let found = try storage.notes(at: .latest)
        #expect(found.count == 19)
    }

    @Test func aChangedByteAnywhereIsRefused() async throws {
        let file = try storage.file()
        for index in 0..<5 {
            try await file.add("note \(index)")
            storage.clock.advance(.seconds(1))
            try await storage.log.flush(file)
        }
        var random = SeededRandom(seed: 9)
        for entry in try storage.tenant.epochs().flatMap(\.entries) {
            let good = try Data(contentsOf: entry.url)
            for _ in 0..<30 {
                var bad = good
                let offset = Int.random(in: 0..<good.count, using: &random)
                bad[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                try bad.write(to: entry.url)
                #expect(throws: LogFault.self) { try storage.notes(at: .latest) }
            }
            try good.prefix(Int.random(in: 1..<good.count, using: &random)).write(to: entry.url)
            #expect(throws: LogFault.self) { try storage.notes(at: .latest) }
            try good.write(to: entry.url)
        }
        let found = try storage.notes(at: .latest)
        #expect(found.count == 5)
    }

    @Test func anotherTenantsLogIsRefused() async throws {
        let file = try storage.file()
        try await file.add("note")
        try await storage.log.flush(file)
        let epoch = try #require(try storage.tenant.epochs().first)
        let chain = try #require(epoch.chain(until: .latest, owner: "somebody else"))
        #expect(throws: LogFault(reason: "it belongs to another database")) {
            try LogReplay.run(chain, on: storage.folder.appending(path: "image.sqlite"), seals: storage.seals)
        }
    }
}
