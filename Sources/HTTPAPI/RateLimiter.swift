package import ApplianceCore
import Synchronization

/// GCRA in integers: `burst` requests at once, then one each `interval` (`facts/usage.md`). Kept in memory, bounded.
package final class RateLimiter: Sendable {
    private static let maximumKeys = 100_000

    private let burst: Int64
    private let interval: Int64
    private let time: TimeSource
    /// For each key the theoretical arrival time of the next request, in milliseconds.
    private let arrivals = Mutex<[String: Int64]>([:])

    /// `limit` requests in `window`.
    package init(limit: Int, window: Duration, time: TimeSource) {
        burst = Int64(limit)
        interval = window.wholeMilliseconds / Int64(limit)
        self.time = time
    }

    /// Throws 429 with the seconds to wait once `key` is over the limit.
    package func take(_ key: String) throws {
        let now = time.now().milliseconds
        let wait = arrivals.withLock { arrivals -> Int64 in
            if arrivals.count >= Self.maximumKeys { arrivals = arrivals.filter { $0.value > now } }
            let next = max(arrivals[key] ?? 0, now)
            let wait = next - now - (burst - 1) * interval
            if wait <= 0 { arrivals[key] = next + interval }
            return wait
        }
        guard wait > 0 else { return }
        throw DomainError(
            .tooMany, "too_many_requests", "Too many requests, please try again later.",
            retryAfter: Int(max(1, (wait + 999) / 1000)))
    }

    /// An address as a key: IPv6 by its /64, which one customer of a provider has to himself.
    package static func key(address: String) -> String {
        guard address.contains(":") else { return address }
        return address.split(separator: ":", omittingEmptySubsequences: false).prefix(4).joined(separator: ":")
    }
}
