import ApplianceCore
import Backups
import CollectionKit
import HTTPAPI
import Hummingbird
import Storage
import Tenancy

/// Operators bring single records back, without the rest of the shop.
struct RecordRestoreController: Sendable {
    let appliance: Appliance

    private enum Limit {
        /// Ids in one request.
        static let ids = 1000
    }

    func add(to routes: Routes) {
        routes.operator(
            .post, "/api/admin/restores/records", "Bring chosen records of a shop's past back, with all conflicts told",
            .takes(
                .text("tenant", required: true, max: 64), .text("collection", required: true, max: 64), .texts("ids"),
                .text("at", max: 40), .text("deletedFrom", max: 40), .text("deletedUntil", max: 40),
                .text("snapshot", max: 40),
                .choice("onConflict", RecordMerge.OnConflict.allCases.map(\.rawValue)), .flag("dryRun"),
                .text("confirm", max: 64)
            ).gives(.recordsBack).refuses(404)
        ) { try await restore($0) }
    }

    /// `{"tenant", "collection", "ids": […] or "deletedFrom" and "deletedUntil", "at" or "snapshot", "onConflict":
    /// "skip" or "replace", "dryRun", "confirm"}`.
    private func restore(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let name = body.text("tenant", required: true, max: 64) ?? ""
        let collectionName = body.text("collection", required: true, max: 64) ?? ""
        let ids = body.texts("ids", allowed: nil) ?? []
        let now = appliance.time.now()
        func instant(_ field: String) -> Instant? {
            body.text(field, max: 40) { RestoreRequest.instant($0, now: now) != nil }
                .flatMap { RestoreRequest.instant($0, now: now) }
        }
        let (at, from, until) = (instant("at"), instant("deletedFrom"), instant("deletedUntil"))
        let snapshot = body.text("snapshot", max: 40) ?? "latest"
        let word = body.text("onConflict", max: 20) { RecordMerge.OnConflict(rawValue: $0) != nil }
        let isDryRun = body.flag("dryRun") ?? false
        let confirmation = body.text("confirm", max: 64)
        try body.finish()
        guard let tenant = appliance.directory[name] else { throw DomainError.notFound("shop") }
        let work = RecordRestore(
            appliance: appliance, tenant: tenant, collection: try collection(collectionName, of: tenant),
            choice: try choice(ids, from, until), onConflict: word.flatMap { .init(rawValue: $0) } ?? .skip,
            request: try RestoreRequest(tenants: [tenant.id], snapshot: snapshot, at: at))
        guard isDryRun || confirmation == tenant.slug || confirmation == name else {
            throw DomainError.invalid("confirm", "confirmation_required", "Confirm with \"\(tenant.slug)\".")
        }
        let (actor, requestID) = (context.principal.actor, context.requestID)
        return try await LongWork.respond(context.request, logger: appliance.logger) { progress in
            let records = try await work.run(
                isDryRun: isDryRun, by: actor, requestID: requestID, progress: progress)
            return ["records": records]
        }
    }

    private func collection(_ name: String, of tenant: Tenant) throws -> Collection {
        let catalog = try appliance.directory.file(tenant.id).read { [catalog = appliance.catalog] db in
            try OwnCollections(db, beside: catalog).catalog
        }
        guard let entry = catalog.entry(name), tenant.has(module: entry.module) else {
            throw DomainError.invalid("collection", "not_found", "The shop has no collection \(name.prefix(64)).")
        }
        return entry.collection
    }

    private func choice(_ ids: [String], _ from: Instant?, _ until: Instant?) throws -> RecordRestore.Choice {
        switch (ids.isEmpty, from, until) {
        case (false, nil, nil):
            guard ids.count <= Limit.ids, ids.allSatisfy({ $0.utf8.count <= 64 }) else {
                throw DomainError.invalid("ids", "too_many", "At most \(Limit.ids) ids.")
            }
            return .ids(ids)
        case (true, let from?, let until?):
            guard from < until else {
                throw DomainError.invalid("deletedUntil", "out_of_range", "After the beginning.")
            }
            return .deleted(from: from, until: until)
        default:
            throw DomainError.invalid("ids", "required", "Either ids, or deletedFrom and deletedUntil.")
        }
    }
}
