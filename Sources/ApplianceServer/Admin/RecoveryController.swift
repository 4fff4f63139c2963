import ApplianceCore
import Backups
import HTTPAPI
import Hummingbird
import Tenancy

/// What could be brought back, measured.
struct RecoveryController: Sendable {
    let appliance: Appliance

    func add(to routes: Routes) {
        routes.operator(
            .get, "/api/admin/backups/report", "What can be restored, against what was promised",
            .gives(.recoveryReport)
        ) {
            context in
            Answer.json(try await appliance.recovery.report().json, for: context.request)
        }
        routes.operator(.get, "/api/admin/drills", "List restore drills", .pages(.text("tenant")).gives(.list(.drill)))
        { try drills($0) }
        routes.operator(
            .post, "/api/admin/drills", "Restore shops into scratch and compare, now",
            .mayTake(.texts("tenants")).gives(.drills).refuses(404)
        ) {
            try await drill($0)
        }
    }

    private func drills(_ context: OperatorRequestContext) throws -> Response {
        let page = try Page(context.request)
        let tenant = page["tenant"].map { appliance.directory[$0]?.id ?? $0 }
        let drills = try appliance.recovery.drills.list(tenant: tenant, limit: page.limit)
        let items = drills.map { drill in
            drill.json.adding(["tenant": .string(appliance.directory[drill.tenantID]?.slug ?? drill.tenantID)])
        }
        return Answer.json(["items": .array(items), "nextCursor": nil], for: context.request)
    }

    private func drill(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
        let names = body.texts("tenants", allowed: nil) ?? []
        try body.finish()
        let chosen = try names.map { name in
            guard let tenant = appliance.directory[name] else { throw DomainError.notFound("shop") }
            return tenant
        }
        let tenants = names.isEmpty ? appliance.directory.all : chosen
        return try await LongWork.respond(context.request, logger: appliance.logger) { progress in
            var drills: [JSON] = []
            for (index, tenant) in tenants.enumerated() {
                progress(WorkProgress("drilling", done: Int64(index), total: Int64(tenants.count), detail: tenant.slug))
                drills.append(try await result(tenant).adding(["tenant": .string(tenant.slug)]))
            }
            return ["items": .array(drills)]
        }
    }

    /// A shop that no snapshot holds yet could not be restored either: that is a result, not an error.
    private func result(_ tenant: Tenant) async throws -> JSON {
        do {
            return try await appliance.recovery.drill(tenant).json
        } catch let error as DomainError where error.code == "not_found" {
            return ["tenantId": .string(tenant.id), "ok": .bool(false), "problem": .string(error.message)]
        }
    }
}
