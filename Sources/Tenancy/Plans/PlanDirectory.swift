package import ApplianceCore
package import CollectionKit
import Storage
import Synchronization

/// What one shop may do: its plan, as of this moment. Asking costs a look-up and no disk.
///
///     try directory.plans[tenant.id].require(.apiKeys)
///     if let seats = directory.plans[tenant.id].limit(.users) { … }
package final class Entitlements: Sendable {
    package let plan: Plan
    package let subscription: Subscription?
    package let traffic: TenantTraffic
    /// Nil where the plan has no such limit.
    package let storage: StorageQuota?
    /// Where a shop's own people read of plans and ask for another.
    package static let upgradePath = "/admin#/shop/plan"

    init(_ plan: Plan, _ subscription: Subscription?, _ traffic: TenantTraffic) {
        (self.plan, self.subscription, self.traffic) = (plan, subscription, traffic)
        storage = plan.limit(.storageBytes).map { limit in
            StorageQuota(limit: limit) { Self.details(plan, $0) }
        }
    }

    package func grants(_ feature: Feature) -> Bool { plan.grants(feature) }

    /// Nil where the plan sets none.
    package func limit(_ limit: PlanLimit) -> Int64? { plan.limit(limit) }

    /// Throws 403 `plan_required` unless the plan opens `feature`.
    package func require(_ feature: Feature) throws {
        guard !plan.grants(feature) else { return }
        var error = DomainError.forbidden(
            "plan_required", "The plan \(plan.title) does not include \(feature.rawValue).",
            hint: "Another plan does: \(Self.upgradePath)")
        error.details = details([.init("feature", .string(feature.rawValue))])
        throw error
    }

    /// What a refusal says of the plan beside its own members.
    package func details(_ members: [JSON.Member]) -> [JSON.Member] { Self.details(plan, members) }

    private static func details(_ plan: Plan, _ members: [JSON.Member]) -> [JSON.Member] {
        [.init("plan", .string(plan.name))] + members + [.init("upgradeUrl", .string(upgradePath))]
    }
}

/// The plan catalogue and every shop's plan in memory. Whatever changes the tables puts it here before it answers, so
/// the next request meets it.
package final class PlanDirectory: Sendable {
    /// The plan of a shop for which none was named.
    package static let fallback = "standard"

    private struct State {
        /// By name, the oldest version first.
        var versions: [String: [PlanStore.Version]] = [:]
        var byTenant: [String: Entitlements] = [:]
    }

    private let state = Mutex(State())

    /// Reads everything anew.
    func load(_ system: DatabaseFile) throws {
        let (versions, subscriptions) = try system.read { db in
            (try PlanStore.all(db), try Subscription.all(db))
        }
        state.withLock { state in
            state.versions = Dictionary(grouping: versions, by: \.plan.name)
            // What was counted in memory goes on: a restore is no way around a limit.
            let known = Set(subscriptions.map(\.tenantID))
            state.byTenant = state.byTenant.filter { known.contains($0.key) }
            for subscription in subscriptions { Self.put(subscription, &state) }
        }
    }

    /// What the shop with this id has. One that nobody subscribed has no limits and no features.
    package subscript(_ tenantID: String) -> Entitlements {
        state.withLock { $0.byTenant[tenantID] } ?? Self.none
    }

    private static let none = Entitlements(.before(named: "none"), nil, TenantTraffic())

    /// The newest version; nil for a name that is no plan.
    package func current(_ name: String) -> Plan? { state.withLock { $0.versions[name]?.last?.plan } }

    package func plan(_ name: String, version: Int) -> Plan? {
        state.withLock { $0.versions[name]?.first { $0.plan.version == version }?.plan }
    }

    /// The newest version of each plan, by name.
    package var catalogue: [PlanStore.Version] {
        state.withLock { $0.versions.values.compactMap(\.last) }.sorted { $0.plan.name < $1.plan.name }
    }

    /// Those that a shop may choose by itself.
    package var offered: [Plan] { catalogue.map(\.plan).filter(\.isOffered) }
    package var names: [String] { catalogue.map(\.plan.name) }

    /// The newest first; empty for a name that is no plan.
    package func versions(of name: String) -> [PlanStore.Version] {
        state.withLock { $0.versions[name] ?? [] }.reversed()
    }

    /// How many shops have each version of a plan.
    package func shops(of name: String) -> [Int: Int] {
        let subscriptions = state.withLock { $0.byTenant.values.compactMap(\.subscription) }
        return subscriptions.reduce(into: [:]) { counts, subscription in
            if subscription.plan == name { counts[subscription.planVersion, default: 0] += 1 }
        }
    }

    // MARK: - Changes that were committed

    /// How a new shop starts; a copy with what its original has.
    func beginning(_ tenant: Tenant, like original: String?) -> Subscription {
        if let original, let plan = state.withLock({ $0.byTenant[original]?.plan }) { return .beginning(tenant, plan) }
        return .beginning(tenant, current(tenant.plan) ?? .before(named: tenant.plan))
    }

    func put(_ subscription: Subscription) { state.withLock { Self.put(subscription, &$0) } }

    func put(_ version: PlanStore.Version) {
        state.withLock { state in state.versions[version.plan.name, default: []].append(version) }
    }

    private static func put(_ subscription: Subscription, _ state: inout State) {
        let known = state.versions[subscription.plan]?.first { $0.plan.version == subscription.planVersion }
        let plan = known?.plan ?? .before(named: subscription.plan)
        let traffic = state.byTenant[subscription.tenantID]?.traffic ?? TenantTraffic()
        state.byTenant[subscription.tenantID] = Entitlements(plan, subscription, traffic)
    }
}
