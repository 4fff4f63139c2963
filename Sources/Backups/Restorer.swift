import ApplianceCore
import Foundation
import Logging
import Storage

/// Carries out a plan: stages and checks everything, and only then touches what is live.
struct Restorer: Sendable {
    let environment: BackupEnvironment
    let plan: RestorePlan

    /// Bytes left free on the disk beside the staged files.
    private static let reserve: Int64 = 16 << 20

    /// A checked database under the name it will have, in a folder of its own.
    private struct Staged: Sendable {
        let item: RestorePlan.Item
        let folder: URL
    }

    private var directory: DataDirectory { environment.directory }

    func restore(progress: @escaping WorkProgress.Report) async throws -> [RestoreOutcome] {
        let start = ContinuousClock.now
        let staging = try await environment.services.longWork { try makeStaging() }
        do {
            let staged = try await stageAll(in: staging, progress)
            try Task.checkCancellation()
            // From the first exchange on nobody's patience counts: half of a whole restore helps no one.
            let outcomes = try await Task { try await publishAll(staged, since: start, progress) }.value
            await environment.discard(staging)
            return outcomes
        } catch {
            await environment.discard(staging)
            throw error
        }
    }

    private func stageAll(in staging: URL, _ progress: @escaping WorkProgress.Report) async throws -> [Staged] {
        let counter = WorkCounter("verifying", total: plan.items.count, report: progress)
        return try await concurrently(plan.items, width: BackupEnvironment.width) { item in
            let staged = try await environment.services.longWork { try stage(item, in: staging) }
            counter.finish(item.name)
            return staged
        }
    }

    private func publishAll(
        _ staged: [Staged], since start: ContinuousClock.Instant, _ progress: @escaping WorkProgress.Report
    ) async throws -> [RestoreOutcome] {
        let counter = WorkCounter("restoring", total: plan.items.count + plan.retired.count, report: progress)
        var outcomes: [RestoreOutcome] = []
        for staged in staged {
            let undo = try await publish(staged)
            let outcome = RestoreOutcome(
                item: staged.item, seconds: (ContinuousClock.now - start).inSeconds, undo: undo)
            outcomes.append(outcome)
            log(outcome)
            counter.finish(staged.item.name)
        }
        for id in plan.retired {
            let swap = swap
            try await environment.source.tenantFile(id).replace { try swap.retire(id) }
            counter.finish(id)
        }
        return outcomes
    }

    // MARK: - Before anything is touched

    /// On the file system where the files will be live, so that a rename is enough.
    private func makeStaging() throws -> URL {
        if plan.into == nil { try FileSystem.makeFolder(directory.undo) }
        if plan.into != nil { for item in plan.items { try checkIsFree(liveURL(item)) } }
        let parent = plan.into ?? directory.tenants
        try FileSystem.makeFolder(parent)
        guard FileSystem.freeBytes(parent) > plan.bytes + Self.reserve else {
            throw DomainError(
                .storageFull, "storage_full", "The restore needs \(RestorePlan.size(plan.bytes)) of free disk space.",
                hint: "Free some space, such as old folders in undo/.")
        }
        let staging = parent.appending(path: RestoreLeftovers.prefix + Random.token(bytes: 9))
        try FileSystem.makeFolder(staging)
        return staging
    }

    private func stage(_ item: RestorePlan.Item, in staging: URL) throws -> Staged {
        guard EntryKind(item.folder) != nil else { throw DomainError.noSnapshot(item.snapshot.description) }
        let folder = staging.appending(path: item.file.tenant?.id ?? "system")
        let file = folder.appending(path: liveURL(item).lastPathComponent)
        try FileSystem.makeFolder(folder)
        do {
            try StoredFile.extract(item.file, from: item.folder, to: file)
            try DatabaseFacts(item.file).check(
                file, schema: environment.source.file(item.file).schema, tenant: item.file.tenant?.id)
        } catch let fault as FileFault {
            throw DomainError.damaged(item.file.path, in: item.snapshot, fault.reason)
        } catch let error as DomainError where error.code == "file_newer" {
            throw DomainError.conflict(
                "backup_newer",
                "\(item.file.path) in snapshot \(item.snapshot) is newer than this program: \(error.message)",
                hint: "Restore it with the version that wrote it, or a later one.")
        }
        try FileSystem.syncFile(file)
        try FileSystem.syncFolder(folder)
        return Staged(item: item, folder: folder)
    }

    // MARK: - The act

    private var swap: RestoreSwap { RestoreSwap(directory: directory, at: environment.time.now()) }

    private func liveURL(_ item: RestorePlan.Item) -> URL {
        let target = plan.into.map { DataDirectory($0) } ?? directory
        return item.file.tenant.map { target.tenantDatabase($0.id) } ?? target.systemDatabase
    }

    /// The name of the undo folder; nil when nothing was replaced.
    private func publish(_ staged: Staged) async throws -> String? {
        if plan.into != nil {
            try await environment.services.longWork { try place(staged) }
            return nil
        }
        let swap = swap
        let tenant = staged.item.file.tenant?.id
        return try await environment.source.file(staged.item.file).replace {
            guard let tenant else { return try swap.system(staged.folder) }
            return try swap.tenant(tenant, staged.folder)
        }
    }

    private func place(_ staged: Staged) throws {
        let target = liveURL(staged.item)
        try checkIsFree(target)
        let parent = target.deletingLastPathComponent()
        try FileSystem.makeFolder(parent)
        try FileSystem.move(staged.folder.appending(path: target.lastPathComponent), to: target)
    }

    private func checkIsFree(_ target: URL) throws {
        guard EntryKind(target) == nil else {
            throw DomainError.conflict("target_exists", "The target folder already has \(target.lastPathComponent).")
        }
    }

    private func log(_ outcome: RestoreOutcome) {
        environment.logger.notice(
            "restored",
            metadata: [
                LogKey.tenant: "\(outcome.name)", LogKey.snapshot: "\(outcome.snapshot)",
                LogKey.seconds: "\(outcome.seconds)", LogKey.path: "\(outcome.undo ?? "")",
            ])
    }
}
