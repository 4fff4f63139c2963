import ApplianceCore
import Hummingbird
import Tenancy

/// Forgotten passwords, and the links that set new ones.
struct PasswordController: Sendable {
    private let services: HTTPServices
    private let gate: SignInGate

    init(_ services: HTTPServices, _ gate: SignInGate) { (self.services, self.gate) = (services, gate) }

    func add(to routes: Routes) {
        routes.open(
            .post, "/api/auth/forgot", "Ask for a link that sets a new password",
            .takes(.text("email", required: true, max: 254)).gives(.accepted, .message)
        ) { try await forgot($0, $1) }
        routes.open(
            .post, "/api/auth/reset", "Set a new password with a link",
            .takes(.secret("token", required: true), .secret("password", required: true)).gives(.signIn).refuses(410)
        ) { try await reset($0, $1) }
        routes.tenantManager(
            .post, "/api/users/{id}/reset-link", "Make a link that sets a user's password", .gives(.link)
        ) {
            try await userLink($0)
        }
        routes.operator(
            .post, "/api/admin/operators/{id}/reset-link", "Make a link that sets an operator's password", .gives(.link)
        ) {
            Answer.json(
                try await services.signIn.resetLink(
                    nil, $0.http.parameters.get("id") ?? "", by: $0.principal.actor, requestID: $0.requestID
                ).json)
        }
    }

    /// One answer for every address, shop or none.
    private func forgot(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try gate.admit(request, http)
        var body = try InputReader(body: await RequestBodies.json(request))
        let email = body.text("email", required: true, max: 254) ?? ""
        try body.finish()
        do {
            try services.signIn.forgot(tenantID: gate.tenant(request, for: email)?.id, email: email)
        } catch let error where SignInGate.isUnknownShop(error) {
            // A shop that does not exist has no accounts.
        }
        return Answer.json(
            ["message": "If there is such an account, a link is on its way to that address."], status: .accepted)
    }

    private func reset(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try gate.admit(request, http)
        var body = try InputReader(body: await RequestBodies.json(request))
        let token = body.secret("token", required: true) ?? ""
        let password = body.secret("password", required: true) ?? ""
        try body.finish()
        try await services.signIn.reset(token: token, password: password)
        return Answer.noContent
    }

    private func userLink(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        let user = try context.managedUser()
        return Answer.json(
            try await services.signIn.resetLink(
                context.tenant, user.id, by: context.principal.actor, requestID: context.requestID
            ).json)
    }
}
