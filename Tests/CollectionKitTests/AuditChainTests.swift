import ApplianceCore
import Books
import GRDB
import Storage
import Testing

@testable import CollectionKit

struct AuditChainTests {
    private let shop: TestShop

    init() throws { shop = try TestShop() }

    /// `facts/retention.md`, vectors 1–3.
    @Test func `hashes are those of the vectors`() {
        let rows = [
            (
                "2026-11-21T00:00:00.000Z", "usr_1", "invoice.create", "inv_1", #"{"total":14358300}"#,
                "09119216d7b13d4f38678d4cf9d0d892e356d4c0b1c3fc76c19b989754b0f50c"
            ),
            (
                "2026-11-21T00:00:01.000Z", "usr_1", "invoice.cancel", "inv_1", #"{"reason":"customer return"}"#,
                "1ca06d511f7a3aee49520b7452d43ce23b9c06041bb43b6989c52c93fd9106be"
            ),
            (
                "2026-11-21T00:00:02.000Z", "system", "customer.erase", "cus_9", #"{"subject":"pseudonym:9f2c"}"#,
                "076a5ee0f8e44ceccc14009fe5cbb7817bf98440649f9eb8c1eefc9468a463dc"
            ),
        ]
        var previous: String?
        for (index, row) in rows.enumerated() {
            let canonical = AuditChain.canonical(
                seq: Int64(index + 1), at: row.0, actor: row.1, action: row.2, target: row.3, requestID: nil,
                data: Array(row.4.utf8))
            previous = AuditChain.hash(canonical, behind: previous)
            #expect(previous == row.5)
        }
    }

    /// Five events of several kinds, names with quotes and Devanagari among them.
    private func fill() async throws {
        let id = try await shop.create(things, ["name": #"नथ "x" \"#, "story": "a\n\tb"]).id
        try await shop.patch(things, id, ["units": -5])
        try await shop.delete(things, id)
        let context = shop.context
        try await shop.file.write { db in
            try AuditTrail.append(db, context, action: "a.b", target: nil, data: "a sentence, \"quoted\"")
            try AuditTrail.append(
                db, at: context.now, actor: .system, action: "a.c", target: "x", requestID: nil,
                data: #"{"b":1,"a":[]}"#)
        }
    }

    private func verify(_ anchor: AuditChain.Anchor? = nil) throws -> AuditChain.Report {
        try shop.file.read { try AuditChain.verify($0, anchor: anchor) }
    }

    /// What somebody with the file in hand can do, the triggers taken away first.
    private func tamper(_ sql: String) async throws {
        try await shop.file.write {
            try $0.execute(sql: "DROP TRIGGER audit_update; DROP TRIGGER audit_delete; " + sql)
        }
    }

    @Test func `a log that nobody touched is what was written`() async throws {
        #expect(try verify().events == 0)
        try await fill()
        let report = try verify()
        #expect(report.events == 5 && report.firstBroken == nil && report.unchained == 0)
        #expect(report.head?.seq == 5)
        let events = try shop.file.read { try AuditTrail.list($0, before: nil, limit: 2) }
        #expect(events.map { $0["data"] } == [["a": [], "b": 1], "a sentence, \"quoted\""])
    }

    @Test(arguments: [
        ("UPDATE audit SET data = replace(data, '-5', '-6') WHERE seq = 2", 2, "is not what was written"),
        ("UPDATE audit SET actor = 'user:usr_bela' WHERE seq = 1", 1, "is not what was written"),
        ("UPDATE audit SET at = '2026-11-20T02:00:00.250Z' WHERE seq = 3", 3, "is not what was written"),
        ("UPDATE audit SET requestId = NULL WHERE seq = 4", 4, "is not what was written"),
        ("UPDATE audit SET target = 'y' WHERE seq = 5", 5, "is not what was written"),
        ("UPDATE audit SET hash = lower(hex(randomblob(32))) WHERE seq = 3", 3, "is not what was written"),
        ("UPDATE audit SET hash = NULL WHERE seq = 3", 3, "has no hash"),
        ("DELETE FROM audit WHERE seq = 2", 3, "follows 1: events are missing"),
        ("DELETE FROM audit WHERE seq = 1", 2, "follows 0: events are missing"),
        (
            """
            UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 99
            """, 2, "is not what was written"
        ),
    ])
    func `a log that was changed says where`(sql: String, seq: Int64, reason: String) async throws {
        try await fill()
        try await tamper(sql)
        let report = try verify()
        #expect(report.firstBroken == seq)
        #expect(report.reason == reason)
    }

    @Test func `an anchor tells that the end was cut off, or all written anew`() async throws {
        try await fill()
        let head = try #require(try verify().head)
        #expect(try #require(AuditChain.Anchor(head.text)) == head)
        try await shop.create(things, ["name": "later"])
        #expect(try verify(head).firstBroken == nil)
        try await tamper("DELETE FROM audit WHERE seq > 3")
        #expect(try verify().firstBroken == nil)
        let cut = try verify(head)
        #expect(cut.firstBroken == 4 && cut.reason == "is missing: the log ends before the anchor 5")
        try await shop.create(things, ["name": "other"])
        try await shop.create(things, ["name": "other"])
        let anew = try verify(head)
        #expect(anew.firstBroken == 5 && anew.reason == "is not the event that the anchor was taken of")
    }

    @Test(arguments: [
        "", "5", "5:abc", "0:\(String(repeating: "a", count: 64))", "x:\(String(repeating: "a", count: 64))",
    ])
    func `what is no anchor is none`(text: String) { #expect(AuditChain.Anchor(text) == nil) }

    @Test func `events from before the chain are counted, and nothing can be slipped in behind`() async throws {
        try await shop.file.write {
            try $0.execute(sql: "INSERT INTO audit (at, actor, action, data) VALUES ('2026', 'system', 'old', 'late')")
        }
        try await fill()
        let report = try verify()
        #expect(report.events == 6 && report.unchained == 1 && report.firstBroken == nil)
        #expect(try shop.file.read { try AuditTrail.list($0, before: 2, limit: 1) }.first?["data"] == "late")
    }

    @Test func `the log is asked by record, person, kind and time`() async throws {
        try await fill()
        func found(_ change: (inout AuditTrail.Filter) -> Void) throws -> [Int64] {
            var filter = AuditTrail.Filter()
            change(&filter)
            let asked = filter
            return try shop.file.read { try AuditTrail.list($0, asked, limit: 10) }.compactMap {
                $0["seq"]?.integerValue
            }
        }
        let id = try #require(
            try shop.file.read { try AuditTrail.list($0, before: 2, limit: 1) }.first?["target"]?.stringValue)
        #expect(try found { $0.target = id } == [3, 2, 1])
        #expect(try found { $0.actor = "system" } == [5])
        #expect(try found { $0.action = "things." } == [3, 2, 1])
        #expect(try found { $0.action = "things.update" } == [2])
        #expect(try found { $0.action = "thing" } == [])
        #expect(try found { $0.from = TestShop.now.adding(.seconds(1)) } == [])
        #expect(try found { $0.until = TestShop.now } == [])
        let plan = try shop.file.read { db in
            try db.first(
                "EXPLAIN QUERY PLAN SELECT seq FROM audit WHERE seq < 9 AND target = 'x' ORDER BY seq DESC LIMIT 5"
            ) { $0.text(3) }
        }
        #expect(plan == "SEARCH audit USING COVERING INDEX audit_target (target=? AND seq<?)")
    }
}
