import ApplianceCore
import CollectionKit
import GRDB
import Storage
import Testing

/// `facts/usage.md`, "Reserve → commit/release", on a real file.
struct UsageTests {
    private static let november = BillingPeriod(
        start: Instant("2026-10-31T18:30:00.000Z") ?? .earliest, end: Instant("2026-11-30T18:30:00.000Z") ?? .latest)
    private static let october = BillingPeriod(
        start: Instant("2026-09-30T18:30:00.000Z") ?? .earliest, end: Instant("2026-10-31T18:30:00.000Z") ?? .latest)

    private let shop: TestShop
    private let ids = IdentifierSource(time: TimeSource(now: { TestShop.now }, sleep: { _ in }))

    init() async throws {
        shop = try TestShop()
        try await shop.file.write { db in try db.execute(sql: UsageSchema.baseSQL) }
    }

    private func ledger(limit: Int64? = 10, ceiling: Int64? = nil, now: Instant = TestShop.now) throws -> UsageLedger {
        UsageLedger(
            now: now, actor: "user:usr_asha", ids: ids, zone: try #require(LocalTime("Asia/Kolkata")),
            book: .init(
                terms: { _, at in
                    MeterTerms(
                        period: at < Self.november.start ? Self.october : Self.november, limit: limit,
                        ceiling: ceiling ?? limit)
                }, price: { _ in 25 }, details: { [.init("plan", "free")] + $0 }, touched: {}))
    }

    private func period(_ meter: String = "tasks", _ period: BillingPeriod = november) throws -> [Int64] {
        try shop.file.read { db in
            let found = try MeterPeriod.find(db, meter, period)
            return [found.reserved, found.committed, found.cost]
        }
    }

    private func check() throws -> [UsageRollup.Mismatch] { try shop.file.read { db in try UsageRollup.check(db) } }

    private func notices() throws -> [Int64] {
        try shop.file.read { db in try UsageNotice.untold(db).map(\.threshold) }
    }

    @Test func `of sixty-four at once exactly those get something that there is something for`() async throws {
        let ledger = try ledger(limit: 10)
        try await shop.file.write { db in for index in 0..<9 { try ledger.reserve(db, "tasks", key: "old-\(index)") } }
        let file = shop.file
        let won = await withTaskGroup { group in
            for index in 0..<64 {
                group.addTask {
                    await refusal {
                        _ = try await file.write { db in try ledger.reserve(db, "tasks", key: "new-\(index)") }
                    }
                }
            }
            return await group.reduce(into: [String: Int]()) { counts, refused in
                counts[refused?.code ?? "won", default: 0] += 1
            }
        }
        #expect(won == ["won": 1, "quota_exceeded": 63])
        #expect(try period() == [10, 0, 0])
        #expect(try check().isEmpty)
    }

    @Test func `fifty concurrent on ten are ten`() async throws {
        let (ledger, file) = (try ledger(limit: 10), shop.file)
        let won = await withTaskGroup { group in
            for index in 0..<50 {
                group.addTask {
                    await refusal { try await file.write { db in try ledger.use(db, "tasks", key: "task-\(index)") } }
                        == nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(won == 10)
        #expect(try period() == [0, 10, 0])
    }

    @Test func `a refusal names the plan, the limit, what is left and when there is more`() async throws {
        let ledger = try ledger(limit: 1)
        try await shop.file.write { db in try ledger.use(db, "tasks", key: "first") }
        let refused = await refusal { try await shop.file.write { db in try ledger.use(db, "tasks", key: "second") } }
        #expect(refused?.category == .tooMany && refused?.code == "quota_exceeded")
        #expect(refused?.retryAfter == 837_000)
        let said = refused?.details.map { "\($0.name)=\($0.value.text)" }
        #expect(
            said == [
                "plan=\"free\"", "meter=\"tasks\"", "limit=1", "used=1", "remaining=0",
                "resetAt=\"2026-11-30T18:30:00.000Z\"",
            ])
    }

    @Test func `a reservation is settled once, with what it came to`() async throws {
        let ledger = try ledger()
        try await shop.file.write { db in
            let first = try ledger.reserve(db, "tasks", cost: 50, key: "a", subject: "claude")
            let again = try ledger.reserve(db, "tasks", cost: 50, key: "a", subject: "claude")
            #expect(first == again)
        }
        #expect(try period() == [1, 0, 0])
        let reused = await refusal {
            _ = try await shop.file.write { db in try ledger.reserve(db, "tasks", 2, key: "a", subject: "claude") }
        }
        #expect(reused?.code == "usage_key_reused")
        try await shop.file.write { db in
            try ledger.commit(db, key: "a", cost: 47)
            try ledger.commit(db, key: "a", cost: 47)
            try ledger.release(db, key: "a")
        }
        #expect(try period() == [0, 1, 47])
        try await shop.file.write { db in
            try ledger.reserve(db, "tasks", key: "b")
            try ledger.release(db, key: "b")
            try ledger.release(db, key: "b")
        }
        let late = await refusal { try await shop.file.write { db in try ledger.commit(db, key: "b") } }
        #expect(late?.code == "reservation_released")
        #expect(try period() == [0, 1, 47] && check().isEmpty)
    }

    @Test func `what nobody settles is given back once, and counts after all when it was done`() async throws {
        let (ledger, later) = (try ledger(limit: 1), TestShop.now.adding(.hours(25)))
        try await shop.file.write { db in _ = try ledger.reserve(db, "tasks", key: "a") }
        #expect(try await shop.file.write { db in try UsageLedger.expire(db, now: TestShop.now) } == 0)
        #expect(try await shop.file.write { db in try UsageLedger.expire(db, now: later) } == 1)
        #expect(try await shop.file.write { db in try UsageLedger.expire(db, now: later) } == 0)
        #expect(try period() == [0, 0, 0])
        try await shop.file.write { db in try ledger.use(db, "tasks", key: "b") }
        try await shop.file.write { db in try ledger.commit(db, key: "a") }
        let marked = try shop.file.read { db in
            try db.all("SELECT id FROM usageEvents WHERE isOverQuota = 1") { $0.text(0) }
        }
        #expect(marked == ["a"])
        #expect(try period() == [0, 2, 0] && check().isEmpty)
    }

    @Test func `an event counts once, and one that comes late where it belongs`() async throws {
        let ledger = try ledger()
        func event(_ id: String, _ at: String) throws -> UsageEvent {
            UsageEvent(
                id: id, meter: "tasks", quantity: 1, cost: 30, subject: "codex", actor: "system", source: "test",
                at: try #require(Instant(at)))
        }
        let own = try event("own", "2026-11-20T10:00:00.000Z")
        #expect(try await shop.file.write { db in try ledger.record(db, own) })
        #expect(try await shop.file.write { db in try !ledger.record(db, own) })
        #expect(try period() == [0, 1, 30])
        // The turn of the period was 18:30 UTC on 31 October.
        let soon = try self.ledger(now: #require(Instant("2026-11-01T10:00:00.000Z")))
        let before = try event("before", "2026-10-31T10:00:00.000Z")
        #expect(try await shop.file.write { db in try soon.record(db, before) })
        #expect(try period("tasks", Self.october) == [0, 1, 30])
        let old = try event("old", "2026-10-30T10:00:00.000Z")
        #expect(try await shop.file.write { db in try soon.record(db, old) })
        #expect(try period("tasks", Self.october) == [0, 1, 30])
        #expect(try period() == [0, 2, 60])
        let adjusted = try shop.file.read { db in
            try db.all("SELECT id FROM usageEvents WHERE isAdjustment = 1") { $0.text(0) }
        }
        #expect(adjusted == ["old"])
        #expect(try check().isEmpty)
    }

    @Test func `eighty and a hundred percent are noted once in a period`() async throws {
        let ledger = try ledger(limit: 10, ceiling: 12)
        var seen: [[Int64]] = []
        for index in 1...12 {
            try await shop.file.write { db in try ledger.use(db, "tasks", key: "\(index)") }
            seen.append(try notices())
        }
        #expect(seen[6] == [] && seen[7] == [80] && seen[8] == [80] && seen[9] == [80, 100] && seen[11] == [80, 100])
        let refused = await refusal { try await shop.file.write { db in try ledger.use(db, "tasks", key: "13") } }
        #expect(refused?.code == "quota_exceeded")
        try await shop.file.write { db in
            for notice in try UsageNotice.untold(db) { try notice.setTold(db, at: TestShop.now) }
            try ledger.release(db, key: "nothing")
        }
        #expect(try notices() == [])
    }

    @Test func `a lower limit holds for what is new and takes nothing away, a higher one at once`() async throws {
        let (high, low) = (try ledger(limit: 10), try ledger(limit: 2))
        try await shop.file.write { db in for index in 0..<5 { try high.use(db, "tasks", key: "\(index)") } }
        let refused = await refusal { try await shop.file.write { db in try low.use(db, "tasks", key: "x") } }
        #expect(refused?.code == "quota_exceeded")
        #expect(try period() == [0, 5, 0])
        try await shop.file.write { db in try high.use(db, "tasks", key: "x") }
        #expect(try period() == [0, 6, 0])
    }

    @Test func `without a limit everything is counted`() async throws {
        let ledger = try ledger(limit: nil)
        try await shop.file.write { db in for index in 0..<100 { try ledger.use(db, "tasks", 7, key: "\(index)") } }
        #expect(try period() == [0, 700, 0] && notices() == [])
    }

    @Test func `the counters are what the events add up to, whatever happens, and can be made anew`() async throws {
        var random = SeededGenerator()
        let meters = ["tasks", "apiCalls"]
        for round in 0..<300 {
            let ledger = try ledger(
                limit: 40, now: TestShop.now.subtracting(.minutes(Int64.random(in: 0...60_000, using: &random))))
            let (key, meter) = (
                "\(Int.random(in: 0...120, using: &random))", meters.randomElement(using: &random) ?? ""
            )
            let (quantity, kind) = (Int64.random(in: 0...3, using: &random), Int.random(in: 0...4, using: &random))
            let event = UsageEvent(
                id: "event-\(key)", meter: meter, quantity: quantity, cost: quantity * 25, subject: "s\(round % 3)",
                actor: "a", source: "test",
                at: TestShop.now.subtracting(.minutes(Int64.random(in: 0...90_000, using: &random))))
            _ = await refusal {
                try await shop.file.write { db in
                    switch kind {
                    case 0: try ledger.reserve(db, meter, quantity, cost: 25, key: key)
                    case 1: try ledger.commit(db, key: key, quantity: quantity)
                    case 2: try ledger.release(db, key: key)
                    case 3: try ledger.record(db, event)
                    default: try ledger.use(db, meter, quantity, key: "use-\(key)")
                    }
                }
            }
            if round % 60 == 59 {
                _ = try await shop.file.write { db in
                    try UsageLedger.expire(db, now: TestShop.now.adding(.hours(Int64(round))))
                }
            }
            #expect(try check().isEmpty, "round \(round)")
        }
        let zone = try #require(LocalTime("Asia/Kolkata"))
        func counters() throws -> [String] {
            try shop.file.read { db in
                try ["meterPeriods", "usageHours", "usageDays"].flatMap { table in
                    try db.all("SELECT * FROM \(table)") { row in
                        (0..<6).map { "\(row.value(Int32($0)))" }.joined(separator: "|")
                    }
                }
            }
        }
        let before = try counters()
        #expect(before.count > 20)
        try await shop.file.write { db in
            try db.run("UPDATE meterPeriods SET committed = committed + 1")
            try db.run("DELETE FROM usageDays WHERE meter = 'tasks'")
        }
        #expect(try Set(check().map(\.counter)) == ["period", "days"])
        try await shop.file.write { db in try UsageRollup.rebuild(db, zone: zone) }
        #expect(try check().isEmpty && counters() == before)
    }

    @Test func `the log can be added to and not changed`() async throws {
        let ledger = try ledger()
        try await shop.file.write { db in try ledger.use(db, "tasks", key: "a") }
        for sql in ["UPDATE usageEvents SET quantity = 0", "DELETE FROM usageEvents"] {
            #expect(await refusal { try await shop.file.write { db in try db.run(sql) } } != nil)
        }
    }

    @Test func `what uses a meter is told by day, by what and by whom`() async throws {
        let ledger = try ledger(limit: nil)
        try await shop.file.write { db in
            for (index, at) in ["2026-11-19T18:29:00.000Z", "2026-11-19T18:31:00.000Z", "2026-11-20T10:00:00.000Z"]
                .enumerated()
            {
                try ledger.record(
                    db,
                    UsageEvent(
                        id: "\(index)", meter: "tasks", quantity: Int64(index + 1), cost: 25,
                        subject: index == 2 ? "cursor" : "codex", actor: "a", source: "test",
                        at: Instant(at) ?? .earliest))
            }
        }
        func lines(_ grouping: UsageRollup.Grouping) throws -> [String] {
            let (first, last) = (CivilDate(daysSince1970: 20_000), CivilDate(daysSince1970: 21_000))
            return try shop.file.read { db in
                try UsageRollup.lines(db, "tasks", by: grouping, from: first, to: last).map {
                    "\($0.name) \($0.quantity) \($0.cost)"
                }
            }
        }
        // A day is the shop's: half past six in the evening UTC is midnight in Kolkata.
        #expect(try lines(.day) == ["2026-11-19 1 25", "2026-11-20 5 50"])
        #expect(try lines(.subject) == ["codex 3 50", "cursor 3 25"])
        #expect(try lines(.actor) == ["a 6 75"])
    }
}
