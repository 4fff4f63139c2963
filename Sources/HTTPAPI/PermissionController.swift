import ApplianceCore
package import CollectionKit
import Hummingbird
import Tenancy

/// Who may do what in a shop, as one table of all its collections.
package struct PermissionController: Sendable {
    private let catalog: CollectionCatalog

    package init(_ catalog: CollectionCatalog) { self.catalog = catalog }

    package func add(to routes: Routes) {
        routes.tenantManager(.get, "/api/permissions", "What each role may do with each collection") { context in
            let entries = catalog.entries.filter { context.tenant.has(module: $0.module) }
            let matrix: JSON = [
                "roles": .array(Role.allCases.map { .string($0.rawValue) }),
                "collections": .array(entries.map(\.collection.permissionMatrix)),
            ]
            return Answer.json(matrix, for: context.request)
        }
    }
}
