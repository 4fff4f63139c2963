import ApplianceCore
import HTTPTypes
import Tenancy

/// What the rates of a plan leave somebody, as each answer tells it (draft-ietf-httpapi-ratelimit-headers-10). Written
/// to the answer's bytes as it is: making two header fields of it would cost more than the limits themselves.
struct RateLimitFields: Sendable {
    /// `"user";r=4;t=12`: requests that are left, and seconds until all are there again or, with none, until the next.
    struct Rate: Sendable {
        enum Name: String {
            case user, minute, page

            fileprivate var label: [UInt8] {
                switch self {
                case .user: Self.userLabel
                case .minute: Self.minuteLabel
                case .page: Self.pageLabel
                }
            }

            private static let userLabel = Array("\"user\";r=".utf8)
            private static let minuteLabel = Array("\"minute\";r=".utf8)
            private static let pageLabel = Array("\"page\";r=".utf8)
        }

        let name: Name
        let rule: RateRule
        let outcome: RateRule.Outcome

        init(_ name: Name, _ rule: RateRule, _ outcome: RateRule.Outcome) {
            (self.name, self.rule, self.outcome) = (name, rule, outcome)
        }

        var seconds: Int64 {
            let nanoseconds = outcome.isAllowed ? outcome.reset : outcome.wait
            return (nanoseconds + 999_999_999) / 1_000_000_000
        }
    }

    /// What `write` takes besides the policy, at most.
    static let bytes = 96

    let policy: RatePolicy
    let first: Rate
    var second: Rate?

    /// The one that a request was taken from last: the one that refused it, if any did.
    var last: Rate { second ?? first }

    func write(to head: inout [UInt8]) {
        head += policy.line
        Self.write(first, to: &head)
        if let second {
            head += Self.comma
            Self.write(second, to: &head)
        }
        head += Self.lineEnd
    }

    private static let comma = Array(", ".utf8)
    private static let wait = Array(";t=".utf8)
    private static let lineEnd = Array("\r\n".utf8)

    private static func write(_ rate: Rate, to head: inout [UInt8]) {
        head += rate.name.label
        head.append(decimal: rate.outcome.remaining)
        head += wait
        head.append(decimal: rate.seconds)
    }

    /// The same for Hummingbird.
    var fields: [HTTPField] {
        let rates = [first, second].compactMap { $0 }
        let text = rates.map { "\"\($0.name.rawValue)\";r=\($0.outcome.remaining);t=\($0.seconds)" }
            .joined(separator: ", ")
        return [HTTPField(name: .rateLimitPolicy, value: policy.text), HTTPField(name: .rateLimit, value: text)]
    }
}
