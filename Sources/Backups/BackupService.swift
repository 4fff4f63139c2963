package import ApplianceCore
package import Foundation
import Logging
package import Storage
import Synchronization

/// Everything there is to do with backups, for the server, the scheduler and the CLI without a server.
///
/// One snapshot or prune is under way at a time; verifying and restoring may go on beside, and keep what they read from
/// being pruned.
package final class BackupService: Sendable {
    private struct State {
        var isWriting = false
        var inUse: [SnapshotID: Int] = [:]
        /// Undo folders that are being brought back.
        var undoing: Set<String> = []
        var remembered: [String: RememberedMark] = [:]
    }

    package let catalog: SnapshotCatalog
    let environment: BackupEnvironment
    private let state = Mutex(State())
    let logUse = LogUse()

    /// `root` is the backups folder; it is made when it is first needed.
    package init(root: URL, environment: BackupEnvironment) {
        (catalog, self.environment) = (SnapshotCatalog(root: root, seals: environment.seals), environment)
    }

    /// Removes what restores, snapshots and prunes left when the process died. Call once, before files are served.
    package func cleanUp() throws {
        try RestoreLeftovers.remove(environment.directory)
        try UndoFolder(environment.directory).recover()
        try catalog.folder.removeLeftovers()
        try catalog.folder.removeUnpublished()
    }

    // MARK: - Snapshots

    /// Makes and proves a snapshot without stopping writers. Throws `backup_under_way` while another is being made.
    ///
    /// Costs: one read of every changed file, its size in `data/scratch` twice for each of two at a time, and its gzip
    /// in the backups folder. Not included: `master.key`, uploaded files.
    @discardableResult
    package func create(
        reason: Manifest.Reason, progress: @escaping WorkProgress.Report = { _ in }
    ) async throws -> Snapshot {
        try await writing {
            let remembered = state.withLock { $0.remembered }
            let writer = SnapshotWriter(environment: environment, catalog: catalog, remembered: remembered)
            let result = try await writer.create(reason: reason, progress: progress)
            state.withLock { $0.remembered = result.remembered }
            return Snapshot(id: result.manifest.id, manifest: result.manifest, problem: nil, verification: nil)
        }
    }

    /// Newest first; damaged ones are listed with the reason.
    package func list() async throws -> [Snapshot] {
        try await environment.services.longWork { [catalog] in try catalog.list() }
    }

    /// `name` is an id or `latest`.
    package func show(_ name: String) async throws -> Snapshot {
        try await environment.services.longWork { [catalog] in try catalog.snapshot(named: name) }
    }

    /// Reads everything in a snapshot (an id or `latest`) and records what is wrong with it.
    @discardableResult
    package func verify(
        _ name: String, progress: @escaping WorkProgress.Report = { _ in }
    ) async throws -> SnapshotVerification {
        let id = try await show(name).id
        return try await using([id]) {
            try await SnapshotVerifier(environment: environment, catalog: catalog).verify(id, progress: progress)
        }
    }

    /// What came of a proof.
    struct Proof: Sendable {
        /// Of the restored databases.
        let bytes: Int64
        /// Why they could not be restored; nil when they could.
        let problem: String?
    }

    /// Does all of a restore into scratch but the exchange.
    func prove(_ plan: RestorePlan) async throws -> Proof {
        let directory = environment.directory
        let restorer = Restorer(environment: environment, plan: plan)
        return try await reading(plan) {
            try await environment.services.longWork {
                try FileSystem.makeFolder(directory.scratch)
                do {
                    let bytes = try directory.withScratchFolder { try restorer.prove(in: $0) }
                    return Proof(bytes: bytes, problem: nil)
                } catch let error as DomainError where ["backup_damaged", "backup_unsealed"].contains(error.code) {
                    return Proof(bytes: 0, problem: error.message)
                }
            }
        }
    }

    // MARK: - Restoring

    /// Touches nothing. Throws `backup_damaged` for a manifest that is not as it was written, `backup_unsealed` for one
    /// that nobody vouches for.
    package func plan(_ request: RestoreRequest) async throws -> RestorePlan {
        // What was committed a moment ago counts.
        if request.at != nil { await environment.services.changeLog?.flush() }
        let current = (try? await environment.source.tenants()) ?? []
        let catalog = SnapshotCatalog(
            root: request.from ?? catalog.root, seals: seals(for: request))
        let planner = RestorePlanner(environment: environment, catalog: catalog, request: request, current: current)
        let amendments = environment.source.amendments
        return try await environment.services.longWork {
            var plan = try planner.plan()
            for (index, item) in plan.items.enumerated() {
                guard let tenant = item.tenant?.id else { continue }
                plan.items[index].erasures = amendments.erasuresSince(tenant, item.at, plan.root)
            }
            return plan
        }
    }

    /// Checks every file of the plan before it touches the first live one. Throws `backup_damaged`, or for the change
    /// log `backup_unsealed`, naming the file.
    ///
    /// After a whole restore the caller has a new control plane and must read its tenants anew; after a tenant's, the
    /// outcome's `record` tells what the control plane knew of it.
    @discardableResult
    package func restore(
        _ plan: RestorePlan, progress: @escaping WorkProgress.Report = { _ in }
    ) async throws -> [RestoreOutcome] {
        let outcomes = try await undoing(plan.items.compactMap(\.undo?.name)) {
            try await reading(plan) {
                try await Restorer(environment: environment, plan: plan).restore(progress: progress)
            }
        }
        await takeOver(plan)
        return outcomes
    }

    /// Makes what a plan of one shop gives, checked as before a restore, in a new folder at `parent`; touches nothing
    /// live.
    package func stage(_ plan: RestorePlan, in parent: URL) async throws -> StagedShop {
        let restorer = Restorer(environment: environment, plan: plan)
        return try await reading(plan) {
            try await environment.services.longWork {
                do {
                    return try restorer.stageOne(in: parent)
                } catch {
                    try? FileSystem.remove(parent)
                    throw error
                }
            }
        }
    }

    /// From when to when a tenant's change log can bring it back; nil when it has none. There may be gaps in it. What
    /// begins with a stranger's file does not count.
    package func logWindow(_ tenant: String) async throws -> (from: Instant, to: Instant)? {
        let folder = LogFolder(root: catalog.root, name: tenant)
        let (now, seals) = (environment.time.now(), environment.logSeals)
        return try await environment.services.longWork {
            // What comes after the newest batch is nothing, or on its way into the log.
            let beginnings = try folder.epochs().filter { $0.isOurs(seals) }.compactMap { $0.base?.time }
            return beginnings.min().map { (from: $0, to: now) }
        }
    }

    /// All restores that are remembered, the newest first.
    package func restores() async throws -> [RestoreEntry] {
        let directory = environment.directory
        return try await environment.services.longWork { try UndoFolder(directory).entries() }
    }

    /// Removes what restores put aside more than seven days ago; how many databases.
    package func pruneUndo() async throws -> Int {
        let (directory, now, inUse) = (environment.directory, environment.time.now(), state.withLock { $0.undoing })
        return try await environment.services.longWork { try UndoFolder(directory).prune(now: now, inUse: inUse) }
    }

    // MARK: - Pruning

    /// What a prune would remove now. `policy` is another one than the configured.
    package func prunePlan(_ policy: RetentionPolicy? = nil) async throws -> RetentionPlan {
        // Without knowing who must stay restorable nothing is removed.
        let live = try await environment.source.tenants()
        let names = Dictionary(live.map { ($0.id, $0.slug) }, uniquingKeysWith: { first, _ in first })
        return RetentionPlan(
            try await list().map(\.retentionItem), live: names, log: try await logSpans(),
            rules: environment.retention.with(policy), now: environment.time.now())
    }

    /// Removes what `RetentionPlan` does not keep, the oldest first; the plan, and what was removed. One that somebody
    /// reads stays for the next prune.
    @discardableResult
    package func prune(_ policy: RetentionPolicy? = nil) async throws -> (plan: RetentionPlan, removed: [SnapshotID]) {
        try await writing {
            let plan = try await prunePlan(policy)
            let removed = try await environment.services.longWork { try plan.removals.filter { try self.remove($0) } }
            _ = try await pruneLog()
            return (plan, removed)
        }
    }

    /// False when somebody reads it: the next prune will take it.
    private func remove(_ id: SnapshotID) throws -> Bool {
        let isTaken = try state.withLock { state in
            guard state.inUse[id] == nil else { return true }
            try catalog.folder.discard(id)
            return false
        }
        guard !isTaken else { return false }
        try catalog.folder.emptyTrash(id)
        environment.logger.info("snapshot pruned", metadata: [LogKey.snapshot: "\(id)"])
        return true
    }

    // MARK: - Uploaded files

    /// Copies uploaded files of a tenant to the backups, so that they can be restored to this second. Throws
    /// `content_damaged`, or `storage_failed` when the backups folder is gone; the next snapshot does it then.
    package func archive(_ contents: [Content], of tenant: String) async throws {
        let (archive, live) = (ContentArchive(root: catalog.root), environment.directory.contents(ofTenant: tenant))
        try await environment.services.longWork { try archive.add(contents, of: tenant, from: live) }
    }

    /// Removes the contents that no row has named for the restore window, live and among the backups. A tenant that
    /// fails is logged and does not keep the others from it. Answers what was done, in a sentence.
    package func sweepContents(_ pins: ContentPins) async throws -> String {
        let (now, window) = (environment.time.now(), environment.retention.window.duration)
        var (removed, failed) = (0, 0)
        for tenant in try await environment.source.tenants() {
            let archive = ContentArchive(root: catalog.root).folder(tenant.id)
            let folders = [environment.directory.contents(ofTenant: tenant.id), archive].filter {
                FileSystem.exists($0.url)
            }
            guard !folders.isEmpty else { continue }
            do {
                let schema = tenant.file.schema
                let named = try await tenant.file.readLong { db in Set(try schema.contents(db).map(\.sha256)) }
                removed += try await environment.services.longWork {
                    try folders.reduce(0) {
                        try $0 + ContentSweep($1, pins: pins).run(named: named, window: window, now: now)
                    }
                }
            } catch {
                failed += 1
                let cause = DomainError(any: error).cause ?? "\(error)"
                environment.logger.error(
                    "uploaded files not swept", metadata: [LogKey.tenant: "\(tenant.id)", LogKey.error: "\(cause)"])
            }
        }
        return "\(removed) uploaded files removed" + (failed > 0 ? ", \(failed) shops failed" : "")
    }

    // MARK: - One at a time

    /// Runs `body` while nothing that the plan reads is pruned or joined. Throws `plan_outdated` when that has happened
    /// already.
    private func reading<Value: Sendable>(
        _ plan: RestorePlan, _ body: () async throws -> Value
    ) async throws -> Value {
        try await logUse.reading(Set(plan.items.compactMap { $0.log?.owner })) {
            guard plan.items.allSatisfy({ $0.log?.isThere ?? true }) else {
                throw DomainError.conflict(
                    "plan_outdated", "The change log was tidied up since the restore was planned.",
                    hint: "Do it again.")
            }
            return try await using(Set(plan.items.compactMap(\.snapshot)), body)
        }
    }

    private func writing<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        try state.withLock { state in
            guard !state.isWriting else { throw DomainError.underWay("Another snapshot or prune") }
            state.isWriting = true
        }
        defer { state.withLock { $0.isWriting = false } }
        return try await body()
    }

    /// Keeps two from bringing back the same, and the prune from taking it away.
    private func undoing<Value: Sendable>(_ names: [String], _ body: () async throws -> Value) async throws -> Value {
        try state.withLock { state in
            guard state.undoing.isDisjoint(with: names) else { throw DomainError.underWay("Another undo of it") }
            state.undoing.formUnion(names)
        }
        defer { state.withLock { $0.undoing.subtract(names) } }
        return try await body()
    }

    private func using<Value: Sendable>(_ ids: Set<SnapshotID>, _ body: () async throws -> Value) async throws -> Value
    {
        state.withLock { state in for id in ids { state.inUse[id, default: 0] += 1 } }
        defer {
            state.withLock { state in
                for id in ids {
                    let count = (state.inUse[id] ?? 1) - 1
                    state.inUse[id] = count > 0 ? count : nil
                }
            }
        }
        return try await body()
    }
}
