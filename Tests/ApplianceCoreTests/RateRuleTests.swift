import Testing

@testable import ApplianceCore

/// `facts/usage.md`, "Algorithms": a token bucket of five in sixty seconds, as GCRA.
struct RateRuleTests {
    private static let second: Int64 = 1_000_000_000
    private let rule = RateRule(limit: 5, window: .minutes(1))

    /// `ok` with what remains, or the seconds to wait as `Retry-After` says them.
    private func ask(_ bucket: RateBucket, at second: Int64) -> String {
        let outcome = bucket.take(rule, now: second * Self.second)
        return outcome.isAllowed
            ? "ok \(outcome.remaining)" : "wait \((outcome.wait + Self.second - 1) / Self.second)"
    }

    @Test func `the vectors of the facts hold`() {
        let bucket = RateBucket()
        #expect((0..<5).map { _ in ask(bucket, at: 0) } == ["ok 4", "ok 3", "ok 2", "ok 1", "ok 0"])
        #expect(ask(bucket, at: 0) == "wait 12")
        #expect(ask(bucket, at: 11) == "wait 1")
        #expect(ask(bucket, at: 12) == "ok 0")
        #expect(ask(bucket, at: 24) == "ok 0")
        #expect(ask(bucket, at: 60) == "ok 2")
    }

    @Test func `a hundred in fifteen minutes is one each nine seconds after the first hundred`() {
        let (rule, bucket) = (RateRule(limit: 100, window: .minutes(15)), RateBucket())
        for _ in 0..<100 { #expect(bucket.take(rule, now: 0).isAllowed) }
        #expect(bucket.take(rule, now: 0).wait == 9 * Self.second)
        #expect(!bucket.take(rule, now: 9 * Self.second - 1).isAllowed)
        #expect(bucket.take(rule, now: 9 * Self.second).isAllowed)
    }

    @Test func `what is left and when all is there again are exact`() {
        let bucket = RateBucket()
        _ = bucket.take(rule, now: 0)
        let second = bucket.take(rule, now: 0)
        #expect(second == .init(isAllowed: true, remaining: 3, wait: 0, reset: 24 * Self.second))
        bucket.giveBack(rule)
        #expect(bucket.take(rule, now: 0).remaining == 3)
    }

    @Test func `no window of any length lets more through than the burst and what is earned in it`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let limit = Int64.random(in: 1...50, using: &random)
            let rule = RateRule(limit: limit, window: .seconds(Int64.random(in: 1...900, using: &random)))
            var (arrival, now) = (RateRule.untouched, Int64.random(in: 0...1_000_000, using: &random))
            var allowed: [Int64] = []
            for _ in 0..<400 {
                now += Int64.random(in: 0...(rule.interval * 2), using: &random)
                let before = arrival
                let outcome = rule.take(&arrival, now: now)
                if outcome.isAllowed { allowed.append(now) } else { #expect(arrival == before && outcome.wait > 0) }
                if !outcome.isAllowed {
                    var later = arrival
                    #expect(rule.take(&later, now: now + outcome.wait).isAllowed)
                    later = arrival
                    #expect(!rule.take(&later, now: now + outcome.wait - 1).isAllowed)
                }
            }
            for (first, start) in allowed.enumerated() {
                for (offset, end) in allowed[first...].enumerated() {
                    let earned = (end - start) / rule.interval
                    #expect(Int64(offset) + 1 <= limit + earned + 1, "\(limit) \(rule.window)")
                    if Int64(offset) + 1 > limit + earned + 1 { return }
                }
            }
        }
    }

    @Test func `of many at once the burst gets through`() async {
        let (bucket, rule) = (RateBucket(), rule)
        let allowed = await withTaskGroup { group in
            for _ in 0..<200 { group.addTask { bucket.take(rule, now: 7).isAllowed } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(allowed == 5)
    }

    @Test func `keys have buckets of their own, and memory is bounded`() {
        let buckets = RateBuckets(capacity: 100)
        for _ in 0..<5 { _ = buckets.take("busy", rule, now: 0) }
        #expect(!buckets.take("busy", rule, now: 0).isAllowed)
        for index in 0..<10_000 { #expect(buckets.take("\(index)", rule, now: 1).isAllowed) }
        #expect(buckets.count <= 100)
        // Whoever used most is remembered longest.
        #expect(!buckets.take("busy", rule, now: 1).isAllowed)
    }

    @Test func `a clock that stands still or a limit of nothing does no harm`() {
        let rule = RateRule(limit: 0, window: .zero)
        let bucket = RateBucket()
        #expect(bucket.take(rule, now: .max / 4).isAllowed)
        #expect(!bucket.take(rule, now: .max / 4).isAllowed)
    }
}
