import ApplianceCore
import HTTPAPI
import HTTPTypes
import Hummingbird
import Storage
import Tenancy

/// Operators write plans and move shops between them.
struct PlanController: Sendable {
    let appliance: Appliance

    private static let path = "/api/admin/plans"
    private static let price = Property.object([
        .integer("amount", in: 0...Plan.Limit.price, required: true), .text("currency", required: true, max: 3),
        .choice("interval", Plan.Price.Interval.allCases.map(\.rawValue), required: true),
    ])

    private var plans: PlanDirectory { appliance.directory.plans }

    func add(to routes: Routes) {
        routes.operator(.get, Self.path, "List plans, each in its newest version", .gives(.list(.plan))) { context in
            let items = plans.catalogue.map { version -> JSON in
                version.json.adding(["shops": shops(of: version.plan.name)])
            }
            return Answer.json(["items": .array(items), "nextCursor": nil], for: context.request)
        }
        routes.operator(
            .post, Self.path, "Write a plan's next version, or a new plan",
            .takes(
                .text("name", required: true, max: 20), .text("title", required: true, max: 60),
                .text("description", max: 500),
                .flag("isOffered"), .list("prices", of: Self.price, 0...Plan.Limit.prices), .texts("features"),
                .object("limits", PlanLimit.allCases.map { .integer($0.rawValue, in: $0.range) }),
                .object(
                    "overagePercent",
                    PlanLimit.allCases.filter { $0.kind == .period }.map {
                        .integer($0.rawValue, in: 0...Plan.Limit.overage)
                    }),
                .texts("agents"), .text("support", max: 60),
                .integer("commissionBasisPoints", in: 0...10_000)
            ).gives(.created, .plan)
        ) { try await create($0) }
        routes.operator(.get, "\(Self.path)/{id}", "Read every version of a plan", .gives(.plan)) { context in
            let versions = plans.versions(of: context.http.parameters.get("id") ?? "")
            guard let newest = versions.first else { throw DomainError.notFound("plan") }
            return Answer.json(
                newest.json.adding([
                    "shops": shops(of: newest.plan.name), "versions": .array(versions.map(\.json)),
                ]), for: context.request)
        }
        routes.operator(
            .post, "\(Self.path)/{id}/move", "Move every shop of a plan to its newest version", .gives(.planMove)
        ) {
            try await move($0)
        }
        routes.operator(
            .post, "/api/admin/tenants/{id}/change-plan", "Give a shop another plan, or tell what that would change",
            .takes(
                .text("plan", required: true, max: 20), .integer("version", in: 1...Int64(Int32.max)), .flag("dryRun")
            ).asks(.choice("dryRun", ["true", "false"])).gives(.planChange),
            needs: .billing
        ) { try await changePlan($0) }
        routes.operator(
            .get, "/api/admin/tenants/{id}/subscription", "A shop's plan and what is used of it", .gives(.subscription)
        ) {
            let tenant = try tenant($0)
            return Answer.json(try report(tenant).json, for: $0.request)
        }
    }

    /// By version, the newest first.
    private func shops(of name: String) -> JSON {
        .array(
            plans.shops(of: name).sorted { $0.key > $1.key }.map {
                ["version": JSON($0.key), "count": JSON($0.value)]
            })
    }

    private func tenant(_ context: OperatorRequestContext) throws -> Tenant {
        guard let tenant = appliance.directory[context.http.parameters.get("id") ?? ""] else {
            throw DomainError.notFound("shop")
        }
        return tenant
    }

    private func report(_ tenant: Tenant) throws -> SubscriptionReport {
        let use = try appliance.directory.file(tenant.id).read { db in try PlanUse(db) }
        return SubscriptionReport(tenant, plans[tenant.id], use: use, now: appliance.time.now())
    }

    private func create(_ context: OperatorRequestContext) async throws -> Response {
        let definition = try Plan(definition: await RequestBodies.json(context.request), version: 0)
        let version = try await appliance.tenants.publish(
            definition, by: context.principal.actor, requestID: context.requestID)
        var response = Answer.json(version.json, status: .created)
        response.headers[.location] = "\(Self.path)/\(version.plan.name)"
        return response
    }

    private func move(_ context: OperatorRequestContext) async throws -> Response {
        guard let newest = plans.current(context.http.parameters.get("id") ?? "") else {
            throw DomainError.notFound("plan")
        }
        let behind = appliance.directory.all.filter { tenant in
            let plan = plans[tenant.id].plan
            return plan.name == newest.name && plan.version != newest.version
        }
        for tenant in behind {
            _ = try await appliance.tenants.changePlan(
                tenant.id, to: newest, by: context.principal.actor, requestID: context.requestID)
        }
        return Answer.json(["plan": newest.briefJSON, "moved": .array(behind.map { .string($0.slug) })])
    }

    /// `{"plan": "pro", "version": 2}`; with `?dryRun=true` or `"dryRun": true` nothing is changed.
    private func changePlan(_ context: OperatorRequestContext) async throws -> Response {
        let tenant = try tenant(context)
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let name = body.text("plan", required: true, max: 20) ?? ""
        let version = body.integer("version", in: 1...Int64(Int32.max))
        let isAsked = body.flag("dryRun") ?? false
        try body.finish()
        let isDryRun = try Page(context.request).choice("dryRun", "true", "false").map { $0 == "true" } ?? isAsked
        let wanted = try appliance.tenants.wanted(name, version: version.map { Int($0) })
        let change = PlanChange(from: plans[tenant.id].plan, to: wanted, use: try report(tenant).use)
        if isDryRun { return Answer.json(change.json.adding(["dryRun": true])) }
        _ = try await appliance.tenants.changePlan(
            tenant.id, to: wanted, by: context.principal.actor, requestID: context.requestID)
        return Answer.json(change.json.adding(["dryRun": false]))
    }
}
