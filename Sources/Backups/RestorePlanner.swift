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
        request.tenants.isEmpty ? try whole() : try tenants()
    }

    // MARK: - Some tenants

    private func tenants() throws -> RestorePlan {
        var items: [RestorePlan.Item] = []
        for name in request.tenants {
            let (manifest, file) = try choose(name)
            guard !items.contains(where: { $0.file.path == file.path }) else { continue }
            items.append(item(manifest, file))
        }
        return plan(items, retired: [], notes: [])
    }

    /// A name that is in use now means the tenant that has it now, whatever the snapshot called it.
    private func choose(_ name: String) throws -> (Manifest, Manifest.File) {
        let id = current.first { $0.id == name || $0.slug == name }?.id ?? name
        guard let snapshot = request.snapshot else {
            if let found = try catalog.newest(holding: id, at: request.at) { return found }
            let before = request.at.map { " at \($0) or before" } ?? ""
            throw DomainError(.notFound, "not_found", "No snapshot holds the shop \(name)\(before).")
        }
        let manifest = try catalog.manifest(snapshot)
        if let file = manifest.file(ofTenant: id) { return (manifest, file) }
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
        var items = files.map { item(manifest, $0) }
        var notes: [String] = []
        for failure in manifest.failures {
            // It existed then, so it must not be put away as a stranger.
            let (older, note) = try substitute(failure, manifest)
            if let older { items.append(older) }
            notes.append(note)
        }
        let expected = Set(items.compactMap { $0.file.tenant?.id }).union(manifest.failures.map(\.id))
        let retired = request.into == nil ? existing().filter { !expected.contains($0) } : []
        if request.into == nil, !FileSystem.exists(environment.directory.masterKey) {
            notes.append("master.key is not in backups; without the old one, sealed settings must be entered again.")
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

    // MARK: - Parts

    private func plan(_ items: [RestorePlan.Item], retired: [String], notes: [String]) -> RestorePlan {
        RestorePlan(
            isWhole: request.tenants.isEmpty, into: request.into, plannedAt: environment.time.now(), items: items,
            retired: retired, notes: notes)
    }

    private func item(_ manifest: Manifest, _ file: Manifest.File) -> RestorePlan.Item {
        let live =
            file.tenant.map { environment.directory.tenantDatabase($0.id) } ?? environment.directory.systemDatabase
        let size = request.into == nil && FileSystem.exists(live) ? FileSystem.size(live) : nil
        return RestorePlan.Item(
            snapshot: manifest.id, folder: catalog.folder.snapshot(manifest.id), file: file, replacesBytes: size)
    }
}
