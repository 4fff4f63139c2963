package import ApplianceCore
import Synchronization

/// The rates of a plan, worked out once.
package struct PlanRates: Sendable {
    /// Of the whole shop by API.
    package let shop: RateRule?
    /// Of one person or key by API.
    package let user: RateRule?

    /// Nil for a plan that has none.
    init?(_ limits: [PlanLimit: Int64]) {
        func rule(_ limit: PlanLimit) -> RateRule? { limits[limit].map { RateRule(limit: $0, window: .minutes(1)) } }
        (shop, user) = (rule(.requestsPerMinute), rule(.userRequestsPerMinute))
        if shop == nil, user == nil { return nil }
    }
}

/// What one shop's requests leave in memory. It stays when the plan changes, so that changing it is no way around it.
package final class TenantTraffic: Sendable {
    private enum Limit {
        static let people = 1000
    }

    package let shop = RateBucket()
    /// By API, and at the page.
    package let people = RateBuckets(capacity: Limit.people)
    package let page = RateBuckets(capacity: Limit.people)
    package let calls = CallCounts()

    init() {}
}

/// Requests by route since they were last written down.
package final class CallCounts: Sendable {
    private enum Limit {
        /// Routes are the server's own, so there are never more; a bound all the same.
        static let routes = 1000
    }

    private let counts = Mutex<[String: Int64]>([:])

    package func count(_ route: String) {
        counts.withLock { counts in
            if let known = counts[route] {
                counts[route] = known + 1
            } else if counts.count < Limit.routes {
                counts[route] = 1
            }
        }
    }

    package func takeBack(_ route: String) {
        counts.withLock { counts in
            if let known = counts[route] { counts[route] = known > 1 ? known - 1 : nil }
        }
    }

    package var current: [String: Int64] { counts.withLock { $0 } }

    /// What was counted, to be written down; `put` gives back what could not be.
    package func take() -> [String: Int64] {
        counts.withLock { counts in
            defer { counts = [:] }
            return counts
        }
    }

    package func put(_ other: [String: Int64]) {
        counts.withLock { counts in for (route, count) in other { counts[route, default: 0] += count } }
    }
}
