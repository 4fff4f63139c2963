package import ApplianceCore
import GRDB
package import Storage

/// Tells a shop's owner what is coming (`facts/trials.md`): the end of the trial 7, 3 and 1 days before at 09:00 where
/// the shop is, each edge behind it, the last day of grace, and 7 and 1 days before its data may be deleted. After
/// downtime only the most urgent one that is due is sent.
package struct TrialWarnings: Sendable {
    /// Days before the last day of the trial, the most urgent first.
    static let daysBefore = [1, 3, 7]

    private let system: DatabaseFile
    private let ids: IdentifierSource
    private let time: TimeSource

    package init(system: DatabaseFile, ids: IdentifierSource, time: TimeSource) {
        (self.system, self.ids, self.time) = (system, ids, time)
    }

    /// The warning that is due now for a trial that ends at `end`; nil before the first and after the end.
    static func due(end: Instant, zone: LocalTime, now: Instant) -> Int? {
        guard let due = Reminder.due(Reminder.ofTrial(end: end, zone: zone), now) else { return nil }
        return daysBefore.first { due.kind == "trial_\($0)d" }
    }

    /// Calendar days until the last day of the trial; 0 on that day.
    static func daysRemaining(_ end: Instant, _ zone: LocalTime, _ now: Instant) -> Int {
        zone.date(of: end.subtracting(.milliseconds(1))).daysSince1970 - zone.date(of: now).daysSince1970
    }

    /// Puts what is due into the outbox, each exactly once; returns how many were new.
    package func run() async throws -> Int {
        let now = time.now()
        // Asked of a reader first: most of the time there is nothing to say to anybody.
        let due = try system.read { db in
            try Self.candidates(db, now).filter { tenant in try Self.isNew(db, tenant, now) }.map(\.id)
        }
        guard !due.isEmpty else { return 0 }
        return try await system.write { [ids] db in
            try due.count { id in
                guard let tenant = try Tenants.row(db, id), try Self.isNew(db, tenant, now) else { return false }
                return try Self.put(db, tenant, now, ids)
            }
        }
    }

    /// Shops with a date; those that a person suspended have none.
    private static func candidates(_ db: Database, _ now: Instant) throws -> [Tenant] {
        try db.all("SELECT \(Tenant.columns) FROM tenants WHERE deletionDueAt > ?1", [SQLValue(now)]) {
            try Tenant($0)
        }
    }

    private static func isNew(_ db: Database, _ tenant: Tenant, _ now: Instant) throws -> Bool {
        guard let reminder = Reminder.due(Reminder.all(of: tenant), now) else { return false }
        return try !Outbox.has(db, message(tenant, reminder, now: now))
    }

    /// The one that is due, and a note of those that it comes instead of.
    private static func put(_ db: Database, _ tenant: Tenant, _ now: Instant, _ ids: IdentifierSource) throws -> Bool {
        let reminders = Reminder.all(of: tenant)
        guard let due = Reminder.due(reminders, now) else { return false }
        for missed in reminders where missed.from < due.from && missed.from > tenant.createdAt {
            _ = try Outbox.put(
                db, message(tenant, missed, now: now), id: ids.next("msg"), now: now, status: .superseded)
        }
        return try Outbox.put(
            db, message(tenant, due, now: now), id: ids.next("msg"), now: now, due: due.from)
    }
}

/// Something that is said once, between two instants.
struct Reminder: Equatable {
    let kind: String
    /// What it is about: another date is another message.
    let anchor: Instant
    let from: Instant
    /// From when it would be wrong.
    let until: Instant

    private static let hour = 9

    /// The latest that is due and still true: the most urgent, because they are in the order of their dates.
    static func due(_ reminders: [Reminder], _ now: Instant) -> Reminder? {
        reminders.last { $0.from <= now }.flatMap { now < $0.until ? $0 : nil }
    }

    static func ofTrial(end: Instant, zone: LocalTime) -> [Reminder] {
        countdown("trial", days: [7, 3, 1], to: end, zone)
    }

    /// At 09:00 so many calendar days before the last day. A warning whose morning was missed is still said, until the
    /// day of the next one has begun: "7 days" never with fewer than four left.
    private static func countdown(_ kind: String, days: [Int], to end: Instant, _ zone: LocalTime) -> [Reminder] {
        let lastDay = zone.date(of: end.subtracting(.milliseconds(1)))
        return days.enumerated().map { index, count in
            let next = index + 1 < days.count ? days[index + 1] : 0
            return Reminder(
                kind: "\(kind)_\(count)d", anchor: end, from: zone.instant(lastDay.adding(days: -count), hour: hour),
                until: zone.instant(lastDay.adding(days: -next)))
        }
    }

    /// All that a shop is told, in the order of their dates.
    static func all(of tenant: Tenant) -> [Reminder] {
        guard let graceEnd = tenant.graceEndsAt ?? tenant.suspensionEndsAt, let deletion = tenant.deletionDueAt else {
            return []
        }
        let zone = tenant.localTime
        var reminders: [Reminder] = []
        if tenant.status != .cancelled || tenant.graceEndsAt != nil {
            let end = tenant.end ?? graceEnd
            if tenant.convertedAt == nil, tenant.cancelsAt == nil { reminders += ofTrial(end: end, zone: zone) }
            if end < graceEnd {
                reminders.append(Reminder(kind: "expired", anchor: end, from: end, until: graceEnd))
                reminders += countdown("grace", days: [1], to: graceEnd, zone)
            }
            if let suspensionEnd = tenant.suspensionEndsAt, graceEnd < suspensionEnd {
                reminders.append(Reminder(kind: "suspended", anchor: graceEnd, from: graceEnd, until: suspensionEnd))
            }
        }
        if let suspensionEnd = tenant.suspensionEndsAt {
            reminders.append(
                Reminder(kind: "cancelled", anchor: suspensionEnd, from: suspensionEnd, until: deletion))
        }
        return (reminders + countdown("purge", days: [7, 1], to: deletion, zone)).sorted { $0.from < $1.from }
    }
}

extension Tenant {
    /// When trial, paid period or, by cancellation, the shop ends, whatever its state says by now.
    fileprivate var end: Instant? { cancelsAt ?? (convertedAt == nil ? trialEndsAt : paidUntil) }
}
