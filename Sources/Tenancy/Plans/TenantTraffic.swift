package import ApplianceCore
import Synchronization

/// The rates of a plan, worked out once. A class, as every request takes it: one count of references instead of a copy.
package final class PlanRates: Sendable {
    /// Of the whole shop by API.
    package let shop: RateRule?
    /// Of one person or key by API.
    package let user: RateRule?
    package let policy: RatePolicy

    /// Nil for a plan that has none.
    init?(_ limits: [PlanLimit: Int64]) {
        func rule(_ limit: PlanLimit) -> RateRule? { limits[limit].map { RateRule(limit: $0, window: .minutes(1)) } }
        (shop, user) = (rule(.requestsPerMinute), rule(.userRequestsPerMinute))
        if shop == nil, user == nil { return nil }
        policy = RatePolicy([("user", user), ("minute", shop)])
    }
}

/// Rates as answers tell them (draft-ietf-httpapi-ratelimit-headers-10): `"user";q=5;w=60, "minute";q=60;w=60`.
package final class RatePolicy: Sendable {
    package let text: String
    /// Of the rates that there are.
    package let names: [String]
    /// The policy as a line of an answer's head, and the next up to what is left of the first rate: most of what each
    /// request would have to write, made once.
    package let opening: SharedBytes
    /// What comes before the second rate; empty without one.
    package let next: SharedBytes

    package init(_ rates: [(name: String, rule: RateRule?)]) {
        let rates = rates.compactMap { name, rule in rule.map { (name: name, rule: $0) } }
        names = rates.map(\.name)
        text = rates.map { $0.rule.policy($0.name) }.joined(separator: ", ")
        opening = SharedBytes("RateLimit-Policy: \(text)\r\nRateLimit: \"\(names.first ?? "")\";r=")
        next = SharedBytes(rates.count > 1 ? ", \"\(names[1])\";r=" : "")
    }
}

/// Bytes that every event loop reads all the time. An array's reference count would be written by each of them, and its
/// cache line go to and fro: a fifth of what the limits cost.
package struct SharedBytes: ~Copyable, Sendable {
    private nonisolated(unsafe) let bytes: UnsafeBufferPointer<UInt8>

    init(_ text: String) {
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
        _ = bytes.initialize(fromContentsOf: text.utf8)
        self.bytes = UnsafeBufferPointer(bytes)
    }

    deinit { bytes.deallocate() }

    package var count: Int { bytes.count }

    package func append(to array: inout [UInt8]) { array.append(contentsOf: bytes) }
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
    /// API calls of the period, where the plan bounds them.
    package let callQuota = CallQuota()
    private let touched = Touched()

    init() {}

    /// Something in the shop's file is to be settled: a reservation, or a notice that nobody was told of.
    package func setTouched() { touched.flag.store(true, ordering: .relaxed) }
    package func takeTouched() -> Bool { touched.flag.exchange(false, ordering: .relaxed) }
}

private final class Touched: Sendable {
    let flag = Atomic<Bool>(false)
}

/// How many API calls of the period are left: asked with each call, and counted anew from the shop's file when a period
/// begins, the plan changes or the server starts.
package final class CallQuota: Sendable {
    private struct State {
        var period: BillingPeriod?
        var used: Int64 = 0
    }

    private let state = Mutex(State())

    /// Nil when one more is within `ceiling`; otherwise how many are used. `load` tells what the file has, for a period
    /// that is not known yet.
    package func take(
        _ ceiling: Int64, at now: Instant, load: () throws -> (period: BillingPeriod, used: Int64)
    ) throws -> (period: BillingPeriod, used: Int64)? {
        let isKnown = state.withLock { state in state.period.map { $0.start <= now && now < $0.end } ?? false }
        let loaded = isKnown ? nil : try load()
        return state.withLock { state in
            if let loaded, loaded.period != state.period { (state.period, state.used) = (loaded.period, loaded.used) }
            guard let period = state.period else { return nil }
            guard state.used < ceiling else { return (period, state.used) }
            state.used += 1
            return nil
        }
    }

    package func takeBack() { state.withLock { $0.used = max(0, $0.used - 1) } }
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
            // In place: the route is hashed once.
            if let place = counts.index(forKey: route) {
                counts.values[place] += 1
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
    package var total: Int64 { current.values.reduce(0, +) }

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
