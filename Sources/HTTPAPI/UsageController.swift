import ApplianceCore
import CollectionKit
import Hummingbird
import Storage
import Tenancy

/// What a shop uses of its plan, for those who manage it; and which features are switched on for it, for its page.
package struct UsageController: Sendable {
    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    package func add(to routes: Routes) {
        routes.tenantManager(
            .get, "/api/usage", "What the shop used: by day, by what and by whom",
            .asks(.text("from"), .text("to")).gives(.usage)
        ) { context in
            let page = try Page(context.request)
            let report = try UsageReport(
                context.tenant, services.directory.plans[context.tenant.id], from: page["from"], to: page["to"],
                now: services.time.now())
            let json = try context.database.read { db in try report.json(db) }
            return Answer.json(json, for: context.request)
        }
        routes.tenant(.get, "/api/flags", .read, "Which features are switched on for the shop", .gives(.flags)) {
            context in
            let (now, directory) = (services.time.now(), services.directory)
            let plan = directory.plans[context.tenant.id].plan.name
            let flags = directory.flags.all.map { flag -> JSON.Member in
                .init(flag.name, .bool(flag.isOn(tenant: context.tenant.id, plan: plan, at: now)))
            }
            return Answer.json(["flags": .object(flags)], for: context.request)
        }
    }
}
