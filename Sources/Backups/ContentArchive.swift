import ApplianceCore
package import Foundation
package import Storage

/// Copies of uploaded files among the backups: `log/<tenant-id>/files/<SHA-256>`, made within a moment of the upload,
/// so that a restore to the second finds them. Snapshots are given second names of them.
package struct ContentArchive: Sendable {
    let root: URL

    /// `root` is the backups folder.
    package init(root: URL) { self.root = root }

    package func folder(_ tenant: String) -> ContentFolder {
        ContentFolder(LogFolder(root: root, name: tenant).url.appending(path: DataDirectory.contentsName))
    }

    /// Where a snapshot has the contents of a tenant.
    static func folder(_ tenant: String, in snapshot: URL) -> ContentFolder {
        ContentFolder(snapshot.appending(path: path(tenant)))
    }

    static func path(_ tenant: String) -> String { "\(SnapshotsFolder.contentsName)/\(tenant)" }
    static func path(_ tenant: String, _ content: Content) -> String { "\(path(tenant))/\(content.sha256)" }

    /// Copies what is not there yet; every byte is compared. Throws `content_damaged`.
    package func add(_ contents: some Sequence<Content>, of tenant: String, from live: ContentFolder) throws {
        let archive = folder(tenant)
        for content in contents where !archive.has(content) { try archive.copy(content, from: live) }
    }

    /// Puts the contents of a tenant into a snapshot that is being made. Throws `content_damaged`, or `storage_full`.
    func link(_ contents: [Content], of tenant: String, from live: ContentFolder, to snapshot: URL) throws {
        guard !contents.isEmpty else { return }
        try add(contents, of: tenant, from: live)
        let (archive, target) = (folder(tenant), Self.folder(tenant, in: snapshot))
        try FileSystem.makeFolder(target.url)
        for content in contents { try target.link(content, from: archive) }
        try FileSystem.syncFolder(target.url)
    }
}

extension Manifest.File {
    /// Whether a path below the snapshot's folder is this file's, or one of its contents'.
    func owns(_ path: String) -> Bool {
        path == self.path || tenant.map { path.hasPrefix(ContentArchive.path($0.id) + "/") } ?? false
    }
}

extension DatabaseFacts {
    /// The contents that the rows of a copy name, in the order of their sums. Throws `FileFault`.
    static func contents(_ url: URL, schema: DatabaseSchema) throws -> [Content] {
        defer { for suffix in ["-wal", "-shm"] { unlink(url.path + suffix) } }
        let contents = try reading(url) { db in try schema.contents(db) }
        guard contents.allSatisfy(\.isSafe) else { throw FileFault(reason: "it names a file that cannot be") }
        return contents.sorted { $0.sha256 < $1.sha256 }
    }
}
