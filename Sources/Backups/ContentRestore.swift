import ApplianceCore
import Foundation
import Storage

/// Puts the uploaded files that a restored database names beside it.
struct ContentRestore {
    let item: RestorePlan.Item
    /// The backups folder that is restored from.
    let root: URL
    /// Of the tenant as it is now; it need not exist.
    let live: ContentFolder

    /// Stages every content that the database at `file` names in `folder`. Throws `backup_damaged`, naming the first
    /// that is not there whole.
    ///
    /// A snapshot must have all that is its own: when one is damaged there, the snapshot is. What the change log adds
    /// is in its archive. Bytes that are live and whole already are only given a second name.
    func stage(database file: URL, in folder: URL, schema: DatabaseSchema, tenant: String) throws {
        let contents: [Content]
        do {
            contents = try DatabaseFacts.contents(file, schema: schema)
        } catch let fault as FileFault {
            throw damaged(file.lastPathComponent, fault.reason)
        }
        guard !contents.isEmpty else { return }
        let target = ContentFolder(folder.appending(path: DataDirectory.contentsName))
        try FileSystem.makeFolder(target.url)
        for content in contents { try place(content, in: target, tenant) }
        try FileSystem.syncFolder(target.url)
    }

    private func place(_ content: Content, in target: ContentFolder, _ tenant: String) throws {
        // What an undo brings back has its files already.
        if target.fault(content) == nil { return }
        let own = item.start.map { ContentArchive.folder(tenant, in: $0.folder) }
        let archive = ContentArchive(root: root).folder(tenant)
        if item.log == nil, let own, let fault = own.fault(content) {
            throw damaged(ContentArchive.path(tenant, content), "it \(fault)")
        }
        if live.fault(content) == nil { return try target.link(content, from: live) }
        guard let source = [own, archive].compactMap({ $0 }).first(where: { $0.fault(content) == nil }) else {
            throw damaged(ContentArchive.path(tenant, content), "it \(archive.fault(content) ?? "has changed")")
        }
        // A copy, not a second name: what is live and what is a backup are no longer two otherwise.
        try target.copy(content, from: source)
    }

    private func damaged(_ path: String, _ reason: String) -> DomainError {
        if item.log == nil, let start = item.start { return .damaged(path, in: start.snapshot, reason) }
        return .damagedLog(path, of: item.name, reason)
    }
}
