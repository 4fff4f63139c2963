package import ApplianceCore
package import CollectionKit
import GRDB
package import Logging
import Storage

/// Removes records that are older than their collection's retention, and sessions and invitations long expired, shop by
/// shop in small transactions.
package struct RetentionPurge: Sendable {
    private enum Limit {
        /// Records removed in one transaction.
        static let batch = 500
        /// How long an expired session or invitation is still listed.
        static let sessions = Duration.days(30)
    }

    private let directory: TenantDirectory
    private let catalog: CollectionCatalog
    private let time: TimeSource
    private let logger: Logger

    package init(directory: TenantDirectory, catalog: CollectionCatalog, time: TimeSource, logger: Logger) {
        (self.directory, self.catalog, self.time, self.logger) = (directory, catalog, time, logger)
    }

    /// A shop that cannot be purged is reported and does not stop the others.
    package func run() async throws -> (removed: Int, failed: Int) {
        var (removed, failed) = (0, 0)
        for tenant in directory.all {
            try Task.checkCancellation()
            do {
                removed += try await purge(tenant)
            } catch let error as DomainError {
                failed += 1
                logger.error(
                    "retention purge failed",
                    metadata: [LogKey.tenant: "\(tenant.id)", LogKey.error: "\(error.cause ?? error.message)"])
            }
        }
        return (removed, failed)
    }

    private func purge(_ tenant: Tenant) async throws -> Int {
        var removed = 0
        let now = time.now()
        for collection in catalog.collections {
            guard let cutoff = collection.retention.cutoff(now: now) else { continue }
            while case let count = try await purge(tenant, collection, before: cutoff, now: now), count > 0 {
                removed += count
            }
        }
        let file = directory.file(tenant.id)
        if try file.read({ db in try Idempotency.hasDue(db, now: now) }) {
            try await file.write { db in try Idempotency.purge(db, now: now) }
        }
        return removed + (try await purgeSessions(tenant, before: now.subtracting(Limit.sessions)))
    }

    /// Asks a reader first: a shop with nothing due is not written to.
    private func purge(_ tenant: Tenant, _ collection: Collection, before cutoff: Instant, now: Instant) async throws
        -> Int
    {
        let file = directory.file(tenant.id)
        let due = "SELECT id FROM \"\(collection.name)\" WHERE createdAt < ?1 ORDER BY createdAt LIMIT \(Limit.batch)"
        guard try file.read({ db in try db.first(due, [SQLValue(cutoff)]) { _ in true } }) != nil else { return 0 }
        return try await file.write { db in
            try db.run("DELETE FROM \"\(collection.name)\" WHERE id IN (\(due))", [SQLValue(cutoff)])
            let count = db.changesCount
            let report: JSON = ["removed": JSON(count), "createdBefore": JSON(cutoff)]
            try AuditTrail.append(
                db, at: now, actor: .system, action: "\(collection.name).purge", target: nil, requestID: nil,
                data: report.text)
            return count
        }
    }

    private func purgeSessions(_ tenant: Tenant, before instant: Instant) async throws -> Int {
        let file = directory.file(tenant.id)
        let due = try file.read { db in
            try db.first(
                """
                SELECT 1 FROM sessions WHERE expiresAt <= ?1 UNION ALL SELECT 1 FROM invitations WHERE expiresAt <= ?1
                """, [SQLValue(instant)]
            ) { _ in true }
        }
        guard due != nil else { return 0 }
        return try await file.write { db in
            try SessionStore.purge(db, before: instant) + InvitationStore.purge(db, before: instant)
        }
    }
}
