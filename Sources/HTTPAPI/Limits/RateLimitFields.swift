import ApplianceCore
import HTTPTypes
import Tenancy

/// What the rates of a plan leave somebody, as each answer tells it (draft-ietf-httpapi-ratelimit-headers-10). Written
/// to the answer's bytes as it is: making two header fields of it would cost more than the limits themselves.
struct RateLimitFields: Sendable {
    /// Requests that are left, and seconds until all are there again or, with none, until the next.
    struct Rate: Sendable {
        let rule: RateRule
        let outcome: RateRule.Outcome

        init(_ rule: RateRule, _ outcome: RateRule.Outcome) { (self.rule, self.outcome) = (rule, outcome) }

        var seconds: Int64 {
            let nanoseconds = outcome.isAllowed ? outcome.reset : outcome.wait
            return (nanoseconds + 999_999_999) / 1_000_000_000
        }
    }

    /// What `write` takes besides the policy's own bytes, at most.
    static let bytes = 96

    let policy: RatePolicy
    /// In the order of the policy. The second is missing where the first refused.
    let first: Rate
    var second: Rate?

    /// The one that a request was taken from last: the one that refused it, if any did.
    var last: Rate { second ?? first }

    /// `RateLimit: "user";r=4;t=12, "minute";…`
    func write(to head: inout [UInt8]) {
        head += policy.opening
        Self.write(first, to: &head)
        if let second {
            head += policy.next
            Self.write(second, to: &head)
        }
        head += Self.lineEnd
    }

    private static let wait = Array(";t=".utf8)
    private static let lineEnd = Array("\r\n".utf8)

    private static func write(_ rate: Rate, to head: inout [UInt8]) {
        head.append(decimal: rate.outcome.remaining)
        head += wait
        head.append(decimal: rate.seconds)
    }

    /// The same for Hummingbird.
    var fields: [HTTPField] {
        let rates = zip(policy.names, [first, second].compactMap { $0 })
        let text = rates.map { "\"\($0)\";r=\($1.outcome.remaining);t=\($1.seconds)" }.joined(separator: ", ")
        return [HTTPField(name: .rateLimitPolicy, value: policy.text), HTTPField(name: .rateLimit, value: text)]
    }
}
