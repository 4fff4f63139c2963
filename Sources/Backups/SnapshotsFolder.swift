import ApplianceCore
import Foundation
import Storage

/// The paths below `backups/snapshots`.
struct SnapshotsFolder: Sendable {
    let url: URL

    /// `root` is the backups folder: ours, or any other to restore from.
    init(root: URL) { url = root.standardizedFileURL.appending(path: "snapshots") }

    func snapshot(_ id: SnapshotID) -> URL { url.appending(path: id.description) }
    func manifest(_ id: SnapshotID) -> URL { snapshot(id).appending(path: Self.manifestName) }
    func seal(_ id: SnapshotID) -> URL { snapshot(id).appending(path: Self.sealName) }
    func verification(_ id: SnapshotID) -> URL { snapshot(id).appending(path: Self.verificationName) }
    /// Where a snapshot grows until it is proved.
    func partial(_ id: SnapshotID) -> URL { url.appending(path: Self.partialPrefix + id.description) }
    /// Where a snapshot goes to be deleted, so that no half of one is ever listed.
    func trash(_ id: SnapshotID) -> URL { url.appending(path: Self.trashPrefix + id.description) }

    static let manifestName = "manifest.json"
    static let sealName = "manifest.seal"
    static let verificationName = "verified.json"
    static let tenantsName = "tenants"
    /// Uploaded files, `files/<tenant-id>/<SHA-256>`.
    static let contentsName = "files"
    private static let partialPrefix = ".partial-"
    private static let trashPrefix = ".trash-"

    /// Newest first, by folder name alone.
    func ids() throws -> [SnapshotID] { try names().compactMap { SnapshotID($0) }.sorted(by: >) }

    /// Ids only ever grow, even when the clock was set back.
    func nextID(_ now: Instant) throws -> SnapshotID {
        let wanted = SnapshotID(now)
        guard let newest = try ids().first, newest >= wanted else { return wanted }
        return newest.next
    }

    /// Takes a snapshot off the list, in one step.
    func discard(_ id: SnapshotID) throws { try FileSystem.move(snapshot(id), to: trash(id)) }

    func emptyTrash(_ id: SnapshotID) throws { try FileSystem.remove(trash(id)) }

    /// Deletes what a snapshot or a prune left when it was cut short.
    func removeLeftovers() throws {
        for name in try names() where name.hasPrefix(Self.partialPrefix) || name.hasPrefix(Self.trashPrefix) {
            try FileSystem.remove(url.appending(path: name))
        }
    }

    /// Deletes what the recording of a verification or a seal left when it was cut short. Only while nothing is being
    /// verified.
    func removeUnpublished() throws {
        for id in try ids() where EntryKind(snapshot(id)) == .folder {
            for name in try FileManager.default.contentsOfDirectory(atPath: snapshot(id).path)
            where [Self.verificationName, Self.sealName].contains(where: { name.hasPrefix(".\($0).") }) {
                try FileSystem.remove(snapshot(id).appending(path: name))
            }
        }
    }

    private func names() throws -> [String] {
        guard FileSystem.exists(url) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: url.path)
    }
}

/// What a name stands for, without following a symbolic link.
enum EntryKind: Equatable {
    case file(bytes: Int64), folder, link, other

    /// Nil when there is nothing of that name.
    init?(_ url: URL) {
        var status = stat()
        guard lstat(url.path, &status) == 0 else { return nil }
        self =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file(bytes: Int64(status.st_size))
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .other
            }
    }

    /// As the end of "it is …".
    var words: String {
        switch self {
        case .file: "a file"
        case .folder: "a folder"
        case .link: "a symbolic link"
        case .other: "not an ordinary file"
        }
    }
}
