import ApplianceCore
import Backups
import CollectionKit
import HTTPAPI
import Hummingbird
import Storage
import Tenancy

/// An owner brings back the own shop, within the days that operators allow, and undoes it.
struct OwnRestoreController: Sendable {
    private enum Limit {
        /// Restores and undos of a shop within `window`, an operator's among them. Each keeps a copy of the shop.
        static let restores = 5
        static let window = Duration.days(1)
    }

    let appliance: Appliance

    func add(to routes: Routes) {
        routes.tenantManager(
            .get, "/api/restore-points", "To when the shop's owner can bring it back, and what was",
            .gives(.restorePoints)
        ) {
            Answer.json(try await points($0), for: $0.request)
        }
        routes.tenantManager(
            .post, "/api/restores", "Bring the shop back to a moment",
            .takes(
                .text("at", required: true, max: 40), .flag("dryRun"), .flag("diff"), .text("confirm", max: 100)
            ).gives(.restored).refuses(404)
        ) { try await restore($0) }
        routes.tenantManager(
            .post, "/api/restores/undo", "Bring back what the shop's last restore replaced",
            .takes(
                .flag("dryRun"), .flag("diff"), .text("confirm", max: 100)
            ).gives(.restored).refuses(404)
        ) {
            try await undo($0)
        }
    }

    // MARK: - Looking

    private func points(_ context: TenantRequestContext) async throws -> JSON {
        let (id, days) = (context.tenant.id, appliance.settings.ownerRestoreDays)
        let now = appliance.time.now()
        let earliest = now.adding(.days(-days))
        let snapshots = try await appliance.backups.list().filter { snapshot in
            snapshot.manifest?.files.contains { $0.tenant?.id == id } ?? false
        }
        return [
            "days": .integer(days), "from": days > 0 ? JSON(earliest) : .null, "to": JSON(now),
            "snapshots": .array(
                snapshots.map { snapshot in
                    [
                        "createdAt": JSON(snapshot.manifest?.createdAt ?? snapshot.id.instant),
                        "seconds": JSON(
                            snapshot.manifest.map { $0.finishedAt.since($0.createdAt).inSeconds } ?? 0),
                        "verified": .bool(snapshot.goodTenants.contains(id)),
                    ]
                }),
            "restores": .array(
                try await own(id).map { entry, state in
                    [
                        "restoredAt": JSON(entry.restoredAt), "at": JSON(entry.stateAt),
                        "kind": .string(entry.kind.rawValue), "state": .string(state.rawValue),
                    ]
                }),
        ]
    }

    /// The newest first.
    private func own(_ id: String) async throws -> [(record: RestoreRecord, state: RestoreRecord.UndoState)] {
        try await appliance.backups.restores().flatMap { entry in
            entry.records.filter { $0.record.tenant?.id == id }.map { ($0.record, $0.state) }
        }
    }

    // MARK: - Acting

    private func restore(_ context: TenantRequestContext) async throws -> Response {
        let days = try allowedDays(context)
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let now = appliance.time.now()
        let at = body.text("at", required: true, max: 40) { RestoreRequest.instant($0, now: now) != nil }
            .flatMap { RestoreRequest.instant($0, now: now) }
        let order = Order(&body)
        try body.finish()
        guard let at, at <= now, at >= now.adding(.days(-days)) else {
            throw DomainError.invalid("at", "out_of_range", "A moment of the last \(days) days.")
        }
        return try await answer(RestoreRequest(tenants: [context.tenant.slug], at: at), order, context)
    }

    private func undo(_ context: TenantRequestContext) async throws -> Response {
        _ = try allowedDays(context)
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let order = Order(&body)
        try body.finish()
        return try await answer(RestoreRequest(undo: "latest", tenants: [context.tenant.slug]), order, context)
    }

    private struct Order {
        let isDryRun: Bool
        let isCompared: Bool
        let confirmation: String?

        init(_ body: inout InputReader) {
            (isDryRun, isCompared) = (body.flag("dryRun") ?? false, body.flag("diff") ?? false)
            confirmation = body.text("confirm", max: 100)
        }
    }

    private func allowedDays(_ context: TenantRequestContext) throws -> Int64 {
        try context.requireWritable()
        try context.requireOwner()
        let days = appliance.settings.ownerRestoreDays
        guard days > 0 else {
            throw DomainError.forbidden(
                "restore_not_allowed", "Here only operators restore.", hint: "Ask your operator.")
        }
        return days
    }

    private func answer(
        _ request: RestoreRequest, _ order: Order, _ context: TenantRequestContext
    ) async throws -> Response {
        let plan = try await appliance.backups.plan(request)
        let (actor, requestID, logger) = (context.principal.actor, context.requestID, appliance.logger)
        if order.isDryRun {
            guard order.isCompared else { return Answer.json(["plan": plan.json]) }
            return try await LongWork.respond(context.request, logger: logger) { progress in
                let diff = try await RestoreDiff(appliance: appliance, plan: plan).json(progress: progress)
                return ["plan": plan.json.adding(["diff": diff])]
            }
        }
        guard order.confirmation == plan.confirmation else {
            throw DomainError.invalid("confirm", "confirmation_required", "Confirm with \"\(plan.confirmation)\".")
        }
        try await checkHowOften(context.tenant.id)
        return try await LongWork.respond(context.request, logger: logger) { progress in
            let outcomes = try await appliance.restore(plan, by: actor, requestID: requestID, progress: progress)
            return ["restored": .array(outcomes.map(\.json))]
        }
    }

    private func checkHowOften(_ id: String) async throws {
        let since = appliance.time.now().adding(.zero - Limit.window)
        let recent = try await own(id).map(\.record.restoredAt).filter { $0 > since }
        guard recent.count >= Limit.restores, let oldest = recent.min() else { return }
        throw DomainError(
            .tooMany, "too_many_restores", "The shop was restored \(recent.count) times within a day.",
            hint: "Your operator can restore it now.", retryAfter: max(1, Int(oldest.since(since).inSeconds)))
    }
}
