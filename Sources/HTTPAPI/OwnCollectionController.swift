import ApplianceCore
import CollectionKit
import Hummingbird
import Storage
import Tenancy

/// The collections that a shop declares for itself, for its owners and admins. To change one changes its records:
/// `?dryRun=true` tells how, and what would be refused, and changes nothing.
package struct OwnCollectionController: Sendable {
    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    private static func shape(isNew: Bool) -> RouteShape {
        .takes(RouteShape.json, OwnCollectionSchema.declaration(isNew: isNew))
            .asks(.choice("dryRun", ["true", "false"])).refuses(412)
    }

    package func add(to routes: Routes) {
        let path = "/api/collections"
        routes.tenantManager(
            .get, path, "List the collections that the shop declared for itself",
            .gives(.list(.ownCollection, and: ["limit": .integer.orNull, "used": .integer]))
        ) { context in
            let own = try services.own(context.database)
            let (limit, used) = (services.directory.plans[context.tenant.id].limit(.ownCollections), own.all.count)
            let answer: JSON = [
                "items": .array(own.all.map(\.json)), "nextCursor": nil, "limit": JSON(limit), "used": JSON(used),
            ]
            return Answer.json(answer, for: context.request)
        }
        routes.tenantManager(
            .post, path, "Declare a collection of the shop's own (?dryRun=true tells the plan)",
            Self.shape(isNew: true).gives(.created, .ownCollection).gives(.ownPlan)
        ) {
            try await put($0, nil)
        }
        routes.tenantManager(
            .get, "\(path)/{id}", "Read the declaration of a collection of the shop's own", .gives(.ownCollection)
        ) {
            let stored = try find($0)
            return respond(stored, .ok)
        }
        routes.tenantManager(
            .put, "\(path)/{id}", "Change a collection of the shop's own (?dryRun=true)",
            Self.shape(isNew: false).gives(.ownChange)
        ) {
            try await put($0, try find($0).declaration.name)
        }
        routes.tenantManager(
            .delete, "\(path)/{id}", "Delete a collection of the shop's own with its records",
            .asks(.choice("dryRun", ["true", "false"])).gives(.noContent).gives(.ownPlan).refuses(412)
        ) {
            try await delete($0)
        }
    }

    private func find(_ context: TenantRequestContext) throws -> OwnCollections.Stored {
        guard let stored = try services.own(context.database)[context.recordID] else {
            throw DomainError.notFound("collection")
        }
        return stored
    }

    private func respond(_ stored: OwnCollections.Stored, _ status: HTTPResponse.Status) -> Response {
        var response = Answer.json(stored.json, status: status)
        response.headers[.eTag] = Answer.etag(stored.version)
        return response
    }

    private static func isDryRun(_ context: TenantRequestContext) throws -> Bool {
        var isDryRun = false
        for (name, value) in try QueryString.parameters(of: context.request) {
            guard name == "dryRun", ["true", "false"].contains(value) else {
                throw DomainError.invalid(String(name.prefix(64)), "unknown_parameter", "dryRun=true or dryRun=false.")
            }
            isDryRun = value == "true"
        }
        return isDryRun
    }

    /// `name`: what is changed; nil to declare a new one.
    private func put(_ context: TenantRequestContext, _ name: String?) async throws -> Response {
        try context.requireWritable()
        let isDryRun = try Self.isDryRun(context)
        let body = try await RequestBodies.json(context.request)
        let (file, modules) = (context.database, services.catalog)
        let own = try services.own(file)
        let entitlements = services.directory.plans[context.tenant.id]
        if let name, let version = Answer.ifMatch(context.request), version != own[name]?.version {
            throw DomainError(
                .preconditionFailed, "version_changed", "The collection was changed by somebody else.",
                hint: "Read it again and repeat the change.")
        }
        let targets = modules.entries.filter { context.tenant.has(module: $0.module) }.map(\.collection.name)
        let change = try own.change(body, of: name, modules: modules, targets: Set(targets))
        if name == nil { try own.requireRoom(entitlements) }
        if isDryRun {
            let plan = try await file.readLong { db in try change.migration.plan(db) }
            return Answer.json(["plan": plan.json, "declaration": change.declaration.json])
        }
        let work = services.recordContext(context)
        let stored = try await file.write(alone: true) { db in
            file.changesKept()
            return try OwnCollections.apply(
                db, change, beside: modules, entitlements: entitlements, work)
        }
        var response = respond(stored, name == nil ? .created : .ok)
        if name == nil { response.headers[.location] = "/api/collections/\(stored.declaration.name)" }
        return response
    }

    private func delete(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        let (isDryRun, stored) = (try Self.isDryRun(context), try find(context))
        let (file, modules, name) = (context.database, services.catalog, stored.declaration.name)
        if isDryRun {
            try services.own(file).requireUnreferred(name)
            let records = try await file.readLong { db in try stored.declaration.collection.count(db) }
            let step: JSON = ["step": "delete", "records": .integer(records)]
            return Answer.json(["plan": ["steps": [step], "refused": [], "records": .integer(records)]])
        }
        let (version, work) = (Answer.ifMatch(context.request), services.recordContext(context))
        try await file.write(alone: true) { db in
            file.changesKept()
            try OwnCollections.delete(db, name, ifVersion: version, beside: modules, work)
        }
        return Answer.noContent
    }
}
