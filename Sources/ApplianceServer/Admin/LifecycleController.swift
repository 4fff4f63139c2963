import ApplianceCore
import HTTPAPI
import HTTPTypes
import Hummingbird
import Tenancy

/// The life of a shop: what is legal, what became of it, and the moves that operators make.
struct LifecycleController: Sendable {
    let appliance: Appliance

    private var tenants: Tenants { appliance.tenants }
    private var shops: TenantController { TenantController(appliance: appliance) }

    func add(to routes: Routes) {
        let path = "\(TenantController.path)/{id}"
        routes.operator(
            .get, "/api/admin/lifecycle", "Which states shops have, and which moves are legal", .gives(.lifecycle)
        ) { context in
            Answer.json(Self.description, for: context.request)
        }
        routes.operator(.get, "\(path)/history", "What became of a shop, and what will", .pages().gives(.history)) {
            try history($0)
        }
        routes.operator(
            .post, "\(path)/suspend", "Make a shop read-only", .mayTake(.text("reason", max: 500)).gives(.tenant),
            needs: .billing
        ) { context in
            try await move(context) { tenant, body, request in
                try body.finish()
                return try await tenants.suspend(
                    tenant.id, reason: request.reason ?? "", by: request.actor, requestID: request.requestID)
            }
        }
        routes.operator(
            .post, "\(path)/activate", "Make a shop active", .mayTake(.text("reason", max: 500)).gives(.tenant),
            needs: .billing
        ) { context in
            try await move(context) { tenant, body, request in
                try body.finish()
                return try await tenants.activate(
                    tenant.id, by: request.actor, requestID: request.requestID, reason: request.reason)
            }
        }
        routes.operator(
            .post, "\(path)/extend-trial", "Move the end of a trial",
            .takes(.integer("days", in: 1...3650, required: true), .text("reason", max: 500)).gives(.tenant),
            needs: .billing
        ) { context in
            try await move(context) { tenant, body, request in
                let days = body.integer("days", in: 1...3650)
                if days == nil { body.faults.append(.init("days", "required", "Must be given.")) }
                try body.finish()
                return try await tenants.extendTrial(
                    tenant.id, days: Int(days ?? 1), by: request.actor, requestID: request.requestID,
                    reason: request.reason)
            }
        }
        routes.operator(
            .post, "\(path)/convert", "Make a subscription of a trial",
            .mayTake(.moment("paidUntil"), .text("reason", max: 500)).gives(.tenant), needs: .billing
        ) { context in
            try await move(context) { tenant, body, request in
                let paidUntil = body.moment("paidUntil", tenant.localTime)
                try body.finish()
                return try await tenants.convert(tenant.id, paidUntil: paidUntil, request)
            }
        }
        routes.operator(
            .post, "\(path)/renew", "Note until when a shop is paid",
            .takes(.moment("paidUntil", required: true), .text("reason", max: 500)).gives(.tenant), needs: .billing
        ) { context in
            try await move(context) { tenant, body, request in
                let paidUntil = body.moment("paidUntil", tenant.localTime, required: true)
                try body.finish()
                return try await tenants.renew(tenant.id, paidUntil: paidUntil ?? .earliest, request)
            }
        }
        routes.operator(
            .post, "\(path)/cancel", "End a shop with its period, on a date, or now",
            .mayTake(.moment("at"), .flag("now"), .text("reason", max: 500)).gives(.tenant), needs: .billing
        ) {
            context in
            try await move(context) { tenant, body, request in
                let (date, now) = (body.moment("at", tenant.localTime), body.flag("now") ?? false)
                if now, date != nil { body.faults.append(.init("at", "not_allowed", "Either a date or now.")) }
                try body.finish()
                return now
                    ? try await tenants.cancelNow(tenant.id, request)
                    : try await tenants.cancel(tenant.id, at: date, request)
            }
        }
        routes.operator(
            .post, "\(path)/reactivate", "Take a suspension or cancellation back",
            .mayTake(.text("reason", max: 500)).gives(.tenant), needs: .billing
        ) {
            context in
            try await move(context) { tenant, body, request in
                try body.finish()
                return try await tenants.reactivate(tenant.id, request)
            }
        }
    }

    /// Every move may say why; the moves that must are refused without.
    private func move(
        _ context: OperatorRequestContext,
        _ make: (Tenant, inout InputReader, MoveRequest) async throws -> Tenant
    ) async throws -> Response {
        let tenant = try shops.find(context)
        var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
        let request = MoveRequest(
            by: context.principal.actor, requestID: context.requestID, reason: body.text("reason", max: 500))
        let changed = try await make(tenant, &body, request)
        return Answer.json(await shops.json(changed))
    }

    private func history(_ context: OperatorRequestContext) throws -> Response {
        let key = context.http.parameters.get("id") ?? ""
        let tenant = appliance.directory[key]
        let id = try tenant?.id ?? tenants.trashed(key).id
        let page = try Page(context.request)
        let events = try tenants.history(id, before: page.cursor.flatMap { Int64($0) }, limit: page.limit + 1)
        let next = events.count > page.limit ? events[page.limit - 1]["seq"]?.integerValue : nil
        let upcoming = tenant?.upcoming(after: appliance.time.now()).map(\.json) ?? []
        return Answer.json(
            [
                "items": .array(Array(events.prefix(page.limit))), "upcoming": .array(upcoming),
                "deletionDueAt": JSON(tenant?.deletionDueAt), "nextCursor": JSON(next.map { String($0) }),
            ], for: context.request)
    }

    private static let description: JSON = [
        "states": .array(
            Tenant.Status.allCases.map { ["name": .string($0.rawValue), "rights": $0.rights.json] }),
        "moves": .array(TenantMove.table.map(\.json)),
    ]
}
