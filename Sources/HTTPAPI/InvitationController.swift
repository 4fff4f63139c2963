import ApplianceCore
import CollectionKit
import Hummingbird
import Tenancy

/// Invitations: made and withdrawn by those who manage users, accepted by whoever has the link.
struct InvitationController: Sendable {
    private let services: HTTPServices
    private let gate: SignInGate

    init(_ services: HTTPServices, _ gate: SignInGate) { (self.services, self.gate) = (services, gate) }

    func add(to routes: Routes) {
        routes.tenantManager(.get, "/api/invitations", "List invitations", .gives(.list(.invitation))) { context in
            let items = try services.signIn.invitations(context.tenant).map(\.json)
            return Answer.json(["items": .array(items), "nextCursor": nil], for: context.request)
        }
        routes.tenantManager(
            .post, "/api/invitations", "Invite somebody",
            .takes(.text("email", required: true, max: 254), .text("name"), .text("role", max: 20)).gives(
                .created, .invitation)
        ) { try await create($0) }
        routes.tenantManager(.post, "/api/invitations/{id}/revoke", "Withdraw an invitation", .gives(.invitation)) {
            try await revoke($0)
        }
        routes.open(
            .post, "/api/auth/invitations/show", "What an invitation is to",
            .takes(.secret("token", required: true)).gives(.invited).refuses(410)
        ) { try await show($0, $1) }
        routes.open(
            .post, "/api/auth/invitations/accept", "Become a user by an invitation",
            .takes(.secret("token", required: true), .text("name"), .secret("password", required: true)).gives(.signIn)
                .refuses(410)
        ) {
            try await accept($0, $1)
        }
    }

    private func create(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let email = body.text("email", required: true, max: 254, check: TextRules.isEmail) ?? ""
        let name = body.text("name", max: 200) ?? ""
        let role = try context.role(&body) ?? .staff
        try body.finish()
        try context.requireOwner(toManage: role)
        let new = try await services.signIn.invite(
            context.tenant, email: email, name: name, role: role, by: context.principal.actor,
            requestID: context.requestID)
        return Answer.json(new.invitation.json.adding(["link": .string(new.link.address)]), status: .created)
    }

    private func revoke(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        let invitation = try services.signIn.invitation(context.tenant, id: context.recordID)
        try context.requireOwner(toManage: invitation.role)
        return Answer.json(
            try await services.signIn.revokeInvitation(
                context.tenant, id: invitation.id, by: context.principal.actor, requestID: context.requestID
            ).json)
    }

    // MARK: - With the link

    private func show(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try gate.admit(request, http)
        var body = try InputReader(body: await RequestBodies.json(request))
        let token = body.secret("token", required: true) ?? ""
        try body.finish()
        let (tenant, invitation) = try services.signIn.invitation(token: token)
        return Answer.json([
            "email": .string(invitation.email), "name": .string(invitation.name),
            "role": .string(invitation.role.title), "expiresAt": JSON(invitation.expiresAt),
            "tenant": ["slug": .string(tenant.slug), "name": .string(tenant.name)],
        ])
    }

    private func accept(_ request: Request, _ http: ApplianceRequestContext) async throws -> Response {
        try gate.admit(request, http)
        var body = try InputReader(body: await RequestBodies.json(request))
        let token = body.secret("token", required: true) ?? ""
        let name = body.text("name", max: 200)
        let password = body.secret("password", required: true) ?? ""
        try body.finish()
        let (tenant, grant) = try await services.signIn.accept(
            token: token, name: name, password: password, origin: gate.origin(request, http))
        return gate.answer(grant, tenant)
    }
}
