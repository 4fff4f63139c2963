import ApplianceCore
import Hummingbird
import Tenancy

/// Codes of an authenticator app: to finish a sign-in, and for everybody to set up, renew and turn off.
struct SecondFactorController: Sendable {
    private let services: HTTPServices
    private let gate: SignInGate

    init(_ services: HTTPServices, _ gate: SignInGate) { (self.services, self.gate) = (services, gate) }

    func add(to routes: Routes) {
        routes.open(
            .post, "/api/auth/totp", "Finish a sign-in with a code",
            .takes(.secret("challenge", required: true), .secret("code", required: true)).gives(.signIn).refuses(401)
        ) { try await finish($0, $1) }
        routes.signedIn(.get, "/api/auth/totp", "Whether one's own second factor is on", .gives(.secondFactor)) {
            context in
            Answer.json(try services.signIn.secondFactor(of: context.requireSession()))
        }
        routes.signedIn(
            .post, "/api/auth/totp/enrol", "Begin to set up one's own second factor",
            .takes(.secret("password", required: true)).gives(.enrolment)
        ) { context in
            let values = try await read(context, ["password"])
            let (secret, uri) = try await services.signIn.enrol(
                context.requireSession(), password: values["password"] ?? "")
            return Answer.json(["secret": .string(secret), "uri": .string(uri)])
        }
        routes.signedIn(
            .post, "/api/auth/totp/confirm", "Turn one's own second factor on with a code",
            .takes(.secret("code", required: true)).gives(.recoveryCodes)
        ) { context in
            let values = try await read(context, ["code"])
            return Self.answer(
                try await services.signIn.confirmSecondFactor(
                    of: context.requireSession(), code: values["code"] ?? ""))
        }
        routes.signedIn(
            .post, "/api/auth/totp/recovery-codes", "Get new recovery codes",
            .takes(.secret("password", required: true), .secret("code", required: true)).gives(.recoveryCodes)
        ) { context in
            let values = try await read(context, ["password", "code"])
            return Self.answer(
                try await services.signIn.newRecoveryCodes(
                    of: context.requireSession(), password: values["password"] ?? "", code: values["code"] ?? ""))
        }
        routes.signedIn(
            .post, "/api/auth/totp/disable", "Turn one's own second factor off",
            .takes(.secret("password", required: true), .secret("code", required: true)).gives(.noContent)
        ) { context in
            let values = try await read(context, ["password", "code"])
            try await services.signIn.disableSecondFactor(
                of: context.requireSession(), password: values["password"] ?? "", code: values["code"] ?? "")
            return Answer.noContent
        }
        routes.tenantManager(
            .post, "/api/users/{id}/reset-totp", "Take a user's lost second factor away", .gives(.user)
        ) { context in
            try context.requireWritable()
            return Answer.json(
                try await services.signIn.resetUserSecondFactor(
                    context.tenant, context.managedUser().id, by: context.principal.actor,
                    requestID: context.requestID
                ).json)
        }
        routes.operator(
            .post, "/api/admin/operators/{id}/reset-totp", "Take an operator's lost second factor away", .gives(.user)
        ) {
            Answer.json(
                try await services.signIn.resetOperatorSecondFactor(
                    $0.http.parameters.get("id") ?? "", by: $0.principal.actor
                ).json)
        }
    }

    private static func answer(_ codes: [String]) -> Response {
        Answer.json(["recoveryCodes": .array(codes.map { .string($0) })])
    }

    /// The secrets of a body, each required; the person's guesses count against the address.
    private func read(_ context: SignedInRequestContext, _ names: [String]) async throws -> [String: String] {
        _ = try context.requireSession()
        try gate.admit(context.request, context.http)
        var body = try InputReader(body: await RequestBodies.json(context.request))
        var values: [String: String] = [:]
        for name in names { values[name] = body.secret(name, required: true) }
        try body.finish()
        return values
    }

    private func finish(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try gate.admit(request, http)
        var body = try InputReader(body: await RequestBodies.json(request))
        let challenge = body.secret("challenge", required: true) ?? ""
        let code = body.secret("code", required: true) ?? ""
        try body.finish()
        let grant = try await services.signIn.finish(
            challenge: challenge, code: code, origin: gate.origin(request, http))
        try await gate.endPrevious(request)
        return gate.answer(grant, grant.principal.tenantID.flatMap { services.directory[$0] })
    }
}
