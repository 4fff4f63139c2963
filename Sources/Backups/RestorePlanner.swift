import ApplianceCore
import Foundation
import Storage

/// Chooses the stored files that answer a request. Reads manifests only: the files themselves are checked by the act.
struct RestorePlanner: Sendable {
    let environment: BackupEnvironment
    let catalog: SnapshotCatalog
    let request: RestoreRequest
    /// Empty when the control plane is lost: then the snapshot knows the names.
    let current: [BackupTenant]

    func plan() throws -> RestorePlan {
        if let undo = request.undo { return try plan(toUndo: undo) }
        return try request.tenants.isEmpty ? whole() : tenants()
    }

    // MARK: - Some tenants

    private func tenants() throws -> RestorePlan {
        var items: [RestorePlan.Item] = []
        for name in request.tenants {
            let item = try choose(name)
            guard !items.contains(where: { $0.tenant?.id == item.tenant?.id }) else { continue }
            items.append(item)
        }
        return plan(items, retired: [], notes: logNotes(items))
    }

    /// A name that is in use now means the tenant that has it now, whatever the snapshot called it.
    private func choose(_ name: String) throws -> RestorePlan.Item {
        let tenant = current.first { $0.id == name || $0.slug == name }
        let id = tenant?.id ?? name
        guard let snapshot = request.snapshot else {
            if let logged = try logged(id, tenant.map(Manifest.Tenant.init)) { return logged }
            if let (manifest, file) = try catalog.newest(holding: id, at: request.at) { return item(manifest, file) }
            let before = request.at.map { " at \($0) or before" } ?? ""
            throw DomainError(.notFound, "not_found", "No snapshot holds the shop \(name)\(before).")
        }
        let manifest = try catalog.manifest(snapshot)
        if let file = manifest.file(ofTenant: id) { return item(manifest, file) }
        if let failure = manifest.failure(ofTenant: id) {
            throw DomainError.conflict(
                "tenant_not_in_snapshot", "Snapshot \(snapshot) could not hold the shop \(name): \(failure.reason)",
                hint: "Leave --snapshot out to take the newest that holds it.")
        }
        throw DomainError(.notFound, "not_found", "Snapshot \(snapshot) does not hold the shop \(name).")
    }

    // MARK: - The whole

    private func whole() throws -> RestorePlan {
        let manifest = try request.snapshot.map(catalog.manifest) ?? catalog.newest(at: request.at)
        guard let manifest else { throw DomainError.noSnapshot(request.at.map { "from \($0) or before" } ?? "yet") }
        // The control plane first: if the restore is cut short, it lists the tenants that are still missing.
        let files = manifest.files.sorted { $0.tenant == nil && $1.tenant != nil }
        var items = try files.map { try logged($0.tenant?.id ?? "system", $0.tenant) ?? item(manifest, $0) }
        items += try loggedSince(manifest)
        var notes = logNotes(items)
        for failure in manifest.failures {
            // It existed then, so it must not be put away as a stranger.
            let (older, note) = try substitute(failure, manifest)
            if let older { items.append(older) }
            notes.append(note)
        }
        let expected = Set(items.compactMap { $0.tenant?.id }).union(manifest.failures.map(\.id))
        let retired = request.into == nil ? existing().filter { !expected.contains($0) } : []
        if request.into == nil, !FileSystem.exists(environment.directory.masterKey) {
            notes.append(
                "master.key is not in backups; without the old one, sealed settings must be entered again, "
                    + "and who made the backups is not checked.")
        } else if catalog.seals == nil {
            notes.append("Who made the backups is not checked: their seals need the master.key of then.")
        }
        return plan(items, retired: retired, notes: notes)
    }

    /// From an older snapshot, for a tenant that could not be copied into this one.
    private func substitute(_ failure: Manifest.Failure, _ manifest: Manifest) throws -> (RestorePlan.Item?, String) {
        guard let (older, file) = try catalog.newest(holding: failure.id, at: manifest.finishedAt) else {
            return (nil, "\(failure.slug) is in no snapshot until then (\(failure.reason)); what is live stays.")
        }
        return (item(older, file), "\(failure.slug) is taken from snapshot \(older.id): \(failure.reason)")
    }

    /// Folders of tenants that are there now, whatever the control plane says.
    private func existing() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: environment.directory.tenants.path)) ?? []
        return names.filter(Manifest.isSafe).sorted()
    }

    // MARK: - Undo

    /// What a restore put aside, back in its place. Where it had put nothing aside because nothing was there, a whole
    /// undo moves what came there away again.
    private func plan(toUndo name: String) throws -> RestorePlan {
        let folder = UndoFolder(environment.directory)
        let wanted = request.tenants.map { name in current.first { $0.slug == name }?.id ?? name }
        let records = try folder.records(toUndo: name, tenants: Set(wanted))
        let items = records.sorted { $0.tenant == nil && $1.tenant != nil }.compactMap { record -> RestorePlan.Item? in
            guard let database = folder.database(of: record), EntryKind(database) != nil else { return nil }
            let known = record.tenant.flatMap { tenant in current.first { $0.id == tenant.id } }
            let tenant = known.map(Manifest.Tenant.init) ?? record.tenant
            return RestorePlan.Item(
                tenant: tenant, start: nil, log: nil, replacesBytes: replacedBytes(tenant), undo: record,
                undoBytes: UndoFolder.size(database))
        }
        let isWhole = items.contains { $0.tenant == nil }
        let made = records.filter { record in !items.contains { $0.undo == record } }.compactMap { $0.tenant?.id }
        let retired = isWhole ? made.filter { FileSystem.exists(environment.directory.tenant($0)) } : []
        return RestorePlan(
            isWhole: isWhole, root: catalog.root, into: nil, plannedAt: environment.time.now(), items: items,
            retired: retired,
            notes: ["What was written since that restore goes to undo in turn."])
    }

    // MARK: - From the change log

    /// The state at the instant that was asked for, from the change log; nil when none was asked for or the log does
    /// not have it. It begins with a snapshot where that is less to read than the log's own beginning.
    private func logged(_ id: String, _ tenant: Manifest.Tenant?) throws -> RestorePlan.Item? {
        guard let at = request.at, tenant != nil || id == "system" else { return nil }
        let epochs = try LogFolder(root: catalog.root, name: id).epochs()
        guard let epoch = epochs.last(where: { $0.base.map { $0.time <= at } ?? false }),
            let own = epoch.chain(until: at, owner: id)
        else { return nil }
        // In a gap of the log a snapshot knows more than the chain before it.
        if let (_, file) = try? catalog.newest(holding: id, at: at), file.log?.epoch != epoch.number,
            file.takenAt > own.newest ?? .earliest
        {
            return nil
        }
        let replaced = replacedBytes(tenant)
        if let (start, chain) = try snapshot(in: epoch, id, at), start.file.storedBytes + chain.bytes <= own.bytes {
            return RestorePlan.Item(
                tenant: tenant, start: start, log: chain.files > 0 ? chain : nil, replacesBytes: replaced,
                isLogged: true)
        }
        return RestorePlan.Item(tenant: tenant, start: nil, log: own, replacesBytes: replaced, isLogged: true)
    }

    /// The newest snapshot before `at` from which the epoch can go on. A damaged one is passed over: the log itself
    /// does not need it.
    private func snapshot(
        in epoch: LogFolder.Epoch, _ id: String, _ at: Instant
    ) throws -> (RestorePlan.Item.Start, LogChain)? {
        for snapshot in try catalog.folder.ids()
        where snapshot.instant <= at && catalog.verification(snapshot)?.isGood ?? true {
            if let base = epoch.base, snapshot.instant < base.time { return nil }
            guard let manifest = try? catalog.manifest(snapshot),
                let file = id == "system" ? manifest.system : manifest.file(ofTenant: id), file.takenAt <= at,
                let position = file.log, let chain = epoch.chain(until: at, from: position, owner: id)
            else { continue }
            return (start(manifest, file), chain)
        }
        return nil
    }

    /// Tenants that were made after the snapshot and before the instant: only the log knows them.
    private func loggedSince(_ manifest: Manifest) throws -> [RestorePlan.Item] {
        guard request.at != nil else { return [] }
        let known = Set(manifest.files.compactMap { $0.tenant?.id } + manifest.failures.map(\.id))
        return try LogFolder.names(root: catalog.root).filter {
            Manifest.isSafe($0) && !known.contains($0) && $0 != "system"
        }
        .compactMap { id in
            let tenant = current.first { $0.id == id }.map(Manifest.Tenant.init)
            return try logged(id, tenant ?? Manifest.Tenant(id: id, slug: id, name: id, record: ""))
        }
    }

    /// What the log could give beyond a snapshot that was asked for without a time.
    private func logNotes(_ items: [RestorePlan.Item]) -> [String] {
        guard request.at == nil else { return [] }
        return items.compactMap { item in
            guard let start = item.start, let position = start.file.log,
                let newest = try? LogFolder(root: catalog.root, name: item.tenant?.id ?? "system").epochs().last,
                newest.number >= position.epoch, let end = newest.end, end > start.file.takenAt
            else { return nil }
            return "The change log of \(item.name) reaches \(end): --at now loses nothing that was committed."
        }
    }

    // MARK: - Parts

    private func plan(_ items: [RestorePlan.Item], retired: [String], notes: [String]) -> RestorePlan {
        RestorePlan(
            isWhole: request.tenants.isEmpty, root: catalog.root, into: request.into, newSlug: request.newSlug,
            plannedAt: environment.time.now(), items: items, retired: retired, notes: notes,
            isUnsealed: catalog.seals == nil)
    }

    private func item(_ manifest: Manifest, _ file: Manifest.File) -> RestorePlan.Item {
        RestorePlan.Item(
            tenant: file.tenant, start: start(manifest, file), log: nil, replacesBytes: replacedBytes(file.tenant))
    }

    private func start(_ manifest: Manifest, _ file: Manifest.File) -> RestorePlan.Item.Start {
        .init(snapshot: manifest.id, folder: catalog.folder.snapshot(manifest.id), file: file)
    }

    private func replacedBytes(_ tenant: Manifest.Tenant?) -> Int64? {
        let live = tenant.map { environment.directory.tenantDatabase($0.id) } ?? environment.directory.systemDatabase
        return request.into == nil && FileSystem.exists(live) ? FileSystem.size(live) : nil
    }
}
