import ApplianceCore
import CollectionKit
import Hummingbird
import Tenancy

/// Who may do what in a shop, its own roles too: as one table of all its collections, and one of all its routes.
package struct PermissionController: Sendable {
    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    /// Call after all other routes of shops are registered: it tells of them.
    package func add(to routes: Routes) {
        let (path, summary) = ("/api/permissions", "What each role may do with each collection, and call")
        let entries = routes.entries + [Routes.Entry(get: path, .tenantManager, summary)]
        routes.tenantManager(.get, path, summary, .gives(.permissions)) { context in
            let own = try services.signIn.roles(context.tenant).map(\.role)
            let roles = Role.allCases.map { ShopRole($0) } + own.map { ShopRole($0) }
            let catalog = try services.own(context.database).catalog
            let collections = catalog.entries.filter { context.tenant.has(module: $0.module) }
            let matrix: JSON = [
                "roles": .array(roles.map { .string($0.name) }), "own": .array(own.map(\.json)),
                "collections": .array(
                    collections.map { entry in entry.collection.permissionMatrix(own.map { $0.narrowed(on: entry) }) }),
                "routes": .array(
                    entries.flatMap { Self.named($0, catalog) }
                        .compactMap { Self.line($0, roles, catalog, context.tenant) }),
            ]
            return Answer.json(matrix, for: context.request)
        }
    }

    /// A route of whatever the shop declared for itself, once for each of those.
    private static func named(_ entry: Routes.Entry, _ catalog: CollectionCatalog) -> [Routes.Entry] {
        guard entry.collection == Routes.ownCollection else { return [entry] }
        return catalog.collections.filter { $0.own != nil }.map { entry.of($0.name) }
    }

    /// Nil for what is no route of a shop, or of a collection that it does not have.
    private static func line(
        _ entry: Routes.Entry, _ roles: [ShopRole], _ catalog: CollectionCatalog, _ tenant: Tenant
    ) -> JSON? {
        let collection = entry.collection.flatMap { catalog.entry($0) }
        if let collection, !tenant.has(module: collection.module) { return nil }
        let allowed: [ShopRole]
        switch entry.access {
        case .open, .signedIn, .operator: return nil
        case .tenantManager: allowed = roles.filter(\.isManager)
        case .tenant(let operation):
            let permissions = collection?.collection.permissions ?? .standard
            allowed = roles.filter { $0.may(operation, permissions, collection: entry.collection) }
        }
        return [
            "method": .string(entry.method), "path": .string(entry.path), "summary": .string(entry.summary),
            "roles": .array(allowed.map { .string($0.name) }),
        ]
    }
}

extension CustomRole {
    /// What is left to it of its base on a collection.
    fileprivate func narrowed(on entry: CollectionCatalog.Entry) -> NarrowedRole {
        NarrowedRole(name: name, base: base, operations: grants[entry.collection.name] ?? [])
    }
}
