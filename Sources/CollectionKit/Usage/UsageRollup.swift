package import ApplianceCore
package import GRDB
import Storage

/// What was used by hour (UTC) and by day (of the shop), by what and by whom: kept with each event, and derived anew
/// from the events to be checked.
package enum UsageRollup {
    private static func hour(_ at: Instant) -> String { "\(at.description.prefix(13)):00:00.000Z" }

    static func add(_ db: Database, _ event: UsageEvent, day: CivilDate) throws {
        for (table, column, time) in [("usageHours", "hour", hour(event.at)), ("usageDays", "day", day.description)] {
            try db.run(
                """
                INSERT INTO \(table) (meter, \(column), subject, actor, quantity, cost)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity, cost = cost + excluded.cost
                """,
                [
                    .text(event.meter), .text(time), .text(event.subject), .text(event.actor),
                    .integer(event.quantity), .integer(event.cost),
                ])
        }
    }

    /// A counter that is not what the events add up to.
    package struct Mismatch: Sendable, Equatable {
        /// `period`, `hours` or `days`.
        package let counter: String
        package let meter: String
        package let counted: Int64
        package let events: Int64

        package var json: JSON {
            [
                "counter": .string(counter), "meter": .string(meter), "counted": .integer(counted),
                "events": .integer(events),
            ]
        }
    }

    /// Every meter whose counters differ from its events, in quantity or in cost; empty when all is well.
    package static func check(_ db: Database) throws -> [Mismatch] {
        let events = """
            SELECT meter, periodStart AS part, sum(quantity) AS quantity, sum(cost) AS cost FROM usageEvents
            GROUP BY meter, periodStart
            """
        let whole =
            "SELECT meter, '' AS part, sum(quantity) AS quantity, sum(cost) AS cost FROM usageEvents GROUP BY meter"
        let counters = [
            ("period", events, "SELECT meter, periodStart AS part, committed AS quantity, cost FROM meterPeriods"),
            (
                "hours", whole,
                "SELECT meter, '' AS part, sum(quantity) AS quantity, sum(cost) AS cost FROM usageHours GROUP BY meter"
            ),
            (
                "days", whole,
                "SELECT meter, '' AS part, sum(quantity) AS quantity, sum(cost) AS cost FROM usageDays GROUP BY meter"
            ),
        ]
        return try counters.flatMap { name, derived, kept in
            try db.all(
                """
                SELECT coalesce(e.meter, k.meter), coalesce(k.quantity, 0), coalesce(e.quantity, 0)
                FROM (\(derived)) e FULL JOIN (\(kept)) k ON e.meter = k.meter AND e.part = k.part
                WHERE coalesce(e.quantity, 0) <> coalesce(k.quantity, 0) OR coalesce(e.cost, 0) <> coalesce(k.cost, 0)
                ORDER BY 1
                """
            ) { row in
                Mismatch(
                    counter: name, meter: row.text(0) ?? "", counted: row.integer(1), events: row.integer(2))
            } + (name == "period" ? try reservations(db) : [])
        }
    }

    /// What periods hold for work under way, against the reservations themselves.
    private static func reservations(_ db: Database) throws -> [Mismatch] {
        try db.all(
            """
            SELECT p.meter, p.reserved, coalesce(r.quantity, 0) FROM meterPeriods p LEFT JOIN (
                SELECT meter, periodStart, sum(quantity) AS quantity FROM reservations WHERE state = 'reserved'
                GROUP BY meter, periodStart) r ON r.meter = p.meter AND r.periodStart = p.periodStart
            WHERE p.reserved <> coalesce(r.quantity, 0) ORDER BY 1
            """
        ) { row in
            Mismatch(
                counter: "reserved", meter: row.text(0) ?? "", counted: row.integer(1), events: row.integer(2))
        }
    }

    /// Makes every counter anew from the events.
    package static func rebuild(_ db: Database, zone: LocalTime) throws {
        for table in ["usageHours", "usageDays"] { try db.run("DELETE FROM \(table)") }
        try db.run(
            """
            UPDATE meterPeriods SET
                committed = (SELECT coalesce(sum(quantity), 0) FROM usageEvents e
                    WHERE e.meter = meterPeriods.meter AND e.periodStart = meterPeriods.periodStart),
                cost = (SELECT coalesce(sum(cost), 0) FROM usageEvents e
                    WHERE e.meter = meterPeriods.meter AND e.periodStart = meterPeriods.periodStart),
                reserved = (SELECT coalesce(sum(quantity), 0) FROM reservations r WHERE r.state = 'reserved'
                    AND r.meter = meterPeriods.meter AND r.periodStart = meterPeriods.periodStart)
            """)
        var after = ""
        while true {
            let events = try db.all(
                """
                SELECT id, meter, quantity, cost, subject, actor, source, at FROM usageEvents WHERE id > ?1
                ORDER BY id LIMIT 1000
                """, [.text(after)]
            ) { row in
                UsageEvent(
                    id: row.text(0) ?? "", meter: row.text(1) ?? "", quantity: row.integer(2), cost: row.integer(3),
                    subject: row.text(4) ?? "", actor: row.text(5) ?? "", source: row.text(6) ?? "",
                    at: row.text(7).flatMap(Instant.init) ?? .earliest)
            }
            for event in events { try add(db, event, day: zone.date(of: event.at)) }
            guard let last = events.last else { return }
            after = last.id
        }
    }

    /// One line of a drill-down.
    package struct Line: Sendable {
        /// A day, a subject or an actor.
        package let name: String
        package let quantity: Int64
        package let cost: Int64

        package var json: JSON {
            ["name": .string(name), "quantity": .integer(quantity), "cost": .integer(cost)]
        }
    }

    package enum Grouping: String, Sendable { case day, subject, actor }

    /// What a meter counted on the days `first...last`, by day or, the most first, by what or by whom.
    package static func lines(
        _ db: Database, _ meter: String, by grouping: Grouping, from first: CivilDate, to last: CivilDate,
        limit: Int64 = 400
    ) throws -> [Line] {
        let order = grouping == .day ? "1" : "2 DESC, 1"
        return try db.all(
            """
            SELECT \(grouping.rawValue), sum(quantity), sum(cost) FROM usageDays
            WHERE meter = ?1 AND day >= ?2 AND day <= ?3 GROUP BY 1 ORDER BY \(order) LIMIT ?4
            """, [.text(meter), .text(first.description), .text(last.description), .integer(limit)]
        ) { row in Line(name: row.text(0) ?? "", quantity: row.integer(1), cost: row.integer(2)) }
    }

    /// The meters that have counted anything in the period that begins there.
    package static func meters(_ db: Database, from start: Instant) throws -> [String] {
        try db.all("SELECT meter FROM meterPeriods WHERE periodStart >= ?1 GROUP BY 1 ORDER BY 1", [SQLValue(start)]) {
            $0.text(0) ?? ""
        }
    }
}
