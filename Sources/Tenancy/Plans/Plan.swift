import ApplianceCore

/// What a plan may open: each one is a gate in front of something real, and answers 403 `plan_required` where closed.
package enum Feature: String, CaseIterable, Sendable {
    case apiKeys = "api-keys"
    case customAgents = "custom-agents"
    /// Weight in the job queue.
    case priority
    /// Copies of the shop to try things in.
    case sandboxes
    case webhooks
}

/// What a plan may bound. No number means no limit.
package enum PlanLimit: String, CaseIterable, Sendable {
    /// Counted in a period of the subscription.
    case tasks, apiCalls
    /// What is there at the moment: people who may sign in, bytes of the database and of the uploaded files together.
    case users, storageBytes
    /// Collections that the shop declared for itself.
    case ownCollections
    /// Requests by API, of the shop together and of one person or key.
    case requestsPerMinute, userRequestsPerMinute

    package enum Kind: Sendable { case period, standing, rate }

    package var kind: Kind {
        switch self {
        case .tasks, .apiCalls: .period
        case .users, .storageBytes, .ownCollections: .standing
        case .requestsPerMinute, .userRequestsPerMinute: .rate
        }
    }

    /// For sentences: "10 tasks a month".
    package var noun: String {
        switch self {
        case .tasks: "tasks"
        case .apiCalls: "API calls"
        case .users: "users"
        case .storageBytes: "bytes of storage"
        case .ownCollections: "collections of its own"
        case .requestsPerMinute: "requests a minute"
        case .userRequestsPerMinute: "requests a minute and user"
        }
    }

    /// Large enough for any shop, small enough that sums and percentages of it never overflow.
    package static let largest: Int64 = 1 << 50
    /// A bucket's interval is at least a microsecond.
    package static let largestRate: Int64 = 60_000_000

    /// What a plan may say.
    package var range: ClosedRange<Int64> { kind == .rate ? 1...Self.largestRate : 0...Self.largest }
}

/// One version of a plan, as it was written and for ever. Immutable, and a class so that each request passes on a
/// reference.
package final class Plan: Sendable {
    package struct Price: Sendable, Equatable {
        package enum Interval: String, CaseIterable, Sendable { case month, year }

        /// Minor units.
        package let amount: Int64
        package let currency: String
        package let interval: Interval
    }

    package let name: String
    /// From 1; 0 for shops of before there were plans, which keep what they had.
    package let version: Int
    package let title: String
    package let description: String
    /// Whether a shop may choose it by itself.
    package let isOffered: Bool
    /// At most one for each currency and interval; none for what is not sold.
    package let prices: [Price]
    package let features: Set<Feature>
    package let limits: [PlanLimit: Int64]
    /// By how many percent a period's limit may be passed before it refuses: 0 is a hard limit.
    package let overagePercent: [PlanLimit: Int64]
    /// Agents that its tasks may use; nil for all.
    package let agents: Set<String>?
    package let support: String
    /// Of each booking's amount, in basis points.
    package let commission: Int64
    /// Nil where requests are not bounded.
    package let rates: PlanRates?
    /// The ceiling of API calls, which each of them asks for; nil where they are not bounded.
    package let callCeiling: Int64?

    init(
        name: String, version: Int, title: String, description: String = "", isOffered: Bool = false,
        prices: [Price] = [], features: Set<Feature> = [], limits: [PlanLimit: Int64] = [:],
        overagePercent: [PlanLimit: Int64] = [:], agents: Set<String>? = nil, support: String = "",
        commission: Int64 = 0
    ) {
        (self.name, self.version, self.title, self.description) = (name, version, title, description)
        (self.isOffered, self.prices, self.features, self.limits) = (isOffered, prices, features, limits)
        (self.overagePercent, self.agents, self.support) = (overagePercent, agents, support)
        self.commission = commission
        rates = PlanRates(limits)
        callCeiling = Self.ceiling(.apiCalls, limits, overagePercent)
    }

    /// What a shop has that was there before plans had limits, or whose plan nobody knows here: no limits, and none
    /// of the features that came with plans.
    package static func before(named name: String) -> Plan {
        Plan(
            name: name, version: 0, title: name,
            description: "From before plans had limits: the shop keeps what it had.")
    }

    package func grants(_ feature: Feature) -> Bool { features.contains(feature) }
    /// Nil where there is none.
    package func limit(_ limit: PlanLimit) -> Int64? { limits[limit] }

    /// What a period's counter may reach; nil for as much as one likes.
    package func ceiling(_ limit: PlanLimit) -> Int64? { Self.ceiling(limit, limits, overagePercent) }

    private static func ceiling(
        _ limit: PlanLimit, _ limits: [PlanLimit: Int64], _ overagePercent: [PlanLimit: Int64]
    ) -> Int64? {
        limits[limit].map {
            $0 + $0 / 100 * (overagePercent[limit] ?? 0) + $0 % 100 * (overagePercent[limit] ?? 0) / 100
        }
    }

    package func allows(agent: String) -> Bool { agents.map { $0.contains(agent) } ?? true }

    /// The commission of an amount in minor units, halves rounded up.
    package func commission(of amount: Int64) -> Int64 {
        let (whole, rest) = amount.quotientAndRemainder(dividingBy: 10_000)
        return whole * commission + (rest * commission + 5000).floorDivided(by: 10_000)
    }
}
