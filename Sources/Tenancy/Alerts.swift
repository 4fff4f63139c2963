package import ApplianceCore
package import CollectionKit
import GRDB
package import Storage

/// Something that is wrong now and that the operator should hear of once.
package struct AlertCondition: Sendable, Equatable {
    /// What kind of thing, such as `log_not_written`.
    package let kind: String
    /// Whom it is about: a tenant's id, or `system`.
    package let subject: String
    package let message: String
    /// What to do, such as a command.
    package let remedy: String

    package init(kind: String, subject: String, message: String, remedy: String) {
        (self.kind, self.subject, self.message, self.remedy) = (kind, subject, message, remedy)
    }

    fileprivate var key: String { "\(kind) \(subject)" }
}

/// A condition from when it was first seen until it was gone.
package struct Alert: Sendable {
    package let id: String
    package let condition: AlertCondition
    package let beganAt: Instant
    package let endedAt: Instant?
    package let acknowledgedAt: Instant?
    package let acknowledgedBy: String?

    fileprivate static let columns =
        "id, kind, subject, message, remedy, beganAt, endedAt, acknowledgedAt, acknowledgedBy"

    fileprivate init(_ row: SQLStatement) {
        id = row.text(0) ?? ""
        condition = AlertCondition(
            kind: row.text(1) ?? "", subject: row.text(2) ?? "", message: row.text(3) ?? "", remedy: row.text(4) ?? "")
        beganAt = row.text(5).flatMap(Instant.init) ?? .earliest
        endedAt = row.text(6).flatMap(Instant.init)
        acknowledgedAt = row.text(7).flatMap(Instant.init)
        acknowledgedBy = row.text(8)
    }

    package var json: JSON {
        [
            "id": .string(id), "kind": .string(condition.kind), "subject": .string(condition.subject),
            "message": .string(condition.message), "remedy": .string(condition.remedy), "beganAt": JSON(beganAt),
            "endedAt": JSON(endedAt), "acknowledgedAt": JSON(acknowledgedAt), "acknowledgedBy": JSON(acknowledgedBy),
        ]
    }
}

/// The `alerts` table of `system.sqlite`. An alert begins and ends by itself; a person only acknowledges it.
package struct Alerts: Sendable {
    package enum Limit {
        /// Ended alerts remembered.
        static let kept = 1000
        /// Alerts that may begin at once: when everything fails, the first hundred say so.
        static let begun = 100
    }

    static let schema = """
        CREATE TABLE alerts (
            id TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, message TEXT NOT NULL,
            remedy TEXT NOT NULL, beganAt TEXT NOT NULL, endedAt TEXT, acknowledgedAt TEXT, acknowledgedBy TEXT
        ) STRICT;
        CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE endedAt IS NULL;
        """

    private let system: DatabaseFile
    private let ids: IdentifierSource
    private let time: TimeSource

    package init(system: DatabaseFile, ids: IdentifierSource, time: TimeSource) {
        (self.system, self.ids, self.time) = (system, ids, time)
    }

    /// The newest first. `cursor` is the last id of the page before.
    package func list(isOpen: Bool? = nil, limit: Int = 100, cursor: String? = nil) throws -> [Alert] {
        try system.read { db in
            try db.all(
                """
                SELECT \(Alert.columns) FROM alerts
                WHERE id < ?1 AND (?2 IS NULL OR (endedAt IS NULL) = ?2) ORDER BY id DESC LIMIT ?3
                """,
                [.text(cursor ?? "~"), isOpen.map { .integer($0 ? 1 : 0) } ?? .null, .integer(Int64(limit))]
            ) { Alert($0) }
        }
    }

    package func openCount() throws -> Int {
        try system.read { db in
            try db.first("SELECT count(*) FROM alerts WHERE endedAt IS NULL") { Int($0.integer(0)) } ?? 0
        }
    }

    /// Begins an alert for each condition that has none, each with one message to every operator, and ends those whose
    /// condition is gone. Writes nothing when nothing changed.
    package func settle(_ conditions: [AlertCondition]) async throws {
        let open = try list(isOpen: true, limit: .max)
        let known = Set(open.map(\.condition.key))
        let now = Set(conditions.map(\.key))
        let new = conditions.filter { !known.contains($0.key) }
        let over = open.filter { !now.contains($0.condition.key) }
        guard !new.isEmpty || !over.isEmpty else { return }
        try await system.write { [ids, at = time.now()] db in
            for alert in over {
                try db.run("UPDATE alerts SET endedAt = ?2 WHERE id = ?1", [.text(alert.id), SQLValue(at)])
            }
            for condition in new.prefix(Limit.begun) { try Self.begin(db, condition, ids, at) }
            try db.run(
                """
                DELETE FROM alerts WHERE endedAt IS NOT NULL AND id <= (
                    SELECT id FROM alerts WHERE endedAt IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET \(Limit.kept))
                """)
        }
    }

    private static func begin(
        _ db: Database, _ condition: AlertCondition, _ ids: IdentifierSource, _ at: Instant
    ) throws {
        let id = ids.next("alt")
        try db.run(
            """
            INSERT INTO alerts (id, kind, subject, message, remedy, beganAt) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT DO NOTHING
            """,
            [
                .text(id), .text(condition.kind), .text(condition.subject), .text(condition.message),
                .text(condition.remedy), SQLValue(at),
            ])
        guard db.changesCount == 1 else { return }
        for person in try OperatorStore.list(db) where !person.isDisabled {
            let message = Outbox.Message(
                tenantID: condition.subject, kind: "alert", anchor: id, recipient: person.email,
                subject: "Alert: \(condition.message)",
                body: """
                    Since \(at): \(condition.message)

                    What to do: \(condition.remedy)

                    The alert ends by itself when this is over. All alerts: appliance alert list
                    """)
            _ = try Outbox.put(db, message, id: ids.next("msg"), now: at)
        }
    }

    /// Notes that a person has seen it. Twice is the same as once.
    package func acknowledge(_ id: String, by actor: Actor, requestID: String) async throws -> Alert {
        try await system.write { [now = time.now()] db in
            try db.run(
                "UPDATE alerts SET acknowledgedAt = ?2, acknowledgedBy = ?3 WHERE id = ?1 AND acknowledgedAt IS NULL",
                [.text(id), SQLValue(now), .text(actor.text)])
            if db.changesCount == 1 {
                try AuditTrail.append(
                    db, at: now, actor: actor, action: "alert.acknowledge", target: id, requestID: requestID, data: nil)
            }
            guard
                let alert = try db.first(
                    "SELECT \(Alert.columns) FROM alerts WHERE id = ?1", [.text(id)], { Alert($0) })
            else { throw DomainError.notFound("alert") }
            return alert
        }
    }
}
