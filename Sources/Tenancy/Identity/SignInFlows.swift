import ApplianceCore
import Synchronization

/// Sign-ins that are under way at a provider: each good once, in the browser that began it, for ten minutes. In memory:
/// after a restart the person begins again.
final class SignInFlows: Sendable {
    enum Limit {
        static let lifetime = Duration.minutes(10)
        static let open = 10_000
    }

    struct Flow: Sendable {
        let provider: String
        /// Comes back in the token.
        let nonce: String
        /// RFC 7636: only who began can turn the code into a token.
        let verifier: String
        /// Of the cookie of the browser.
        let browserHash: String
        /// The shop that was named, by slug or id.
        let shop: String?
        /// The page that was wanted.
        let page: String?
        let expiresAt: Instant
    }

    private let open = Mutex<[String: Flow]>([:])
    private let time: TimeSource

    init(time: TimeSource) { self.time = time }

    /// Where as many are under way as may be, the oldest gives way.
    func begin(_ make: (Instant) -> Flow) -> String {
        let (state, now) = (Random.token(), time.now())
        let flow = make(now.adding(Limit.lifetime))
        open.withLock { open in
            if open.count >= Limit.open { open = open.filter { $0.value.expiresAt > now } }
            if open.count >= Limit.open, let oldest = open.min(by: { $0.value.expiresAt < $1.value.expiresAt }) {
                open[oldest.key] = nil
            }
            open[state] = flow
        }
        return state
    }

    /// Takes the flow out, whether it is good or not: a `state` that another browser shows is worth nothing any more.
    func take(_ state: String, provider: String, browserHash: String) throws -> Flow {
        let now = time.now()
        let flow = open.withLock { $0.removeValue(forKey: state) }
        guard let flow, flow.expiresAt > now, flow.provider == provider, IDToken.isSame(browserHash, flow.browserHash)
        else {
            throw DomainError(
                .unauthenticated, "sign_in_again", "This sign-in has ended, or began in another browser.",
                hint: "Begin again.")
        }
        return flow
    }

    var count: Int { open.withLock { $0.count } }
}
