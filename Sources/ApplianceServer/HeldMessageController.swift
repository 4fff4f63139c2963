import ApplianceCore
import HTTPAPI
import Hummingbird
import Tenancy

/// Mail that is held since its shop went back: operators and the shop's people let it go or discard it.
struct HeldMessageController: Sendable {
    let appliance: Appliance

    func add(to routes: Routes) {
        for (verdict, words) in [(Outbox.Verdict.release, "Release"), (.discard, "Discard")] {
            let verb = verdict.rawValue
            routes.operator(.post, "/api/admin/outbox/{id}/\(verb)", "\(words) a held message", .gives(.verdict)) {
                context in
                let id = context.http.parameters.get("id") ?? ""
                return try await decide(verdict, .one(id, tenant: nil), context.principal, context.requestID)
            }
            routes.operator(
                .post, "/api/admin/outbox/\(verb)", "\(words) all held messages, or a shop's",
                .mayTake(.text("tenant", max: 64)).gives(.verdict).refuses(404)
            ) { context in
                var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
                let name = body.text("tenant", max: 64)
                try body.finish()
                let tenant = try name.map { name in
                    guard let tenant = appliance.directory[name] else { throw DomainError.notFound("shop") }
                    return tenant.id
                }
                return try await decide(verdict, .all(tenant: tenant), context.principal, context.requestID)
            }
            routes.tenantManager(.post, "/api/held-messages/{id}/\(verb)", "\(words) a held message", .gives(.verdict))
            { context in
                try context.requireWritable()
                return try await decide(
                    verdict, .one(context.recordID, tenant: context.tenant.id), context.principal, context.requestID)
            }
            routes.tenantManager(
                .post, "/api/held-messages/\(verb)", "\(words) all of the shop's held messages", .gives(.verdict)
            ) {
                context in
                try context.requireWritable()
                return try await decide(
                    verdict, .all(tenant: context.tenant.id), context.principal, context.requestID)
            }
        }
        routes.tenantManager(
            .get, "/api/held-messages", "List mail that is held since the shop went back",
            .pages().gives(.list(.heldMessage))
        ) {
            context in
            let page = try Page(context.request)
            let (items, next) = try appliance.outbox.held(
                of: context.tenant.id, limit: page.limit, cursor: page.cursor)
            return Answer.json(["items": .array(items), "nextCursor": JSON(next)], for: context.request)
        }
    }

    private func decide(
        _ verdict: Outbox.Verdict, _ choice: Outbox.Choice, _ principal: Principal, _ requestID: String
    ) async throws -> Response {
        let count = try await appliance.outbox.review(verdict, choice, by: principal.actor, requestID: requestID)
        return Answer.json(["verdict": .string(verdict.rawValue), "messages": JSON(count)])
    }
}
