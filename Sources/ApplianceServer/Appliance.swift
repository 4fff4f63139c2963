package import ApplianceCore
import Backups
import CollectionKit
import Foundation
import HTTPAPI
import Jobs
package import Logging
package import ModuleKit
package import Storage
import Telemetry
package import Tenancy

/// The whole product, wired: made once for a data folder whose lock is held, used by the server and, without one, by
/// the CLI.
package struct Appliance: Sendable {
    package let configuration: Configuration
    let logger: Logger
    let time: TimeSource
    let ids: IdentifierSource
    let master: MasterKey
    let changeLog: ChangeLog
    let storage: StorageServices
    let system: DatabaseFile
    package let directory: TenantDirectory
    let tenants: Tenants
    let usage: UsageService
    let passwords: PasswordHasher
    package let signIn: SignIn
    let outbox: Outbox
    let erasures: Erasures
    let settings: Settings
    let legal: LegalTexts
    let actAs: ActAs
    let backups: BackupService
    let latestBackups: LatestBackups
    let recovery: Recovery
    let alerts: Alerts
    let alertWatch: AlertWatch
    let past: PastImages
    let catalog: CollectionCatalog
    let contentPins = ContentPins()
    let events: EventHub
    let scheduler: Scheduler
    let requests: RequestMetrics
    let metrics: MetricsReport
    let startedAt: Instant
    /// Held as long as the value lives.
    private let lock: DataDirectoryLock

    /// Modules that a tenant may have or not.
    static let optionalModules = allModules.filter { !$0.isAlwaysOn }.map(\.id)

    static func makeCatalog(_ modules: [Module] = allModules) -> CollectionCatalog {
        CollectionCatalog(modules.map { (id: $0.isAlwaysOn ? nil : $0.id, collections: $0.collections) })
    }

    /// Opens the data folder, making it on the first start. Throws `control_plane_missing` rather than start empty over
    /// the data of tenants that it does not know.
    package init(
        _ configuration: Configuration, lock: DataDirectoryLock, logger: Logger, time: TimeSource = .system,
        modules: [Module] = allModules
    ) async throws {
        let data = configuration.data
        try data.prepare()
        (self.configuration, self.lock, self.logger, self.time) = (configuration, lock, logger, time)
        startedAt = time.now()
        ids = IdentifierSource(time: time)
        master = try MasterKey(data)
        let logSeals = Self.logSeals(master)
        changeLog = ChangeLog(
            backups: configuration.backups, scratch: data.scratch, seals: logSeals, time: time, logger: logger)
        storage = StorageServices(logger: logger, openFiles: configuration.openFiles, changeLog: changeLog)
        catalog = Self.makeCatalog(modules)
        // Before the first file is opened, whose log goes on from the end that it finds vouched for. What fails here is
        // tried again, and told, with the snapshots.
        let sealing = LogSealing(root: configuration.backups, seals: logSeals, mark: data.logSealedWith)
        _ = try? await storage.longWork { try sealing.settle() }
        system = try Self.openSystem(data, storage)
        let schema = TenantSchema.schema(catalog)
        directory = TenantDirectory(data, schema: schema, services: storage)
        try directory.load(system)
        passwords = PasswordHasher(cost: configuration.bcryptCost)
        tenants = Tenants(
            system: system, data: data, directory: directory, schema: schema, services: storage, ids: ids,
            passwords: passwords, time: time)
        usage = UsageService(directory: directory, system: system, ids: ids, time: time, logger: logger)
        let sessions = await Sessions(system: system, directory: directory, master: master, ids: ids, time: time)
        signIn = SignIn(
            sessions: sessions, system: system, directory: directory, passwords: passwords, master: master,
            address: configuration.publicAddress, loopbackIssuers: configuration.allowsLoopbackIssuers, ids: ids,
            time: time)
        try signIn.addresses.load()
        try await sessions.loadKeys()
        outbox = Outbox(system: system, directory: directory, master: master, time: time)
        settings = try Settings(system: system, directory: directory, time: time)
        legal = try LegalTexts(system: system, directory: directory, time: time)
        actAs = try ActAs(system: system, directory: directory, ids: ids, time: time)
        erasures = Erasures(
            system: system, directory: directory, catalog: catalog, backups: configuration.backups, storage: storage,
            ids: ids, time: time, logger: logger)
        backups = BackupService(
            root: configuration.backups,
            environment: Self.backupEnvironment(
                directory, system, data, storage, time, logger, configuration.retention,
                Self.amendments(erasures, system), master))
        try backups.cleanUp()
        await backups.settleSeals()
        try await tenants.completeDeletions()
        try tenants.completeAdoptions()
        _ = try? await erasures.catchUp()
        latestBackups = LatestBackups(backups)
        past = PastImages(backups: backups, storage: storage, data: data, schema: schema, time: time)
        recovery = Recovery(
            backups: backups, latest: latestBackups, directory: directory, drills: DrillStore(system),
            promise: configuration.promise, erasures: erasures, outbox: outbox,
            horizon: configuration.retention.horizon, storage: storage, ids: ids, time: time, logger: logger)
        alerts = Alerts(system: system, ids: ids, time: time)
        alertWatch = AlertWatch(
            recovery: recovery, changeLog: changeLog, usage: usage, alerts: alerts, time: time, logger: logger)
        events = EventHub(storage: storage, directory: directory)
        requests = RequestMetrics(time: time)
        metrics = MetricsReport(requests: requests, storage: storage, directory: directory, data: data, time: time)
        let jobs = BuiltInJobs(
            system: system, directory: directory, catalog: catalog, backups: backups, latest: latestBackups,
            recovery: recovery, past: past, tenants: tenants, sessions: sessions, signIn: signIn,
            contentPins: contentPins, usage: usage, erasures: erasures, ids: ids, time: time, logger: logger)
        scheduler = Scheduler(jobs.table, runs: JobRunStore(system), ids: ids, time: time, logger: logger)
    }

    private static func openSystem(_ data: DataDirectory, _ storage: StorageServices) throws -> DatabaseFile {
        let url = data.systemDatabase
        if !FileSystem.exists(url) {
            let orphans = (try? FileManager.default.contentsOfDirectory(atPath: data.tenants.path)) ?? []
            guard !orphans.contains(where: { $0.hasPrefix("ten_") }) else {
                throw DomainError.unavailable(
                    "control_plane_missing",
                    "system.sqlite is missing although there are shops in \(data.tenants.path).",
                    hint: "appliance restore --yes brings everything back from the latest snapshot.")
            }
            let scratch = data.scratchURL(".sqlite")
            try DatabaseFile.create(scratch, schema: SystemDatabase.schema)
            try FileSystem.move(scratch, to: url)
        }
        return DatabaseFile(url, name: "system", schema: SystemDatabase.schema, services: storage)
    }

    static func backupEnvironment(
        _ directory: TenantDirectory, _ system: DatabaseFile, _ data: DataDirectory, _ storage: StorageServices,
        _ time: TimeSource, _ logger: Logger, _ retention: RetentionRules,
        _ amendments: PastAmendments = .none, _ master: MasterKey? = nil
    ) -> BackupEnvironment {
        let source = BackupSource(
            system: system,
            tenants: {
                directory.all.map {
                    BackupTenant(
                        id: $0.id, slug: $0.slug, name: $0.name, record: $0.record, file: directory.file($0.id))
                }
            }, tenantFile: { directory.file($0) }, amendments: amendments)
        return BackupEnvironment(
            source: source, directory: data, services: storage, time: time, logger: logger, retention: retention,
            seals: master.map(Self.seals), logSeals: master.map(Self.logSeals))
    }

    /// Reads anew what is kept in memory of the control plane: after a restore of it.
    func reloadControlPlane() throws {
        try directory.load(system)
        try settings.load()
        try legal.load()
        try actAs.load()
    }

    /// Whether anybody can sign in to run it.
    package func hasOperator() throws -> Bool { try signIn.hasOperator() }

    /// Ends the threads. Connections end with the process.
    package func shutdown() async throws {
        // What was counted in memory since the last time.
        _ = await usage.settle(all: false)
        await signIn.settle()
        try await passwords.shutdown()
        try await storage.shutdown()
    }

    /// Opens every tenant once, in the background: pending migrations are taken, damaged files found before a customer
    /// meets them.
    func sweep() async {
        for tenant in directory.all {
            if Task.isCancelled { return }
            let file = directory.file(tenant.id)
            _ = try? await storage.longWork { file.probeAndClose() }
        }
    }
}
