package import ApplianceCore
package import CollectionKit
package import Foundation
import GRDB
package import Storage

/// A shop, or everything, going back to its past.
package struct GoingBack: Sendable {
    /// The restore: `rst_…`.
    package let restore: String
    package let stateAt: Instant
    package let at: Instant

    package init(restore: String, stateAt: Instant, at: Instant) {
        (self.restore, self.stateAt, self.at) = (restore, stateAt, at)
    }
}

/// What waits to leave the machine while its shop goes back may have left it already, or speak of what is no longer so.
/// It is held until a person has looked at it.
extension Outbox {
    static let heldSQL = """
        ALTER TABLE outbox ADD COLUMN heldAt TEXT;
        ALTER TABLE outbox ADD COLUMN heldBy TEXT;
        ALTER TABLE outbox ADD COLUMN heldReason TEXT;
        ALTER TABLE outbox ADD COLUMN reviewedAt TEXT;
        ALTER TABLE outbox ADD COLUMN reviewedBy TEXT;
        CREATE INDEX outbox_held ON outbox (tenantId, id) WHERE status = 'held';
        CREATE INDEX outbox_kept ON outbox (tenantId) WHERE status = 'kept';
        CREATE TABLE wholeRestores (
            restore TEXT PRIMARY KEY NOT NULL, stateAt TEXT NOT NULL, restoredAt TEXT NOT NULL
        ) STRICT;
        """

    // MARK: - Holding

    /// Mail to operators about the machine has nothing to do with where its shop goes.
    private static let ofTheMachine = "alert"

    /// Holds what waits of a shop; how many messages. Call before the shop's past goes live.
    package static func hold(_ tenant: String, _ back: GoingBack, in system: DatabaseFile) async throws -> Int {
        try await system.write { db in try hold(db, tenant, back) }
    }

    /// `tenant`: nil for all there are.
    static func hold(_ db: Database, _ tenant: String?, _ back: GoingBack) throws -> Int {
        let whose = tenant == nil ? "The appliance" : "The shop"
        let before = "\(whose) went back to \(back.stateAt). Written before that: it may have been sent already."
        let since = "\(whose) went back to \(back.stateAt). Written after that: what it says may no longer be so."
        try db.run(
            """
            UPDATE outbox SET status = 'held', heldAt = ?1, heldBy = ?2, reviewedAt = NULL, reviewedBy = NULL,
                heldReason = CASE WHEN createdAt <= ?3 THEN ?4 ELSE ?5 END
            WHERE status = 'kept' AND (?6 IS NULL OR tenantId = ?6 AND kind <> ?7)
            """,
            [
                SQLValue(back.at), .text(back.restore), SQLValue(back.stateAt), .text(before), .text(since),
                SQLValue(tenant), .text(ofTheMachine),
            ])
        return db.changesCount
    }

    /// Holds everything that waits in a control plane before it goes live, and notes which time is lost in it: what was
    /// due then, and is written once more, is held too. The database is closed and complete before and after.
    package static func holdAll(in database: URL, _ back: GoingBack) throws -> Int {
        try DatabaseFile.changeAlone(database) { db in
            // One of an older version gets the columns when it is opened; until then nothing is sent.
            guard try db.tableExists("wholeRestores") else { return 0 }
            let count = try hold(db, nil, back)
            try db.run(
                "INSERT OR REPLACE INTO wholeRestores VALUES (?1, ?2, ?3)",
                [.text(back.restore), SQLValue(back.stateAt), SQLValue(back.at)])
            return count
        }
    }

    /// As `put`, for what the clock writes: what was due in a time that a whole restore has lost may have been sent.
    static func put(
        _ db: Database, _ message: Message, id: String, now: Instant, due: Instant
    ) throws -> Bool {
        guard try put(db, message, id: id, now: now) else { return false }
        let lost = try db.first(
            """
            SELECT restore, stateAt FROM wholeRestores WHERE stateAt <= ?1 AND restoredAt >= ?1
            ORDER BY restoredAt DESC
            """, [SQLValue(due)]
        ) { row in (restore: row.text(0) ?? "", stateAt: row.text(1) ?? "") }
        if let lost {
            let reason = "The appliance went back to \(lost.stateAt). Due after that: it may have been sent already."
            try db.run(
                "UPDATE outbox SET status = 'held', heldAt = ?2, heldBy = ?3, heldReason = ?4 WHERE id = ?1",
                [.text(id), SQLValue(now), .text(lost.restore), .text(reason)])
        }
        return true
    }

    // MARK: - Reviewing

    package enum Verdict: String, Sendable {
        case release, discard

        fileprivate var status: Status { self == .release ? .kept : .discarded }
    }

    /// Which held messages.
    package enum Choice: Sendable {
        case one(String, tenant: String?)
        /// Of one shop, or of all.
        case all(tenant: String?)
    }

    /// Decides on held messages; how many. A shop's people decide on the shop's own only: `tenant`. Throws `not_found`,
    /// or `not_held` for one that waits for nobody.
    package func review(_ verdict: Verdict, _ choice: Choice, by actor: Actor, requestID: String) async throws -> Int {
        let now = time.now()
        let decided = try await system.write { db in
            let held = try Self.held(db, choice)
            for (id, _) in held {
                try db.run(
                    "UPDATE outbox SET status = ?2, reviewedAt = ?3, reviewedBy = ?4 WHERE id = ?1",
                    [.text(id), .text(verdict.status.rawValue), SQLValue(now), .text(actor.text)])
            }
            for (tenant, messages) in Dictionary(grouping: held, by: \.tenant).sorted(by: { $0.key < $1.key }) {
                try AuditTrail.append(
                    db, at: now, actor: actor, action: "outbox.\(verdict.rawValue)",
                    target: tenant.isEmpty ? nil : tenant, requestID: requestID,
                    data: Self.report(messages.map(\.id)).text)
            }
            return held
        }
        for (tenant, messages) in Dictionary(grouping: decided, by: \.tenant) where directory[tenant] != nil {
            let report = Self.report(messages.map(\.id)).text
            try await directory.file(tenant).write { db in
                try AuditTrail.append(
                    db, at: now, actor: actor, action: "outbox.\(verdict.rawValue)", target: tenant,
                    requestID: requestID, data: report)
            }
        }
        return decided.count
    }

    private static func report(_ ids: [String]) -> JSON {
        ["messages": JSON(ids.count), "ids": .array(ids.prefix(100).map { .string($0) })]
    }

    private static func held(_ db: Database, _ choice: Choice) throws -> [(id: String, tenant: String)] {
        switch choice {
        case .all(let tenant):
            let own = tenant == nil ? "" : " AND kind <> '\(ofTheMachine)'"
            return try db.all(
                "SELECT id, tenantId FROM outbox WHERE status = 'held' AND (?1 IS NULL OR tenantId = ?1)\(own)",
                [SQLValue(tenant)]
            ) { ($0.text(0) ?? "", $0.text(1) ?? "") }
        case .one(let id, let tenant):
            let own = tenant == nil ? "" : " AND kind <> '\(ofTheMachine)'"
            let found = try db.first(
                "SELECT tenantId, status FROM outbox WHERE id = ?1 AND (?2 IS NULL OR tenantId = ?2)\(own)",
                [.text(id), SQLValue(tenant)]
            ) { (tenant: $0.text(0) ?? "", status: $0.text(1) ?? "") }
            guard let found else { throw DomainError.notFound("message") }
            guard found.status == Status.held.rawValue else {
                throw DomainError.conflict("not_held", "This message is not held.")
            }
            return [(id, found.tenant)]
        }
    }

    // MARK: - Looking

    /// How many are held, by shop; those of the machine under "".
    package func heldCounts() throws -> [String: Int] {
        let rows = try system.read { db in
            try db.all("SELECT tenantId, count(*) FROM outbox WHERE status = 'held' GROUP BY tenantId", []) { row in
                (row.text(0) ?? "", Int(row.integer(1)))
            }
        }
        return Dictionary(rows, uniquingKeysWith: { first, _ in first })
    }

    /// What is held of a shop, for its own people: without texts, which may hold links into others' accounts.
    package func held(of tenant: String, limit: Int, cursor: String?) throws -> (items: [JSON], nextCursor: String?) {
        let items = try system.read { db in
            try db.all(
                """
                SELECT id, kind, recipient, subject, createdAt, heldAt, heldReason FROM outbox
                WHERE status = 'held' AND tenantId = ?1 AND kind <> ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4
                """,
                [.text(tenant), .text(Self.ofTheMachine), .text(cursor ?? "~"), .integer(Int64(limit + 1))]
            ) { row -> JSON in
                [
                    "id": JSON(row.text(0)), "kind": JSON(row.text(1)), "recipient": JSON(row.text(2)),
                    "subject": JSON(row.text(3)), "createdAt": JSON(row.text(4)), "heldAt": JSON(row.text(5)),
                    "reason": JSON(row.text(6)),
                ]
            }
        }
        let page = Array(items.prefix(limit))
        return (page, items.count > limit ? page.last?["id"]?.stringValue : nil)
    }
}
