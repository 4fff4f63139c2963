package import ApplianceCore
package import CollectionKit
import GRDB
package import Logging
package import Storage

/// Usage of all shops: makes the ledger of each, writes down what was counted in memory, gives back what nobody
/// settled, and tells owners when 80 and 100 % of a period are reached.
package struct UsageService: Sendable {
    private enum Limit {
        /// Routes written down in one transaction.
        static let events = 200
    }

    package static let callsMeter = PlanLimit.apiCalls.rawValue

    private let directory: TenantDirectory
    private let system: DatabaseFile
    private let ids: IdentifierSource
    private let time: TimeSource
    private let logger: Logger

    package init(
        directory: TenantDirectory, system: DatabaseFile, ids: IdentifierSource, time: TimeSource, logger: Logger
    ) {
        (self.directory, self.system, self.ids, self.time) = (directory, system, ids, time)
        self.logger = logger
    }

    // MARK: - Ledgers

    package func ledger(_ tenant: Tenant, actor: Actor) -> UsageLedger {
        let (own, zone, prices) = (directory.plans[tenant.id], tenant.localTime, directory.prices)
        let now = time.now()
        let book = UsageLedger.Book(
            terms: { meter, at in own.terms(meter, at: at, tenant) },
            price: { subject in try own.price(of: subject, prices, at: now) },
            details: { own.details($0) }, touched: { own.traffic.setTouched() })
        return UsageLedger(now: now, actor: actor.text, ids: ids, zone: zone, book: book)
    }

    /// Takes one of the API calls that the plan grants in a period; throws 429 `quota_exceeded`.
    package func takeCall(_ tenant: Tenant, _ ceiling: Int64, _ file: DatabaseFile) throws {
        let (own, now) = (directory.plans[tenant.id], time.now())
        let full = try own.traffic.callQuota.take(ceiling, at: now) {
            let period = own.period(at: now, tenant)
            let written = try file.read { db in try MeterPeriod.find(db, Self.callsMeter, period).committed }
            return (period, written + own.traffic.calls.total)
        }
        guard let full else { return }
        let terms = MeterTerms(period: full.period, limit: own.limit(.apiCalls), ceiling: ceiling)
        throw ledger(tenant, actor: .system).exceeded(Self.callsMeter, terms, used: full.used)
    }

    // MARK: - The recurring work

    /// `all`: also shops of which nothing is known in memory, as after a restart.
    package func settle(all: Bool) async -> (shops: Int, told: Int, failed: Int) {
        var (shops, told, failed) = (0, 0, 0)
        for tenant in directory.all where !Task.isCancelled {
            let traffic = directory.plans[tenant.id].traffic
            let isTouched = traffic.takeTouched()
            guard all || isTouched || !traffic.calls.current.isEmpty else { continue }
            do {
                try await writeCalls(tenant, traffic)
                try await expire(tenant)
                told += try await tell(tenant)
                shops += 1
            } catch {
                if isTouched { traffic.setTouched() }
                failed += 1
                logger.warning(
                    "usage not settled",
                    metadata: [LogKey.tenant: "\(tenant.id)", LogKey.error: "\(DomainError(any: error))"])
            }
        }
        return (shops, told, failed)
    }

    /// One event for each route with what was counted since the last time.
    private func writeCalls(_ tenant: Tenant, _ traffic: TenantTraffic) async throws {
        let counts = traffic.calls.take()
        guard !counts.isEmpty else { return }
        let (ledger, now, batch) = (ledger(tenant, actor: .system), time.now(), ids.next("cal"))
        do {
            try await directory.file(tenant.id).write { db in
                for (route, count) in counts {
                    try ledger.record(
                        db,
                        UsageEvent(
                            id: "\(batch) \(route)", meter: Self.callsMeter, quantity: count, subject: route,
                            actor: Actor.system.text, source: "requests", at: now))
                }
            }
        } catch {
            traffic.calls.put(counts)
            throw error
        }
    }

    private func expire(_ tenant: Tenant) async throws {
        let (file, now) = (directory.file(tenant.id), time.now())
        guard try file.read({ db in try UsageLedger.hasExpired(db, now: now) }) else { return }
        try await file.write { db in _ = try UsageLedger.expire(db, now: now) }
    }

    /// Each notice becomes one message and one line for the alerts, whose keys make them exist once; only then is it
    /// marked, so that a crash between repeats what has no effect.
    private func tell(_ tenant: Tenant) async throws -> Int {
        let (file, now) = (directory.file(tenant.id), time.now())
        let untold = try file.read { db in try UsageNotice.untold(db) }
        guard !untold.isEmpty else { return 0 }
        let plan = directory.plans[tenant.id].plan
        try await system.write { [ids] db in
            for notice in untold {
                _ = try Outbox.put(
                    db, Self.message(tenant, plan, notice), id: ids.next("msg"), now: now)
                try db.run(
                    "INSERT INTO quotaNotices VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
                    [
                        .text(tenant.id), .text(notice.meter), SQLValue(notice.periodStart),
                        .integer(notice.threshold), SQLValue(notice.periodEnd),
                    ])
            }
        }
        try await file.write { db in for notice in untold { try notice.setTold(db, at: now) } }
        return untold.count
    }

    private static func message(_ tenant: Tenant, _ plan: Plan, _ notice: UsageNotice) -> Outbox.Message {
        let noun = PlanLimit(rawValue: notice.meter)?.noun ?? notice.meter
        let day = tenant.localTime.date(of: notice.periodEnd)
        let rest =
            notice.threshold < 100
            ? "When they are used up, new ones are refused until \(day)."
            : "New ones are refused until \(day), but for what your plan lets pass over its limit."
        return Outbox.Message(
            tenantID: tenant.id, kind: "quota_\(notice.threshold)",
            anchor: "\(notice.meter) \(notice.periodStart)", recipient: tenant.ownerEmail,
            subject: "\(tenant.name) has used \(notice.threshold) % of its \(noun)",
            body: """
                Hello,

                \(tenant.name) has used \(notice.threshold) % of the \(notice.limit) \(noun) that the plan \(plan.title)
                includes until \(day) (\(tenant.timeZone)). \(rest)

                What uses them, and other plans: \(Entitlements.upgradePath)
                """)
    }

    /// Shops that have used up something, until it begins anew.
    package func conditions() throws -> [AlertCondition] {
        let rows = try system.read { db in
            try db.all(
                """
                SELECT tenantId, meter FROM quotaNotices WHERE threshold = 100 AND periodEnd > ?1
                ORDER BY 1, 2 LIMIT 1000
                """,
                [SQLValue(time.now())]
            ) { (tenant: $0.text(0) ?? "", meter: $0.text(1) ?? "") }
        }
        return rows.compactMap { row in
            directory[row.tenant].map { tenant in
                AlertCondition(
                    kind: "quota_\(row.meter)", subject: tenant.id,
                    message: "\(tenant.name) has used up its \(PlanLimit(rawValue: row.meter)?.noun ?? row.meter).",
                    remedy: "appliance usage show --tenant \(tenant.slug)")
            }
        }
    }

    static let schema = """
        CREATE TABLE quotaNotices (
            tenantId TEXT NOT NULL, meter TEXT NOT NULL, periodStart TEXT NOT NULL, threshold INTEGER NOT NULL,
            periodEnd TEXT NOT NULL, PRIMARY KEY (tenantId, meter, periodStart, threshold)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX quotaNotices_open ON quotaNotices (threshold, periodEnd);
        """
}

extension Entitlements {
    /// What the plan says of a meter in the month of the subscription that `at` falls into. What it says nothing of is
    /// counted without a limit.
    package func terms(_ meter: String, at: Instant, _ tenant: Tenant) -> MeterTerms {
        let limit = PlanLimit(rawValue: meter).flatMap { $0.kind == .period ? $0 : nil }
        return MeterTerms(
            period: period(at: at, tenant), limit: limit.flatMap(plan.limit), ceiling: limit.flatMap(plan.ceiling))
    }

    /// Cents for one task of an agent. The order is the seed's: what costs and is not in the plan is refused before any
    /// quota is looked at; an unknown agent never costs nothing.
    func price(of agent: String, _ prices: PriceBook, at now: Instant) throws -> Int64 {
        guard let price = prices.price(of: agent, at: now) else {
            throw DomainError.invalid("agent", "unknown_agent", "There is no price for \(agent.prefix(40)).")
        }
        guard price == 0 || plan.allows(agent: agent) else {
            var error = DomainError.forbidden(
                "agent_not_in_plan", "The agent \(agent) is not available in the plan \(plan.title).",
                hint: "Another plan has it: \(Self.upgradePath)")
            error.details = details([.init("agent", .string(agent))])
            throw error
        }
        return price
    }
}
