package import ApplianceCore
package import Foundation
import Logging
import Storage

/// Carries out a plan: stages and checks everything, and only then touches what is live.
struct Restorer: Sendable {
    let environment: BackupEnvironment
    let plan: RestorePlan
    /// Shared by all that it brings back: `rst_…`.
    let id: String

    init(environment: BackupEnvironment, plan: RestorePlan) {
        (self.environment, self.plan) = (environment, plan)
        id = IdentifierSource(time: environment.time).next("rst")
    }

    /// Bytes left free on the disk beside the staged files.
    private static let reserve: Int64 = 16 << 20

    /// A checked database under the name it will have, in a folder of its own.
    private struct Staged: Sendable {
        let item: RestorePlan.Item
        let folder: URL
        /// When the change log's last commit in it was made.
        let at: Instant?
        /// Records that were erased in it again.
        let erasures: Int
    }

    /// What an exchange came to.
    private struct Published: Sendable {
        /// The name of the undo folder; nil when nothing was replaced.
        var undo: String?
        var erasures = 0
        /// Messages that wait for a person now.
        var held = 0
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
        let swap = RestoreSwap(directory: directory, restore: id, at: environment.time.now())
        for staged in staged {
            let done = try await publish(staged, swap)
            let outcome = RestoreOutcome(
                item: staged.item, restore: id, at: staged.at, seconds: (ContinuousClock.now - start).inSeconds,
                undo: done.undo, erasures: staged.erasures + done.erasures, held: done.held)
            outcomes.append(outcome)
            log(outcome)
            counter.finish(staged.item.name)
        }
        for id in plan.retired {
            try await environment.source.tenantFile(id).replace { try swap.retire(id) }
            counter.finish(id)
        }
        for record in plan.items.compactMap(\.undo) { await consume(record) }
        return outcomes
    }

    /// What an undo brought back is live: its copy is no longer needed.
    private func consume(_ record: RestoreRecord) async {
        do {
            try await environment.services.longWork { [self] in
                try UndoFolder(directory).consume(record, by: id, at: environment.time.now())
            }
        } catch {
            environment.logger.error("undo folder not removed", metadata: [LogKey.error: "\(error)"])
        }
    }

    // MARK: - Before anything is touched

    /// Stages every file of the plan in `folder`, and leaves it there; how many bytes they are.
    func prove(in folder: URL) throws -> Int64 {
        try plan.items.reduce(0) { sum, item in
            let staged = try stage(item, in: folder)
            return sum + FileSystem.size(staged.folder.appending(path: liveURL(item).lastPathComponent))
        }
    }

    /// Stages the one shop of the plan in `parent`, which must be new; its folder, when the last commit was made, and
    /// how many records were erased in it again.
    func stageOne(in parent: URL) throws -> StagedShop {
        guard let item = plan.items.first, item.tenant != nil, plan.items.count == 1 else {
            throw DomainError.internal("not a plan of one shop")
        }
        try FileSystem.makeFolder(parent)
        try checkRoom(parent)
        let staged = try stage(item, in: parent)
        return StagedShop(folder: staged.folder, at: staged.at ?? item.at, erasures: staged.erasures)
    }

    private func checkRoom(_ folder: URL) throws {
        let needed = plan.bytes + missingContentBytes
        guard FileSystem.freeBytes(folder) > needed + Self.reserve else {
            throw DomainError(
                .storageFull, "storage_full", "The restore needs \(RestorePlan.size(needed)) of free disk space.",
                hint: "Free some space, such as old folders in undo/.")
        }
    }

    /// On the file system where the files will be live, so that a rename is enough.
    private func makeStaging() throws -> URL {
        if plan.into == nil { try FileSystem.makeFolder(directory.undo) }
        if plan.into != nil { for item in plan.items { try checkIsFree(liveURL(item)) } }
        let parent = plan.into ?? directory.tenants
        try FileSystem.makeFolder(parent)
        try checkRoom(parent)
        let staging = parent.appending(path: RestoreLeftovers.prefix + Random.token(bytes: 9))
        try FileSystem.makeFolder(staging)
        return staging
    }

    /// Of uploaded files that have to be copied, as far as the manifest tells.
    private var missingContentBytes: Int64 {
        plan.items.reduce(0) { sum, item in
            guard let tenant = item.tenant?.id, let contents = item.start?.file.contents else { return sum }
            let live = directory.contents(ofTenant: tenant)
            return contents.reduce(sum) { live.has($1) ? $0 : $0 + $1.bytes }
        }
    }

    private func stage(_ item: RestorePlan.Item, in staging: URL) throws -> Staged {
        if let start = item.start, EntryKind(start.folder) == nil {
            throw DomainError.noSnapshot(start.snapshot.description)
        }
        let folder = staging.appending(path: item.tenant?.id ?? "system")
        let file = folder.appending(path: liveURL(item).lastPathComponent)
        try FileSystem.makeFolder(folder)
        let schema = environment.source.file(item.tenant).schema
        if let undo = item.undo { try copyBack(undo, item, to: file, schema: schema) }
        if let start = item.start { try extract(start, to: file, schema: item.log == nil ? schema : nil) }
        let at = try item.log.map { try replay($0, item, on: file, schema: schema) } ?? nil
        if let tenant = item.tenant?.id {
            let contents = ContentRestore(item: item, root: plan.root, live: directory.contents(ofTenant: tenant))
            try contents.stage(database: file, in: folder, schema: schema, tenant: tenant)
        }
        let erasures = try replayErasures(item.tenant, on: file)
        try FileSystem.syncFile(file)
        try FileSystem.syncFolder(folder)
        return Staged(item: item, folder: folder, at: at, erasures: erasures)
    }

    /// Without a schema the content is not looked at yet: the change log goes on from it.
    private func extract(_ start: RestorePlan.Item.Start, to file: URL, schema: DatabaseSchema?) throws {
        do {
            try StoredFile.extract(start.file, from: start.folder, to: file, isKept: true)
            guard let schema else { return }
            try DatabaseFacts(start.file).check(file, schema: schema, tenant: start.file.tenant?.id)
        } catch let fault as FileFault {
            throw DomainError.damaged(start.file.path, in: start.snapshot, fault.reason)
        } catch let error as DomainError where error.code == "file_newer" {
            throw Self.newer("\(start.file.path) in snapshot \(start.snapshot)", error)
        }
    }

    /// What a restore had replaced, with the last commits of its WAL and its uploaded files, checked like a backup.
    private func copyBack(
        _ undo: RestoreRecord, _ item: RestorePlan.Item, to file: URL, schema: DatabaseSchema
    ) throws {
        guard let old = UndoFolder(directory).database(of: undo) else { throw DomainError.notFound("undo folder") }
        for suffix in ["", "-wal"] where EntryKind(URL(filePath: old.path + suffix)) != nil {
            try FileManager.default.copyItem(atPath: old.path + suffix, toPath: file.path + suffix)
        }
        try RestoreSwap.settle(file)
        do {
            _ = try DatabaseFacts.prove(file, schema: schema, tenant: item.tenant?.id)
        } catch let fault as FileFault {
            throw DomainError.conflict(
                "undo_damaged", "What \(item.name) was before that restore is damaged: \(fault.reason).",
                hint: "It may have been so when it was restored. appliance restore --at goes to a time before.")
        }
        if item.tenant != nil {
            try CarriedFiles.link(from: old.deletingLastPathComponent(), to: file.deletingLastPathComponent())
        }
    }

    private func replay(
        _ log: LogChain, _ item: RestorePlan.Item, on file: URL, schema: DatabaseSchema
    ) throws -> Instant? {
        var current = "its change log"
        do {
            let seals = plan.isUnsealed ? nil : environment.logSeals
            let at = try LogReplay.run(log, on: file, seals: seals) { current = $0.lastPathComponent }.at
            current = "what the change log gives"
            _ = try DatabaseFacts.prove(file, schema: schema, tenant: item.tenant?.id)
            return at
        } catch let fault as LogFault where fault.isUnsealed {
            throw DomainError.unsealedLog(current, of: item.name, fault.reason)
        } catch let fault as LogFault {
            throw DomainError.damagedLog(current, of: item.name, fault.reason)
        } catch let fault as FileFault {
            throw DomainError.damagedLog(current, of: item.name, fault.reason)
        } catch let error as DomainError where error.code == "file_newer" {
            throw Self.newer("The change log of \(item.name)", error)
        }
    }

    private static func newer(_ what: String, _ error: DomainError) -> DomainError {
        .conflict(
            "backup_newer", "\(what) is newer than this program: \(error.message)",
            hint: "Restore it with the version that wrote it, or a later one.")
    }

    /// Whoever was erased since must not come back, whatever way the past is looked at.
    private func replayErasures(_ tenant: Manifest.Tenant?, on file: URL) throws -> Int {
        try tenant.map { try environment.source.amendments.replay($0.id, file, plan.root) } ?? 0
    }

    // MARK: - The act

    private func liveURL(_ item: RestorePlan.Item) -> URL {
        let target = plan.into.map { DataDirectory($0) } ?? directory
        return item.tenant.map { target.tenantDatabase($0.id) } ?? target.systemDatabase
    }

    private func publish(_ staged: Staged, _ swap: RestoreSwap) async throws -> Published {
        if plan.into != nil {
            try await environment.services.longWork { try place(staged) }
            return Published()
        }
        let (item, at) = (staged.item, staged.at ?? staged.item.at)
        let file = environment.source.file(item.tenant)
        let (past, live) = (staged.folder.appending(path: liveURL(item).lastPathComponent), liveURL(item))
        let (amendments, moment) = (environment.source.amendments, (restore: id, stateAt: at, at: swap.at))
        // A control plane that goes back holds what waits for everybody, in itself.
        let held =
            if let tenant = item.tenant, !hasSystem { try await amendments.hold(tenant.id, moment) } else { 0 }
        return try await file.replace {
            // Only now nothing can be ended, used or erased any more behind its back.
            try file.schema.standing?.carry(into: past, from: live)
            guard let tenant = item.tenant else {
                let held = try amendments.holdAll(past, moment)
                return Published(undo: try swap.system(item, stateAt: at, staged.folder), held: held)
            }
            let erasures = try replayErasures(tenant, on: past)
            return Published(
                undo: try swap.tenant(tenant, item, stateAt: at, staged.folder), erasures: erasures, held: held)
        }
    }

    private var hasSystem: Bool { plan.items.contains { $0.tenant == nil } }

    private func place(_ staged: Staged) throws {
        let target = liveURL(staged.item)
        try checkIsFree(target)
        let parent = target.deletingLastPathComponent()
        try FileSystem.makeFolder(parent)
        // The files first: a database that is there has them.
        let uploads = staged.folder.appending(path: DataDirectory.contentsName)
        if staged.item.tenant != nil, EntryKind(uploads) != nil {
            try FileSystem.move(uploads, to: parent.appending(path: DataDirectory.contentsName))
        }
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
                LogKey.tenant: "\(outcome.name)", LogKey.snapshot: "\(outcome.snapshot?.description ?? "")",
                LogKey.seconds: "\(outcome.seconds)", LogKey.path: "\(outcome.undo ?? "")",
            ])
    }
}

/// A shop's past, complete and checked, that nobody has yet.
package struct StagedShop: Sendable {
    package let folder: URL
    /// When the last commit in it was made.
    package let at: Instant
    /// Records that were erased in it again.
    package let erasures: Int
}
