import ApplianceCore
import Foundation
import Storage

/// The way to a provider and back (RFC 6749 §4.1 with RFC 7636, OpenID Connect Core §3.1).
extension IdentityProviders {
    private enum Limit {
        /// Of what comes back in an address.
        static let code = 2000
    }

    /// How long a person may take there.
    package static var lifetime: Duration { SignInFlows.Limit.lifetime }

    /// Where a browser is sent, and the secret that stays in it.
    package struct Departure: Sendable {
        package let location: String
        package let browserSecret: String
    }

    /// What came back with the browser.
    package struct Return: Sendable {
        package let state: String
        package let code: String?
        /// Why there is no code, such as `access_denied`.
        package let error: String?
        /// RFC 9207: who sends it back.
        package let issuer: String?

        package init(state: String, code: String?, error: String?, issuer: String?) {
            (self.state, self.code, self.error, self.issuer) = (state, code, error, issuer)
        }
    }

    /// Who it is, and what was wanted at the start.
    package struct Arrival: Sendable {
        package let identity: ProvenIdentity
        package let provider: IdentityProvider
        package let shop: String?
        package let page: String?
    }

    /// What the sign-in page offers; `inShop`: to the people of a shop.
    package func offered(inShop: Bool) throws -> [IdentityProvider] {
        try list().filter { $0.isEnabled && (!inShop || $0.audience.admitsShops) }
    }

    private func enabled(_ name: String) throws -> IdentityProvider {
        guard let provider = try? find(name), provider.isEnabled else {
            throw DomainError(.notFound, "provider_unknown", "There is no such way to sign in.")
        }
        return provider
    }

    /// `shop`: the one that is named, by slug or id; `page`: where to go on afterwards.
    package func depart(_ name: String, shop: String?, page: String?) async throws -> Departure {
        let provider = try enabled(name)
        let endpoints = try await documents.endpoints(of: provider)
        let (secret, nonce, verifier) = (Random.token(), Random.token(), Random.token())
        let state = flows.begin { expiresAt in
            SignInFlows.Flow(
                provider: name, nonce: nonce, verifier: verifier, browserHash: Self.hash(secret), shop: shop,
                page: page, expiresAt: expiresAt)
        }
        var query = [
            ("response_type", "code"), ("client_id", provider.clientID), ("redirect_uri", callback(name)),
            ("state", state), ("code_challenge", Base64URL.encode(Digest.raw(verifier))),
            ("code_challenge_method", "S256"),
        ]
        switch provider.kind {
        case .oidc: query += [("scope", "openid email profile"), ("nonce", nonce)]
        case .github: query += [("scope", "read:user user:email"), ("allow_signup", "false")]
        }
        let mark = endpoints.authorization.contains("?") ? "&" : "?"
        return Departure(
            location: endpoints.authorization + mark + FormEncoding.text(query), browserSecret: secret)
    }

    private static func hash(_ secret: String) -> String { Digest.of(Array(secret.utf8)) }

    /// `browserSecret`: of the browser that came back.
    package func arrive(_ name: String, _ back: Return, browserSecret: String?) async throws -> Arrival {
        let flow = try flows.take(back.state, provider: name, browserHash: Self.hash(browserSecret ?? ""))
        let provider = try enabled(name)
        if let issuer = back.issuer, issuer != provider.issuer {
            throw IDToken.refused("the browser comes back from another issuer")
        }
        if let error = back.error {
            throw DomainError(
                .unauthenticated, error == "access_denied" ? "provider_denied" : "provider_answer_refused",
                "The identity provider did not let the person go on.", cause: "its error is \(error.prefix(100))")
        }
        guard let code = back.code, !code.isEmpty, code.utf8.count <= Limit.code else {
            throw IDToken.refused("there is no code")
        }
        let endpoints = try await documents.endpoints(of: provider)
        let tokens = try await exchange(code, flow, provider, endpoints)
        let identity =
            switch provider.kind {
            case .oidc: try await identity(tokens, flow, provider, endpoints)
            case .github: try await githubIdentity(tokens, provider, endpoints)
            }
        return Arrival(identity: identity, provider: provider, shop: flow.shop, page: flow.page)
    }

    private func exchange(
        _ code: String, _ flow: SignInFlows.Flow, _ provider: IdentityProvider, _ endpoints: ProviderEndpoints
    ) async throws -> JSON {
        let secret = try secret(of: provider)
        var form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", callback(provider.name)),
            ("code_verifier", flow.verifier), ("client_id", provider.clientID),
        ]
        var basic: String?
        if endpoints.isSecretInForm {
            form.append(("client_secret", secret))
        } else {
            // RFC 6749 §2.3.1: both are escaped first.
            let pair = "\(FormEncoding.escaped(provider.clientID)):\(FormEncoding.escaped(secret))"
            basic = Data(pair.utf8).base64EncodedString()
        }
        let tokens = try await client.post(endpoints.token, form: form, basic: basic)
        // GitHub says so with a status of 200.
        if let error = tokens["error"] { throw IDToken.refused("the code was not taken: \(error.text.prefix(100))") }
        return tokens
    }

    // MARK: - Who it is

    private func identity(
        _ tokens: JSON, _ flow: SignInFlows.Flow, _ provider: IdentityProvider, _ endpoints: ProviderEndpoints
    ) async throws -> ProvenIdentity {
        guard let text = tokens["id_token"]?.stringValue else { throw IDToken.refused("there is none") }
        let key = try await documents.key(of: text, provider)
        let token = try IDToken(
            text, key: key,
            expecting: .init(
                issuer: provider.issuer, clientID: provider.clientID, nonce: flow.nonce, now: time.now()))
        var claims = token.claims
        // Some say of the address only here (OpenID Connect Core §5.3), and only what is about the same subject counts.
        if claims["email"] == nil, let address = endpoints.user, let access = tokens["access_token"]?.stringValue {
            let said = try await client.get(address, bearer: access)
            guard said["sub"] == .string(token.subject) else { throw IDToken.refused("the user is another") }
            claims = said
        }
        return ProvenIdentity(
            provider: provider.name, issuer: provider.issuer, subject: token.subject,
            verifiedEmail: Self.verifiedEmail(claims))
    }

    /// Only with the provider's word that it is verified; some say it as a text.
    static func verifiedEmail(_ claims: JSON) -> String? {
        guard claims["email_verified"] == true || claims["email_verified"] == "true" else { return nil }
        return email(claims)
    }

    private static func email(_ claims: JSON) -> String? {
        claims["email"]?.stringValue.flatMap { TextRules.normalized($0) }.flatMap { TextRules.isEmail($0) ? $0 : nil }
    }

    /// GitHub's number of the user is what never changes, and its primary address counts only when it is verified.
    private func githubIdentity(
        _ tokens: JSON, _ provider: IdentityProvider, _ endpoints: ProviderEndpoints
    ) async throws -> ProvenIdentity {
        guard let access = tokens["access_token"]?.stringValue, access.utf8.count <= 4096, let address = endpoints.user
        else { throw IDToken.refused("there is no access token") }
        let user = try await client.get(address, bearer: access)
        guard let id = user["id"]?.integerValue else { throw IDToken.refused("the user has no number") }
        let emails = try await client.get(address + "/emails", bearer: access).arrayValue ?? []
        let primary = emails.first { $0["primary"] == true && $0["verified"] == true }
        return ProvenIdentity(
            provider: provider.name, issuer: provider.issuer, subject: String(id),
            verifiedEmail: primary.flatMap(Self.email))
    }
}
