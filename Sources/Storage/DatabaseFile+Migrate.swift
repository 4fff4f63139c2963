import ApplianceCore
import Foundation
import GRDB
import Logging

extension DatabaseFile {
    /// Brings the open file up to date, with a copy of it as it was beside it first. A file that cannot be is taken out
    /// of service as `migration_failed` and stays at the last version that it reached; the disk's own faults pass.
    func migrate(_ db: Database) throws {
        do {
            if try schema.hasPending(db) { try keepCopy(db) }
            try schema.apply(to: db, isNew: false)
            removeOlderCopies()
        } catch {
            let reason = DomainError(any: error)
            guard !Self.passing.contains(reason.code), !Self.quarantines(reason) else { throw reason }
            throw DomainError(
                .unavailable, Self.migrationFailedCode,
                "This shop's data could not be brought up to date; the other shops are not affected.",
                hint: "Its file as it was before is kept beside it.", retryAfter: 60,
                cause: reason.cause ?? reason.message)
        }
    }

    static let migrationFailedCode = "migration_failed"

    /// What says nothing about the file, and may be gone the next time.
    private static let passing: Set = [
        "storage_full", DomainError.readOnlyCode, DomainError.storageFailedCode, "database_busy",
    ]

    /// `tenant.sqlite.before-3` for the version 3 that is to come. One that exists was made by a run that was cut
    /// short, and the file may have changed since.
    private var copyURL: URL { URL(filePath: "\(url.path)\(Self.copyMark)\(schema.migrations.count)") }
    private static let copyMark = ".before-"

    private func keepCopy(_ db: Database) throws {
        guard !FileSystem.exists(copyURL) else { return }
        let partial = URL(filePath: copyURL.path + ".tmp")
        try FileSystem.remove(partial)
        let destination = try DatabaseQueue(path: partial.path)
        try destination.writeWithoutTransaction { copy in
            try copy.execute(sql: "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF")
            try db.backup(to: copy)
        }
        try destination.close()
        try FileSystem.syncFile(partial)
        try FileSystem.move(partial, to: copyURL)
        services.logger.notice(
            "data file copied before its migration",
            metadata: [LogKey.tenant: "\(name)", LogKey.path: "\(copyURL.lastPathComponent)"])
    }

    /// The copies of earlier migrations: the newest one is enough.
    private func removeOlderCopies() {
        let folder = url.deletingLastPathComponent()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in names where name.hasPrefix(url.lastPathComponent + Self.copyMark) {
            guard name != copyURL.lastPathComponent else { continue }
            try? FileSystem.remove(folder.appending(path: name))
        }
    }
}
