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
        routes.open(
            .post, "/api/auth/login", "Sign in",
            .takes(.text("email", required: true, max: 254), .secret("password", required: true)).gives(.signIn).gives(
                .accepted, .signInStep
            ).refuses(401)
        ) { try await login($0, $1) }
        routes.open(
            .post, "/api/auth/shop", "Choose among the shops of one address",
            .takes(.secret("challenge", required: true), .text("shop", required: true, max: 64)).gives(.signIn).gives(
                .accepted, .signInStep
            ).refuses(401)
        ) { try await chooseShop($0, $1) }
        routes.open(
            .post, "/api/auth/setup", "Make the first operator with a setup link",
            .takes(
                .secret("token", required: true), .text("email", required: true, max: 254),
                .secret("password", required: true)
            ).gives(.signIn).refuses(401, 410)
        ) { try await setUp($0, $1) }
        routes.signedIn(.get, "/api/auth/me", "Who is signed in", .gives(.me)) { me($0) }
        routes.signedIn(.post, "/api/auth/logout", "Sign out", .gives(.noContent)) { try await logout($0) }
        InvitationController(services, gate).add(to: routes)
        PasswordController(services, gate).add(to: routes)
        SessionController(services, gate).add(to: routes)
        SecondFactorController(services, gate).add(to: routes)
        ProviderController(services, gate).add(to: routes)
    }

    private func login(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try gate.admit(request, http)
        var body = try InputReader(body: await RequestBodies.json(request))
        let email = body.text("email", required: true, max: 254) ?? ""
        let password = body.secret("password", required: true) ?? ""
        try body.finish()
        let (origin, tenant) = (gate.origin(request, http), try await shop(request, email, password))
        let entrance =
            if let tenant {
                try await services.signIn.enter(tenant.id, email: email, password: password, origin: origin)
            } else {
                try await services.signIn.enterAnywhere(email: email, password: password, origin: origin)
            }
        return try await gate.answer(entrance, request)
    }

    private func chooseShop(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try gate.admit(request, http)
        var body = try InputReader(body: await RequestBodies.json(request))
        let challenge = body.secret("challenge", required: true) ?? ""
        let shop = body.text("shop", required: true, max: 64) ?? ""
        try body.finish()
        return try await gate.answer(
            try await services.signIn.choose(challenge: challenge, shop: shop, origin: gate.origin(request, http)),
            request)
    }

    /// An unknown shop answers like a wrong password, and as late.
    private func shop(_ request: Request, _ email: String, _ password: String) async throws -> Tenant? {
        do {
            return try gate.tenant(request, for: email)
        } catch let error where SignInGate.isUnknownShop(error) {
            try await services.signIn.refuse(password: password)
        }
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
        try await services.signIn.sessions.end(context.requireSession())
        var response = Answer.noContent
        response.headers[.setCookie] = SessionCookie(isTLS: services.isTLS).cleared
        return response
    }
}
