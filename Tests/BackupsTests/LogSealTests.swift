import ApplianceCore
import Foundation
import Storage
import Testing

@testable import Backups

/// Whatever goes back by the change log asks who wrote it: restores, the past, drills and the report.
struct LogSealTests {
    private static let key = Array(repeating: UInt8(7), count: 32)
    private static let other = Array(repeating: UInt8(8), count: 32)
    private static let sealBytes = 96

    /// A note each ten seconds in a log that is sealed if `isSealed`; when the last one was there.
    private func withHistory(
        isSealed: Bool = true, _ body: (TestAppliance, Instant) async throws -> Void
    ) async throws {
        try await withAppliance(["acme", "bela"], isLogged: true, keys: isSealed ? [Self.key] : []) { appliance in
            if isSealed { #expect(await appliance.service.settleSeals()) }
            let log = try #require(appliance.services.changeLog)
            await log.flush()
            try await appliance.service.create(reason: .schedule)
            for index in 0..<3 {
                appliance.clock.advance(.seconds(10))
                try await appliance.add("note \(index)", to: appliance.file("acme"))
                await log.flush()
            }
            try await body(appliance, appliance.clock.now)
        }
    }

    private func files(_ appliance: TestAppliance, _ slug: String = "acme") throws -> [URL] {
        try LogFolder(root: appliance.backups, name: TestAppliance.id(slug)).epochs().flatMap(\.entries).map(\.url)
    }

    /// What a program of before wrote, or one without the key with right sums.
    private func strip(_ files: [URL]) throws {
        for file in files { try overwrite(file, Array(try contents(file).dropLast(Self.sealBytes))) }
    }

    private func request(_ appliance: TestAppliance, _ at: Instant, isUnsealed: Bool = false) throws -> RestoreRequest {
        let into = appliance.root.appending(path: "into-\(Random.token(bytes: 6))")
        return try RestoreRequest(tenants: ["acme"], at: at, into: into, isUnsealed: isUnsealed)
    }

    @Test func `a file of the log without our seal is refused by name, until a person says otherwise`() async throws {
        try await withHistory { appliance, at in
            try await appliance.service.restore(request(appliance, at))
            let victim = try #require(try files(appliance).last)
            try strip([victim])
            let request = try request(appliance, at)
            let error = await refusal { try await appliance.service.restore(request) }
            #expect(error?.code == "backup_unsealed")
            let said = "\(victim.lastPathComponent) in the change log of acme is not known to be ours: it has no seal."
            #expect(error?.message == said && error?.hint?.contains("--unsealed") == true)
            #expect(request.into.map { names(in: $0) } == [])
            let live = try RestoreRequest(tenants: ["acme"], at: at)
            #expect(await refusal { try await appliance.service.restore(live) }?.code == "backup_unsealed")
            #expect(names(in: appliance.directory.undo) == [])
            let outcomes = try await appliance.service.restore(self.request(appliance, at, isUnsealed: true))
            #expect(outcomes.first?.at == at)
        }
    }

    @Test func `a file that stands for another is damage, also to who takes what has no seal`() async throws {
        try await withHistory { appliance, at in
            let all = try files(appliance)
            try overwrite(all[2], contents(all[1]))
            let error = await refusal { try await appliance.service.restore(request(appliance, at)) }
            #expect(error?.code == "backup_damaged" && error?.message.contains("its seal does not match") == true)
            #expect(error?.message.hasPrefix(all[2].lastPathComponent) == true)
            let forced = await refusal { try await appliance.service.restore(request(appliance, at, isUnsealed: true)) }
            #expect(forced?.code == "backup_damaged")
        }
    }

    @Test func `with another master key the log is refused`() async throws {
        try await withHistory { appliance, at in
            appliance.keys.withLock { $0 = [Self.other] }
            let error = await refusal { try await appliance.service.restore(request(appliance, at)) }
            #expect(error?.code == "backup_unsealed")
            #expect(error?.message.contains("it was sealed with another master.key") == true)
        }
    }

    @Test func `drills, the past and the report see a stranger's log`() async throws {
        try await withHistory { appliance, at in
            let id = TestAppliance.id("acme")
            #expect(try await appliance.service.drill("acme", id: "drl_1").problem == nil)
            #expect(try await appliance.service.logSpans()[id]?.count == 1)
            #expect(try await appliance.service.logWindow(id) != nil)
            try strip(files(appliance))
            let problem = try await appliance.service.drill("acme", id: "drl_2").problem
            #expect(problem?.contains("is not known to be ours: it has no seal") == true)
            #expect(try await appliance.service.logSpans()[id] == [])
            #expect(try await appliance.service.logWindow(id) == nil)
            let plan = try await appliance.service.plan(RestoreRequest(tenants: ["acme"], at: at))
            let past = appliance.root.appending(path: "past")
            let error = await refusal { _ = try await appliance.service.stage(plan, in: past) }
            #expect(error?.code == "backup_unsealed" && !FileSystem.exists(past))
            // Of the others nothing is missing.
            #expect(try await appliance.service.drill("bela", id: "drl_3").problem == nil)
        }
    }

    @Test func `the log of before there were seals stays restorable`() async throws {
        try await withHistory(isSealed: false) { appliance, at in
            appliance.keys.withLock { $0 = [Self.key] }
            #expect(await refusal { try await appliance.service.restore(request(appliance, at)) } != nil)
            #expect(await appliance.service.settleSeals())
            let outcomes = try await appliance.service.restore(request(appliance, at))
            #expect(outcomes.first?.at == at)
            appliance.clock.advance(.hours(2))
            #expect(try await appliance.service.compactLog().contains("failed") == false)
            try await appliance.service.restore(request(appliance, at))
        }
    }

    @Test func `after a rotation and without the old key the log stays restorable`() async throws {
        try await withHistory { appliance, at in
            appliance.keys.withLock { $0 = [Self.other, Self.key] }
            try await appliance.service.restore(request(appliance, at))
            #expect(await appliance.service.settleSeals())
            #expect(await appliance.service.settleSeals(again: true))
            appliance.keys.withLock { $0 = [Self.other] }
            let outcomes = try await appliance.service.restore(request(appliance, at))
            #expect(outcomes.first?.at == at)
            appliance.clock.advance(.hours(2))
            #expect(try await appliance.service.compactLog().contains("failed") == false)
            try await appliance.service.restore(request(appliance, at))
        }
    }

    @Test func `a log with a stranger's file is not joined, and others are`() async throws {
        try await withHistory { appliance, _ in
            let before = try files(appliance)
            try strip([before[1]])
            appliance.clock.advance(.hours(2))
            #expect(try await appliance.service.compactLog().contains("1 logs failed"))
            #expect(try files(appliance) == before)
        }
    }

    @Test func `an empty machine checks the log with the key, and takes it at its word without`() async throws {
        try await withHistory { appliance, at in
            let victim = try #require(try files(appliance).last)
            try strip([victim])
            let given = try TestAppliance(
                root: appliance.root, data: "given", clock: appliance.clock, keys: [Self.key])
            let error = await refusal { try await given.service.restore(RestoreRequest(at: at)) }
            #expect(error?.code == "backup_unsealed" && error?.message.hasPrefix(victim.lastPathComponent) == true)
            try await given.close()
            let bare = try TestAppliance(root: appliance.root, data: "bare", clock: appliance.clock)
            let plan = try await bare.service.plan(RestoreRequest(at: at))
            #expect(plan.usesLog && plan.notes.contains { $0.hasSuffix("who made the backups is not checked.") })
            _ = try await bare.service.restore(plan)
            #expect(try bare.notes(bare.file("acme")).last == "note 2")
            try await bare.close()
        }
    }

    @Test func `who restores everything from it vouches for the log too`() async throws {
        try await withHistory { appliance, at in
            try strip(files(appliance))
            let whole = try RestoreRequest(at: at)
            #expect(await refusal { try await appliance.service.restore(whole) }?.code == "backup_unsealed")
            try await appliance.service.restore(RestoreRequest(at: at, isUnsealed: true))
            let outcomes = try await appliance.service.restore(request(appliance, at))
            #expect(outcomes.first?.at == at)
        }
    }
}
