import Synchronization

/// A limit of requests over time as a token bucket, kept as one integer: the generic cell rate algorithm (GCRA). It is
/// the theoretical arrival time of the next request, in nanoseconds of a monotonic clock (`facts/usage.md`).
package struct RateRule: Sendable, Equatable {
    /// Requests at once when none came for a while.
    package let burst: Int64
    /// Nanoseconds in which one more request is earned.
    package let interval: Int64
    /// Seconds in which all are earned again.
    package let window: Int64

    /// What became of a request.
    package struct Outcome: Sendable, Equatable {
        package let isAllowed: Bool
        /// Requests that would be allowed at once now.
        package let remaining: Int64
        /// Nanoseconds until the next one is allowed; 0 while some remain.
        package let wait: Int64
        /// Nanoseconds until all are there again.
        package let reset: Int64
    }

    /// `limit` requests, at least one, in `window`, at least a second.
    package init(limit: Int64, window: Duration) {
        burst = max(1, limit)
        self.window = max(1, window.components.seconds)
        interval = max(1, self.window * 1_000_000_000 / burst)
    }

    /// No request has come yet.
    package static let untouched = Int64.min / 2

    /// `arrival` is what the request before left, and holds what this one leaves.
    package func take(_ arrival: inout Int64, now: Int64) -> Outcome {
        let next = max(arrival, now)
        let wait = next - now - (burst - 1) * interval
        if wait <= 0 { arrival = next + interval }
        let debt = max(arrival, now) - now
        return Outcome(
            isAllowed: wait <= 0, remaining: max(0, burst - (debt + interval - 1) / interval), wait: max(0, wait),
            reset: debt)
    }

    /// As an answer tells it, under a name: `"minute";q=5;w=60`.
    package func policy(_ name: String) -> String { "\"\(name)\";q=\(burst);w=\(window)" }

    /// Gives back what `take` took for a request that was not answered after all.
    package func giveBack(_ arrival: inout Int64) { arrival -= interval }
}

/// The bucket of one key: taken from without a lock.
package final class RateBucket: Sendable {
    private let arrival = Atomic<Int64>(RateRule.untouched)

    package init() {}

    package func take(_ rule: RateRule, now: Int64) -> RateRule.Outcome {
        var known = arrival.load(ordering: .relaxed)
        while true {
            var next = known
            let outcome = rule.take(&next, now: now)
            guard outcome.isAllowed else { return outcome }
            let (done, current) = arrival.weakCompareExchange(
                expected: known, desired: next, ordering: .acquiringAndReleasing)
            if done { return outcome }
            known = current
        }
    }

    package func giveBack(_ rule: RateRule) { arrival.subtract(rule.interval, ordering: .relaxed) }
}

/// Buckets by key, at most so many. When they are too many, those go that have most of their requests left: forgetting
/// them gives away the least.
package final class RateBuckets: Sendable {
    private let capacity: Int
    private let arrivals = Mutex<[String: Int64]>([:])

    package init(capacity: Int) { self.capacity = max(2, capacity) }

    package func take(_ key: String, _ rule: RateRule, now: Int64) -> RateRule.Outcome {
        arrivals.withLock { arrivals in
            // In place: the key is hashed once.
            if let place = arrivals.index(forKey: key) { return rule.take(&arrivals.values[place], now: now) }
            if arrivals.count >= capacity { Self.makeRoom(&arrivals, capacity, now: now) }
            var arrival = RateRule.untouched
            let outcome = rule.take(&arrival, now: now)
            arrivals[key] = arrival
            return outcome
        }
    }

    package func giveBack(_ key: String, _ rule: RateRule) {
        arrivals.withLock { arrivals in
            if let arrival = arrivals[key] { arrivals[key] = arrival - rule.interval }
        }
    }

    package var count: Int { arrivals.withLock { $0.count } }

    /// Down to half, so that the work is shared by as many keys to come.
    private static func makeRoom(_ arrivals: inout [String: Int64], _ capacity: Int, now: Int64) {
        arrivals = arrivals.filter { $0.value > now }
        guard arrivals.count > capacity / 2 else { return }
        let middle = arrivals.values.sorted()[arrivals.count - capacity / 2]
        arrivals = arrivals.filter { $0.value > middle }
    }
}
