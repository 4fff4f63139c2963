import ApplianceCore
import Storage
import Synchronization

/// Where a provider is asked for what.
struct ProviderEndpoints: Sendable {
    let authorization: String
    let token: String
    /// OpenID Connect: the issuer's keys.
    var keys = ""
    /// OpenID Connect: what the token does not say; GitHub: the user.
    var user: String?
    /// Whether the client's secret goes into the form rather than the header.
    var isSecretInForm = false

    /// GitHub's own addresses, or those of a GitHub Enterprise Server.
    init(github issuer: String) {
        let base = Self.base(issuer)
        authorization = "\(base)/login/oauth/authorize"
        token = "\(base)/login/oauth/access_token"
        user = base == IdentityProviders.github ? "https://api.github.com/user" : "\(base)/api/v3/user"
        isSecretInForm = true
    }

    /// A discovery document. Throws unless it is the issuer's own and every address in it may be called.
    init(document: JSON, issuer: String, _ addresses: ProviderAddress) throws {
        guard document["issuer"] == .string(issuer) else {
            throw ProviderClient.failed("the discovery document of \(issuer) names another issuer")
        }
        func address(_ name: String) throws -> String? {
            guard let address = document[name]?.stringValue else { return nil }
            guard addresses.allows(address) else { throw ProviderClient.failed("\(name) of \(issuer) is not https") }
            return address
        }
        guard let authorization = try address("authorization_endpoint"), let token = try address("token_endpoint"),
            let keys = try address("jwks_uri")
        else { throw ProviderClient.failed("the discovery document of \(issuer) lacks an endpoint") }
        (self.authorization, self.token, self.keys) = (authorization, token, keys)
        user = try address("userinfo_endpoint")
        // RFC 8414: without a list it is the header.
        let methods = document["token_endpoint_auth_methods_supported"]?.arrayValue ?? ["client_secret_basic"]
        isSecretInForm = !methods.contains("client_secret_basic")
    }

    static func document(of issuer: String) -> String { "\(base(issuer))/.well-known/openid-configuration" }

    private static func base(_ issuer: String) -> String {
        issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
    }
}

/// Discovery documents and keys of issuers, remembered for an hour; a failure for some seconds, so that a provider that
/// is down is not asked for by everybody who tries.
final class ProviderDocuments: Sendable {
    private enum Limit {
        static let lifetime = Duration.hours(1)
        static let failure = Duration.seconds(5)
        /// Keys are asked for anew for a name that is not among them, this seldom.
        static let keys = Duration.minutes(1)
    }

    private struct Entry: Sendable {
        var endpoints: ProviderEndpoints?
        var failure: DomainError?
        var keys: [JSONWebKey] = []
        var readAt: Instant
        var keysReadAt: Instant?
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let client: ProviderClient
    private let time: TimeSource

    init(_ client: ProviderClient, time: TimeSource) { (self.client, self.time) = (client, time) }

    func endpoints(of provider: IdentityProvider) async throws -> ProviderEndpoints {
        if provider.kind == .github { return ProviderEndpoints(github: provider.issuer) }
        let (issuer, now) = (provider.issuer, time.now())
        if let known = entries.withLock({ $0[issuer] }) {
            let age = now.since(known.readAt)
            if let endpoints = known.endpoints, age < Limit.lifetime { return endpoints }
            if let failure = known.failure, age < Limit.failure { throw failure }
        }
        do {
            let document = try await client.get(ProviderEndpoints.document(of: issuer))
            let endpoints = try ProviderEndpoints(document: document, issuer: issuer, client.addresses)
            entries.withLock { $0[issuer] = Entry(endpoints: endpoints, readAt: now) }
            return endpoints
        } catch {
            let failure = DomainError(any: error)
            entries.withLock { $0[issuer] = Entry(failure: failure, readAt: now) }
            throw failure
        }
    }

    /// The key that a token names.
    func key(of token: String, _ provider: IdentityProvider) async throws -> JSONWebKey {
        let endpoints = try await endpoints(of: provider)
        let known = entries.withLock { $0[provider.issuer] }
        if let known, let key = try IDToken.key(of: token, among: known.keys) { return key }
        let now = time.now()
        if let readAt = known?.keysReadAt, now.since(readAt) < Limit.keys {
            throw IDToken.refused("its key is unknown")
        }
        let keys = JSONWebKey.set(try await client.get(endpoints.keys))
        entries.withLock { entries in
            entries[provider.issuer]?.keys = keys
            entries[provider.issuer]?.keysReadAt = now
        }
        guard let key = try IDToken.key(of: token, among: keys) else { throw IDToken.refused("its key is unknown") }
        return key
    }

    /// After a change of a provider, and to look anew.
    func forget(_ issuer: String) { entries.withLock { $0[issuer] = nil } }
}
