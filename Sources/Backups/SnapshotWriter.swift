import ApplianceCore
import CAppliance
import Foundation
import Logging
import Storage

/// Makes one snapshot: copies what changed, links what did not, proves each stored file, publishes the folder.
struct SnapshotWriter: Sendable {
    let environment: BackupEnvironment
    let catalog: SnapshotCatalog
    /// From the snapshot that this process made last.
    let remembered: [String: RememberedMark]

    struct Result: Sendable {
        let manifest: Manifest
        let remembered: [String: RememberedMark]
    }

    private var folder: SnapshotsFolder { catalog.folder }

    /// Throws when the system file or the backups folder fails; a tenant that fails is listed in the manifest.
    func create(reason: Manifest.Reason, progress: @escaping WorkProgress.Report) async throws -> Result {
        let id = try await environment.services.longWork { try begin() }
        let partial = folder.partial(id)
        do {
            let result = try await fill(partial, id: id, reason: reason, progress: progress)
            try Task.checkCancellation()
            try await environment.services.longWork { try publish(result.manifest, partial) }
            return result
        } catch {
            await environment.discard(partial)
            throw error
        }
    }

    private func begin() throws -> SnapshotID {
        try FileSystem.makeFolder(folder.url)
        try FileSystem.makeFolder(environment.directory.scratch)
        try folder.removeLeftovers()
        let id = try folder.nextID(environment.time.now())
        try FileSystem.makeFolder(folder.partial(id).appending(path: SnapshotsFolder.tenantsName))
        return id
    }

    private func fill(
        _ partial: URL, id: SnapshotID, reason: Manifest.Reason, progress: @escaping WorkProgress.Report
    ) async throws -> Result {
        let createdAt = environment.time.now()
        let tenants = try await environment.source.tenants()
        let base = try await environment.services.longWork { try findBase() }
        let store = SnapshotStore(
            environment: environment, partial: partial, base: base, archive: ContentArchive(root: catalog.root))
        let counter = WorkCounter("copying", total: tenants.count + 1, report: progress)
        async let system = storeSystem(store, counter)
        let outcomes = try await concurrently(tenants, width: BackupEnvironment.width) { tenant in
            let outcome = try await store.store(SnapshotSubject(tenant))
            counter.finish(tenant.slug)
            return outcome
        }
        let all = [try await system] + outcomes.compactMap(\.stored)
        let failures = zip(tenants, outcomes).compactMap { tenant, outcome in
            outcome.reason.map { Manifest.Failure(id: tenant.id, slug: tenant.slug, reason: $0) }
        }
        log(failures, id)
        let now = environment.time.now()
        let manifest = Manifest(
            format: Manifest.currentFormat, id: id, createdAt: createdAt, finishedAt: now, reason: reason,
            applianceVersion: applianceVersion, sqliteVersion: String(cString: sqlite3_libversion()),
            files: all.map(\.file), failures: failures, verifiedAt: now, checksum: "")
        return Result(manifest: manifest, remembered: remembering(all))
    }

    /// Without it there is no snapshot.
    private func storeSystem(_ store: SnapshotStore, _ counter: WorkCounter) async throws -> SnapshotStore.Stored {
        let outcome = try await store.store(SnapshotSubject(system: environment.source.system))
        guard case .stored(let stored) = outcome else { throw outcome.asError }
        counter.finish("system")
        return stored
    }

    /// The newest snapshot in which nothing is known to be wrong: what is unchanged since can be linked to it.
    private func findBase() throws -> SnapshotStore.Base? {
        for id in try folder.ids() {
            if let manifest = try? catalog.manifest(id), catalog.verification(id)?.isGood ?? true {
                return SnapshotStore.Base(folder: folder.snapshot(id), manifest: manifest, remembered: remembered)
            }
        }
        return nil
    }

    private func remembering(_ all: [SnapshotStore.Stored]) -> [String: RememberedMark] {
        all.reduce(into: [:]) { $0[$1.file.path] = $1.mark }
    }

    private func log(_ failures: [Manifest.Failure], _ id: SnapshotID) {
        for failure in failures {
            environment.logger.error(
                "tenant not in the snapshot",
                metadata: [
                    LogKey.tenant: "\(failure.id)", LogKey.snapshot: "\(id)", LogKey.error: "\(failure.reason)",
                ])
        }
    }

    /// The order decides what a power loss can leave: files, names of files, manifest, and last the snapshot's name.
    private func publish(_ manifest: Manifest, _ partial: URL) throws {
        try FileSystem.syncFolder(partial.appending(path: SnapshotsFolder.tenantsName))
        let bytes = try manifest.encoded()
        try AtomicFile.publish(bytes, to: partial.appending(path: SnapshotsFolder.manifestName))
        if let seals = catalog.seals {
            try AtomicFile.publish(seals.seal(bytes), to: partial.appending(path: SnapshotsFolder.sealName))
        }
        try FileSystem.move(partial, to: folder.snapshot(manifest.id))
    }
}
