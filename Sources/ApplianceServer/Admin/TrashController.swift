import ApplianceCore
import HTTPAPI
import Hummingbird
import Tenancy

/// Operators delete shops, bring them back, and remove them for good.
struct TrashController: Sendable {
    let appliance: Appliance

    func add(to routes: Routes) {
        routes.operator(
            .post, "/api/admin/tenants/{id}/delete", "Delete a shop; it can come back for 30 days",
            .mayTake(.text("confirm", max: 64), .text("reason", max: 500)).gives(.trashed)
        ) {
            try await delete($0)
        }
        routes.operator(.get, "/api/admin/trash", "List deleted shops", .gives(.list(.trashed))) { context in
            let items = try appliance.tenants.trash().map(\.json)
            return Answer.json(["items": .array(items), "nextCursor": nil], for: context.request)
        }
        routes.operator(.post, "/api/admin/trash/{id}/undelete", "Bring a deleted shop back", .gives(.tenant)) {
            context in
            let tenant = try await appliance.tenants.undelete(
                key(context), by: context.principal.actor, requestID: context.requestID)
            return Answer.json(tenant.json(at: appliance.time.now()))
        }
        routes.operator(
            .post, "/api/admin/trash/{id}/purge", "Remove a deleted shop for good",
            .mayTake(.text("confirm", max: 64), .text("reason", max: 500)).gives(.trashed)
        ) {
            try await purge($0)
        }
    }

    private func key(_ context: OperatorRequestContext) -> String { context.http.parameters.get("id") ?? "" }

    private func delete(_ context: OperatorRequestContext) async throws -> Response {
        guard let tenant = appliance.directory[key(context)] else { throw DomainError.notFound("shop") }
        let reason = try await confirm(context, id: tenant.id, slug: tenant.slug)
        let trashed = try await appliance.tenants.delete(
            tenant.id, by: context.principal.actor, requestID: context.requestID, reason: reason)
        appliance.signIn.sessions.forgetAll()
        return Answer.json(trashed.json)
    }

    private func purge(_ context: OperatorRequestContext) async throws -> Response {
        let trashed = try appliance.tenants.trashed(key(context))
        _ = try await confirm(context, id: trashed.id, slug: trashed.slug)
        try await appliance.tenants.purge(trashed.id, by: context.principal.actor, requestID: context.requestID)
        return Answer.json(trashed.json)
    }

    /// The body repeats whom it is about, so that a slip of a path deletes nobody; why, it may say.
    private func confirm(_ context: OperatorRequestContext, id: String, slug: String) async throws -> String? {
        var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
        let text = body.text("confirm", max: 64)
        let reason = body.text("reason", max: 500)
        try body.finish()
        guard text == slug || text == id else {
            throw DomainError.invalid("confirm", "confirmation_required", "Confirm with \"\(slug)\".")
        }
        return reason
    }
}
