import ApplianceCore
import CollectionKit
import Hummingbird
import Tenancy

/// The API keys of a shop.
package struct APIKeyController: Sendable {
    private enum Limit {
        static let name = 100
        /// Days that a key may live.
        static let days: ClosedRange<Int64> = 1...3650
    }

    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    package func add(to routes: Routes) {
        routes.tenantManager(.get, "/api/api-keys", "List API keys", .gives(.list(.key))) { context in
            let now = services.time.now()
            let items = try services.signIn.keys(context.tenant).map { $0.json(at: now) }
            return Answer.json(["items": .array(items), "nextCursor": nil], for: context.request)
        }
        routes.tenantManager(
            .post, "/api/api-keys", "Make an API key",
            .takes(
                .text("name", required: true, max: Limit.name), .choice("role", Role.allCases.map(\.rawValue)),
                .texts("scopes"), .integer("expiresInDays", in: Limit.days)
            ).gives(.created, .key)
        ) { try await create($0) }
        routes.tenantManager(.post, "/api/api-keys/{id}/revoke", "End an API key", .gives(.key)) { context in
            try context.requireWritable()
            let key = try await services.signIn.revokeKey(
                context.tenant, id: context.recordID, by: context.principal.actor, requestID: context.requestID)
            return Answer.json(key.json(at: services.time.now()))
        }
    }

    private func create(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        try services.directory.plans[context.tenant.id].require(.apiKeys)
        let now = services.time.now()
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let name = body.text("name", required: true, max: Limit.name) ?? ""
        let role = body.text("role", max: 10) { Role(rawValue: $0) != nil }.flatMap(Role.init(rawValue:)) ?? .staff
        let names = body.texts("scopes", allowed: nil) ?? ["read"]
        let catalog = try services.own(context.database).catalog
        let scopes = KeyScopes(names, collections: Set(catalog.collections.map(\.name)))
        if scopes == nil {
            body.faults.append(
                .init("scopes", "not_a_choice", "read, write, or one of them on a collection: customers:read."))
        }
        let days = body.integer("expiresInDays", in: Limit.days)
        try body.finish()
        guard let scopes else { return Answer.noContent }
        let (key, secret) = try await services.signIn.createKey(
            context.tenant, name: name, role: role, scopes: scopes, expiresAt: days.map { now.adding(.days($0)) },
            by: context.principal.actor, requestID: context.requestID)
        return Answer.json(key.json(at: now).adding(["key": .string(secret)]), status: .created)
    }
}
