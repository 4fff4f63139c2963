import ApplianceCore
import Foundation
package import Storage

/// `undo/`, with what restores put aside, and `restores/`, with what they did.
package struct UndoFolder: Sendable {
    package enum Limit {
        /// How long a restore can be undone.
        package static let kept: Duration = .days(7)
        /// How long lists know of a restore.
        static let remembered = Duration.days(365)
        /// Bytes of a record.
        static let record = 64 << 10
    }

    private let directory: DataDirectory

    package init(_ directory: DataDirectory) { self.directory = directory }

    // MARK: - Looking

    /// The newest restore first.
    package func entries() throws -> [RestoreEntry] {
        let records = try records().map { record in
            (record: record, state: state(of: record), bytes: Self.bytes(folder(record.name)))
        }
        // While the clock stands still the names go on.
        return Dictionary(grouping: records, by: \.record.restore).values
            .map { RestoreEntry(records: $0.sorted { $0.record.name < $1.record.name }) }
            .sorted { ($0.restoredAt, $0.order, $0.id) > ($1.restoredAt, $1.order, $1.id) }
    }

    /// `name` is a restore's id, one of its tokens, or `latest`: then the newest undoable one of each of `tenants` (ids
    /// or slugs). Throws when there is none.
    package func records(toUndo name: String, tenants: Set<String>) throws -> [RestoreRecord] {
        let all = try entries()
        let wanted = name.hasPrefix("undo/") ? String(name.dropFirst(5)) : name
        func isWanted(_ record: RestoreRecord) -> Bool {
            tenants.isEmpty || !tenants.isDisjoint(with: [record.tenant?.id ?? "system", record.slug])
        }
        if wanted == "latest" {
            guard !tenants.isEmpty else {
                throw DomainError.invalid("tenants", "required", "Name a shop, or a restore's id.")
            }
            let undoable = all.flatMap(\.records).filter { $0.state == .available && isWanted($0.record) }.map(\.record)
            guard !undoable.isEmpty else { throw Self.noneToUndo }
            return Dictionary(grouping: undoable) { $0.tenant?.id ?? "" }.values.compactMap(\.first)
                .sorted { $0.name < $1.name }
        }
        let named = all.flatMap(\.records).filter { [$0.record.restore, $0.record.name].contains(wanted) }
        guard !named.isEmpty else {
            throw DomainError(
                .notFound, "not_found", "There is no restore \(wanted.prefix(64)).",
                hint: "appliance restore list shows what there is.")
        }
        let found = named.filter { isWanted($0.record) }
        if !found.contains(where: { $0.state == .available }) {
            if let undone = found.first(where: { $0.state == .undone })?.record {
                throw DomainError.conflict(
                    "already_undone", "That restore was undone at \(undone.undoneAt?.description ?? "").",
                    hint: undone.undoneBy.map { "To undo that in turn: appliance restore undo \($0)" })
            }
            throw Self.noneToUndo
        }
        return found.filter { $0.state == .available || $0.state == .nothing }.map(\.record)
    }

    private static let noneToUndo = DomainError.conflict(
        "nothing_to_undo", "There is nothing to bring back: nothing was replaced, or more than 7 days ago.",
        hint: "The change log still has what was there: appliance restore --tenant SLUG --at TIME.")

    private func records() throws -> [RestoreRecord] {
        var records = Self.names(directory.restores).filter { $0.hasSuffix(".json") }.compactMap {
            read($0.dropLast(5))
        }
        let known = Set(records.map(\.name))
        records += Self.names(directory.undo).filter { !known.contains($0) }.compactMap { RestoreRecord(folder: $0) }
        return records
    }

    private func read(_ name: Substring) -> RestoreRecord? {
        guard let bytes = try? FileReader.contents(url(String(name)), limit: Limit.record),
            let record = try? JSONDecoder().decode(RestoreRecord.self, from: Data(bytes)), record.name == name
        else { return nil }
        return record
    }

    private func state(of record: RestoreRecord) -> RestoreRecord.UndoState {
        if record.undoneAt != nil { return .undone }
        guard record.replaced else { return .nothing }
        guard let database = database(of: record) else {
            return EntryKind(folder(record.name)) == nil ? .expired : .nothing
        }
        return EntryKind(database) == nil ? .nothing : .available
    }

    /// What a record's folder holds of its database; nil when the folder is gone.
    func database(of record: RestoreRecord) -> URL? {
        guard EntryKind(folder(record.name)) == .folder else { return nil }
        return folder(record.name).appending(path: record.tenant == nil ? "system.sqlite" : "tenant.sqlite")
    }

    func folder(_ name: String) -> URL { directory.undo.appending(path: name) }
    private func url(_ name: String) -> URL { directory.restores.appending(path: name + ".json") }

    static func bytes(_ folder: URL) -> Int64 {
        ["tenant.sqlite", "system.sqlite"].reduce(0) { $0 + Self.size(folder.appending(path: $1)) }
    }

    /// Of a database with what its WAL holds.
    static func size(_ database: URL) -> Int64 {
        FileSystem.size(database) + FileSystem.size(URL(filePath: database.path + "-wal"))
    }

    private static func names(_ folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }

    // MARK: - Noting

    func write(_ record: RestoreRecord) throws {
        try FileSystem.makeFolder(directory.restores)
        try AtomicFile.publish(Array(try JSONEncoder().encode(record)), to: url(record.name))
    }

    /// A name that neither a folder nor a record has.
    func freeName(_ at: Instant, _ id: String) -> String {
        var time = SnapshotID(at)
        while true {
            let name = "\(time)-\(id)"
            if EntryKind(folder(name)) == nil, EntryKind(url(name)) == nil { return name }
            time = time.next
        }
    }

    /// Its state is live again: the copy goes, and the record says by which restore.
    func consume(_ record: RestoreRecord, by restore: String, at: Instant) throws {
        var record = record
        (record.undoneAt, record.undoneBy) = (at, restore)
        try write(record)
        try discard(record.name)
    }

    /// Out of `undo/` in one step first: half a shop must never come back.
    private func discard(_ name: String) throws {
        guard EntryKind(folder(name)) != nil else { return }
        try FileSystem.makeFolder(directory.scratch)
        let doomed = directory.scratchURL()
        try FileSystem.move(folder(name), to: doomed)
        try FileSystem.remove(doomed)
    }

    // MARK: - Cleaning

    /// Settles what a kill left open: a restore that exchanged nothing is forgotten, one that did is complete. Call
    /// once, before files are served.
    func recover() throws {
        for record in try records() {
            if record.undoneAt != nil { try discard(record.name) }
            guard !record.isDone else { continue }
            if happened(record) {
                var record = record
                record.isDone = true
                try write(record)
            } else {
                try discard(record.name)
                try FileSystem.remove(url(record.name))
            }
        }
    }

    private func happened(_ record: RestoreRecord) -> Bool {
        let live = record.tenant.map { directory.tenant($0.id) } ?? directory.systemDatabase
        if Self.inode(live) == record.staged { return true }
        guard record.replaced else { return false }
        let old = record.tenant == nil ? database(of: record) : folder(record.name)
        return old.flatMap(Self.inode).map { $0 != record.staged } ?? false
    }

    static func inode(_ url: URL) -> UInt64? { FileSystem.status(url).map { UInt64($0.st_ino) } }

    /// Removes what is older than it is kept, the oldest first; how many restored databases can no longer be undone.
    /// `inUse` stays for the next time.
    func prune(now: Instant, inUse: Set<String>) throws -> Int {
        var removed = 0
        for record in try records().sorted(by: { $0.name < $1.name }) where !inUse.contains(record.name) {
            if record.restoredAt.adding(Limit.kept) <= now, EntryKind(folder(record.name)) != nil {
                try discard(record.name)
                removed += 1
            }
            if record.restoredAt.adding(Limit.remembered) <= now { try FileSystem.remove(url(record.name)) }
        }
        // What lay in the trash when a snapshot brought its shop back; the name has no time.
        for name in Self.names(directory.undo) where name.hasPrefix("trash-") {
            guard let status = FileSystem.status(folder(name)) else { continue }
            let put = Instant(seconds: Int64(max(status.st_mtim.tv_sec, status.st_ctim.tv_sec)))
            guard put.adding(Limit.kept) <= now else { continue }
            try discard(name)
            removed += 1
        }
        return removed
    }
}
