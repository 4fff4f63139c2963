package import ApplianceCore
package import GRDB
package import Storage

/// The log of who did what in a shop, in the shop's own file and in the same transaction as what it tells of.
package enum AuditTrail {
    /// Rows can be added but not changed or deleted, also not by us.
    package static let baseSQL = """
        CREATE TABLE audit (
            seq INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, target TEXT,
            requestId TEXT, data TEXT
        ) STRICT;
        CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
        CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
        """

    /// No event was taken out: they are numbered from 1 without a gap.
    package static let invariants = [
        DatabaseSchema.Invariant(
            "the audit log has a gap", table: "audit",
            violations: "SELECT 1 FROM (SELECT count(*) AS n, max(seq) AS last FROM audit) WHERE n <> last")
    ]

    /// `data` is JSON text: what was asked for, without secrets.
    package static func append(
        _ db: Database, _ context: RecordContext, action: String, target: String?, data: String?
    ) throws {
        try append(
            db, at: context.now, actor: context.actor, action: action, target: target, requestID: context.requestID,
            data: data)
    }

    package static func append(
        _ db: Database, at: Instant, actor: Actor, action: String, target: String?, requestID: String?, data: String?
    ) throws {
        try db.run(
            "INSERT INTO audit (at, actor, action, target, requestId, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            [
                .text(at.description), .text(actor.text), .text(action), SQLValue(target), SQLValue(requestID),
                SQLValue(data),
            ])
    }

    /// The latest events first, as JSON objects.
    package static func list(_ db: Database, before: Int64?, limit: Int) throws -> [JSON] {
        try db.all(
            """
            SELECT seq, at, actor, action, target, requestId, data FROM audit WHERE seq < ?1
            ORDER BY seq DESC LIMIT ?2
            """, [.integer(before ?? .max), .integer(Int64(limit))]
        ) { row in
            [
                "seq": .integer(row.integer(0)), "at": JSON(row.text(1)), "actor": JSON(row.text(2)),
                "action": JSON(row.text(3)), "target": JSON(row.text(4)), "requestId": JSON(row.text(5)),
                "data": JSON(row.text(6)),
            ]
        }
    }
}
