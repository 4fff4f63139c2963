import ApplianceCore
import CollectionKit
import Hummingbird
import Storage
import Tenancy

/// A shop's own view of its plan.
package struct SubscriptionController: Sendable {
    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    package func add(to routes: Routes) {
        routes.tenant(
            .get, "/api/subscription", .read, "The shop's plan, its limits and what is used of them",
            .gives(.subscription)
        ) {
            let context = $0
            let use = try context.database.read { db in try PlanUse(db) }
            let report = SubscriptionReport(
                context.tenant, services.directory.plans[context.tenant.id], use: use, now: services.time.now())
            return Answer.json(report.json, for: context.request)
        }
    }
}
