package import ApplianceCore
import CollectionKit
import GRDB
package import Storage

/// Mail that the appliance has to say something by: kept in `system.sqlite` where the operator can read it. A message
/// has a key (tenant, kind, what it is about, recipient) that makes it exist once, whatever happens.
package struct Outbox: Sendable {
    package struct Message: Sendable {
        package let tenantID: String
        package let kind: String
        /// The date or instant that the message is about: another one is another message.
        package let anchor: String
        package let recipient: String
        package let subject: String
        /// `{link}` in it stands for the sealed link.
        package let body: String
        var sealedLink: String?
    }

    static let linkSQL = "ALTER TABLE outbox ADD COLUMN link TEXT;"

    let system: DatabaseFile
    let directory: TenantDirectory
    let time: TimeSource
    private let sealer: SecretSealer

    package init(system: DatabaseFile, directory: TenantDirectory, master: MasterKey, time: TimeSource) {
        (self.system, self.directory, self.time, sealer) = (system, directory, time, Self.sealer(master))
    }

    /// For links, which open accounts: sealed to the message, so that a copy of the file opens none.
    static func sealer(_ master: MasterKey) -> SecretSealer { master.sealer(tenant: "outbox") }

    /// False when the message was there already.
    static func put(
        _ db: Database, _ message: Message, id: String, now: Instant, status: Status = .kept
    ) throws -> Bool {
        try db.run(
            """
            INSERT INTO outbox (id, tenantId, kind, anchor, recipient, subject, body, status, createdAt, link)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?9, ?8, ?10) ON CONFLICT DO NOTHING
            """,
            [
                .text(id), .text(message.tenantID), .text(message.kind), .text(message.anchor),
                .text(message.recipient), .text(message.subject), .text(message.body), SQLValue(now),
                .text(status.rawValue), SQLValue(message.sealedLink),
            ])
        return db.changesCount == 1
    }

    /// Whether the message is there, sent or not.
    static func has(_ db: Database, _ message: Message) throws -> Bool {
        let found = try db.first(
            "SELECT 1 FROM outbox WHERE tenantId = ?1 AND kind = ?2 AND anchor = ?3 AND recipient = ?4",
            [.text(message.tenantID), .text(message.kind), .text(message.anchor), .text(message.recipient)]
        ) { _ in true }
        return found ?? false
    }

    /// What becomes of a message. Without a mail server it is kept here for the operator to read; with one, only what
    /// is kept may be sent.
    package enum Status: String, Sendable, CaseIterable {
        case kept
        /// Its shop went back to its past: a person decides. See `hold`.
        case held
        /// Never sent, because a person said so.
        case discarded
        /// A more urgent one was due at the same time; this one is never sent.
        case superseded = "skipped_superseded"
    }

    /// The newest first. `cursor` is the last id of the page before; `search` looks at recipient and subject.
    package func list(
        limit: Int, cursor: String?, search: String?, status: Status? = nil, tenant: String? = nil
    ) throws -> (items: [JSON], nextCursor: String?) {
        let pattern = search.map { "%" + $0.replacing("%", with: "").replacing("_", with: "") + "%" } ?? "%"
        let items = try system.read { db in
            try db.all(
                """
                SELECT id, tenantId, kind, recipient, subject, body, status, createdAt, link, heldAt, heldReason,
                    reviewedAt, reviewedBy FROM outbox
                WHERE id < ?1 AND (recipient LIKE ?2 OR subject LIKE ?2) AND (?4 IS NULL OR status = ?4)
                    AND (?5 IS NULL OR tenantId = ?5) ORDER BY id DESC LIMIT ?3
                """,
                [
                    .text(cursor ?? "~"), .text(pattern), .integer(Int64(limit + 1)), SQLValue(status?.rawValue),
                    SQLValue(tenant),
                ], item)
        }
        let page = Array(items.prefix(limit))
        return (page, items.count > limit ? page.last?["id"]?.stringValue : nil)
    }

    /// With its link; one that was sealed with another key is left out.
    private func body(_ row: SQLStatement) -> String {
        let link = row.text(8).flatMap { try? sealer.open($0, row.text(0) ?? "") } ?? ""
        return (row.text(5) ?? "").replacing("{link}", with: link)
    }

    private func item(_ row: SQLStatement) -> JSON {
        [
            "id": JSON(row.text(0)),
            "tenant": row.text(1).flatMap { directory[$0]?.briefJSON(at: time.now()) } ?? .null,
            "kind": JSON(row.text(2)), "recipient": JSON(row.text(3)), "subject": JSON(row.text(4)),
            "body": .string(body(row)), "status": JSON(row.text(6)), "createdAt": JSON(row.text(7)),
            "heldAt": JSON(row.text(9)), "heldReason": JSON(row.text(10)), "reviewedAt": JSON(row.text(11)),
            "reviewedBy": JSON(row.text(12)),
        ]
    }
}
