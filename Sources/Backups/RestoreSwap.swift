import ApplianceCore
import Foundation
import GRDB
import Storage

/// The moments in which live files change places. Each runs inside `DatabaseFile.replace`, with the file closed.
///
/// What is replaced goes to `undo/<time>-<id>`, after a record of it. The staged folder moves there first and is then
/// exchanged with the live one in a single step, so a crash leaves the old or the new, and the old is never in a place
/// that is cleaned up.
struct RestoreSwap: Sendable {
    let directory: DataDirectory
    /// The restore that all of it belongs to.
    let restore: String
    /// Names the undo folders.
    let at: Instant

    private var folder: UndoFolder { UndoFolder(directory) }

    /// Puts the staged folder in the place of the tenant's. Its `-wal` and `-shm` leave together with their database.
    func tenant(_ tenant: Manifest.Tenant, _ item: RestorePlan.Item, stateAt: Instant, _ staged: URL) throws -> String?
    {
        let live = directory.tenant(tenant.id)
        let isThere = EntryKind(live) != nil
        // What an undo brings back has its own files with it.
        if isThere, item.undo == nil { try CarriedFiles.link(from: live, to: staged) }
        let record = try note(item, stateAt, staged: staged, replaced: isThere)
        if isThere {
            try exchange(staged, live, folder.folder(record.name))
        } else {
            try FileSystem.move(staged, to: live)
        }
        finish(record)
        return isThere ? record.token : nil
    }

    /// `system.sqlite` lies in the data folder itself, so its WAL cannot leave in the same step. It is emptied first;
    /// that fails only for a file that SQLite cannot read anyway.
    func system(_ item: RestorePlan.Item, stateAt: Instant, _ staged: URL) throws -> String? {
        let live = directory.systemDatabase
        try Self.settle(live)
        let file = staged.appending(path: live.lastPathComponent)
        let sidecars = ["-wal", "-shm"].map { directory.root.appending(path: live.lastPathComponent + $0) }
            .filter { EntryKind($0) != nil }
        let isThere = EntryKind(live) != nil
        let record = try note(item, stateAt, staged: file, replaced: isThere || !sidecars.isEmpty)
        let undo = folder.folder(record.name)
        if record.replaced { try FileSystem.makeFolder(undo) }
        for sidecar in sidecars { try FileSystem.move(sidecar, to: undo.appending(path: sidecar.lastPathComponent)) }
        if isThere {
            try exchange(file, live, undo.appending(path: live.lastPathComponent))
        } else {
            try FileSystem.move(file, to: live)
        }
        try FileSystem.syncFolder(directory.undo)
        finish(record)
        return record.replaced ? record.token : nil
    }

    /// Puts a tenant away that was not there then.
    func retire(_ id: String) throws {
        guard EntryKind(directory.tenant(id)) != nil else { return }
        let record = RestoreRecord(
            name: folder.freeName(at, id), restore: restore, kind: .retire,
            tenant: Manifest.Tenant(id: id, slug: id, name: id, record: ""), restoredAt: at, stateAt: at, source: "",
            staged: 0, replaced: true)
        try folder.write(record)
        try FileSystem.move(directory.tenant(id), to: folder.folder(record.name))
        finish(record)
    }

    // MARK: - Records

    private func note(
        _ item: RestorePlan.Item, _ stateAt: Instant, staged: URL, replaced: Bool
    ) throws -> RestoreRecord {
        let record = RestoreRecord(
            name: folder.freeName(at, item.tenant?.id ?? "system"), restore: restore,
            kind: item.undo == nil ? .restore : .undo, tenant: item.tenant, restoredAt: at, stateAt: stateAt,
            source: RestorePlan.source(item), staged: UndoFolder.inode(staged) ?? 0, replaced: replaced)
        try folder.write(record)
        return record
    }

    /// Without it the next start finds out by itself: the exchange counts.
    private func finish(_ record: RestoreRecord) {
        var record = record
        record.isDone = true
        try? folder.write(record)
    }

    // MARK: - Files

    /// Takes what a WAL holds into its database, whatever way it was left. A file that SQLite cannot read stays as it
    /// is.
    static func settle(_ database: URL) throws {
        guard case .file(let bytes) = EntryKind(database), bytes > 0 else { return }
        do {
            let queue = try DatabaseQueue(path: database.path)
            try queue.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
            try queue.close()
        } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) {
            return
        }
    }

    /// Afterwards the staged entry is at `live`, and what was there at `undo`.
    private func exchange(_ staged: URL, _ live: URL, _ undo: URL) throws {
        try FileSystem.move(staged, to: undo)
        do {
            try FileSystem.exchange(undo, live)
        } catch {
            // Not every file system can exchange (NFS, some FUSE). In two steps a crash may leave no file under the
            // live name; the old one is then in undo, and the same restore again completes it.
            try FileSystem.move(undo, to: staged)
            try FileSystem.move(live, to: undo)
            try FileSystem.move(staged, to: live)
        }
    }
}

/// What lies beside a tenant's database stays with it through a restore: also uploads that the restored rows do not
/// name, because another restore of the window may bring back rows that do.
enum CarriedFiles {
    /// Gives `staged` second names of all contents of `live` that it has not, so that the live and the undo folder are
    /// both complete. The list of what was unused is left behind: every content begins its window anew.
    static func link(from live: URL, to staged: URL) throws {
        let source = ContentFolder(live.appending(path: DataDirectory.contentsName))
        guard EntryKind(source.url) == .folder else { return }
        let target = ContentFolder(staged.appending(path: DataDirectory.contentsName))
        try FileSystem.makeFolder(target.url)
        for name in try source.names() where EntryKind(target.url(name)) == nil {
            guard case .file(let bytes) = EntryKind(source.url(name)) else { continue }
            let (from, to) = (source.url(name), target.url(name))
            if Foundation.link(from.path, to.path) == 0 { continue }
            // One that is damaged is not carried on; nor does it keep the restore from the others.
            try? target.copy(Content(sha256: name, bytes: bytes), from: source)
        }
        try FileSystem.syncFolder(target.url)
        try FileSystem.syncFolder(staged)
    }
}

/// What a restore that was cut short leaves: checked or half-checked copies, never the only one of anything.
enum RestoreLeftovers {
    static let prefix = ".restore-"

    static func remove(_ directory: DataDirectory) throws {
        guard FileSystem.exists(directory.tenants) else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.tenants.path)
        where name.hasPrefix(prefix) {
            try FileSystem.remove(directory.tenants.appending(path: name))
        }
    }
}
