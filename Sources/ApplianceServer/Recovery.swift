import ApplianceCore
import Backups
import Logging
import Storage
import Tenancy

/// Nightly drills, and the report on what could be brought back.
struct Recovery: Sendable {
    private enum Limit {
        /// Shops drilled in one night, drawn by lot.
        static let shops = 20
        /// No further drill is begun after this.
        static let time = Duration.minutes(30)
    }

    let backups: BackupService
    let latest: LatestBackups
    let directory: TenantDirectory
    let drills: DrillStore
    let promise: RecoveryPromise
    let erasures: Erasures
    let outbox: Outbox
    /// How long what was erased stays in backups.
    let horizon: Duration?
    let storage: StorageServices
    let ids: IdentifierSource
    let time: TimeSource
    let logger: Logger

    // MARK: - The report

    /// From all there is: lists every snapshot and every folder of the change log.
    func report() async throws -> RecoveryReport {
        try await openUnseen()
        let snapshots = RecoveryReport.spans(of: try await backups.list())
        let log = try await backups.logSpans()
        let latest = try drills.latest()
        let (erased, held) = (try erasures.latest(), try outbox.heldCounts())
        return report { tenant, evidence in
            evidence.held = held[tenant.id] ?? 0
            evidence.erasures = erased[tenant.id].map { [horizon] erased in
                .init(count: erased.count, lastAt: erased.at, inBackupsUntil: horizon.map { erased.at.adding($0) })
            }
            evidence.snapshots = snapshots[tenant.id]?.span
            evidence.provedAt = snapshots[tenant.id]?.provedAt
            evidence.log = log[tenant.id] ?? []
            evidence.isLogged = !evidence.log.isEmpty
            evidence.drill = latest[tenant.id]
        }
    }

    /// The same promises from what is in memory, for what is asked often: health, metrics and alerts.
    func momentaryReport() async throws -> RecoveryReport {
        let drilled = try drills.latest()
        let known = await latest.all()
        return report { tenant, evidence in
            evidence.snapshots = known.byTenant[tenant.id].map { .init(from: $0, to: $0) }
            evidence.isLogged = evidence.lag?.isLogging ?? false || known.logged.contains(tenant.id)
            evidence.drill = drilled[tenant.id]
        }
    }

    private func report(_ fill: (Tenant, inout RecoveryReport.Evidence) -> Void) -> RecoveryReport {
        let now = time.now()
        let shops = directory.all.map { tenant in
            let file = directory.file(tenant.id)
            var evidence = RecoveryReport.Evidence()
            evidence.lag = file.logLag(at: now)
            evidence.bytes = FileSystem.size(file.url)
            fill(tenant, &evidence)
            let shop = RecoveryReport.Shop(
                id: tenant.id, slug: tenant.slug, name: tenant.name, createdAt: tenant.createdAt)
            return (shop, evidence)
        }
        return RecoveryReport(shops, promise: promise, at: now)
    }

    /// A file that this process has not opened may hold commits that a killed one did not log: they are caught up with.
    private func openUnseen() async throws {
        let now = time.now()
        let unseen = directory.all.map { directory.file($0.id) }.filter { file in
            guard let lag = file.logLag(at: now), !lag.isLogging, lag.waitingSince == nil else { return false }
            return file.hasWAL
        }
        for file in unseen { _ = try await storage.longWork { file.probeAndClose() } }
        if !unseen.isEmpty { await storage.changeLog?.flush() }
    }

    // MARK: - Drills

    /// Restores a shop's backup into scratch, checks it, and remembers how that went.
    func drill(_ tenant: Tenant) async throws -> RecoveryDrill {
        let drill = try await backups.drill(tenant.id, id: ids.next("drl"))
        try await drills.add(drill)
        if let problem = drill.problem {
            logger.error(
                "drill failed",
                metadata: [
                    LogKey.tenant: "\(tenant.id)", LogKey.snapshot: "\(drill.source)", LogKey.error: "\(problem)",
                ])
        }
        return drill
    }

    /// Drills some shops by lot; what came of it. Throws when a drill failed or a promise is broken, so that the run
    /// counts as failed and health says so.
    func drillSome() async throws -> String {
        let start = ContinuousClock.now
        var (done, failed) = (0, 0)
        for tenant in directory.all.shuffled().prefix(Limit.shops) {
            guard ContinuousClock.now - start < Limit.time else { break }
            do {
                if try await drill(tenant).problem != nil { failed += 1 }
                done += 1
            } catch let error as DomainError where error.code == "not_found" {
                // In no backup yet: the report tells when that is too long.
                continue
            }
        }
        let breaches = try await report().breaches
        guard breaches.isEmpty else {
            throw DomainError.conflict(
                "promise_broken", "\(done) drilled, \(failed) failed. \(breaches.prefix(3).joined(separator: "; "))",
                hint: "appliance backup report")
        }
        return "\(done) shop\(done == 1 ? "" : "s") drilled, all whole"
    }
}
