import ApplianceCore
import Foundation
import Storage
import Synchronization
import Testing

@testable import Backups

struct RetentionPlanTests {
    private typealias Item = RetentionPlan.Item
    private let now = Instant("2026-11-21T02:30:00Z") ?? .earliest

    /// `tenants` are those whose files are proved in it.
    private func item(_ age: Duration, tenants: Set<String> = ["a"], isReadable: Bool = true) -> Item {
        let at = now.subtracting(age)
        let proved = isReadable ? tenants.union([RetentionPlan.systemID]) : []
        return Item(id: SnapshotID(at), createdAt: at, isReadable: isReadable, proved: proved)
    }

    private func plan(
        _ items: [Item], live: Set<String> = ["a"], _ policy: String = RetentionPolicy.standard.text,
        log: [String: [RecoveryReport.Span]] = [:], at: Instant? = nil
    ) throws -> RetentionPlan {
        RetentionPlan(
            items, live: Dictionary(uniqueKeysWithValues: live.map { ($0, "shop-\($0)") }), log: log,
            rules: RetentionRules.standard.with(try RetentionPolicy(policy)), now: at ?? now)
    }

    private func kept(_ plan: RetentionPlan) -> [SnapshotID] { plan.decisions.filter(\.isKept).map(\.id) }

    private func reasons(_ plan: RetentionPlan, _ item: Item) -> [String]? {
        plan.decisions.first { $0.id == item.id }?.reasons
    }

    @Test func `two years of hourly snapshots thin out to 48 hours, 30 days and 12 months`() throws {
        let items = (0..<2 * 365 * 24).map { item(.hours(Int64($0))) }
        let first = try plan(items)
        let stay = Set(kept(first))
        let ages = stay.map { Int(now.since($0.instant).inSeconds / 3600) }
        // The newest of 27 days before the three that 48 hours touch; of 10 months before October, which gives a day;
        // and the one from which 30 days back begin.
        #expect(ages.filter { $0 < 48 }.count == 48)
        #expect(ages.filter { (48..<720).contains($0) }.count == 27)
        #expect(ages.filter { $0 >= 720 }.count == 11)
        #expect(stay.isDisjoint(with: first.removals))
        #expect(first.removals.count + stay.count == items.count)
        #expect(try plan(items.filter { stay.contains($0.id) }).removals == [])
    }

    @Test func `each rule keeps the newest of its periods, and says which`() throws {
        let ages: [Int64] = [0, 1, 25, 49, 192, 960, 9600, 21_600]
        let items = ages.map { item(.hours($0)) }
        let plan = try plan(items, "last=1 hourly=2 daily=3 weekly=2 monthly=2 yearly=3")
        #expect(
            reasons(plan, items[0]) == [
                "daily 2026-11-21", "hourly 2026-11-21T02", "last 1", "last proved", "monthly 2026-11",
                "weekly 2026-11-16", "yearly 2026",
            ])
        #expect(reasons(plan, items[1]) == ["hourly 2026-11-21T01"])
        #expect(reasons(plan, items[2]) == ["daily 2026-11-20"])
        #expect(reasons(plan, items[3]) == ["daily 2026-11-19"])
        #expect(reasons(plan, items[4]) == ["weekly 2026-11-09"])
        #expect(reasons(plan, items[5]) == ["monthly 2026-10", "start of the 30d restore window"])
        #expect(reasons(plan, items[6]) == ["yearly 2025"])
        #expect(reasons(plan, items[7]) == ["yearly 2024"])
    }

    @Test func `whatever is wished, the last proved copy and the start of the window stay`() throws {
        let items = [item(.hours(1)), item(.days(20)), item(.days(29)), item(.days(31)), item(.days(60))]
        #expect(kept(try plan(items, "last=0")) == [items[0].id, items[3].id])
        #expect(kept(try plan(Array(items.prefix(3)), "last=0")) == [items[0].id, items[2].id])
        #expect(kept(try plan(items.suffix(1), "last=0")) == [items[4].id])
    }

    @Test func `the last proved copy of an existing tenant stays and is named, one of a deleted tenant goes`() throws {
        let items = [
            item(.days(500), tenants: ["a", "b"]), item(.days(400), tenants: ["a"]), item(.hours(1), tenants: ["a"]),
        ]
        let both = try plan(items, live: ["a", "b"], "last=1")
        #expect(
            reasons(both, items[0]) == [
                "last 1 of shop-b", "last proved of shop-b", "start of the 30d restore window of shop-b",
            ])
        #expect(kept(try plan(items, live: ["a"], "last=1")) == [items[2].id, items[1].id])
    }

    @Test func `a damaged copy never takes the place of a good one`() throws {
        let good = item(.hours(100))
        let bad = item(.hours(99), tenants: [])
        let plan = try plan([item(.hours(1)), bad, good])
        #expect(reasons(plan, good)?.contains { $0.hasPrefix("daily 2026-11-16") } == true)
        let onlyShop = try self.plan([item(.hours(1)), bad, good], "daily=2")
        #expect(reasons(onlyShop, bad) == ["daily 2026-11-16 of the control plane"])
    }

    @Test func `one with a damaged manifest stays for a person to decide`() throws {
        let damaged = item(.days(900), isReadable: false)
        #expect(reasons(try plan([damaged, item(.hours(1))]), damaged) == ["damaged: a person decides"])
    }

    @Test func `an hour after the other, a year of prunes leaves what the policy says`() throws {
        var items: [Item] = []
        for hour in stride(from: Int64(366 * 24), through: 0, by: -6) {
            items.append(item(.hours(hour)))
            let kept = Set(kept(try plan(items, "within=48h daily=30 monthly=12", at: now.subtracting(.hours(hour)))))
            items.removeAll { !kept.contains($0.id) }
        }
        let days = Set(items.map { $0.createdAt.description.prefix(10) })
        #expect((0..<30).allSatisfy { days.contains(now.subtracting(.days($0)).description.prefix(10)) })
        #expect(Set(items.map { $0.createdAt.description.prefix(7) }).count == 12)
    }

    // MARK: - Random histories

    @Test func `random histories never lose what must stay`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("retention: seed \(seed)")
        var random = SeededGenerator(seed)
        for _ in 0..<2000 {
            let known: [String] = ["a", "b", "c"]
            let live = Set(known.filter { _ in Int.random(in: 0..<8, using: &random) > 0 })
            let spans: [Int64] = [86_400, 10_000_000, 90_000_000]
            let span = spans.randomElement(using: &random) ?? 1
            let items = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                item(
                    .seconds(Int64.random(in: -86_400...span, using: &random)),
                    tenants: Set(known.filter { _ in Int.random(in: 0..<4, using: &random) > 0 }),
                    isReadable: Int.random(in: 0..<10, using: &random) > 0)
            }
            let unique = Dictionary(items.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            let log = Dictionary(uniqueKeysWithValues: known.map { ($0, randomLog(span, &random)) })
            try expectSound(Array(unique.values), live, randomPolicy(&random), log, "seed \(seed)")
        }
    }

    /// Chains one behind the other, some with nothing between them (a restore), some with a gap.
    private func randomLog(_ span: Int64, _ random: inout SeededGenerator) -> [RecoveryReport.Span] {
        let count = 2 * Int.random(in: 0...4, using: &random)
        let times = (0..<count).map { _ in now.subtracting(.seconds(Int64.random(in: 0...span, using: &random))) }
            .sorted()
        var chains = stride(from: 0, to: count, by: 2).map { RecoveryReport.Span(from: times[$0], to: times[$0 + 1]) }
        for index in chains.indices.dropFirst() where Bool.random(using: &random) {
            chains[index] = .init(from: chains[index - 1].to, to: chains[index].to)
        }
        return chains
    }

    @Test func `the last snapshot in a gap of the change log stays, and says so`() throws {
        let ages: [Int64] = [1, 50, 60, 70, 80, 90, 800]
        let items = ages.map { item(.hours($0)) }
        func span(_ from: Int64, _ to: Int64) -> RecoveryReport.Span {
            .init(from: now.subtracting(.hours(from)), to: now.subtracting(.hours(to)))
        }
        let plan = try plan(items, "last=0", log: ["a": [span(900, 85), span(55, 0)]])
        #expect(kept(plan) == [items[0].id, items[2].id, items[6].id])
        #expect(reasons(plan, items[2]) == ["bridges a gap of the change log of shop-a"])
        let old = try self.plan(items, "last=0", log: ["a": [span(2000, 900), span(750, 0)]])
        #expect(reasons(old, items[6]) == ["start of the 30d restore window"])
    }

    @Test func `chains of the log go once another begins before the window, and not before`() {
        let day = Duration.days(1)
        let times: [Instant?] = (0..<4).map { now.adding(day * $0) }
        for (start, gone) in [(-1, 0), (0, 0), (1, 1), (2, 2), (9, 3)] {
            #expect(LogCompaction.superseded(times, before: now.adding(day * start)) == gone)
        }
        #expect(LogCompaction.superseded([], before: now) == 0)
        // One that lost its beginning is of no use to a restore, and cannot stand for the one before it.
        #expect(LogCompaction.superseded([now, nil], before: now.adding(day)) == 0)
    }

    private func randomPolicy(_ random: inout SeededGenerator) -> String {
        let names = ["last", "hourly", "daily", "weekly", "monthly", "yearly"]
        let rules = names.compactMap { name in
            Bool.random(using: &random) ? "\(name)=\(Int.random(in: 0...9, using: &random))" : nil
        }
        return (rules + ["within=\(Int.random(in: 0...80, using: &random))h"]).joined(separator: " ")
    }

    private func expectSound(
        _ items: [Item], _ live: Set<String>, _ policy: String, _ log: [String: [RecoveryReport.Span]], _ note: Comment
    ) throws {
        let plan = try plan(items, live: live, policy, log: log)
        let kept = items.filter { !plan.removals.contains($0.id) }
        let wishes = plan.rules.policy
        #expect(items.allSatisfy { kept.map(\.id).contains($0.id) || $0.isReadable }, note)
        #expect(items.allSatisfy { kept.map(\.id).contains($0.id) || now.since($0.createdAt) >= wishes.within }, note)
        for subject in live.union([RetentionPlan.systemID]) {
            let before = items.filter { $0.proved.contains(subject) }.map(\.createdAt).sorted()
            let after = kept.filter { $0.proved.contains(subject) }.map(\.createdAt).sorted()
            #expect(before.last == after.last, note)
            #expect(before.suffix(wishes.last) == after.suffix(wishes.last), note)
            // Any second of the window that could be restored can still be: its base, or an older one, is there.
            let seconds = before.filter { $0 >= now.subtracting(.days(30)) } + [now.subtracting(.days(30)), now]
            for second in seconds where before.contains(where: { $0 <= second }) {
                #expect(after.contains { $0 <= second }, note)
            }
            try expectReach(before, after, log[subject] ?? [], note)
            for (period, count) in wishes.periods {
                let wanted = Set(before.map(period.name)).sorted().suffix(count)
                #expect(Set(after.map(period.name)).isSuperset(of: wanted), note)
            }
        }
        #expect(try self.plan(kept, live: live, policy, log: log).removals == [], note)
        #expect(plan.decisions.map(\.id) == items.map(\.id).sorted(by: >), note)
    }

    /// What a restore to `second` gives: the end of what the log has of it, or a snapshot that is newer.
    private func state(_ second: Instant, _ snapshots: [Instant], _ log: [RecoveryReport.Span]) -> Instant? {
        let chain = log.last { $0.from <= second }
        return [chain.map { min($0.to, second) }, snapshots.last { $0 <= second }].compactMap { $0 }.max()
    }

    /// Pruning snapshots and log takes no second from the window that the log had, and of each gap the last state stays.
    private func expectReach(
        _ before: [Instant], _ after: [Instant], _ log: [RecoveryReport.Span], _ note: Comment
    ) throws {
        let start = now.subtracting(.days(30))
        let left = Array(log.dropFirst(LogCompaction.superseded(log.map(\.from), before: start)))
        for chain in log {
            for second in [chain.from, chain.to] where second >= start {
                #expect(state(second, after, left) == state(second, before, log), note)
            }
        }
        for next in log.dropFirst() where next.from > start {
            let last = next.from.subtracting(.milliseconds(1))
            #expect(state(last, after, left) == state(last, before, log), note)
        }
        if state(start, before, log) != nil { #expect(state(start, after, left) != nil, note) }
    }

    // MARK: - Doing it

    @Test func `prune removes folders, and what was linked to them stays good`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let service = appliance.service
            var ids: [SnapshotID] = []
            for _ in 0..<4 {
                ids.append(try await service.create(reason: .schedule).id)
                appliance.clock.advance(.hours(1))
            }
            appliance.clock.advance(.days(3))
            ids.append(try await service.create(reason: .schedule).id)
            #expect(try await service.prune().removed == Array(ids[1...2]))
            let stay = [ids[0], ids[3], ids[4]]
            #expect(names(in: appliance.backups.appending(path: "snapshots")) == stay.map(\.description))
            #expect(try await service.verify("latest").isGood)
            #expect(try await service.manifest().file(ofTenant: "acme")?.linkedFrom == ids[0])
        }
    }

    @Test func `prune removes nothing when the tenants are not known`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let service = appliance.service
            for _ in 0..<2 { try await service.create(reason: .schedule) }
            appliance.clock.advance(.days(900))
            appliance.onTenants.withLock { $0 = { throw DomainError.damaged(cause: "test") } }
            #expect(await refusal { _ = try await service.prune() } != nil)
            #expect(try await service.list().count == 2)
        }
    }
}
