import ApplianceCore
import CollectionKit
import HTTPTypes
import Hummingbird
package import Tenancy

/// A shop as its own people and strangers at its door see it: name, logo, notices, and what its owner may set.
package struct ShopController: Sendable {
    private let services: HTTPServices
    private let tenants: Tenants

    package init(_ services: HTTPServices, _ tenants: Tenants) { (self.services, self.tenants) = (services, tenants) }

    package func add(to routes: Routes) {
        routes.open(.get, "/api/auth/shop", "Whose sign-in page this is", .gives(.door)) { request, _ in
            try door(request)
        }
        routes.tenant(.get, "/api/shop", .read, "Read the shop: its state, notices and settings", .gives(.wholeShop)) {
            context in
            Answer.json(try json(context), for: context.request)
        }
        routes.tenantManager(
            .patch, "/api/shop", "Change the shop's name, logo, web origins or support access",
            .takes(.text("name"), .optionalText("logoFileId", max: 64), .texts("corsOrigins"), .flag("refusesSupport"))
                .gives(.wholeShop)
        ) {
            try await change($0)
        }
        routes.tenantManager(.get, "/api/shop/support", "List which operators acted in the shop", .gives(.list(.actAs)))
        { context in
            let grants = try services.actAs.list(tenant: context.tenant.id).map(\.json)
            return Answer.json(["items": .array(grants), "nextCursor": nil], for: context.request)
        }
        routes.tenantManager(.post, "/api/shop/support/{id}/end", "Send an operator out of the shop", .gives(.actAs)) {
            try await endSupport($0)
        }
    }

    /// Before sign-in: by the host, or the shop that is meant where none is named. A header names nobody here: names
    /// could be tried.
    private func door(_ request: Request) throws -> Response {
        let named: Tenant? =
            if case .shop(let id) = RequestHost(services).meaning(of: request) {
                services.directory[id]
            } else {
                services.settings.defaultTenant
            }
        let shop: JSON? = named.map {
            ["slug": .string($0.slug), "name": .string($0.name), "logo": JSON($0.logoPath)]
        }
        return Answer.json([
            "shop": shop ?? .null, "signup": .bool(services.settings.isSignupOpen && named == nil),
            "termsVersion": .integer(services.legal.current(.terms).version),
        ])
    }

    private func json(_ context: TenantRequestContext) throws -> JSON {
        let tenant = services.directory[context.tenant.id] ?? context.tenant
        let due: [JSON] =
            if case .user = context.principal.standing {
                try services.legal.due(context.principal.id, of: tenant.id).map { $0.json(withBody: false) }
            } else { [] }
        return tenant.briefJSON(at: services.time.now()).adding([
            "rights": context.status.rights.json,
            "supporters": .array(
                services.actAs.active(in: tenant.id).map { grant in
                    [
                        "id": .string(grant.id), "operator": .string(grant.operatorEmail),
                        "reason": .string(grant.reason), "until": JSON(grant.expiresAt),
                        "isWritable": .bool(grant.isWritable),
                    ]
                }),
            "termsDue": .array(due), "termsVersion": .integer(services.legal.current(.terms).version),
            "refusesSupport": .bool(tenant.refusesSupport), "logoFileId": JSON(tenant.logoFileID),
            "corsOrigins": .array((tenant.corsOrigins ?? []).map { .string($0) }),
            "domains": .array(services.directory.domains(of: tenant.id).map { .string($0) }),
        ])
    }

    private func change(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        var body = try InputReader(body: await RequestBodies.json(context.request))
        var change = try Tenants.ProfileChange(&body)
        change.refusesSupport = body.flag("refusesSupport")
        try body.finish()
        if change.refusesSupport != nil { try context.requireOwner() }
        _ = try await tenants.changeProfile(
            context.tenant.id, change, MoveRequest(by: context.principal.actor, requestID: context.requestID))
        if change.refusesSupport == true {
            try await services.actAs.endAll(
                in: context.tenant.id, by: context.principal.actor, requestID: context.requestID)
        }
        return Answer.json(try json(context))
    }

    /// Ends a grant, also in a shop that is read-only. Who comes in is for the shop's owner to say, not for whoever
    /// came in.
    private func endSupport(_ context: TenantRequestContext) async throws -> Response {
        let id = context.recordID
        guard services.actAs.active(in: context.tenant.id).contains(where: { $0.id == id }) else {
            throw DomainError.notFound("leave to act")
        }
        try context.requireOwner()
        return Answer.json(
            try await services.actAs.end(id, by: context.principal.actor, requestID: context.requestID).json)
    }
}
