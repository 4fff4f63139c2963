package import ApplianceCore
import GRDB
import Storage

/// The plan catalogue and who has which plan: tables of `system.sqlite`. A version is written once and never changed,
/// so a shop has what it was given until somebody moves it.
package enum PlanStore {
    package enum Limit {
        /// Versions of one plan, and plans: all of them are kept in memory.
        static let versions = 1000
        static let plans = 100
    }

    /// The shipped catalogue (`facts/usage.md`; what it leaves open is for operators to set). Shops of before keep what
    /// they had: version 0, without limits.
    static let schema = """
        CREATE TABLE plans (
            name TEXT NOT NULL, version INTEGER NOT NULL, definition TEXT NOT NULL, createdAt TEXT NOT NULL,
            createdBy TEXT NOT NULL, PRIMARY KEY (name, version)
        ) STRICT;
        CREATE TRIGGER plans_update BEFORE UPDATE ON plans BEGIN SELECT RAISE(ABORT, 'a plan version stays'); END;
        CREATE TRIGGER plans_delete BEFORE DELETE ON plans BEGIN SELECT RAISE(ABORT, 'a plan version stays'); END;
        CREATE TABLE subscriptions (
            tenantId TEXT PRIMARY KEY NOT NULL, plan TEXT NOT NULL, planVersion INTEGER NOT NULL, anchor TEXT NOT NULL,
            changedAt TEXT NOT NULL
        ) STRICT;
        INSERT INTO plans VALUES
            ('standard', 1, '{"name":"standard","title":"Standard","description":"For shops that the operator runs \
        without selling plans: everything, without limits.","features":["api-keys","custom-agents","sandboxes",\
        "webhooks"]}', '2026-11-21T00:00:00.000Z', 'system'),
            ('free', 1, '{"name":"free","title":"Free","description":"To try it out.","isOffered":true,"prices":[\
        {"amount":0,"currency":"USD","interval":"month"}],"limits":{"tasks":10,"requestsPerMinute":5,"users":3,\
        "storageBytes":268435456},"agents":["opencode"],"support":"community"}', '2026-11-21T00:00:00.000Z', 'system'),
            ('pro', 1, '{"name":"pro","title":"Pro","description":"For a working shop.","isOffered":true,"prices":[\
        {"amount":1900,"currency":"USD","interval":"month"}],"features":["priority","custom-agents"],"limits":{\
        "tasks":100,"users":25,"storageBytes":21474836480},"support":"e-mail"}', '2026-11-21T00:00:00.000Z', 'system'),
            ('enterprise', 1, '{"name":"enterprise","title":"Enterprise","description":"Unlimited, with the API.",\
        "isOffered":true,"prices":[{"amount":9900,"currency":"USD","interval":"month"}],"features":["api-keys",\
        "custom-agents","priority","sandboxes","webhooks"],"support":"dedicated"}', '2026-11-21T00:00:00.000Z', \
        'system'),
            ('amc', 1, '{"name":"amc","title":"AMC","description":"Annual maintenance contract of a shop.",\
        "isOffered":true,"prices":[{"amount":1000000,"currency":"INR","interval":"year"}],"limits":{"users":25,\
        "storageBytes":2147483648},"support":"e-mail and phone"}', '2026-11-21T00:00:00.000Z', 'system');
        INSERT INTO subscriptions
            SELECT id, plan, 0, substr(createdAt, 1, 10), createdAt FROM tenants;
        """

    /// How many collections of its own a shop has, by plan. A version stays as it is, so these are second ones, written
    /// only where an operator has written none: what somebody set is theirs.
    static let ownCollections = """
        INSERT INTO plans SELECT p.name, 2, json_set(p.definition, '$.limits.ownCollections', n.number),
                '2026-11-22T00:00:00.000Z', 'system'
            FROM plans p JOIN (
                SELECT 'free' AS name, 3 AS number UNION ALL SELECT 'pro', 20 UNION ALL SELECT 'amc', 20
                UNION ALL SELECT 'enterprise', 50) n ON n.name = p.name
            WHERE p.version = 1 AND p.createdBy = 'system'
                AND NOT EXISTS (SELECT 1 FROM plans q WHERE q.name = p.name AND q.version > 1);
        """

    /// A version with who wrote it and when.
    package struct Version: Sendable {
        package let plan: Plan
        package let createdAt: Instant
        package let createdBy: String

        package var json: JSON {
            plan.json.adding(["createdAt": JSON(createdAt), "createdBy": .string(createdBy)])
        }
    }

    /// Every version there is, the oldest of each plan first.
    static func all(_ db: Database) throws -> [Version] {
        try db.all("SELECT definition, version, createdAt, createdBy FROM plans ORDER BY name, version") { row in
            let json = try JSONParser.parse(Array((row.text(0) ?? "").utf8))
            return Version(
                plan: try Plan(definition: json, version: Int(row.integer(1))),
                createdAt: row.text(2).flatMap(Instant.init) ?? .earliest, createdBy: row.text(3) ?? "")
        }
    }

    /// Writes a plan's next version; the first of a name that is new. Throws `plan_unchanged` when it says the same.
    static func insert(_ db: Database, _ definition: Plan, now: Instant, by actor: String) throws -> Version {
        let last = try db.first(
            "SELECT max(version), count(*) FROM plans WHERE name = ?1", [.text(definition.name)]
        ) { (version: $0.integer(0), count: $0.integer(1)) }
        let number = Int(last?.version ?? 0) + 1
        guard number <= Limit.versions else { throw DomainError.conflict("too_many_versions", "No more versions.") }
        if number == 1 {
            let names = try db.first("SELECT count(DISTINCT name) FROM plans") { $0.integer(0) } ?? 0
            guard names < Limit.plans else { throw DomainError.conflict("too_many_plans", "No more plans.") }
        }
        let plan = try Plan(definition: definition.definition, version: number)
        let text = plan.definition.text
        let current = try db.first(
            "SELECT definition FROM plans WHERE name = ?1 AND version = ?2",
            [.text(plan.name), .integer(Int64(number - 1))]
        ) { $0.text(0) ?? "" }
        if let current,
            try Plan(definition: JSONParser.parse(Array(current.utf8)), version: number).definition.text == text
        {
            throw DomainError.conflict("plan_unchanged", "The plan \(plan.name) says exactly this already.")
        }
        try db.run(
            "INSERT INTO plans VALUES (?1, ?2, ?3, ?4, ?5)",
            [.text(plan.name), .integer(Int64(number)), .text(text), SQLValue(now), .text(actor)])
        return Version(plan: plan, createdAt: now, createdBy: actor)
    }
}

/// Which version of which plan a shop has, and from which day its periods count.
package struct Subscription: Sendable, Equatable {
    package let tenantID: String
    package let plan: String
    package let planVersion: Int
    /// A day in the shop's zone. It stays when the plan changes.
    package let anchor: CivilDate
    package let changedAt: Instant

    /// How a shop starts: with the newest version of the plan that its row names.
    static func beginning(_ tenant: Tenant, _ plan: Plan) -> Subscription {
        Subscription(
            tenantID: tenant.id, plan: tenant.plan, planVersion: plan.version,
            anchor: tenant.localTime.date(of: tenant.createdAt), changedAt: tenant.createdAt)
    }

    static func all(_ db: Database) throws -> [Subscription] {
        try db.all("SELECT tenantId, plan, planVersion, anchor, changedAt FROM subscriptions") { row in
            Subscription(
                tenantID: row.text(0) ?? "", plan: row.text(1) ?? "", planVersion: Int(row.integer(2)),
                anchor: row.text(3).flatMap { CivilDate($0) } ?? CivilDate(daysSince1970: 0),
                changedAt: row.text(4).flatMap(Instant.init) ?? .earliest)
        }
    }

    /// A shop that comes back from the trash keeps what it had.
    func insert(_ db: Database) throws {
        try db.run("INSERT INTO subscriptions VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING", values)
    }

    func update(_ db: Database) throws {
        try db.run("INSERT OR REPLACE INTO subscriptions VALUES (?1, ?2, ?3, ?4, ?5)", values)
    }

    private var values: [SQLValue] {
        [
            .text(tenantID), .text(plan), .integer(Int64(planVersion)), .text(anchor.description),
            SQLValue(changedAt),
        ]
    }
}
