import ApplianceCore
import Backups
import Foundation
import HTTPAPI
import Hummingbird
import Storage
import Tenancy

/// Operators make, prove and restore snapshots.
struct BackupController: Sendable {
    let appliance: Appliance

    private static let wholeConfirmation = "restore everything"

    func add(to routes: Routes) {
        routes.operator(.get, "/api/admin/backups", "List snapshots") { context in
            let snapshots = try await appliance.backups.list()
            return Answer.json(["items": .array(snapshots.map(\.json)), "nextCursor": nil], for: context.request)
        }
        routes.operator(.post, "/api/admin/backups", "Make a snapshot") { try await create($0) }
        routes.operator(.get, "/api/admin/backups/{id}", "Read a snapshot") { context in
            Answer.json(try await appliance.backups.show(id(context)).detailJSON, for: context.request)
        }
        routes.operator(.post, "/api/admin/backups/{id}/verify", "Prove a snapshot again") { try await verify($0) }
        routes.operator(.post, "/api/admin/backups/prune", "Remove snapshots that are no longer needed") {
            try await prune($0)
        }
        routes.operator(.post, "/api/admin/restores", "Restore shops, or everything") { try await restore($0) }
    }

    private func id(_ context: OperatorRequestContext) -> String { context.http.parameters.get("id") ?? "" }

    private func create(_ context: OperatorRequestContext) async throws -> Response {
        _ = try await RequestBodies.optionalJSON(context.request)
        return try await LongWork.respond(context.request, status: .created, logger: appliance.logger) { progress in
            let snapshot = try await appliance.backups.create(reason: .manual, progress: progress)
            try await appliance.latestBackups.refresh()
            return snapshot.json
        }
    }

    private func verify(_ context: OperatorRequestContext) async throws -> Response {
        _ = try await RequestBodies.optionalJSON(context.request)
        let id = id(context)
        return try await LongWork.respond(context.request, logger: appliance.logger) { progress in
            let start = ContinuousClock.now
            let result = try await appliance.backups.verify(id, progress: progress)
            try await appliance.latestBackups.refresh()
            return result.json.adding([
                "verified": .bool(result.isGood),
                "seconds": JSON(start.duration(to: .now).inSeconds.rounded(digits: 3)),
            ])
        }
    }

    private func prune(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
        let isDryRun = body.flag("dryRun") ?? false
        let keep = body.text("keep", max: 200)
        try body.finish()
        let policy = try keep.map { try RetentionPolicy($0) }
        if isDryRun {
            let plan = try await appliance.backups.prunePlan(policy)
            return Answer.json(plan.json(removed: plan.removals, isDryRun: true))
        }
        let (plan, removed) = try await appliance.backups.prune(policy)
        try await appliance.latestBackups.refresh()
        return Answer.json(plan.json(removed: removed, isDryRun: false))
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
        let isDryRun = body.flag("dryRun") ?? false
        let confirmation = body.text("confirm", max: 4000)
        try body.finish()
        // Folders of this machine are the command line's business, not a browser's.
        guard context.http.isControl || (from == nil && into == nil) else {
            throw DomainError.forbidden("control_only", "Other folders can be named on the command line only.")
        }
        let request = try RestoreRequest(
            tenants: tenants, snapshot: snapshot, at: at, from: from.map { URL(filePath: $0) },
            into: into.map { URL(filePath: $0) })
        let plan = try await appliance.backups.plan(request)
        if isDryRun { return Answer.json(["plan": plan.json]) }
        try confirm(tenants, confirmation)
        return try await LongWork.respond(context.request, logger: appliance.logger) { progress in
            let outcomes = try await appliance.restore(plan, progress: progress)
            return ["restored": .array(outcomes.map(\.json))]
        }
    }

    private func confirm(_ tenants: [String], _ text: String?) throws {
        let expected = tenants.isEmpty ? Self.wholeConfirmation : tenants.joined(separator: ",")
        guard text == expected else {
            throw DomainError.invalid("confirm", "confirmation_required", "Confirm with \"\(expected)\".")
        }
    }
}

extension Appliance {
    /// Restores, and lets go of everything that memory knew of what was replaced.
    func restore(_ plan: RestorePlan, progress: @escaping WorkProgress.Report) async throws -> [RestoreOutcome] {
        let outcomes = try await backups.restore(plan, progress: progress)
        guard plan.into == nil else { return outcomes }
        if plan.isWhole { try directory.load(system) }
        for outcome in outcomes {
            if let tenant = outcome.tenant, !tenant.record.isEmpty { try await tenants.readopt(record: tenant.record) }
        }
        signIn.sessions.forgetAll()
        return outcomes
    }
}

extension Double {
    func rounded(digits: Int) -> Double {
        let factor = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        return (self * factor).rounded() / factor
    }
}
