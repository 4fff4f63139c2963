import ApplianceCore
import CollectionKit
import HTTPAPI
import Hummingbird
import Storage
import Tenancy

/// Operators look into what shops use, prove the counters, and set prices.
struct UsageAdminController: Sendable {
    let appliance: Appliance

    func add(to routes: Routes) {
        routes.operator(
            .get, "/api/admin/tenants/{id}/usage", "What a shop used: by day, by what and by whom",
            .asks(.text("from"), .text("to")).gives(.usage)
        ) {
            context in
            let (tenant, page) = (try tenant(context), try Page(context.request))
            let report = try UsageReport(
                tenant, appliance.directory.plans[tenant.id], from: page["from"], to: page["to"],
                now: appliance.time.now())
            let json = try appliance.directory.file(tenant.id).read { db in try report.json(db) }
            return Answer.json(json, for: context.request)
        }
        routes.operator(
            .post, "/api/admin/tenants/{id}/usage/check", "Add up a shop's usage anew and compare the counters",
            .mayTake(.flag("rebuild")).gives(.usageCheck)
        ) { try await check($0) }
        routes.operator(.get, "/api/admin/prices", "List what a unit costs, and cost before", .gives(.list(.price))) {
            context in
            Answer.json(
                ["items": .array(appliance.directory.prices.all.map(\.json)), "nextCursor": nil], for: context.request)
        }
        routes.operator(
            .post, "/api/admin/prices", "Set what a unit costs from some moment on",
            .takes(
                .text("item", required: true, max: 40), .integer("amount", in: PriceBook.Limit.amount, required: true),
                .moment("validFrom")
            ).gives(.created, .price)
        ) {
            try await setPrice($0)
        }
    }

    private func tenant(_ context: OperatorRequestContext) throws -> Tenant {
        guard let tenant = appliance.directory[context.http.parameters.get("id") ?? ""] else {
            throw DomainError.notFound("shop")
        }
        return tenant
    }

    /// `{"rebuild": true}` puts the counters right where they are wrong.
    private func check(_ context: OperatorRequestContext) async throws -> Response {
        let tenant = try tenant(context)
        var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
        let isRebuilt = body.flag("rebuild") ?? false
        try body.finish()
        let file = appliance.directory.file(tenant.id)
        let wrong = try await file.readLong { db in try UsageRollup.check(db) }
        if isRebuilt, !wrong.isEmpty {
            let zone = tenant.localTime
            try await file.write(alone: true) { db in try UsageRollup.rebuild(db, zone: zone) }
            try await appliance.tenants.record(
                "usage.rebuild", of: tenant.id, by: context.principal.actor, requestID: context.requestID)
        }
        return Answer.json([
            "tenant": .string(tenant.slug), "ok": .bool(wrong.isEmpty), "mismatches": .array(wrong.map(\.json)),
            "rebuilt": .bool(isRebuilt && !wrong.isEmpty),
        ])
    }

    private func setPrice(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let item = body.text("item", required: true, max: 40, check: TextRules.isSlug) ?? ""
        let amount = body.integer("amount", in: PriceBook.Limit.amount)
        if amount == nil, body.faults.allSatisfy({ $0.field != "amount" }) {
            body.faults.append(.init("amount", "required", "Must be given, in cents."))
        }
        let from = body.moment("validFrom", .utc) ?? appliance.time.now()
        try body.finish()
        let price = PriceBook.Price(item: item, amount: amount ?? 0, validFrom: from)
        try await appliance.tenants.set(price, by: context.principal.actor, requestID: context.requestID)
        return Answer.json(price.json, status: .created)
    }
}
