package import ApplianceCore
package import Foundation
import Storage

/// What a backups folder holds. Reads manifests from disk each time: a folder may be copied in or mounted meanwhile.
package struct SnapshotCatalog: Sendable {
    /// The backups folder.
    let root: URL
    let folder: SnapshotsFolder
    /// Nil where no seal can be checked, or none is asked for.
    let seals: ManifestSeals?

    /// `root` need not exist.
    package init(root: URL, seals: ManifestSeals?) {
        (self.root, folder, self.seals) = (root, SnapshotsFolder(root: root), seals)
    }

    private static let latest = "latest"

    /// Newest first. Decodes every manifest: for a thread that may block.
    package func list() throws -> [Snapshot] { try folder.ids().map(snapshot) }

    /// By id, or `latest`.
    package func snapshot(named name: String) throws -> Snapshot {
        let id = name == Self.latest ? try folder.ids().first : SnapshotID(name)
        guard let id, EntryKind(folder.snapshot(id)) != nil else { throw DomainError.noSnapshot(name) }
        return snapshot(id)
    }

    func snapshot(_ id: SnapshotID) -> Snapshot {
        let verification = verification(id)
        do {
            return Snapshot(id: id, manifest: try readManifest(id), problem: nil, verification: verification)
        } catch {
            return Snapshot(
                id: id, manifest: nil, problem: (error as? ManifestFault)?.reason, verification: verification)
        }
    }

    /// Throws `backup_damaged` when a single bit of it is not as it was written or somebody else wrote it, and
    /// `backup_unsealed` when nobody can tell.
    package func manifest(_ id: SnapshotID) throws -> Manifest {
        guard EntryKind(folder.snapshot(id)) != nil else { throw DomainError.noSnapshot(id.description) }
        do {
            return try readManifest(id)
        } catch let fault as ManifestFault {
            if fault.isUnsealed { throw DomainError.unsealed(SnapshotsFolder.manifestName, in: id, fault.reason) }
            throw DomainError.damaged(SnapshotsFolder.manifestName, in: id, fault.reason)
        }
    }

    /// The newest file that holds a tenant (by id or slug) as it was at `instant` or before.
    ///
    /// A damaged manifest on the way is refused, not passed over: an older state must be asked for by its name.
    package func newest(
        holding tenant: String, at instant: Instant? = nil
    ) throws -> (manifest: Manifest, file: Manifest.File)? {
        for id in try folder.ids() where instant.map({ id.instant <= $0 }) ?? true {
            let manifest = try manifest(id)
            if let file = manifest.file(ofTenant: tenant), instant.map({ file.takenAt <= $0 }) ?? true {
                return (manifest, file)
            }
        }
        return nil
    }

    /// The newest snapshot of which every file was taken at `instant` or before.
    package func newest(at instant: Instant? = nil) throws -> Manifest? {
        for id in try folder.ids() where instant.map({ id.instant <= $0 }) ?? true {
            let manifest = try manifest(id)
            guard let instant else { return manifest }
            if manifest.files.allSatisfy({ $0.takenAt <= instant }) { return manifest }
        }
        return nil
    }

    /// Nil when the snapshot was not verified since it was made, or when the record of it cannot be read.
    func verification(_ id: SnapshotID) -> SnapshotVerification? {
        guard let bytes = try? FileReader.contents(folder.verification(id), limit: Manifest.Limit.manifestBytes) else {
            return nil
        }
        return try? JSONDecoder().decode(SnapshotVerification.self, from: Data(bytes))
    }

    private func readManifest(_ id: SnapshotID) throws -> Manifest {
        try checkEntry(id)
        // First of all: of what a stranger wrote not even the JSON is read.
        try seals?.check(folder.manifest(id), seal: sealBytes(id))
        return try Manifest.decode(manifestBytes(id), id: id)
    }

    func sealBytes(_ id: SnapshotID) -> [UInt8]? {
        try? FileReader.contents(folder.seal(id), limit: ManifestSeals.Limit.file)
    }

    /// Throws `ManifestFault` unless there is an ordinary file of the name.
    private func checkEntry(_ id: SnapshotID) throws {
        guard EntryKind(folder.snapshot(id)) == .folder else {
            throw ManifestFault(reason: "its folder is not a folder")
        }
        switch EntryKind(folder.manifest(id)) {
        case .file: break
        case .none: throw ManifestFault(reason: "it is missing")
        case .some(let kind): throw ManifestFault(reason: "it is \(kind.words)")
        }
    }

    /// As they lie there; throws `ManifestFault` where they cannot be read.
    func manifestBytes(_ id: SnapshotID) throws -> [UInt8] {
        try checkEntry(id)
        guard let bytes = try? FileReader.contents(folder.manifest(id), limit: Manifest.Limit.manifestBytes) else {
            throw ManifestFault(reason: "it cannot be read")
        }
        return bytes
    }
}
