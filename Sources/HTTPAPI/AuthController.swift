import ApplianceCore
import HTTPTypes
import Hummingbird
import Tenancy

/// Signing in and out, for operators and for the users of shops.
package struct AuthController: Sendable {
    private let services: HTTPServices
    private let gate: SignInGate

    package init(_ services: HTTPServices) {
        self.services = services
        gate = SignInGate(services)
    }

    package func add(to routes: Routes) {
        routes.open(.post, "/api/auth/login", "Sign in") { try await login($0, $1) }
        routes.open(.post, "/api/auth/setup", "Make the first operator with a setup link") { try await setUp($0, $1) }
        routes.signedIn(.get, "/api/auth/me", "Who is signed in") { me($0) }
        routes.signedIn(.post, "/api/auth/logout", "Sign out") { try await logout($0) }
        InvitationController(services, gate).add(to: routes)
        PasswordController(services, gate).add(to: routes)
        SessionController(services, gate).add(to: routes)
    }

    private func login(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try gate.admit(request, http)
        var body = try InputReader(body: await RequestBodies.json(request))
        let email = body.text("email", required: true, max: 254) ?? ""
        let password = body.secret("password", required: true) ?? ""
        try body.finish()
        let (origin, tenant) = (gate.origin(request, http), try gate.tenant(request, for: email))
        let grant =
            if let tenant {
                try await services.signIn.user(tenant, email: email, password: password, origin: origin)
            } else {
                try await services.signIn.operator(email: email, password: password, origin: origin)
            }
        try await gate.endPrevious(request)
        return gate.answer(grant, tenant)
    }

    private func setUp(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try gate.admit(request, http)
        var body = try InputReader(body: await RequestBodies.json(request))
        let token = body.secret("token", required: true) ?? ""
        let email = body.text("email", required: true, max: 254) ?? ""
        let password = body.secret("password", required: true) ?? ""
        try body.finish()
        let origin = gate.origin(request, http)
        return gate.answer(
            try await services.signIn.setUp(token: token, email: email, password: password, origin: origin), nil)
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
