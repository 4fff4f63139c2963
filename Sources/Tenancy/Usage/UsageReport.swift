package import ApplianceCore
import CollectionKit
package import GRDB
import Storage

/// What a shop used of each meter in a period: how much of its limit, on which days, by what and by whom.
package struct UsageReport: Sendable {
    private enum Limit {
        /// Days of a report.
        static let days = 366
        /// Lines of a drill-down.
        static let lines: Int64 = 20
    }

    private let tenant: Tenant
    private let entitlements: Entitlements
    private let now: Instant
    private let first: CivilDate
    private let last: CivilDate

    /// `from` and `to` are days of the shop, both included; the period under way where they are nil.
    package init(
        _ tenant: Tenant, _ entitlements: Entitlements, from: String?, to: String?, now: Instant
    ) throws {
        (self.tenant, self.entitlements, self.now) = (tenant, entitlements, now)
        let (zone, period) = (tenant.localTime, entitlements.period(at: now, tenant))
        func day(_ name: String, _ text: String?, _ fallback: CivilDate) throws -> CivilDate {
            guard let text else { return fallback }
            guard let day = CivilDate(text) else {
                throw DomainError.invalid(name, "not_a_date", "Expected a day such as 2026-11-21.")
            }
            return day
        }
        first = try day("from", from, zone.date(of: period.start))
        last = try day("to", to, zone.date(of: period.end).adding(days: -1))
        guard first <= last, last.daysSince1970 - first.daysSince1970 < Limit.days else {
            throw DomainError.invalid("to", "out_of_range", "At most \(Limit.days) days, from the first to the last.")
        }
    }

    package func json(_ db: Database) throws -> JSON {
        let period = entitlements.period(at: now, tenant)
        let counted = try UsageRollup.meters(db, from: period.start)
        let named = PlanLimit.allCases.filter { $0.kind == .period }.map(\.rawValue)
        let meters = named + counted.filter { !named.contains($0) }
        return [
            "plan": entitlements.plan.briefJSON, "period": ["start": JSON(period.start), "end": JSON(period.end)],
            "from": .string(first.description), "to": .string(last.description),
            "timeZone": .string(tenant.timeZone), "meters": .array(try meters.map { try meter($0, db) }),
            "standing": .array(try standing(db)), "upgradeUrl": .string(Entitlements.upgradePath),
        ]
    }

    private func meter(_ name: String, _ db: Database) throws -> JSON {
        let terms = entitlements.terms(name, at: now, tenant)
        let kept = try MeterPeriod.find(db, name, terms.period)
        // Calls that are not written down yet are today's.
        let waiting = name == UsageService.callsMeter ? entitlements.traffic.calls.current : [:]
        let pending = waiting.values.reduce(0, +)
        let used = kept.total + pending
        func lines(_ grouping: UsageRollup.Grouping, limit: Int64 = Limit.lines) throws -> [UsageRollup.Line] {
            try UsageRollup.lines(db, name, by: grouping, from: first, to: last, limit: limit)
        }
        let today = tenant.localTime.date(of: now)
        let more = (first...last).contains(today) ? waiting : [:]
        return [
            "meter": .string(name), "limit": JSON(terms.limit), "ceiling": JSON(terms.ceiling), "used": .integer(used),
            "reserved": .integer(kept.reserved), "cost": .integer(kept.cost),
            "remaining": JSON(terms.ceiling.map { max(0, $0 - used) }), "resetsAt": JSON(terms.period.end),
            "days": Self.json(
                try lines(.day, limit: Int64(Limit.days)), adding: more.isEmpty ? [:] : [today.description: pending]),
            "subjects": Self.json(try lines(.subject), adding: more), "actors": Self.json(try lines(.actor)),
        ]
    }

    private static func json(_ lines: [UsageRollup.Line], adding more: [String: Int64] = [:]) -> JSON {
        var more = more
        let known = lines.map { line -> JSON in
            [
                "name": .string(line.name),
                "quantity": .integer(line.quantity + (more.removeValue(forKey: line.name) ?? 0)),
                "cost": .integer(line.cost),
            ]
        }
        let new = more.sorted { $0.key < $1.key }.map { name, quantity -> JSON in
            ["name": .string(name), "quantity": .integer(quantity), "cost": 0]
        }
        return .array(known + new)
    }

    private func standing(_ db: Database) throws -> [JSON] {
        let use = try PlanUse(db)
        return PlanLimit.allCases.filter { $0.kind == .standing }.map { limit in
            let (allowed, used) = (entitlements.limit(limit), use[limit] ?? 0)
            return [
                "limit": .string(limit.rawValue), "allowed": JSON(allowed), "used": .integer(used),
                "remaining": JSON(allowed.map { max(0, $0 - used) }),
            ]
        }
    }
}
