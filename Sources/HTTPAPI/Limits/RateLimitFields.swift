import ApplianceCore
import HTTPTypes
import Tenancy

/// What the rates of a plan leave somebody, as each answer tells it (draft-ietf-httpapi-ratelimit-headers-10). Written
/// to the answer's bytes as it is: making two header fields of it would cost more than the limits themselves.
struct RateLimitFields: Sendable {
    /// What one rate leaves: no more than the fields tell, as answers carry it through many hands.
    struct Left: Sendable {
        let requests: Int64
        /// Until all requests are there again or, with none left, until the next.
        let seconds: Int64

        init(_ outcome: RateRule.Outcome) {
            let nanoseconds = outcome.isAllowed ? outcome.reset : outcome.wait
            (requests, seconds) = (outcome.remaining, (nanoseconds + 999_999_999) / 1_000_000_000)
        }
    }

    /// What `write` takes besides the policy's own bytes, at most.
    static let bytes = 2 * Self.longest + lineEnd.count
    /// Two numbers with what is between them.
    private static let longest = 2 * DecimalDigits.longest + 3
    private static let lineEnd = Array("\r\n".utf8)

    let policy: RatePolicy
    /// In the order of the policy. The second is missing where the first refused.
    let first: Left
    var second: Left?

    /// `RateLimit: "user";r=4;t=12, "minute";…`. By itself, so that a profile tells its cost.
    @inline(never) func write(to head: inout [UInt8]) {
        policy.opening.append(to: &head)
        Self.write(first, to: &head)
        if let second {
            policy.next.append(to: &head)
            Self.write(second, to: &head)
        }
        head += Self.lineEnd
    }

    /// `4;t=12`, in one piece.
    private static func write(_ left: Left, to head: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: longest) { text in
            var place = text.count
            DecimalDigits.write(left.seconds, to: text, before: &place)
            place -= 3
            (text[place], text[place + 1], text[place + 2]) = (UInt8(ascii: ";"), UInt8(ascii: "t"), UInt8(ascii: "="))
            DecimalDigits.write(left.requests, to: text, before: &place)
            head.append(contentsOf: UnsafeBufferPointer(rebasing: text[place...]))
        }
    }

    /// The same for Hummingbird.
    var fields: [HTTPField] {
        let rates = zip(policy.names, [first, second].compactMap { $0 })
        let text = rates.map { "\"\($0)\";r=\($1.requests);t=\($1.seconds)" }.joined(separator: ", ")
        return [HTTPField(name: .rateLimitPolicy, value: policy.text), HTTPField(name: .rateLimit, value: text)]
    }
}
