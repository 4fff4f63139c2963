import ApplianceCore
import HTTPTypes
import Hummingbird
import Tenancy

/// What all open routes about accounts share: who may try how often, which shop is meant, and what a sign-in answers.
struct SignInGate: Sendable {
    enum Limit {
        /// Sign-in, set-up and the like together, per address.
        static let attempts = 100
        static let window = Duration.minutes(15)
    }

    private let services: HTTPServices
    private let limiter: RateLimiter

    init(_ services: HTTPServices) {
        self.services = services
        limiter = RateLimiter(limit: Limit.attempts, window: Limit.window, time: services.time)
    }

    func admit(_ request: Request, _ http: ApplianceRequestContext) throws {
        // A sign-in forged by another site would put somebody into an account that is not theirs.
        try Authenticator(services: services).checkOriginBeforeSignIn(request)
        if !http.isControl { try limiter.take(RateLimiter.key(address: http.remoteAddress)) }
    }

    func origin(_ request: Request, _ http: ApplianceRequestContext) -> SignInOrigin {
        SignInOrigin(address: http.remoteAddress, userAgent: request.headers[.userAgent] ?? "")
    }

    /// Before sign-in the header or the host names the shop. An unknown shop answers like a wrong password.
    func namedTenant(_ request: Request) throws -> Tenant? {
        do {
            return try Authenticator(services: services).namedTenant(request).flatMap { services.directory[$0] }
        } catch let error as DomainError where error.code == "tenant_mismatch" {
            throw DomainError(.unauthenticated, "invalid_credentials", "The address or the password is not right.")
        }
    }

    /// Where nobody names a shop, the one that is meant then; but operators are the appliance's own.
    func tenant(_ request: Request, for email: String) throws -> Tenant? {
        if let named = try namedTenant(request) { return named }
        guard let tenant = services.settings.defaultTenant, try !services.signIn.isOperator(email) else { return nil }
        return tenant
    }

    /// A browser that signs in again leaves no session of before behind, whoever's it was.
    func endPrevious(_ request: Request) async throws {
        guard let cookie = SessionCookie(isTLS: services.isTLS).value(in: request),
            let previous = try services.signIn.sessions.principal(cookie: cookie)
        else { return }
        try await services.signIn.sessions.end(previous)
    }

    /// Who is signed in now, with token and cookie.
    func answer(_ grant: Sessions.Grant, _ tenant: Tenant?) -> Response {
        var response = Answer.json([
            "token": .string(grant.token), "expiresAt": JSON(grant.principal.expiresAt),
            "csrfToken": .string(grant.csrfToken), "user": grant.principal.json,
            "tenant": tenant?.briefJSON(at: services.time.now()) ?? .null,
        ])
        let lifetime = grant.principal.expiresAt.since(services.time.now())
        response.headers[.setCookie] = SessionCookie(isTLS: services.isTLS).set(grant.cookie, for: lifetime)
        return response
    }
}
