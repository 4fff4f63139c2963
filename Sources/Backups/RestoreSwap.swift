import ApplianceCore
import Foundation
import GRDB
import Storage

/// The moments in which live files change places. Each runs inside `DatabaseFile.replace`, with the file closed.
///
/// What is replaced goes to `undo/<time>-<id>`. The staged folder moves there first and is then exchanged with the live
/// one in a single step, so a crash leaves the old or the new, and the old is never in a place that is cleaned up.
struct RestoreSwap: Sendable {
    let directory: DataDirectory
    /// Names the undo folders.
    let at: Instant

    /// Puts the staged folder in the place of the tenant's. Its `-wal` and `-shm` leave together with their database.
    func tenant(_ id: String, _ staged: URL) throws -> String? {
        let live = directory.tenant(id)
        guard EntryKind(live) != nil else {
            try FileSystem.move(staged, to: live)
            return nil
        }
        try CarriedFiles.link(from: live, to: staged)
        let undo = freeUndo(id)
        try exchange(staged, live, undo)
        return undoName(undo)
    }

    /// `system.sqlite` lies in the data folder itself, so its WAL cannot leave in the same step. It is emptied first;
    /// that fails only for a file that SQLite cannot read anyway.
    func system(_ staged: URL) throws -> String? {
        let live = directory.systemDatabase
        try settle(live)
        let undo = freeUndo("system")
        var isReplaced = false
        for suffix in ["-wal", "-shm"] {
            let sidecar = directory.root.appending(path: live.lastPathComponent + suffix)
            guard EntryKind(sidecar) != nil else { continue }
            try FileSystem.makeFolder(undo)
            try FileSystem.move(sidecar, to: undo.appending(path: sidecar.lastPathComponent))
            isReplaced = true
        }
        let file = staged.appending(path: live.lastPathComponent)
        if EntryKind(live) != nil {
            try FileSystem.makeFolder(undo)
            try exchange(file, live, undo.appending(path: live.lastPathComponent))
            isReplaced = true
        } else {
            try FileSystem.move(file, to: live)
        }
        try FileSystem.syncFolder(directory.undo)
        return isReplaced ? undoName(undo) : nil
    }

    /// Puts a tenant away that is not in the snapshot.
    func retire(_ id: String) throws {
        guard EntryKind(directory.tenant(id)) != nil else { return }
        try FileSystem.move(directory.tenant(id), to: freeUndo(id))
    }

    private func settle(_ database: URL) throws {
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

    private func freeUndo(_ id: String) -> URL {
        var time = SnapshotID(at)
        while true {
            let url = directory.undo.appending(path: "\(time)-\(id)")
            if EntryKind(url) == nil { return url }
            time = time.next
        }
    }

    private func undoName(_ undo: URL) -> String { "undo/" + undo.lastPathComponent }
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
