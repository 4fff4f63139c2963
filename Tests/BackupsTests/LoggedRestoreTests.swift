import ApplianceCore
import Foundation
import Storage
import Testing

@testable import Backups

/// Restores that go on from a snapshot, or from the log's own beginning, to a second in between.
struct LoggedRestoreTests {
    /// A note each ten seconds; when each was there. Snapshots after the second and the fourth.
    private func withHistory(_ body: (TestAppliance, [Instant]) async throws -> Void) async throws {
        try await withAppliance(["acme", "bela"], isLogged: true) { appliance in
            let log = try #require(appliance.services.changeLog)
            await log.flush()
            var times: [Instant] = []
            for index in 0..<6 {
                appliance.clock.advance(.seconds(10))
                try await appliance.add("note \(index)", to: appliance.file("acme"))
                await log.flush()
                times.append(appliance.clock.now)
                if index == 1 || index == 3 { try await appliance.service.create(reason: .schedule) }
            }
            try await body(appliance, times)
        }
    }

    @Test func `every state between, before and after snapshots comes back`() async throws {
        try await withHistory { appliance, times in
            for (index, time) in times.enumerated() {
                let into = appliance.root.appending(path: "into-\(index)")
                let request = try RestoreRequest(tenants: ["acme"], at: time.adding(.seconds(1)), into: into)
                let outcome = try #require(try await appliance.service.restore(request).first)
                #expect(outcome.at == time)
                let found = try notes(at: DataDirectory(into).tenantDatabase(TestAppliance.id("acme")))
                #expect(found == ["first of acme"] + (0...index).map { "note \($0)" })
            }
        }
    }

    @Test func `in place, and to what was before the restore`() async throws {
        try await withHistory { appliance, times in
            let file = appliance.file("acme")
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"], at: times[2]))
            let then = try appliance.notes(file)
            #expect(then.last == "note 2" && then.count == 4)
            appliance.clock.advance(.seconds(10))
            try await appliance.add("another way", to: file)
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"], at: times[5]))
            let again = try appliance.notes(file)
            #expect(again.last == "note 5" && again.count == 7)
        }
    }

    @Test func `the plan says how much newer the log is than the snapshot`() async throws {
        try await withHistory { appliance, times in
            let plan = try await appliance.service.plan(RestoreRequest(tenants: ["acme"]))
            #expect(plan.notes.contains { $0.contains("reaches \(times[5])") && $0.contains("--at now") })
            let precise = try await appliance.service.plan(RestoreRequest(tenants: ["acme"], at: times[5]))
            #expect(precise.usesLog && precise.notes.isEmpty && precise.at == times[5])
        }
    }

    @Test func `everything goes back to one instant, with shops that no snapshot knows`() async throws {
        try await withHistory { appliance, times in
            try await appliance.addTenant("late")
            await appliance.services.changeLog?.flush()
            appliance.clock.advance(.seconds(10))
            let at = appliance.clock.now
            let into = appliance.root.appending(path: "all")
            try await appliance.service.restore(RestoreRequest(at: at, into: into))
            let target = DataDirectory(into)
            let late = try notes(at: target.tenantDatabase(TestAppliance.id("late")))
            let acme = try notes(at: target.tenantDatabase(TestAppliance.id("acme")))
            #expect(late == ["first of late"] && acme.last == "note 5")
            #expect(FileSystem.exists(target.systemDatabase))
        }
    }

    @Test func `a damaged log is refused by name, and nothing live is touched`() async throws {
        try await withHistory { appliance, times in
            let folder = LogFolder(root: appliance.backups, name: TestAppliance.id("acme"))
            let victim = try #require(try folder.epochs().last?.entries.last?.url)
            var bytes = try contents(victim)
            bytes[bytes.count - 3] ^= 4
            try overwrite(victim, bytes)
            let error = await refusal {
                try await appliance.service.restore(RestoreRequest(tenants: ["acme"], at: times[5]))
            }
            #expect(error?.code == "backup_damaged" && error?.message.contains(victim.lastPathComponent) == true)
            let live = try appliance.notes(appliance.file("acme"))
            #expect(live.count == 7)
        }
    }

    @Test func `the log of a shop that is gone goes after the window`() async throws {
        try await withHistory { appliance, _ in
            appliance.forget("bela")
            try await appliance.service.compactLog()
            #expect(names(in: LogFolder.root(appliance.backups)) == ["system", "ten_acme", "ten_bela"])
            appliance.clock.advance(.days(31))
            try await appliance.service.compactLog()
            #expect(names(in: LogFolder.root(appliance.backups)) == ["system", "ten_acme"])
        }
    }

    @Test func `a log that somebody restores from is not joined meanwhile`() async throws {
        try await withHistory { appliance, times in
            let service = appliance.service
            let id = TestAppliance.id("acme")
            let log = LogFolder(root: appliance.backups, name: id)
            let plan = try await service.plan(RestoreRequest(tenants: ["acme"], at: times[5]))
            appliance.clock.advance(.hours(2))
            let before = try log.epochs().flatMap(\.entries)
            #expect(before.count > 2)
            try await service.logUse.reading([id]) {
                try await service.compactLog()
                #expect(try log.epochs().flatMap(\.entries) == before)
            }
            try await service.compactLog()
            #expect(try log.epochs().flatMap(\.entries) != before)
            // What was planned on files that are gone is refused, and planned anew it works.
            let error = await refusal { try await service.restore(plan) }
            #expect(error?.code == "plan_outdated")
            try await service.restore(RestoreRequest(tenants: ["acme"], at: times[5]))
        }
    }

    @Test func `in a gap of the log the newer snapshot is what comes back`() async throws {
        try await withAppliance(["acme"], isLogged: true) { appliance in
            let file = appliance.file("acme")
            await appliance.services.changeLog?.flush()
            appliance.clock.advance(.seconds(10))
            // Nothing more can be logged: a file lies where the shop's log should be.
            let log = LogFolder(root: appliance.backups, name: TestAppliance.id("acme")).url
            let away = appliance.root.appending(path: "away")
            try FileSystem.move(log, to: away)
            try AtomicFile.publish([], to: log)
            try await appliance.add("in the gap", to: file)
            await appliance.services.changeLog?.flush()
            try await appliance.service.create(reason: .manual)
            try FileSystem.remove(log)
            try FileSystem.move(away, to: log)
            try await appliance.services.changeLog?.flush(file)
            appliance.clock.advance(.seconds(10))
            let plan = try await appliance.service.plan(RestoreRequest(tenants: ["acme"], at: appliance.clock.now))
            // The log has caught up with what the WAL kept for it.
            #expect(plan.usesLog)
            let folder = LogFolder(root: appliance.backups, name: TestAppliance.id("acme"))
            let batches = try folder.epochs().flatMap(\.entries).filter { $0.url.pathExtension != "base" }
            #expect(!batches.isEmpty)
            for batch in batches { try FileSystem.remove(batch.url) }
            let gap = try await appliance.service.plan(RestoreRequest(tenants: ["acme"], at: appliance.clock.now))
            #expect(!gap.usesLog && gap.items.first?.snapshot != nil)
        }
    }
}
