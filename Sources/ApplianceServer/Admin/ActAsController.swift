import ApplianceCore
import HTTPAPI
import HTTPTypes
import Hummingbird
import Tenancy

/// Operators ask for leave to act inside a shop, and give it back.
struct ActAsController: Sendable {
    let appliance: Appliance

    private var shops: TenantController { TenantController(appliance: appliance) }

    func add(to routes: Routes) {
        let path = "\(TenantController.path)/{id}/act-as"
        routes.operator(.get, path, "List which operators acted in a shop", .gives(.list(.actAs))) { context in
            let grants = try appliance.actAs.list(tenant: shops.find(context).id).map(\.json)
            return Answer.json(["items": .array(grants), "nextCursor": nil], for: context.request)
        }
        routes.operator(
            .post, path, "Begin to act inside a shop",
            .takes(
                .text("reason", required: true, max: 500), .integer("minutes", in: ActAs.Limit.minutes), .flag("write"),
                .text("operator", max: 254)
            ).gives(.created, .actAs), needs: .support
        ) { try await start($0) }
        routes.operator(
            .post, "/api/admin/act-as/{id}/end", "Stop acting inside a shop", .gives(.actAs), needs: .support
        ) { context in
            Answer.json(
                try await appliance.actAs.end(
                    context.http.parameters.get("id") ?? "", by: context.principal.actor,
                    requestID: context.requestID
                ).json)
        }
    }

    /// For oneself; the command line names the operator.
    private func start(_ context: OperatorRequestContext) async throws -> Response {
        let tenant = try shops.find(context)
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let reason = body.text("reason", required: true, max: 500) ?? ""
        let minutes = body.integer("minutes", in: ActAs.Limit.minutes) ?? ActAs.Limit.usual
        let isWritable = body.flag("write") ?? false
        let named = body.text("operator", max: 254)
        if context.isCommandLine, named == nil {
            body.faults.append(.init("operator", "required", "Say for which operator."))
        }
        if !context.isCommandLine, named != nil {
            body.faults.append(.init("operator", "not_allowed", "Operators ask for themselves."))
        }
        try body.finish()
        let person = try appliance.signIn.findOperator(named ?? context.principal.id)
        let grant = try await appliance.actAs.start(
            person, in: tenant, reason: reason, minutes: minutes, isWritable: isWritable,
            by: context.principal.actor, requestID: context.requestID)
        return Answer.json(grant.json, status: .created)
    }
}

/// The operators' roles as one table: what each may do, and what each route needs.
struct OperatorRoleController: Sendable {
    /// Add it after all other controllers: it tells of their routes.
    func add(to routes: Routes) {
        let entries = routes.entries.filter { $0.right != nil }
        let table: JSON = [
            "roles": .array(
                OperatorRole.allCases.map { role in
                    [
                        "name": .string(role.rawValue),
                        "rights": .array(
                            OperatorRight.allCases.filter(role.may).map { .string($0.rawValue) }),
                    ]
                }),
            "rights": .array(
                OperatorRight.allCases.map { ["name": .string($0.rawValue), "text": .string($0.text)] }),
            "routes": .array(
                entries.map { entry in
                    [
                        "method": .string(entry.method), "path": .string(entry.path),
                        "summary": .string(entry.summary), "right": JSON(entry.right?.rawValue),
                    ]
                }),
        ]
        routes.operator(.get, "/api/admin/operator-roles", "What each role of operators may do", .gives(.operatorRoles))
        { context in
            Answer.json(table, for: context.request)
        }
    }
}
