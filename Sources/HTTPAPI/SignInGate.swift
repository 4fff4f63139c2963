import ApplianceCore
import HTTPTypes
import Hummingbird
import Tenancy

/// What all open routes about accounts share: who may try how often, which shop is meant, and what a sign-in answers.
struct SignInGate: Sendable {
    private let services: HTTPServices

    init(_ services: HTTPServices) { self.services = services }

    func admit(_ request: Request, _ http: ApplianceRequestContext) throws {
        // A sign-in forged by another site would put somebody into an account that is not theirs.
        try Authenticator(services: services).checkOriginBeforeSignIn(request)
        try take(http)
    }

    /// One attempt of the address.
    func take(_ http: ApplianceRequestContext) throws {
        if !http.isControl { try services.signIn.addresses.take(RateLimiter.key(address: http.remoteAddress)) }
    }

    func origin(_ request: Request, _ http: ApplianceRequestContext) -> SignInOrigin {
        SignInOrigin(address: http.remoteAddress, userAgent: request.headers[.userAgent] ?? "")
    }

    /// The shop that the header or the host names; nil without one. Throws `tenant_mismatch` for one there is not.
    func namedTenant(_ request: Request) throws -> Tenant? {
        try Authenticator(services: services).namedTenant(request).flatMap { services.directory[$0] }
    }

    /// Where nobody names a shop, the one that is meant then; but operators are the appliance's own.
    func tenant(_ request: Request, for email: String) throws -> Tenant? {
        if let named = try namedTenant(request) { return named }
        guard let tenant = services.settings.defaultTenant, try !services.signIn.isOperator(email) else { return nil }
        return tenant
    }

    static func isUnknownShop(_ error: any Error) -> Bool { (error as? DomainError)?.code == "tenant_mismatch" }

    /// A browser that signs in again leaves no session of before behind, whoever's it was.
    func endPrevious(_ request: Request) async throws {
        guard let cookie = SessionCookie(isTLS: services.isTLS).value(in: request),
            let previous = try services.signIn.sessions.principal(cookie: cookie)
        else { return }
        try await services.signIn.sessions.end(previous)
    }

    /// The session, or what is still missing.
    func answer(_ entrance: Entrance, _ request: Request) async throws -> Response {
        switch entrance {
        case .granted(let grant):
            try await endPrevious(request)
            return answer(grant, grant.principal.tenantID.flatMap { services.directory[$0] })
        case .needsCode(let challenge, let expiresAt):
            return Answer.json(
                ["challenge": .string(challenge), "expiresAt": JSON(expiresAt), "needs": "code"], status: .accepted)
        case .needsShop(let challenge, let expiresAt, let shops):
            let choices = shops.map { shop -> JSON in ["slug": .string(shop.slug), "name": .string(shop.name)] }
            return Answer.json(
                [
                    "challenge": .string(challenge), "expiresAt": JSON(expiresAt), "needs": "shop",
                    "shops": .array(choices),
                ], status: .accepted)
        }
    }

    /// Who is signed in now, with token and cookie.
    func answer(_ grant: Sessions.Grant, _ tenant: Tenant?) -> Response {
        var response = Answer.json([
            "token": .string(grant.token), "expiresAt": JSON(grant.principal.expiresAt),
            "csrfToken": .string(grant.csrfToken), "user": grant.principal.json,
            "tenant": tenant?.briefJSON(at: services.time.now()) ?? .null,
        ])
        response.headers[.setCookie] = cookie(of: grant)
        return response
    }

    func cookie(of grant: Sessions.Grant) -> String {
        let lifetime = grant.principal.expiresAt.since(services.time.now())
        return SessionCookie(isTLS: services.isTLS).set(grant.cookie, for: lifetime)
    }
}
