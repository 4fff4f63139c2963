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
    let directory: TenantDirectory
    let drills: DrillStore
    let ids: IdentifierSource
    let time: TimeSource
    let logger: Logger

    func report() async throws -> RecoveryReport {
        let snapshots = RecoveryReport.spans(of: try await backups.list())
        let shops = directory.all.map {
            RecoveryReport.Shop(id: $0.id, slug: $0.slug, name: $0.name, createdAt: $0.createdAt)
        }
        return RecoveryReport(
            shops, spans: snapshots.spans, proved: snapshots.proved, drills: try drills.latest(), at: time.now())
    }

    /// The promises broken now, from what is in memory: for health, which is asked often.
    func breaches(_ latest: LatestBackups) async throws -> [String] {
        var (shops, spans) = ([RecoveryReport.Shop](), [String: [RecoveryReport.Span]]())
        for tenant in directory.all {
            shops.append(.init(id: tenant.id, slug: tenant.slug, name: tenant.name, createdAt: tenant.createdAt))
            if let at = await latest.of(tenant: tenant.id) { spans[tenant.id] = [.init("snapshots", from: at, to: at)] }
        }
        return RecoveryReport(shops, spans: spans, proved: [:], drills: try drills.latest(), at: time.now()).breaches
    }

    /// Restores a shop's newest copy into scratch, checks it, and remembers how that went.
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
                // In no snapshot yet: the report tells when that is too long.
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
