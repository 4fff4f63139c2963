package import ApplianceCore
package import GRDB
package import Storage

/// The log of who did what in a shop, in the shop's own file and in the same transaction as what it tells of. It cannot
/// be switched off. Each event carries the hash of all before it (`AuditChain`), so that a change to the log shows.
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

    /// What came later: the chain, and the history of one record. Events of before have no hash.
    package static let secondSQL = """
        ALTER TABLE audit ADD COLUMN hash TEXT;
        CREATE INDEX audit_target ON audit (target, seq) WHERE target IS NOT NULL;
        """

    /// `data`: what was asked for, without secrets, as JSON or as a sentence.
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
        let canonical = data.map { text -> [UInt8] in
            var bytes: [UInt8] = []
            ((try? JSONParser.parse(Array(text.utf8))) ?? .string(text)).writeCanonical(to: &bytes)
            return bytes
        }
        try append(
            db, AuditEvent(at: at, actor: actor, action: action, target: target, requestID: requestID, data: canonical))
    }

    static func append(_ db: Database, _ event: AuditEvent) throws {
        let last = try db.first("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1") { row in
            (seq: row.integer(0), hash: row.text(1))
        }
        let seq = (last?.seq ?? 0) + 1
        let hash = AuditChain.hash(event.canonical(seq: seq), behind: last?.hash)
        try db.run(
            """
            INSERT INTO audit (seq, at, actor, action, target, requestId, data, hash)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """,
            [
                .integer(seq), .text(event.at.description), .text(event.actor.text), .text(event.action),
                SQLValue(event.target), SQLValue(event.requestID),
                event.data.map { .text(String(decoding: $0, as: UTF8.self)) } ?? .null, .text(hash),
            ])
    }

    /// What to look for; all of it together.
    package struct Filter: Sendable {
        package var before: Int64?
        package var target: String?
        package var actor: String?
        /// A whole action, such as `invoices.update`, or all of a collection: `invoices.`.
        package var action: String?
        package var from: Instant?
        package var until: Instant?

        package init() {}
    }

    package static func list(_ db: Database, before: Int64?, limit: Int) throws -> [JSON] {
        var filter = Filter()
        filter.before = before
        return try list(db, filter, limit: limit)
    }

    /// The latest events first, as JSON objects.
    package static func list(_ db: Database, _ filter: Filter, limit: Int) throws -> [JSON] {
        var conditions = ["seq < ?1"]
        var values: [SQLValue] = [.integer(filter.before ?? .max), .integer(Int64(limit))]
        func add(_ condition: String, _ value: SQLValue) {
            values.append(value)
            conditions.append("\(condition) ?\(values.count)")
        }
        if let target = filter.target { add("target =", .text(target)) }
        if let actor = filter.actor { add("actor =", .text(actor)) }
        if let action = filter.action {
            if action.hasSuffix(".") {
                add("action >=", .text(action))
                // The sign behind the dot.
                add("action <", .text(action.dropLast() + "/"))
            } else {
                add("action =", .text(action))
            }
        }
        if let from = filter.from { add("at >=", SQLValue(from)) }
        if let until = filter.until { add("at <", SQLValue(until)) }
        return try db.all(
            """
            SELECT seq, at, actor, action, target, requestId, data, hash FROM audit
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY seq DESC LIMIT ?2
            """, values, json)
    }

    private static func json(_ row: SQLStatement) -> JSON {
        let text = row.text(6)
        // Before the chain, sentences stood there as they were.
        let data = text.map { text in (try? JSONParser.parse(Array(text.utf8))) ?? .string(text) }
        return [
            "seq": .integer(row.integer(0)), "at": JSON(row.text(1)), "actor": JSON(row.text(2)),
            "action": JSON(row.text(3)), "target": JSON(row.text(4)), "requestId": JSON(row.text(5)),
            "data": data ?? .null, "hash": JSON(row.text(7)),
        ]
    }
}
