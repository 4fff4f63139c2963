package import ApplianceCore
package import Backups
import Foundation
package import Logging
package import Storage
import Tenancy

/// Restores the whole appliance while no server runs: also onto an empty machine, and over a control plane that can no
/// longer be opened. Nothing of the data folder is read before it is replaced.
package struct OfflineRestore: Sendable {
    private let storage: StorageServices
    private let backups: BackupService
    private let log: RestoreLog

    /// The caller holds the lock of the data folder.
    package init(_ configuration: Configuration, lock _: DataDirectoryLock, logger: Logger) throws {
        let data = configuration.data
        try data.prepare()
        let storage = StorageServices(logger: logger, openFiles: configuration.openFiles)
        let system = DatabaseFile(data.systemDatabase, name: "system", schema: SystemDatabase.schema, services: storage)
        let directory = TenantDirectory(
            data, schema: TenantSchema.schema(Appliance.makeCatalog()), services: storage)
        // What the old control plane knew of its tenants tells which of them the snapshot does not have.
        try? directory.load(system)
        self.storage = storage
        log = RestoreLog(
            system: system, tenantFile: { directory.file($0) }, now: TimeSource.system.now(),
            actor: Principal.commandLine.actor, requestID: "", logger: logger)
        let erasures = Erasures(
            system: system, directory: directory, catalog: Appliance.makeCatalog(), backups: configuration.backups,
            storage: storage, ids: IdentifierSource(time: .system), time: .system, logger: logger)
        // One that cannot be read vouches for nothing, and keeps nobody from a restore.
        let master = (try? MasterKey.existing(data)) ?? nil
        backups = BackupService(
            root: configuration.backups,
            environment: Appliance.backupEnvironment(
                directory, system, data, storage, .system, logger, configuration.retention,
                Appliance.amendments(erasures, system), master))
        try backups.cleanUp()
    }

    package func plan(_ request: RestoreRequest) async throws -> RestorePlan { try await backups.plan(request) }

    package func run(_ plan: RestorePlan, progress: @escaping WorkProgress.Report) async throws -> [RestoreOutcome] {
        let outcomes = try await backups.restore(plan, progress: progress)
        if plan.into == nil { for outcome in outcomes { await log.note(outcome, isUndo: plan.isUndo) } }
        return outcomes
    }

    package func shutdown() async throws { try await storage.shutdown() }
}
