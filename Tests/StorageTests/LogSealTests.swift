import ApplianceCore
import Foundation
import Testing

@testable import Storage

/// Who can write to the backups folder and has not the key makes no file of a log that is believed.
struct LogSealTests {
    private typealias Keys = LoggedStorage.Keys

    private static let unsealed = LogFault(reason: "it has no seal", isUnsealed: true)
    private static let strange = LogFault(reason: "it was sealed with another master.key", isUnsealed: true)

    /// A note each minute, each in a file of its own.
    private func withNotes(
        _ texts: [String], in storage: LoggedStorage, _ name: String = "shop.sqlite"
    ) async throws -> DatabaseFile {
        let file = try storage.file(name)
        for text in texts {
            try await file.add(text)
            try await storage.log.flush(file)
            storage.clock.advance(.minutes(1))
        }
        return file
    }

    /// Writes a file anew with another text in it and right sums everywhere; `seals` are a stranger's.
    private func forge(_ entry: LogFolder.Entry, _ text: String, _ forged: String, _ seals: LogSeals? = nil) throws {
        let reader = try LogReader(entry, nil)
        var segment = try LogSegmentWriter(entry.url, seals)
        var count = 0
        while let head = try reader.head() {
            var payload = Data()
            try reader.payload(head) { payload.append(contentsOf: $0) }
            while let range = payload.range(of: Data(text.utf8)) {
                payload.replaceSubrange(range, with: Data(forged.utf8))
                count += 1
            }
            var empty = head
            (empty.payloadBytes, empty.payloadDigest) = (0, LogBatch.noDigest)
            let copy = FileManager.default.temporaryDirectory.appending(path: "payload-\(Random.token(bytes: 9))")
            defer { try? FileSystem.remove(copy) }
            try payload.write(to: copy)
            _ = try segment.append(empty, payload: FileReader(copy).next)
        }
        try segment.publish()
        #expect(count > 0)
    }

    @Test func `a forged file with right sums is refused`() async throws {
        let storage = try LoggedStorage()
        _ = try await withNotes(["first", "second", "honest"], in: storage)
        let victim = try #require(storage.files.last)
        let good = try Data(contentsOf: victim.url)
        let stranger = LogSeals { Keys(8).all }
        let strangers: [(LogSeals?, LogFault)] = [(nil, Self.unsealed), (stranger, Self.strange)]
        for (seals, fault) in strangers {
            try forge(victim, "honest", "forged", seals)
            #expect(throws: fault) { try storage.notes(at: .latest) }
            // It was a good forgery.
            #expect(try storage.notes(at: .latest, isUnsealed: true) == ["first", "second", "forged"])
            try good.write(to: victim.url)
        }
        // With the seal of what was there before.
        try forge(victim, "honest", "forged")
        try (Data(contentsOf: victim.url) + good.suffix(LogSeal.byteCount)).write(to: victim.url)
        #expect(throws: LogProof.mismatch) { try storage.notes(at: .latest) }
        #expect(throws: LogProof.mismatch) { try storage.notes(at: .latest, isUnsealed: true) }
        try good.write(to: victim.url)
        #expect(try storage.notes(at: .latest) == ["first", "second", "honest"])
    }

    @Test func `a forged file is refused before the target is touched, wherever it lies in the chain`() async throws {
        let storage = try LoggedStorage()
        _ = try await withNotes(["first", "second", "third"], in: storage)
        let epoch = try #require(try storage.tenant.epochs().first)
        let chain = try #require(epoch.chain(until: .latest, owner: "shop.sqlite"))
        let target = storage.folder.appending(path: "target.sqlite")
        for (entry, text) in zip(epoch.entries, ["first", "second", "third"]) {
            let good = try Data(contentsOf: entry.url)
            try forge(entry, text, String(repeating: "x", count: text.utf8.count))
            var named: URL?
            #expect(throws: Self.unsealed) {
                try LogReplay.run(chain, on: target, seals: storage.seals) { named = $0 }
            }
            #expect(named == entry.url && !FileSystem.exists(target))
            try good.write(to: entry.url)
        }
    }

    @Test func `a file of another shop, of another epoch, or from before, stands for no other`() async throws {
        let storage = try LoggedStorage()
        let start = storage.clock.now
        _ = try await withNotes(["first", "second", "third"], in: storage)
        let other = try LoggedStorage(in: storage.folder, at: start)
        _ = try await withNotes(["one", "two", "three"], in: other, "other.sqlite")
        let theirs = LogFolder(root: storage.log.backups, name: "other.sqlite")
        let (mine, others) = (storage.files, try theirs.epochs().flatMap(\.entries))
        #expect(mine.count == 3 && mine.map(\.url.lastPathComponent) == others.map(\.url.lastPathComponent))
        for (own, strange) in Array(zip(mine, others)) + Array(zip(mine.dropFirst(), mine)) {
            let good = try Data(contentsOf: own.url)
            try Data(contentsOf: strange.url).write(to: own.url)
            #expect(throws: LogProof.mismatch) { try storage.notes(at: .latest) }
            try good.write(to: own.url)
        }
        #expect(try storage.notes(at: .latest) == ["first", "second", "third"])
        // The whole of the other shop's, and of an epoch that is over.
        try FileManager.default.moveItem(at: storage.tenant.url, to: storage.folder.appending(path: "away"))
        try FileManager.default.copyItem(at: theirs.url, to: storage.tenant.url)
        #expect(throws: LogProof.mismatch) { try storage.notes(at: .latest) }
        try FileManager.default.removeItem(at: storage.tenant.url)
        try FileManager.default.moveItem(at: storage.folder.appending(path: "away"), to: storage.tenant.url)
        try FileManager.default.copyItem(at: storage.tenant.epoch(1), to: storage.tenant.epoch(2))
        #expect(throws: LogProof.mismatch) { try storage.notes(at: .latest) }
    }

    @Test func `what a shop's earlier log held is not joined into its log`() async throws {
        let storage = try LoggedStorage()
        _ = try await withNotes(["first", "second", "third"], in: storage)
        let old = storage.files
        let away = storage.folder.appending(path: "away")
        try FileManager.default.moveItem(at: storage.tenant.url, to: away)
        let next = try LoggedStorage(in: storage.folder, at: storage.clock.now)
        let file = next.existing()
        for text in ["fourth", "fifth", "sixth"] {
            try await file.add(text)
            try await next.log.flush(file)
            next.clock.advance(.minutes(1))
        }
        let new = next.files
        #expect(old.map(\.first) == new.map(\.first) && new.map(\.kind) == [.base, .changes, .changes])
        try FileSystem.remove(new[2].url)
        let path = away.appending(path: old[2].url.pathComponents.suffix(2).joined(separator: "/"))
        try FileManager.default.copyItem(at: path, to: old[2].url)
        next.clock.advance(.hours(2))
        let before = next.files
        #expect(throws: LogFault(reason: "it does not go on from the batch before")) {
            try next.compaction.compact(now: next.clock.now)
        }
        #expect(next.files == before)
    }

    @Test func `a stranger's file that claims to hold all others takes none away`() async throws {
        let storage = try LoggedStorage()
        _ = try await withNotes(["first", "second", "third"], in: storage)
        let files = storage.files
        let claim = try #require(files.last).url.lastPathComponent.split(separator: "_").last ?? ""
        let stray = storage.tenant.epoch(1).appending(path: "0000000002-0000009999_\(claim)")
        try Data("anything".utf8).write(to: stray)
        storage.clock.advance(.hours(2))
        _ = try? storage.compaction.compact(now: storage.clock.now)
        #expect(files.allSatisfy { FileSystem.exists($0.url) })
        try FileSystem.remove(stray)
        #expect(try storage.notes(at: .latest) == ["first", "second", "third"])
    }

    @Test func `a seal that was cut short or changed is damage`() async throws {
        let storage = try LoggedStorage()
        _ = try await withNotes(["first", "second"], in: storage)
        let victim = try #require(storage.files.last)
        let good = try Data(contentsOf: victim.url)
        for count in 1..<LogSeal.byteCount {
            try good.dropLast(count).write(to: victim.url)
            let fault = #expect(throws: LogFault.self) { try storage.notes(at: .latest) }
            #expect(fault?.isUnsealed == false)
        }
        for offset in good.count - LogSeal.byteCount..<good.count {
            for bit in 0..<8 {
                var bad = good
                bad[offset] ^= 1 << bit
                try bad.write(to: victim.url)
                let fault = #expect(throws: LogFault.self) { try storage.notes(at: .latest) }
                #expect(fault?.isUnsealed == false)
            }
        }
        try good.dropLast(LogSeal.byteCount).write(to: victim.url)
        #expect(throws: Self.unsealed) { try storage.notes(at: .latest) }
        #expect(try storage.notes(at: .latest, isUnsealed: true) == ["first", "second"])
        try Data().write(to: victim.url)
        #expect(throws: LogFault.self) { try storage.notes(at: .latest) }
    }

    @Test func `after a rotation the log goes on, and what was sealed before is sealed anew`() async throws {
        let keys = Keys(7)
        let storage = try LoggedStorage(keys: keys)
        #expect(try storage.settle() == 0)
        let file = try await withNotes(["first", "second", "honest"], in: storage)
        keys.set(Keys(8, 7))
        try await file.add("fourth")
        try await storage.log.flush(file)
        #expect(try storage.notes(at: .latest) == ["first", "second", "honest", "fourth"])
        // Before all of them are sealed anew, the old key is needed.
        keys.set(Keys(8))
        #expect(throws: Self.strange) { try storage.notes(at: .latest) }
        keys.set(Keys(8, 7))
        let stranger = storage.files[2]
        let good = try Data(contentsOf: stranger.url)
        try forge(stranger, "honest", "forged")
        #expect(try storage.settle() == 2)
        #expect(try storage.settle() == nil)
        keys.set(Keys(8))
        #expect(throws: Self.unsealed) { try storage.notes(at: .latest) }
        keys.set(Keys(8, 7))
        try good.write(to: stranger.url)
        #expect(try storage.settle(again: true) == 1)
        keys.set(Keys(8))
        #expect(try storage.notes(at: .latest) == ["first", "second", "honest", "fourth"])
        #expect(try storage.tenant.epochs().count == 1)
        // A restart finds its end, and a second rotation what the first one wrote.
        keys.set(Keys(9, 8))
        #expect(try storage.settle() == 4)
        keys.set(Keys(9))
        let next = try LoggedStorage(in: storage.folder, at: storage.clock.now, keys: keys)
        try await next.existing().add("fifth")
        await next.log.flush()
        #expect(try next.notes(at: .latest).last == "fifth")
        #expect(try next.tenant.epochs().count == 1)
        // Forged lines vouch for nothing.
        let lines = next.tenant.epoch(1).appending(path: OlderSeals.name)
        try FileManager.default.removeItem(at: lines)
        #expect(throws: Self.strange) { try next.notes(at: .latest) }
        let forger = LogSeals { Keys(7).all }
        let forged = try next.files.reduce(into: [String: LogSeal]()) {
            let heads = try LogReader($1, nil).heads()
            $0[$1.url.lastPathComponent] = try forger.seal(heads: heads, at: LogFolder.place($1.url))
        }
        try AtomicFile.publish(OlderSeals.encoded(forged), to: lines)
        #expect(throws: Self.strange) { try next.notes(at: .latest) }
    }

    @Test func `what is joined is sealed, and nothing is that was not before`() async throws {
        let storage = try LoggedStorage()
        let file = try storage.file()
        for day in 0..<4 {
            for index in 0..<3 {
                try await file.add("day \(day) \(index)")
                try await storage.log.flush(file)
                storage.clock.advance(.seconds(5))
            }
            storage.clock.advance(.days(1))
        }
        let victim = try #require(storage.files.last)
        let good = try Data(contentsOf: victim.url)
        try forge(victim, "day 3 2", "day 9 9")
        let strays = storage.files.filter { $0.first >= victim.first - 2 }
        #expect(throws: Self.unsealed) { try storage.compaction.compact(now: storage.clock.now) }
        #expect(strays.allSatisfy { FileSystem.exists($0.url) })
        try good.write(to: victim.url)
        try storage.compaction.compact(now: storage.clock.now)
        let base = try #require(storage.files.first)
        let all = try Data(contentsOf: base.url)
        try all.dropLast(LogSeal.byteCount).write(to: base.url)
        let start = storage.clock.now.subtracting(.days(2))
        #expect(throws: Self.unsealed) { try storage.compaction.prune(before: start) }
        try all.write(to: base.url)
        #expect(try storage.compaction.prune(before: start) > 0)
        let proof = LogProof(try #require(storage.seals))
        #expect(Set(storage.files.map(\.kind)) == [.base, .changes, .merged])
        for entry in storage.files { try LogReader(entry, proof).heads() }
        #expect(try storage.notes(at: .latest).count == 12)
    }

    @Test func `a stranger's chain does not take the place of ours`() async throws {
        let storage = try LoggedStorage()
        _ = try await withNotes(["first", "second"], in: storage)
        let forged = storage.tenant.epoch(5)
        try FileManager.default.copyItem(at: storage.tenant.epoch(1), to: forged)
        for entry in try LogFolder.entries(forged) {
            try Data(contentsOf: entry.url).dropLast(LogSeal.byteCount).write(to: entry.url)
        }
        storage.clock.advance(.days(60))
        _ = try storage.compaction.prune(before: storage.clock.now.subtracting(.days(30)))
        #expect(try storage.tenant.epochs().map(\.number) == [1, 5])
        // Nor does the log go on from it.
        let next = try LoggedStorage(in: storage.folder, at: storage.clock.now)
        let file = next.existing()
        try await file.add("third")
        try await next.log.flush(file)
        #expect(try next.tenant.epochs().map(\.number) == [1, 5, 6])
        #expect(try next.notes(at: .latest) == ["first", "second", "third"])
    }

    @Test func `taking a log of before at its word may be cut short and is gone on with`() async throws {
        let older = try LoggedStorage(keys: nil)
        _ = try await withNotes(["first", "second"], in: older)
        let other = try LoggedStorage(in: older.folder, at: older.clock.now, keys: nil)
        _ = try await withNotes(["one", "two"], in: other, "other.sqlite")
        let names = ["shop.sqlite", "other.sqlite"]
        let lines = names.map {
            LogFolder(root: older.log.backups, name: $0).epoch(1).appending(path: OlderSeals.name)
        }
        let storage = try LoggedStorage(in: older.folder, at: older.clock.now)
        for url in lines { try FileSystem.makeFolder(url.appending(path: "in the way")) }
        for url in lines {
            #expect(throws: (any Error).self) { try storage.settle() }
            try FileSystem.remove(url)
        }
        _ = try storage.settle()
        #expect(try storage.settle() == nil)
        let proof = LogProof(try #require(storage.seals))
        for name in names {
            for entry in try LogFolder(root: storage.log.backups, name: name).epochs().flatMap(\.entries) {
                try LogReader(entry, proof).heads()
            }
        }
        #expect(try storage.notes(at: .latest) == ["first", "second"])
    }

    @Test func `a log of before there were seals is taken at its word once, and goes on`() async throws {
        let older = try LoggedStorage(keys: nil)
        _ = try await withNotes(["first", "second"], in: older)
        let storage = try LoggedStorage(in: older.folder, at: older.clock.now)
        #expect(throws: Self.unsealed) { try storage.notes(at: .latest) }
        #expect(try storage.settle() == 2)
        #expect(try storage.settle() == nil)
        let file = storage.existing()
        try await file.add("third")
        try await storage.log.flush(file)
        #expect(try storage.tenant.epochs().count == 1)
        #expect(try storage.notes(at: .latest) == ["first", "second", "third"])
        storage.clock.advance(.hours(2))
        #expect(try storage.compaction.compact(now: storage.clock.now) == 1)
        #expect(try storage.notes(at: .latest) == ["first", "second", "third"])
        // From now on nothing is: what a program of before adds has no seal, and the log begins anew behind it.
        let again = try LoggedStorage(in: older.folder, at: storage.clock.now, keys: nil)
        let there = again.existing()
        try await there.add("fourth")
        try await again.log.flush(there)
        let next = try LoggedStorage(in: older.folder, at: storage.clock.now)
        #expect(try next.settle() == nil)
        #expect(try next.settle(again: true) == 0)
        #expect(throws: Self.unsealed) { try next.notes(at: .latest) }
        next.clock.advance(.seconds(5))
        let now = next.existing()
        try await now.add("fifth")
        try await next.log.flush(now)
        #expect(try next.notes(at: .latest) == ["first", "second", "third", "fourth", "fifth"])
    }
}
