import ApplianceCore
import Backups
import Foundation
import HTTPAPI
import Hummingbird
import Storage
import Tenancy

/// Operators restore shops or everything, see what was restored, and undo it.
struct RestoreController: Sendable {
    let appliance: Appliance

    func add(to routes: Routes) {
        routes.operator(
            .get, "/api/admin/restores", "List restores, and which can be undone",
            .pages(.text("tenant"), .choice("count", ["exact"])).gives(.list(.restore, isCounted: true))
        ) { try await list($0) }
        routes.operator(
            .post, "/api/admin/restores", "Restore shops, or everything",
            .takes(
                .texts("tenants"), .text("snapshot", max: 40), .text("at", max: 40), .text("from", max: 4000),
                .text("into", max: 4000), .text("as", max: 40), .flag("unsealed"), .flag("diff"),
                .flag("dryRun"),
                .text("confirm", max: 4000)
            ).gives(.restored).gives(.created, .restored).refuses(404)
        ) { try await restore($0) }
        routes.operator(
            .post, "/api/admin/restores/{id}/undo", "Bring back what a restore replaced; latest for a shop's newest",
            .mayTake(
                .texts("tenants"), .flag("dryRun"), .flag("diff"), .text("confirm", max: 4000)
            ).gives(.restored)
        ) { try await undo($0) }
    }

    // MARK: - Looking

    private func list(_ context: OperatorRequestContext) async throws -> Response {
        let page = try Page(context.request)
        let wanted = page["tenant"].map { appliance.directory[$0]?.id ?? $0 }
        let slugs = Dictionary(
            appliance.directory.all.map { ($0.id, $0.slug) }, uniquingKeysWith: { first, _ in first })
        let entries = try await appliance.backups.restores().filter { entry in
            wanted.map { wanted in entry.records.contains { $0.record.tenant?.id == wanted } } ?? true
        }
        let start = page.cursor.flatMap { cursor in entries.firstIndex { $0.id == cursor } }.map { $0 + 1 } ?? 0
        let shown = entries.dropFirst(start).prefix(page.limit)
        let isMore = start + shown.count < entries.count
        let answer: JSON = [
            "items": .array(shown.map { $0.json(slugs: slugs) }), "nextCursor": isMore ? JSON(shown.last?.id) : .null,
        ]
        let isCounted = try page.choice("count", "exact") != nil
        return Answer.json(isCounted ? answer.adding(["total": JSON(entries.count)]) : answer, for: context.request)
    }

    // MARK: - Restoring

    private func restore(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let tenants = body.texts("tenants", allowed: nil) ?? []
        let snapshot = body.text("snapshot", max: 40) ?? "latest"
        let now = appliance.time.now()
        let at = body.text("at", max: 40) { RestoreRequest.instant($0, now: now) != nil }
            .flatMap { RestoreRequest.instant($0, now: now) }
        let from = body.text("from", max: 4000)
        let into = body.text("into", max: 4000)
        let newSlug = body.text("as", max: 40)
        let isUnsealed = body.flag("unsealed") ?? false
        let isCompared = body.flag("diff") ?? false
        let isDryRun = body.flag("dryRun") ?? false
        let confirmation = body.text("confirm", max: 4000)
        try body.finish()
        // Folders of this machine are the command line's business, not a browser's.
        guard context.http.isControl || (from == nil && into == nil && !isUnsealed) else {
            throw DomainError.forbidden(
                "control_only", "Other folders and backups without a seal can be named on the command line only.")
        }
        let request = try RestoreRequest(
            tenants: tenants, snapshot: snapshot, at: at, from: from.map { URL(filePath: $0) },
            into: into.map { URL(filePath: $0) }, newSlug: newSlug, isUnsealed: isUnsealed)
        if let newSlug { try appliance.tenants.checkIsFree(newSlug) }
        let plan = try await appliance.backups.plan(request)
        if isDryRun { return try await show(plan, isCompared: isCompared, context) }
        if newSlug != nil { return try await actBeside(plan, context) }
        try confirm(plan, confirmation, named: tenants.joined(separator: ","))
        return try await act(plan, context)
    }

    private func undo(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
        let tenants = body.texts("tenants", allowed: nil) ?? []
        let isDryRun = body.flag("dryRun") ?? false
        let isCompared = body.flag("diff") ?? false
        let confirmation = body.text("confirm", max: 4000)
        try body.finish()
        // A token holds a slash.
        let name = context.http.parameters.get("id") ?? ""
        let plan = try await appliance.backups.plan(
            RestoreRequest(undo: name.removingPercentEncoding ?? name, tenants: tenants))
        if isDryRun { return try await show(plan, isCompared: isCompared, context) }
        try confirm(plan, confirmation)
        return try await act(plan, context)
    }

    /// The plan; compared with what is live, it takes as long as the restore itself would before its exchange.
    private func show(
        _ plan: RestorePlan, isCompared: Bool, _ context: OperatorRequestContext
    ) async throws -> Response {
        var json = plan.json
        if plan.items.count == 1, let id = plan.items.first?.tenant?.id,
            let window = try await appliance.backups.logWindow(id)
        {
            json = json.adding(["range": ["from": JSON(window.from), "to": JSON(window.to)]])
        }
        guard isCompared else { return Answer.json(["plan": json]) }
        return try await LongWork.respond(context.request, logger: appliance.logger) { [json] progress in
            let diff = try await RestoreDiff(appliance: appliance, plan: plan).json(progress: progress)
            return ["plan": json.adding(["diff": diff])]
        }
    }

    /// By the slugs, or by what the caller called the shops.
    private func confirm(_ plan: RestorePlan, _ text: String?, named: String = "") throws {
        guard text == plan.confirmation || !named.isEmpty && text == named else {
            throw DomainError.invalid(
                "confirm", "confirmation_required", "Confirm with \"\(plan.confirmation)\".")
        }
    }

    /// Replaces nothing, so nothing is to be confirmed.
    private func actBeside(_ plan: RestorePlan, _ context: OperatorRequestContext) async throws -> Response {
        let (actor, requestID) = (context.principal.actor, context.requestID)
        return try await LongWork.respond(context.request, status: .created, logger: appliance.logger) { progress in
            let made = try await appliance.restoreBeside(plan, by: actor, requestID: requestID, progress: progress)
            return ["id": nil, "restored": [made]]
        }
    }

    private func act(_ plan: RestorePlan, _ context: OperatorRequestContext) async throws -> Response {
        let (actor, requestID) = (context.principal.actor, context.requestID)
        return try await LongWork.respond(context.request, logger: appliance.logger) { progress in
            let outcomes = try await appliance.restore(plan, by: actor, requestID: requestID, progress: progress)
            return ["id": JSON(outcomes.first?.restore), "restored": .array(outcomes.map(\.json))]
        }
    }
}
