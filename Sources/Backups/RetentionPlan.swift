package import ApplianceCore

/// What a prune would remove, and why the rest stays: pure, so that it can be printed before it is done and tested over
/// thousands of histories.
///
/// The rules are applied to each file by itself, a shop's or the control plane's, among the snapshots that hold a
/// proved copy of it; a snapshot stays when any file needs it. So a damaged copy never takes the place of a good one,
/// and a policy by plan would be another `rules` for another shop. Where the change log of a file has a gap inside the
/// window, the last snapshot of the gap stays as well: nothing else knows what happened there.
package struct RetentionPlan: Sendable {
    package struct Item: Sendable {
        package let id: SnapshotID
        package let createdAt: Instant
        /// False when the manifest cannot be believed.
        package let isReadable: Bool
        /// Ids of the tenants, and `systemID`, that it can give back.
        package let proved: Set<String>

        package init(id: SnapshotID, createdAt: Instant, isReadable: Bool = true, proved: Set<String>) {
            (self.id, self.createdAt, self.isReadable, self.proved) = (id, createdAt, isReadable, proved)
        }
    }

    package struct Decision: Sendable, Equatable {
        package let id: SnapshotID
        package let createdAt: Instant
        /// Why it stays; empty when it goes.
        package let reasons: [String]

        package var isKept: Bool { !reasons.isEmpty }
    }

    /// Stands for the control plane among the ids of tenants.
    package static let systemID = "system"

    package let rules: RetentionRules
    /// Newest first.
    package let decisions: [Decision]

    /// Oldest first.
    package var removals: [SnapshotID] { decisions.filter { !$0.isKept }.map(\.id).reversed() }

    /// `live` are the tenants that exist, with the name that a reason calls them by: they must stay restorable. One
    /// that was deleted leaves with the ordinary schedule, so that what was erased does not live in backups for ever.
    /// `log` are the chains of each one's change log, oldest first.
    package init(
        _ items: [Item], live: [String: String], log: [String: [RecoveryReport.Span]] = [:], rules: RetentionRules,
        now: Instant
    ) {
        self.rules = rules
        let newestFirst = items.sorted { $0.id > $1.id }
        var names = live
        names[Self.systemID] = "the control plane"
        let needs = Self.needs(newestFirst, names, log, rules, now)
        decisions = newestFirst.enumerated().map { index, item in
            var reasons = needs[index].map { need, ids in
                // What holds for every file needs no names.
                ids.count == names.count ? need : "\(need) of \(Self.list(ids.compactMap { names[$0] }))"
            }.sorted()
            if now.since(item.createdAt) < rules.policy.within {
                reasons.insert("within \(RetentionPolicy.Span(rules.policy.within).text)", at: 0)
            }
            if !item.isReadable { reasons.insert("damaged: a person decides", at: 0) }
            return Decision(id: item.id, createdAt: item.createdAt, reasons: reasons)
        }
    }

    /// By position in `newestFirst`: each reason with the ids that give it.
    private static func needs(
        _ newestFirst: [Item], _ names: [String: String], _ log: [String: [RecoveryReport.Span]],
        _ rules: RetentionRules, _ now: Instant
    ) -> [[String: Set<String>]] {
        var needs = [[String: Set<String>]](repeating: [:], count: newestFirst.count)
        // Most shops are in the same snapshots: what is the same is worked out once.
        let groups = Dictionary(grouping: names.keys) { id in
            newestFirst.indices.filter { newestFirst[$0].proved.contains(id) }
        }
        for (candidates, ids) in groups {
            let dated = candidates.map { (index: $0, at: newestFirst[$0].createdAt) }
            for (index, need) in wanted(dated, rules.policy) + promised(dated, rules.window, now) {
                needs[index][need, default: []].formUnion(ids)
            }
            for id in ids {
                for index in bridges(dated, log[id] ?? [], from: now.subtracting(rules.window.duration)) {
                    needs[index]["bridges a gap of the change log", default: []].insert(id)
                }
            }
        }
        return needs
    }

    private typealias Dated = (index: Int, at: Instant)

    private static func wanted(_ newestFirst: [Dated], _ policy: RetentionPolicy) -> [(Int, String)] {
        var wanted = newestFirst.prefix(policy.last).map { ($0.index, "last \(policy.last)") }
        for (period, count) in policy.periods {
            var seen: Set<String> = []
            for item in newestFirst where seen.count < count {
                let name = period.name(of: item.at)
                if seen.insert(name).inserted { wanted.append((item.index, "\(period.rawValue) \(name)")) }
            }
        }
        return wanted
    }

    /// Never given up, whatever is wished: the newest proved copy, and the one from which the window begins.
    private static func promised(
        _ newestFirst: [Dated], _ window: RetentionPolicy.Span, _ now: Instant
    ) -> [(Int, String)] {
        var promised: [(Int, String)] = []
        if let newest = newestFirst.first { promised.append((newest.index, "last proved")) }
        let start = now.subtracting(window.duration)
        // When none is that old, the window begins with the oldest.
        if let base = newestFirst.first(where: { $0.at <= start }) ?? newestFirst.last {
            promised.append((base.index, "start of the \(window.text) restore window"))
        }
        return promised
    }

    /// The newest copy in each gap of a change log that ends inside the window; the one after the last chain is the
    /// newest of all.
    private static func bridges(
        _ newestFirst: [Dated], _ chains: [RecoveryReport.Span], from start: Instant
    ) -> [Int] {
        zip(chains, chains.dropFirst()).compactMap { chain, next in
            guard next.from > start else { return nil }
            let newest = newestFirst.first { $0.at < next.from }
            return newest.flatMap { $0.at > chain.to ? $0.index : nil }
        }
    }

    package func json(removed: [SnapshotID], isDryRun: Bool) -> JSON {
        [
            "dryRun": .bool(isDryRun), "keep": .string(rules.policy.text), "restoreWindow": .string(rules.window.text),
            "removed": .array(removed.map { .string($0.description) }),
            "items": .array(
                decisions.map {
                    [
                        "id": .string($0.id.description), "createdAt": JSON($0.createdAt), "kept": .bool($0.isKept),
                        "reasons": .array($0.reasons.map { .string($0) }),
                    ]
                }),
        ]
    }

    /// Names in a reason, before it says how many more.
    private static let namedShops = 3

    private static func list(_ names: [String]) -> String {
        let more = names.count - namedShops
        return names.sorted().prefix(namedShops).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }
}

extension RetentionPolicy.Period {
    /// Of the period that an instant falls into, such as `2026-11-21`; a week is named by its Monday.
    func name(of instant: Instant) -> String {
        let text = instant.description
        return switch self {
        case .hourly: String(text.prefix(13))
        case .daily: String(text.prefix(10))
        case .weekly: Self.monday(instant)
        case .monthly: String(text.prefix(7))
        case .yearly: String(text.prefix(4))
        }
    }

    private static func monday(_ instant: Instant) -> String {
        // 1970-01-01 was a Thursday, three days behind a Monday.
        let week = (instant.seconds.floorDivided(by: 86_400) + 3).floorDivided(by: 7)
        return String(Instant(seconds: (week * 7 - 3) * 86_400).description.prefix(10))
    }
}
