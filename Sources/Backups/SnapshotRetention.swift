package import ApplianceCore

/// Which snapshots an automatic prune removes.
package enum SnapshotRetention {
    package enum Limit {
        /// All younger than this stay.
        package static let everything = Duration.hours(48)
        /// Then the newest of each UTC day stays.
        package static let daily = Duration.days(30)
        /// Then the newest of each UTC month, the current one counted.
        package static let months = 12
    }

    package struct Item: Sendable {
        package let id: SnapshotID
        package let createdAt: Instant
        /// Nothing in it is known to be wrong.
        package let isGood: Bool
        /// Ids of the tenants that it can give back.
        package let tenants: Set<String>

        package init(id: SnapshotID, createdAt: Instant, isGood: Bool, tenants: Set<String>) {
            (self.id, self.createdAt, self.isGood, self.tenants) = (id, createdAt, isGood, tenants)
        }
    }

    /// Ids to remove, oldest first. Never the newest good snapshot, nor the newest that holds one of the `live`
    /// tenants: those exist today and must stay restorable. A deleted tenant leaves with the ordinary schedule, so that
    /// what was erased does not live in backups for ever.
    package static func removals(of items: [Item], live: Set<String>, now: Instant) -> [SnapshotID] {
        let newestFirst = items.sorted { $0.id > $1.id }
        var kept = Set(newestFirst.filter { now.since($0.createdAt) < Limit.everything }.map(\.id))
        let recent = newestFirst.filter { now.since($0.createdAt) < Limit.daily }
        kept.formUnion(best(of: recent) { day($0.createdAt) })
        kept.formUnion(
            best(of: newestFirst.filter { monthsBack($0.createdAt, now) < Limit.months }) { month($0.createdAt) })
        if let newest = newestFirst.first(where: \.isGood) { kept.insert(newest.id) }
        for tenant in live {
            if let newest = newestFirst.first(where: { $0.tenants.contains(tenant) }) { kept.insert(newest.id) }
        }
        return items.map(\.id).filter { !kept.contains($0) }.sorted()
    }

    /// Of each group the newest good one, or the newest when none is good.
    private static func best(of newestFirst: [Item], by group: (Item) -> Int) -> [SnapshotID] {
        Dictionary(grouping: newestFirst, by: group).values.compactMap { ($0.first(where: \.isGood) ?? $0.first)?.id }
    }

    private static func day(_ instant: Instant) -> Int { Int(instant.seconds.floorDivided(by: 86_400)) }

    private static func month(_ instant: Instant) -> Int {
        let date = CivilDate(daysSince1970: day(instant))
        return date.year * 12 + date.month
    }

    private static func monthsBack(_ instant: Instant, _ now: Instant) -> Int { month(now) - month(instant) }
}
