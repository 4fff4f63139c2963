import ApplianceCore
import Backups
import CollectionKit
import HTTPAPI
import Hummingbird
import Storage
import Tenancy

/// Erases persons, and tells which were: by pseudonym, nothing here says who they are.
struct ErasureController: Sendable {
    private enum Limit {
        /// Characters of a reason.
        static let reason = 300
    }

    let appliance: Appliance

    func add(to routes: Routes) {
        for entry in appliance.catalog.entries where RecordErasure(entry.collection) != nil {
            let collection = entry.collection
            routes.collection(
                .post, "/api/\(collection.name)/{id}/erase",
                "Erase what a \(collection.title.lowercased()) tells about a person, here and in all that is restored",
                entry, .delete, .takes(.text("reason", required: true, max: Limit.reason)).gives(.erased)
            ) { try await erase($0, collection) }
        }
        let services = routes.services
        routes.ownCollection(
            .post, "/api/\(Routes.ownCollection)/{id}/erase",
            "Erase what a record of the shop's own tells about a person, here and in all that is restored", .delete,
            .takes(.text("reason", required: true, max: Limit.reason)).gives(.erased)
        ) { try await erase($0, services.ownCollection($0)) }
        routes.tenantManager(.get, "/api/erasures", "List the shop's erasures", .pages().gives(.list(.listedErasure))) {
            context in
            try list(context.request, tenant: context.tenant.id)
        }
        routes.operator(
            .get, "/api/admin/erasures", "List erasures of all shops",
            .pages(.text("tenant")).gives(.list(.listedErasure))
        ) { context in
            let wanted = try Page(context.request)["tenant"]
            return try list(context.request, tenant: wanted.map { appliance.directory[$0]?.id ?? $0 })
        }
    }

    private func erase(_ context: TenantRequestContext, _ collection: Collection) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let reason = body.text("reason", required: true, max: Limit.reason) ?? ""
        try body.finish()
        let (id, records) = (context.recordID, Records(context.principal.view(of: collection)))
        try context.database.read { db in try records.checkReach(db, id: id, for: .delete) }
        let order = Erasures.Order(reason: reason, by: context.principal.actor, requestID: context.requestID)
        let done = try await appliance.erasures.erase(context.tenant, collection, id, order)
        // A copy of the past that was made before still shows the person.
        await appliance.past.forget(context.tenant.id)
        return Answer.json(done)
    }

    private func list(_ request: Request, tenant: String?) throws -> Response {
        let page = try Page(request)
        let found = try appliance.erasures.list(tenant: tenant, before: page.cursor, limit: page.limit + 1)
        let until = appliance.configuration.retention.horizon
        let items = found.prefix(page.limit).map { erasure in
            erasure.json.adding([
                "tenant": JSON(appliance.directory[erasure.tenant]?.slug),
                "inBackupsUntil": JSON(until.map { erasure.at.adding($0) }),
            ])
        }
        return Answer.json(
            [
                "items": .array(items),
                "nextCursor": found.count > page.limit ? JSON(found[page.limit - 1].id) : .null,
            ], for: request)
    }
}
