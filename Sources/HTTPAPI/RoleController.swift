import ApplianceCore
import CollectionKit
import Hummingbird
import Tenancy

/// The roles that a shop defines for itself, for its owners and admins. None of them may do more than an admin, so that
/// whoever manages roles gives nobody more than they have.
package struct RoleController: Sendable {
    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    /// What may be done with each; null closes one.
    private static let collections = Property.map(
        "collections",
        of: [
            "type": ["array", "null"],
            "items": ["enum": .array(Permissions.Operation.allCases.map { .string($0.rawValue) })],
        ])

    package func add(to routes: Routes) {
        routes.tenantManager(.get, "/api/roles", "List the shop's own roles", .gives(.list(.role))) { context in
            let items = try services.signIn.roles(context.tenant).map(\.json)
            return Answer.json(["items": .array(items), "nextCursor": nil], for: context.request)
        }
        routes.tenantManager(
            .post, "/api/roles", "Define a role",
            .takes(
                .text("name", required: true, max: 40), .text("title", max: 100),
                .choice("base", CustomRole.bases.map(\.rawValue)), Self.collections
            ).gives(.created, .role)
        ) { try await create($0) }
        routes.tenantManager(.get, "/api/roles/{id}", "Read a role of the shop's own, by its name", .gives(.role)) {
            context in
            Answer.json(try services.signIn.role(context.tenant, context.recordID).json, for: context.request)
        }
        routes.tenantManager(
            .patch, "/api/roles/{id}", "Change what a role may do",
            .takes(
                .text("title", max: 100), .choice("base", CustomRole.bases.map(\.rawValue)),
                Self.collections
            ).gives(.role)
        ) { try await change($0) }
        routes.tenantManager(.delete, "/api/roles/{id}", "Delete a role that nobody has", .gives(.noContent)) {
            context in
            try context.requireWritable()
            try await services.signIn.deleteRole(
                context.tenant, context.recordID, by: context.principal.actor, requestID: context.requestID)
            return Answer.noContent
        }
    }

    private func create(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let name = body.text("name", required: true, max: 40, check: CustomRole.isName) ?? ""
        let change = RoleChange(&body, try services.own(context.database).catalog)
        try body.finish()
        let made = try await services.signIn.createRole(
            context.tenant, name, change, by: context.principal.actor, requestID: context.requestID)
        return Answer.json(made.json, status: .created)
    }

    private func change(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        let name = try services.signIn.role(context.tenant, context.recordID).role.name
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let change = RoleChange(&body, try services.own(context.database).catalog)
        try body.finish()
        let changed = try await services.signIn.changeRole(
            context.tenant, name, change, by: context.principal.actor, requestID: context.requestID)
        return Answer.json(changed.json)
    }
}
