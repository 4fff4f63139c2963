import ApplianceCore
import Backups
import Foundation
import HTTPAPI
import Hummingbird
import Storage
import Tenancy

/// Operators make, prove and prune snapshots.
struct BackupController: Sendable {
    let appliance: Appliance

    func add(to routes: Routes) {
        routes.operator(.get, "/api/admin/backups", "List snapshots", .gives(.list(.snapshot))) { context in
            let snapshots = try await appliance.backups.list()
            return Answer.json(["items": .array(snapshots.map(\.json)), "nextCursor": nil], for: context.request)
        }
        routes.operator(.post, "/api/admin/backups", "Make a snapshot", .mayTake().gives(.created, .snapshot)) {
            try await create($0)
        }
        routes.operator(.get, "/api/admin/backups/{id}", "Read a snapshot", .gives(.snapshot)) { context in
            Answer.json(try await appliance.backups.show(id(context)).detailJSON, for: context.request)
        }
        routes.operator(
            .post, "/api/admin/backups/{id}/verify", "Prove a snapshot again", .mayTake().gives(.verification)
        ) { try await verify($0) }
        routes.operator(
            .post, "/api/admin/backups/prune", "Remove snapshots that are no longer needed",
            .mayTake(.flag("dryRun"), .text("keep")).gives(.prune)
        ) {
            try await prune($0)
        }
    }

    private func id(_ context: OperatorRequestContext) -> String { context.http.parameters.get("id") ?? "" }

    private func create(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
        try body.finish()
        return try await LongWork.respond(context.request, status: .created, logger: appliance.logger) { progress in
            let snapshot = try await appliance.backups.create(reason: .manual, progress: progress)
            try await appliance.latestBackups.refresh()
            return snapshot.json
        }
    }

    private func verify(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.optionalJSON(context.request))
        try body.finish()
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
            let log = try await appliance.backups.logDecisions()
            return Answer.json(plan.json(removed: plan.removals, isDryRun: true).adding(["log": .array(log)]))
        }
        let (plan, removed) = try await appliance.backups.prune(policy)
        try await appliance.latestBackups.refresh()
        return Answer.json(plan.json(removed: removed, isDryRun: false))
    }
}

extension Double {
    func rounded(digits: Int) -> Double {
        let factor = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        return (self * factor).rounded() / factor
    }
}
