import ApplianceCore
import Synchronization

/// Sign-ins whose password was right and whose second factor is awaited. In memory: a restart asks for the password
/// again.
final class SignInChallenges: Sendable {
    enum Limit {
        static let lifetime = Duration.minutes(5)
        /// Wrong codes, after which the password is asked for again.
        static let failures = 5
        static let open = 10_000
    }

    struct Challenge: Sendable {
        let tenantID: String?
        let accountID: String
        /// Where a shop is to be chosen: the address, and the shops in which the password was right.
        var email: String?
        var shops: [String]?
        /// Where a provider said who it is, in place of a password.
        var identity: ProvenIdentity?
        let expiresAt: Instant
        var failures = 0
    }

    private let open = Mutex<[String: Challenge]>([:])
    private let time: TimeSource

    init(time: TimeSource) { self.time = time }

    /// `shops`: among which the person chooses.
    func begin(
        _ account: Account, among shops: [String]? = nil, identity: ProvenIdentity? = nil
    ) -> (token: String, expiresAt: Instant) {
        let (token, now) = (Random.token(), time.now())
        let challenge = Challenge(
            tenantID: account.tenantID, accountID: account.id, email: shops == nil ? nil : account.email, shops: shops,
            identity: identity, expiresAt: now.adding(Limit.lifetime))
        open.withLock { open in
            if open.count >= Limit.open { open = open.filter { $0.value.expiresAt > now } }
            if open.count >= Limit.open { open.removeAll() }
            open[token] = challenge
        }
        return (token, challenge.expiresAt)
    }

    /// Takes one attempt; throws when there is none left, so that of many at once only the first five are looked at.
    func attempt(_ token: String) throws -> Challenge {
        let now = time.now()
        let challenge = open.withLock { open -> Challenge? in
            guard var challenge = open[token], challenge.expiresAt > now, challenge.failures < Limit.failures else {
                open[token] = nil
                return nil
            }
            challenge.failures += 1
            open[token] = challenge
            return challenge
        }
        guard let challenge else { throw Self.ended }
        return challenge
    }

    /// As `attempt`, and takes none.
    func look(_ token: String) throws -> Challenge {
        let now = time.now()
        guard let challenge = open.withLock({ $0[token] }), challenge.expiresAt > now else { throw Self.ended }
        return challenge
    }

    private static let ended = DomainError(
        .unauthenticated, "sign_in_again", "This sign-in has ended.", hint: "Begin again with the password.")

    func end(_ token: String) { open.withLock { $0[token] = nil } }
}
