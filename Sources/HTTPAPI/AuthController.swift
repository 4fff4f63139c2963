import ApplianceCore
import HTTPTypes
import Hummingbird
import Tenancy

/// Signing in and out, for operators and for the users of shops.
package struct AuthController: Sendable {
    package enum Limit {
        /// Sign-in, set-up and the like, per address.
        static let attempts = 100
        static let window = Duration.minutes(15)
    }

    private let services: HTTPServices
    private let limiter: RateLimiter

    package init(_ services: HTTPServices) {
        self.services = services
        limiter = RateLimiter(limit: Limit.attempts, window: Limit.window, time: services.time)
    }

    package func add(to routes: Routes) {
        routes.open(.post, "/api/auth/login", "Sign in") { try await login($0, $1) }
        routes.open(.post, "/api/auth/setup", "Make the first operator with a setup link") { try await setUp($0, $1) }
        routes.signedIn(.get, "/api/auth/me", "Who is signed in") { me($0) }
        routes.signedIn(.post, "/api/auth/logout", "Sign out") { try await logout($0) }
    }

    private func login(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try admit(request, http)
        var body = try InputReader(body: await RequestBodies.json(request))
        let email = body.text("email", required: true, max: 254) ?? ""
        let password = body.secret("password", required: true) ?? ""
        try body.finish()
        let origin = origin(request, http)
        if let tenant = try loginTenant(request) {
            return grant(
                try await services.signIn.user(tenant, email: email, password: password, origin: origin), tenant)
        }
        return grant(try await services.signIn.operator(email: email, password: password, origin: origin), nil)
    }

    /// Before sign-in the header or the host names the shop. An unknown shop answers like a wrong password.
    private func loginTenant(_ request: Request) throws -> Tenant? {
        do {
            return try Authenticator(services: services).namedTenant(request).flatMap { services.directory[$0] }
        } catch let error as DomainError where error.code == "tenant_mismatch" {
            throw DomainError(.unauthenticated, "invalid_credentials", "The address or the password is not right.")
        }
    }

    private func setUp(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try admit(request, http)
        var body = try InputReader(body: await RequestBodies.json(request))
        let token = body.secret("token", required: true) ?? ""
        let email = body.text("email", required: true, max: 254) ?? ""
        let password = body.secret("password", required: true) ?? ""
        try body.finish()
        let origin = origin(request, http)
        return grant(
            try await services.signIn.setUp(token: token, email: email, password: password, origin: origin), nil)
    }

    private func admit(_ request: Request, _ http: ApplianceRequestContext) throws {
        // A sign-in forged by another site would put somebody into an account that is not theirs.
        try Authenticator.checkOrigin(request)
        if !http.isControl { try limiter.take(RateLimiter.key(address: http.remoteAddress)) }
    }

    private func origin(_ request: Request, _ http: ApplianceRequestContext) -> SignInOrigin {
        SignInOrigin(address: http.remoteAddress, userAgent: request.headers[.userAgent] ?? "")
    }

    private func grant(_ grant: Sessions.Grant, _ tenant: Tenant?) -> Response {
        var response = Answer.json([
            "token": .string(grant.token), "expiresAt": JSON(grant.principal.expiresAt),
            "csrfToken": .string(grant.csrfToken), "user": grant.principal.json,
            "tenant": tenant?.briefJSON(at: services.time.now()) ?? .null,
        ])
        let lifetime = grant.principal.expiresAt.since(services.time.now())
        response.headers[.setCookie] = SessionCookie(isTLS: services.isTLS).set(grant.cookie, for: lifetime)
        return response
    }

    private func me(_ context: SignedInRequestContext) -> Response {
        let tenant = context.principal.tenantID.flatMap { services.directory[$0] }
        return Answer.json([
            "user": context.principal.json, "tenant": tenant?.briefJSON(at: services.time.now()) ?? .null,
            "csrfToken": .string(services.signIn.sessions.csrfToken(context.principal)),
            "expiresAt": JSON(context.principal.expiresAt),
        ])
    }

    private func logout(_ context: SignedInRequestContext) async throws -> Response {
        try await services.signIn.sessions.end(context.principal)
        var response = Answer.noContent
        response.headers[.setCookie] = SessionCookie(isTLS: services.isTLS).cleared
        return response
    }
}
