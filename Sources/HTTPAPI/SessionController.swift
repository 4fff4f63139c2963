import ApplianceCore
import Hummingbird
import Tenancy

/// Sessions: one's own, and for those who manage users those of their people.
struct SessionController: Sendable {
    private let services: HTTPServices
    private let gate: SignInGate

    init(_ services: HTTPServices, _ gate: SignInGate) { (self.services, self.gate) = (services, gate) }

    func add(to routes: Routes) {
        routes.signedIn(.get, "/api/sessions", "List one's own sessions", .gives(.list(.session))) { context in
            let person = try context.requireSession()
            let found = try services.signIn.sessions(of: person.id, tenantID: person.tenantID)
            return Self.answer(found, current: person.sessionID)
        }
        routes.signedIn(.delete, "/api/sessions/{id}", "End one of one's own sessions", .gives(.noContent)) { context in
            try await services.signIn.endSession(
                context.http.parameters.get("id") ?? "", of: context.requireSession())
            return Answer.noContent
        }
        routes.signedIn(.post, "/api/sessions/end-others", "End all of one's own sessions but this one", .gives(.ended))
        { context in
            let count = try await services.signIn.endOtherSessions(of: context.requireSession())
            return Answer.json(["ended": JSON(count)])
        }
        routes.signedIn(
            .post, "/api/auth/password", "Change one's own password",
            .takes(.secret("current", required: true), .secret("password", required: true)).gives(.signIn)
        ) { try await changePassword($0) }
        routes.tenantManager(.get, "/api/users/{id}/sessions", "List a user's sessions", .gives(.list(.session))) {
            context in
            let user = try context.managedUser()
            return Self.answer(
                try services.signIn.sessions(of: user.id, tenantID: context.tenant.id),
                current: context.principal.sessionID)
        }
        routes.tenantManager(.post, "/api/users/{id}/sign-out", "End all sessions of a user", .gives(.user)) {
            context in
            try context.requireWritable()
            let user = try await services.signIn.signOut(
                context.tenant, context.managedUser().id, by: context.principal.actor, requestID: context.requestID)
            return Answer.json(user.json)
        }
    }

    private static func answer(_ sessions: [SessionFacts], current: String) -> Response {
        Answer.json(["items": .array(sessions.map { $0.json(current: current) }), "nextCursor": nil])
    }

    private func changePassword(_ context: SignedInRequestContext) async throws -> Response {
        let person = try context.requireSession()
        try gate.admit(context.request, context.http)
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let current = body.secret("current", required: true) ?? ""
        let password = body.secret("password", required: true) ?? ""
        try body.finish()
        let grant = try await services.signIn.changePassword(
            of: person, current: current, new: password, origin: gate.origin(context.request, context.http))
        return gate.answer(grant, person.tenantID.flatMap { services.directory[$0] })
    }
}
