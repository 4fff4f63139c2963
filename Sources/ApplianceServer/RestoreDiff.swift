import ApplianceCore
import Backups
import CollectionKit
import GRDB
import HTTPAPI
import Storage
import Tenancy

/// What a restore would change in each of its shops, found by comparing what it would bring with what is live.
struct RestoreDiff: Sendable {
    let appliance: Appliance
    let plan: RestorePlan

    private enum Limit {
        /// Shops compared for one plan.
        static let shops = 10
    }

    func json(progress: @escaping WorkProgress.Report) async throws -> JSON {
        let items = plan.items.filter { $0.tenant != nil }
        guard items.count <= Limit.shops else {
            throw DomainError.invalid("diff", "too_many", "At most \(Limit.shops) shops are compared at once.")
        }
        var diffs: [JSON] = []
        for (index, item) in items.enumerated() {
            progress(
                WorkProgress("comparing", done: Int64(index), total: Int64(items.count), detail: item.name))
            diffs.append(try await diff(item))
        }
        return .array(diffs)
    }

    private func diff(_ item: RestorePlan.Item) async throws -> JSON {
        let past = try await appliance.past.open(plan.only(item))
        let head: JSON = [
            "tenant": .string(item.name), "tenantId": JSON(item.tenant?.id), "at": JSON(past.at),
            "expectedSeconds": JSON(past.seconds.rounded(digits: 3)),
        ]
        let live = appliance.directory.file(item.tenant?.id ?? "")
        do {
            let diffs = try await compared(live, past)
            return head.adding([
                "collections": .array(diffs.filter { !$0.isEmpty }.map(\.json)),
                "unchanged": .array(diffs.filter(\.isEmpty).map { .string($0.collection.name) }), "problem": nil,
            ])
        } catch let error as DomainError where error.category == .unavailable {
            return head.adding(["collections": [], "unchanged": [], "problem": .string(error.message)])
        }
    }

    /// One walk for each collection, both files in one state of theirs; writers go on.
    private func compared(_ live: DatabaseFile, _ past: PastState) async throws -> [RecordDiff] {
        let catalog = appliance.catalog
        return try await live.readLong { now in
            try past.database.readTransaction { then in
                let former = try OwnCollections(then, beside: catalog)
                // Of the shop's own only what is declared alike: others have nothing to be compared by.
                let own = try OwnCollections(now, beside: catalog).all.map(\.declaration)
                    .filter { former[$0.name]?.declaration.json == $0.json }.map(\.collection)
                return try (catalog.collections + own).map { try RecordDiff($0, now: now, then: then) }
            }
        }
    }
}
