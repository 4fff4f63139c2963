package import ApplianceCore
package import GRDB
import Storage

/// What was used, once: a line of the log that all counters are derived from.
package struct UsageEvent: Sendable {
    /// The same id is the same event.
    package let id: String
    package let meter: String
    package let quantity: Int64
    /// Cents.
    package let cost: Int64
    /// Of what kind, such as an agent or a route.
    package let subject: String
    package let actor: String
    package let source: String
    package let at: Instant

    package init(
        id: String, meter: String, quantity: Int64, cost: Int64 = 0, subject: String = "", actor: String,
        source: String, at: Instant
    ) {
        (self.id, self.meter, self.quantity, self.cost) = (id, meter, quantity, cost)
        (self.subject, self.actor, self.source, self.at) = (subject, actor, source, at)
    }

    /// False when the event was there already.
    func insert(
        _ db: Database, _ period: BillingPeriod, recordedAt: Instant, isAdjustment: Bool, isOver: Bool
    ) throws -> Bool {
        try db.run(
            """
            INSERT INTO usageEvents VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING
            """,
            [
                .text(id), .text(meter), SQLValue(period.start), .integer(quantity), .integer(cost), .text(subject),
                .text(actor), .text(source), SQLValue(at), SQLValue(recordedAt), .integer(isAdjustment ? 1 : 0),
                .integer(isOver ? 1 : 0),
            ])
        return db.changesCount == 1
    }
}

/// One meter in one period: what is used, and what is held for work under way.
package struct MeterPeriod: Sendable {
    package let period: BillingPeriod
    package let reserved: Int64
    package let committed: Int64
    package let cost: Int64

    package var total: Int64 { reserved + committed }

    private init(_ row: SQLStatement) {
        period = BillingPeriod(
            start: row.text(0).flatMap(Instant.init) ?? .earliest, end: row.text(1).flatMap(Instant.init) ?? .latest)
        (reserved, committed, cost) = (row.integer(2), row.integer(3), row.integer(4))
    }

    private init(empty period: BillingPeriod) { (self.period, reserved, committed, cost) = (period, 0, 0, 0) }

    /// Zeros where nothing was counted yet.
    package static func find(_ db: Database, _ meter: String, _ period: BillingPeriod) throws -> MeterPeriod {
        try find(db, meter, start: period.start) ?? MeterPeriod(empty: period)
    }

    static func stored(_ db: Database, _ meter: String, start: Instant) throws -> MeterPeriod {
        guard let period = try find(db, meter, start: start) else {
            throw DomainError.internal("no period of \(meter) from \(start)")
        }
        return period
    }

    private static func find(_ db: Database, _ meter: String, start: Instant) throws -> MeterPeriod? {
        try db.first(
            """
            SELECT periodStart, periodEnd, reserved, committed, cost FROM meterPeriods
            WHERE meter = ?1 AND periodStart = ?2
            """, [.text(meter), SQLValue(start)], MeterPeriod.init)
    }

    static func add(
        _ db: Database, _ meter: String, _ period: BillingPeriod, reserved: Int64 = 0, committed: Int64 = 0,
        cost: Int64 = 0
    ) throws {
        try db.run(
            """
            INSERT INTO meterPeriods VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET
                reserved = reserved + excluded.reserved, committed = committed + excluded.committed,
                cost = cost + excluded.cost
            """,
            [
                .text(meter), SQLValue(period.start), SQLValue(period.end), .integer(reserved), .integer(committed),
                .integer(cost),
            ])
    }
}

/// Something held until it is settled.
package struct Reservation: Sendable, Equatable {
    package enum State: String, Sendable { case reserved, committed, released, expired }

    package let id: String
    package let key: String
    package let meter: String
    package let periodStart: Instant
    package let quantity: Int64
    /// Cents, as estimated.
    package let cost: Int64
    package let subject: String
    package let actor: String
    package let state: State
    package let createdAt: Instant
    package let expiresAt: Instant

    private static let columns =
        "id, key, meter, periodStart, quantity, cost, subject, actor, state, createdAt, expiresAt"

    init(
        id: String, key: String, meter: String, periodStart: Instant, quantity: Int64, cost: Int64, subject: String,
        actor: String, state: State, createdAt: Instant, expiresAt: Instant
    ) {
        (self.id, self.key, self.meter, self.periodStart) = (id, key, meter, periodStart)
        (self.quantity, self.cost, self.subject, self.actor) = (quantity, cost, subject, actor)
        (self.state, self.createdAt, self.expiresAt) = (state, createdAt, expiresAt)
    }

    private init(_ row: SQLStatement) {
        func instant(_ column: Int32) -> Instant { row.text(column).flatMap(Instant.init) ?? .earliest }
        self.init(
            id: row.text(0) ?? "", key: row.text(1) ?? "", meter: row.text(2) ?? "", periodStart: instant(3),
            quantity: row.integer(4), cost: row.integer(5), subject: row.text(6) ?? "", actor: row.text(7) ?? "",
            state: row.text(8).flatMap(State.init(rawValue:)) ?? .expired, createdAt: instant(9),
            expiresAt: instant(10))
    }

    package static func find(_ db: Database, key: String) throws -> Reservation? {
        try db.first("SELECT \(columns) FROM reservations WHERE key = ?1", [.text(key)], Reservation.init)
    }

    /// The longest due first, at most `limit`.
    static func due(_ db: Database, now: Instant, limit: Int64 = 1000) throws -> [Reservation] {
        try db.all(
            """
            SELECT \(columns) FROM reservations WHERE state = 'reserved' AND expiresAt <= ?1 ORDER BY expiresAt
            LIMIT ?2
            """, [SQLValue(now), .integer(limit)], Reservation.init)
    }

    func insert(_ db: Database) throws {
        try db.run(
            "INSERT INTO reservations (\(Self.columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            [
                .text(id), .text(key), .text(meter), SQLValue(periodStart), .integer(quantity), .integer(cost),
                .text(subject), .text(actor), .text(state.rawValue), SQLValue(createdAt), SQLValue(expiresAt),
            ])
    }

    func settle(_ db: Database, _ state: State, at now: Instant) throws {
        try db.run(
            "UPDATE reservations SET state = ?2, settledAt = ?3 WHERE id = ?1",
            [.text(id), .text(state.rawValue), SQLValue(now)])
    }
}

/// That 80 or 100 % of a period were reached: written once, in the transaction that reached it, and told later.
package struct UsageNotice: Sendable, Equatable {
    /// Percent.
    package static let thresholds: [Int64] = [80, 100]

    package let meter: String
    package let periodStart: Instant
    package let periodEnd: Instant
    package let threshold: Int64
    package let limit: Int64

    /// Whether there is one that was not there before.
    static func note(_ db: Database, _ meter: String, _ terms: MeterTerms, at now: Instant) throws -> Bool {
        guard let limit = terms.limit, limit > 0 else { return false }
        var isNew = false
        let used = try MeterPeriod.find(db, meter, terms.period).total
        // In hundredths of the limit: exact, and no overflow up to `PlanLimit.largest`.
        for threshold in thresholds where used * 100 >= limit * threshold {
            try db.run(
                "INSERT INTO usageNotices VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL) ON CONFLICT DO NOTHING",
                [
                    .text(meter), SQLValue(terms.period.start), .integer(threshold), SQLValue(terms.period.end),
                    .integer(limit), SQLValue(now),
                ])
            if db.changesCount == 1 { isNew = true }
        }
        return isNew
    }

    /// Those that nobody was told of.
    package static func untold(_ db: Database) throws -> [UsageNotice] {
        try db.all(
            """
            SELECT meter, periodStart, periodEnd, threshold, allowed FROM usageNotices WHERE toldAt IS NULL
            ORDER BY periodStart, meter, threshold LIMIT 100
            """
        ) { row in
            UsageNotice(
                meter: row.text(0) ?? "", periodStart: row.text(1).flatMap(Instant.init) ?? .earliest,
                periodEnd: row.text(2).flatMap(Instant.init) ?? .latest, threshold: row.integer(3),
                limit: row.integer(4))
        }
    }

    package func setTold(_ db: Database, at now: Instant) throws {
        try db.run(
            "UPDATE usageNotices SET toldAt = ?4 WHERE meter = ?1 AND periodStart = ?2 AND threshold = ?3",
            [.text(meter), SQLValue(periodStart), .integer(threshold), SQLValue(now)])
    }
}

package enum UsageSchema {
    package static let baseSQL = """
        CREATE TABLE meterPeriods (
            meter TEXT NOT NULL, periodStart TEXT NOT NULL, periodEnd TEXT NOT NULL, reserved INTEGER NOT NULL,
            committed INTEGER NOT NULL, cost INTEGER NOT NULL, PRIMARY KEY (meter, periodStart)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE reservations (
            id TEXT PRIMARY KEY NOT NULL, key TEXT NOT NULL UNIQUE, meter TEXT NOT NULL, periodStart TEXT NOT NULL,
            quantity INTEGER NOT NULL, cost INTEGER NOT NULL, subject TEXT NOT NULL, actor TEXT NOT NULL,
            state TEXT NOT NULL, createdAt TEXT NOT NULL, expiresAt TEXT NOT NULL, settledAt TEXT
        ) STRICT;
        CREATE INDEX reservations_due ON reservations (expiresAt) WHERE state = 'reserved';
        CREATE TABLE usageEvents (
            id TEXT PRIMARY KEY NOT NULL, meter TEXT NOT NULL, periodStart TEXT NOT NULL, quantity INTEGER NOT NULL,
            cost INTEGER NOT NULL, subject TEXT NOT NULL, actor TEXT NOT NULL, source TEXT NOT NULL, at TEXT NOT NULL,
            recordedAt TEXT NOT NULL, isAdjustment INTEGER NOT NULL, isOverQuota INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX usageEvents_period ON usageEvents (meter, periodStart, quantity, cost);
        CREATE TRIGGER usageEvents_update BEFORE UPDATE ON usageEvents
            BEGIN SELECT RAISE(ABORT, 'usage is append-only'); END;
        CREATE TRIGGER usageEvents_delete BEFORE DELETE ON usageEvents
            BEGIN SELECT RAISE(ABORT, 'usage is append-only'); END;
        CREATE TABLE usageHours (
            meter TEXT NOT NULL, hour TEXT NOT NULL, subject TEXT NOT NULL, actor TEXT NOT NULL,
            quantity INTEGER NOT NULL, cost INTEGER NOT NULL, PRIMARY KEY (meter, hour, subject, actor)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE usageDays (
            meter TEXT NOT NULL, day TEXT NOT NULL, subject TEXT NOT NULL, actor TEXT NOT NULL,
            quantity INTEGER NOT NULL, cost INTEGER NOT NULL, PRIMARY KEY (meter, day, subject, actor)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE usageNotices (
            meter TEXT NOT NULL, periodStart TEXT NOT NULL, threshold INTEGER NOT NULL, periodEnd TEXT NOT NULL,
            allowed INTEGER NOT NULL, at TEXT NOT NULL, toldAt TEXT, PRIMARY KEY (meter, periodStart, threshold)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX usageNotices_untold ON usageNotices (periodStart) WHERE toldAt IS NULL;
        """
}
