package import ApplianceCore

/// Requests over time by key, such as sign-ins by address: GCRA, in memory, bounded.
package final class RateLimiter: Sendable {
    private static let maximumKeys = 100_000

    private let rule: RateRule
    private let time: TimeSource
    private let buckets = RateBuckets(capacity: maximumKeys)

    /// `limit` requests in `window`.
    package init(limit: Int, window: Duration, time: TimeSource) {
        rule = RateRule(limit: Int64(limit), window: window)
        self.time = time
    }

    /// Throws 429 with the seconds to wait once `key` is over the limit.
    package func take(_ key: String) throws {
        let outcome = buckets.take(key, rule, now: time.ticks())
        guard !outcome.isAllowed else { return }
        throw DomainError(
            .tooMany, "too_many_requests", "Too many requests, please try again later.",
            retryAfter: Int(max(1, (outcome.wait + 999_999_999) / 1_000_000_000)))
    }

    /// An address as a key: IPv6 by its /64, which one customer of a provider has to himself.
    package static func key(address: String) -> String { NetworkAddress(address)?.key ?? address }
}
