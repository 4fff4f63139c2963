import ApplianceCore
import HTTPAPI
import Hummingbird
import Tenancy

/// Operators switch new features on: for all, for a plan, for one shop, between two dates.
struct FlagController: Sendable {
    let appliance: Appliance

    private static let path = "/api/admin/flags"

    /// Of a shop, or of a plan.
    private static let rule = Property.object([
        .text("tenant", max: 40), .text("plan", max: 20), .flag("isOn"), .moment("from"), .moment("until"),
    ])

    func add(to routes: Routes) {
        routes.operator(.get, Self.path, "List feature flags", .gives(.list(.flag))) { context in
            let items = appliance.directory.flags.all.map { json($0) }
            return Answer.json(["items": .array(items), "nextCursor": nil], for: context.request)
        }
        routes.operator(
            .post, Self.path, "Make a feature flag, or put another in its place",
            .takes(
                .text("name", required: true, max: 40), .text("description"), .flag("isOn"),
                .list("rules", of: Self.rule, 0...FeatureFlag.Limit.rules)
            ).gives(.created, .flag)
        ) { context in
            let flag = try FeatureFlag(await RequestBodies.json(context.request)) { appliance.directory[$0]?.id }
            try await appliance.tenants.set(flag, by: context.principal.actor, requestID: context.requestID)
            return Answer.json(json(flag), status: .created)
        }
        routes.operator(.get, "\(Self.path)/{id}", "Read a feature flag", .gives(.flag)) { context in
            guard let flag = appliance.directory.flags[context.http.parameters.get("id") ?? ""] else {
                throw DomainError.notFound("flag")
            }
            return Answer.json(json(flag), for: context.request)
        }
        routes.operator(.delete, "\(Self.path)/{id}", "Delete a feature flag", .gives(.noContent)) { context in
            try await appliance.tenants.deleteFlag(
                context.http.parameters.get("id") ?? "", by: context.principal.actor, requestID: context.requestID)
            return Answer.noContent
        }
    }

    /// With the shops for which it is on now.
    private func json(_ flag: FeatureFlag) -> JSON {
        let (now, directory) = (appliance.time.now(), appliance.directory)
        let on = directory.all.filter { tenant in
            flag.isOn(tenant: tenant.id, plan: directory.plans[tenant.id].plan.name, at: now)
        }
        return flag.json.adding(["onFor": JSON(on.count)])
    }
}
