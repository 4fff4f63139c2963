package import ApplianceCore
package import Foundation
package import Logging
package import Storage

/// One tenant as it stands when a snapshot begins.
package struct BackupTenant: Sendable {
    package let id: String
    package let slug: String
    package let name: String
    /// The tenant's row of `system.sqlite` as JSON text, so that a lost control plane can be made again.
    package let record: String
    package let file: DatabaseFile

    package init(id: String, slug: String, name: String, record: String, file: DatabaseFile) {
        (self.id, self.slug, self.name, self.record, self.file) = (id, slug, name, record, file)
    }
}

extension Manifest.Tenant {
    init(_ tenant: BackupTenant) {
        self.init(id: tenant.id, slug: tenant.slug, name: tenant.name, record: tenant.record)
    }
}

/// What there is to back up and to restore into. A value given by the server, so that nothing here knows Tenancy.
package struct BackupSource: Sendable {
    package let system: DatabaseFile
    /// The tenants at this moment. Throws when `system.sqlite` cannot be read.
    package let tenants: @Sendable () async throws -> [BackupTenant]
    /// The one `DatabaseFile` of a tenant's id: the object the server serves from, or a new one when it knows none. It
    /// need not exist on disk. Two objects for one file would be two writers.
    package let tenantFile: @Sendable (String) -> DatabaseFile
    package let amendments: PastAmendments

    package init(
        system: DatabaseFile, tenants: @escaping @Sendable () async throws -> [BackupTenant],
        tenantFile: @escaping @Sendable (String) -> DatabaseFile, amendments: PastAmendments = .none
    ) {
        (self.system, self.tenants, self.tenantFile) = (system, tenants, tenantFile)
        self.amendments = amendments
    }

    /// The live file of a tenant, or `system.sqlite`.
    func file(_ tenant: Manifest.Tenant?) -> DatabaseFile { tenant.map { tenantFile($0.id) } ?? system }
}

/// What happens to a past before anybody sees it. Given by the server, so that nothing here knows of persons or mail.
/// `backups` is the folder that the past comes from.
package struct PastAmendments: Sendable {
    /// A restore that is about to exchange a file: its id, the instant gone back to, and now.
    package typealias Moment = (restore: String, stateAt: Instant, at: Instant)

    /// How many persons were erased from a tenant since an instant.
    package let erasuresSince: @Sendable (_ tenant: String, _ since: Instant, _ backups: URL) -> Int
    /// Erases them again in a closed database that nobody else has; how many records. Blocks.
    package let replay: @Sendable (_ tenant: String, _ database: URL, _ backups: URL) throws -> Int
    /// Holds what waits to leave the machine for a tenant that goes back; how much.
    package let hold: @Sendable (_ tenant: String, _ moment: Moment) async throws -> Int
    /// The same for everybody, in a closed control plane that is about to go live. Blocks.
    package let holdAll: @Sendable (_ system: URL, _ moment: Moment) throws -> Int

    package init(
        erasuresSince: @escaping @Sendable (_ tenant: String, _ since: Instant, _ backups: URL) -> Int,
        replay: @escaping @Sendable (_ tenant: String, _ database: URL, _ backups: URL) throws -> Int,
        hold: @escaping @Sendable (_ tenant: String, _ moment: Moment) async throws -> Int,
        holdAll: @escaping @Sendable (_ system: URL, _ moment: Moment) throws -> Int
    ) {
        (self.erasuresSince, self.replay, self.hold, self.holdAll) = (erasuresSince, replay, hold, holdAll)
    }

    package static let none = PastAmendments(
        erasuresSince: { _, _, _ in 0 }, replay: { _, _, _ in 0 }, hold: { _, _ in 0 }, holdAll: { _, _ in 0 })
}

/// What all work on backups needs: where the data is, on which threads to work, what time it is.
package struct BackupEnvironment: Sendable {
    package let source: BackupSource
    package let directory: DataDirectory
    package let services: StorageServices
    package let time: TimeSource
    package let logger: Logger
    package let retention: RetentionRules
    /// Nil where there is no key: then snapshots are made without seals, and none is checked.
    package let seals: ManifestSeals?
    /// The same for the change log.
    package let logSeals: LogSeals?

    /// Tenants worked on at once: enough to use a second core, few enough to leave the requests one.
    static let width = 2

    package init(
        source: BackupSource, directory: DataDirectory, services: StorageServices, time: TimeSource, logger: Logger,
        retention: RetentionRules = .standard, seals: ManifestSeals? = nil, logSeals: LogSeals? = nil
    ) {
        (self.source, self.directory, self.services) = (source, directory, services)
        (self.time, self.logger, self.retention) = (time, logger, retention)
        (self.seals, self.logSeals) = (seals, logSeals)
    }

    /// Deletes a folder of half-done work, also after the work was cancelled. What cannot be deleted is a leftover,
    /// and those are removed at the next start.
    func discard(_ folder: URL) async {
        // A task of its own: the pool does nothing for a cancelled one.
        await Task { try? await services.longWork { try FileSystem.remove(folder) } }.value
    }
}
