package import ApplianceCore
import GRDB
package import Storage

/// Tells a shop's owner 7, 3 and 1 days before the end of the trial, at 09:00 where the shop is (`facts/trials.md`).
/// After downtime only the most urgent warning that is due is sent.
package struct TrialWarnings: Sendable {
    /// Days before the last day of the trial, the most urgent first.
    static let daysBefore = [1, 3, 7]
    private static let hour = 9

    private let system: DatabaseFile
    private let ids: IdentifierSource
    private let time: TimeSource

    package init(system: DatabaseFile, ids: IdentifierSource, time: TimeSource) {
        (self.system, self.ids, self.time) = (system, ids, time)
    }

    /// The warning that is due now for a trial that ends at `end`; nil before the first and after the end.
    static func due(end: Instant, zone: LocalTime, now: Instant) -> Int? {
        guard now < end else { return nil }
        let lastDay = lastDay(of: end, zone)
        let remaining = daysRemaining(end, zone, now)
        guard let due = daysBefore.first(where: { now >= zone.instant(lastDay.adding(days: -$0), hour: hour) }) else {
            return nil
        }
        // A warning whose morning was missed is still sent, unless the next one is nearer.
        let nextDue = daysBefore.last { $0 < due } ?? 0
        return remaining > nextDue ? due : nil
    }

    /// Calendar days until the last day of the trial; 0 on that day.
    static func daysRemaining(_ end: Instant, _ zone: LocalTime, _ now: Instant) -> Int {
        lastDay(of: end, zone).daysSince1970 - zone.date(of: now).daysSince1970
    }

    /// A trial ends with the midnight behind its last day.
    private static func lastDay(of end: Instant, _ zone: LocalTime) -> CivilDate {
        zone.date(of: end.subtracting(.milliseconds(1)))
    }

    /// Puts what is due into the outbox, each exactly once; returns how many were new.
    package func run() async throws -> Int {
        let now = time.now()
        return try await system.write { [ids] db in
            let tenants = try db.all(
                """
                SELECT \(Tenant.columns) FROM tenants
                WHERE status = 'trialing' AND trialEndsAt > ?1 AND trialEndsAt <= ?2
                """, [SQLValue(now), SQLValue(now.adding(.days(9)))]
            ) { try Tenant($0) }
            return try tenants.count { tenant in
                guard let end = tenant.trialEndsAt, let days = Self.due(end: end, zone: tenant.localTime, now: now)
                else {
                    return false
                }
                return try Outbox.put(
                    db, Self.message(tenant, end, warning: days, now: now), id: ids.next("msg"), now: now)
            }
        }
    }

    static func message(_ tenant: Tenant, _ end: Instant, warning: Int, now: Instant) -> Outbox.Message {
        let lastDay = lastDay(of: end, tenant.localTime)
        let days = daysRemaining(end, tenant.localTime, now)
        let remaining = days == 1 ? "1 day" : "\(days) days"
        return Outbox.Message(
            tenantID: tenant.id, kind: "trial_\(warning)d", anchor: end.description, recipient: tenant.ownerEmail,
            subject: "Your trial of \(tenant.name) ends in \(remaining) (\(lastDay))",
            body: """
                Hello,

                the trial of \(tenant.name) ends with \(lastDay) (\(tenant.timeZone)).

                To go on, ask your operator to activate the shop. Nothing is deleted when the trial ends, and you can
                export your data at any time.
                """)
    }
}
