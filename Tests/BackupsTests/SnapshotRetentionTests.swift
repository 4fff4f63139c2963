import ApplianceCore
import Foundation
import Storage
import Synchronization
import Testing

@testable import Backups

struct SnapshotRetentionTests {
    private typealias Item = SnapshotRetention.Item
    private let now = Instant("2026-11-21T02:30:00Z") ?? .earliest

    private func item(_ age: Duration, isGood: Bool = true, tenants: Set<String> = ["a"]) -> Item {
        let at = now.subtracting(age)
        return Item(id: SnapshotID(at), createdAt: at, isGood: isGood, tenants: tenants)
    }

    private func kept(_ items: [Item], live: Set<String> = ["a"]) -> [SnapshotID] {
        let removed = Set(SnapshotRetention.removals(of: items, live: live, now: now))
        return items.map(\.id).filter { !removed.contains($0) }
    }

    @Test func `two years of hourly snapshots thin out to 48 hours, 30 days and 12 months`() {
        let items = (0..<2 * 365 * 24).map { item(.hours(Int64($0))) }
        // 48 of the last hours; the newest of 28 older days within 30; the last of 10 older months.
        let first = Set(kept(items))
        let ages = first.map { Int(now.since($0.instant).inSeconds / 3600) }
        #expect(ages.filter { $0 < 48 }.count == 48)
        #expect(ages.filter { (48..<720).contains($0) }.count == 28)
        #expect(ages.filter { $0 >= 720 }.count == 10)
        let left = items.filter { first.contains($0.id) }
        #expect(kept(left).count == left.count)
    }

    @Test func `the newest good one stays, however old`() {
        let old = item(.days(900))
        #expect(kept([old]) == [old.id])
        #expect(kept([old, item(.days(800), isGood: false, tenants: [])]) == [old.id])
    }

    @Test func `the last one that holds an existing tenant stays, one of a deleted tenant goes`() {
        let items = [
            item(.days(500), tenants: ["a", "b"]), item(.days(400), tenants: ["a"]), item(.hours(1), tenants: ["a"]),
        ]
        #expect(kept(items, live: ["a", "b"]) == [items[0].id, items[2].id])
        #expect(kept(items, live: ["a"]) == [items[2].id])
    }

    @Test func `of a day the newest good one stays, not the newest`() {
        let good = item(.hours(100))
        let bad = item(.hours(99), isGood: false)
        #expect(kept([item(.hours(1)), bad, good]).contains(good.id))
        #expect(!kept([item(.hours(1)), bad, good]).contains(bad.id))
    }

    @Test func `random histories never lose what must stay`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("retention: seed \(seed)")
        var random = SeededGenerator(seed)
        for _ in 0..<300 {
            let live: Set<String> = ["a", "b", "c"]
            let items = (0..<Int.random(in: 0...80, using: &random)).map { _ in
                item(
                    .seconds(Int64.random(in: -86_400...90_000_000, using: &random)),
                    isGood: Bool.random(using: &random),
                    tenants: live.filter { _ in Int.random(in: 0..<4, using: &random) > 0 })
            }
            expectSound(items, live, seed)
        }
    }

    private func expectSound(_ items: [Item], _ live: Set<String>, _ seed: UInt64) {
        let kept = Set(kept(items, live: live))
        let newestFirst = items.sorted { $0.id > $1.id }
        #expect(
            items.filter { now.since($0.createdAt) < .hours(48) }.allSatisfy { kept.contains($0.id) }, "seed \(seed)")
        #expect(newestFirst.first(where: \.isGood).map { kept.contains($0.id) } ?? true, "seed \(seed)")
        for tenant in live {
            let newest = newestFirst.first { $0.tenants.contains(tenant) }
            #expect(newest.map { kept.contains($0.id) } ?? true, "seed \(seed)")
        }
        // Every day of the last 30 that had a good snapshot still has one.
        for item in items where item.isGood && now.since(item.createdAt) < .days(30) {
            let day = item.createdAt.description.prefix(10)
            #expect(
                items.contains { $0.isGood && kept.contains($0.id) && $0.createdAt.description.prefix(10) == day },
                "seed \(seed)")
        }
    }

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
            #expect(try await service.prune() == Array(ids.prefix(3)))
            #expect(names(in: appliance.backups.appending(path: "snapshots")) == ids.suffix(2).map(\.description))
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
