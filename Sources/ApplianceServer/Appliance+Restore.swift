import ApplianceCore
import Backups
import CollectionKit
import Foundation
import Logging
import Storage
import Tenancy

extension Appliance {
    /// What no past brings back: persons who were erased since, and mail that may have left already.
    static func amendments(_ erasures: Erasures, _ system: DatabaseFile) -> PastAmendments {
        @Sendable func back(_ moment: PastAmendments.Moment) -> GoingBack {
            GoingBack(restore: moment.restore, stateAt: moment.stateAt, at: moment.at)
        }
        return PastAmendments(
            erasuresSince: { erasures.count($0, since: $1, in: $2) },
            replay: { try erasures.replay($0, on: $1, in: $2) },
            hold: { try await Outbox.hold($0, back($1), in: system) },
            holdAll: { try Outbox.holdAll(in: $0, back($1)) })
    }
}

extension Appliance {
    static func seals(_ master: MasterKey) -> ManifestSeals { ManifestSeals { master.manifestKeys } }
    static func logSeals(_ master: MasterKey) -> LogSeals { LogSeals { master.logKeys } }
}

extension Appliance {
    /// Restores, lets go of everything that memory knew of what was replaced, and writes down who did it.
    func restore(
        _ plan: RestorePlan, by actor: Actor, requestID: String, progress: @escaping WorkProgress.Report
    ) async throws -> [RestoreOutcome] {
        let outcomes = try await backups.restore(plan, progress: progress)
        guard plan.into == nil else { return outcomes }
        if plan.isWhole {
            try reloadControlPlane()
            _ = try? await erasures.catchUp()
        }
        for outcome in outcomes {
            if let tenant = outcome.tenant, !tenant.record.isEmpty { try await tenants.readopt(record: tenant.record) }
        }
        signIn.sessions.forgetAll()
        let log = RestoreLog(
            system: system, tenantFile: { directory.file($0) }, now: time.now(), actor: actor, requestID: requestID,
            logger: logger)
        for outcome in outcomes { await log.note(outcome, isUndo: plan.isUndo) }
        return outcomes
    }
}

extension Appliance {
    /// Makes a new shop of a shop's past, beside the shop: its people and records, nobody signed in, read-only until
    /// somebody activates it, so that nothing leaves it by itself.
    func restoreBeside(
        _ plan: RestorePlan, by actor: Actor, requestID: String, progress: @escaping WorkProgress.Report
    ) async throws -> JSON {
        guard let source = plan.items.first?.tenant, let slug = plan.newSlug else {
            throw DomainError.internal("not a plan of a new shop")
        }
        guard !source.record.isEmpty else {
            throw DomainError.conflict(
                "tenant_unknown", "Nothing is known of \(source.slug) but its data.",
                hint: "appliance restore without --as brings the shop itself back.")
        }
        try tenants.checkIsFree(slug)
        let start = ContinuousClock.now
        let parent = tenants.stagingFolder()
        do {
            progress(WorkProgress("verifying", done: 0, total: 1, detail: source.slug))
            let staged = try await backups.stage(plan, in: parent)
            progress(WorkProgress("restoring", done: 0, total: 1, detail: slug))
            try await storage.longWork {
                try TenantPackage.rewrite(staged.folder.appending(path: "tenant.sqlite"), CopyCleaning.export)
            }
            let made = try await tenants.adopt(
                staged.folder, as: source.record, slug: slug, action: "restore.as",
                suspended: "The past of \(source.slug) as of \(staged.at). Activate it to work in it.", by: actor,
                requestID: requestID)
            try FileSystem.remove(parent)
            let outcome: JSON = [
                "tenant": .string(made.slug), "tenantId": .string(made.id), "of": .string(source.slug),
                "ofId": .string(source.id), "snapshot": JSON(plan.snapshot?.description), "at": JSON(staged.at),
                "seconds": JSON((ContinuousClock.now - start).inSeconds.rounded(digits: 3)), "undo": nil,
                "erasures": JSON(staged.erasures), "held": 0,
            ]
            let log = RestoreLog(
                system: system, tenantFile: { directory.file($0) }, now: time.now(), actor: actor,
                requestID: requestID, logger: logger)
            await log.note("restore.as", outcome, in: [source.id, made.id].filter { directory[$0] != nil })
            return outcome
        } catch {
            try? FileSystem.remove(parent)
            throw error
        }
    }
}

/// A restore in the operators' audit log, and in that of the shop whose past it is now.
struct RestoreLog: Sendable {
    let system: DatabaseFile
    let tenantFile: @Sendable (String) -> DatabaseFile
    let now: Instant
    let actor: Actor
    let requestID: String
    let logger: Logger

    /// The restore has happened: what cannot be written here is in the server's log.
    func note(_ outcome: RestoreOutcome, isUndo: Bool) async {
        let (action, id) = (isUndo ? "restore.undo" : "restore", outcome.tenant?.id)
        await append(action, target: id ?? "system", outcome.json, to: system)
        if let id { await append(action, target: id, outcome.json, to: tenantFile(id)) }
    }

    /// The same event in the logs of several shops; the operators' has it already.
    func note(_ action: String, _ data: JSON, in tenants: [String]) async {
        for id in tenants { await append(action, target: id, data, to: tenantFile(id)) }
    }

    /// Records that came back, which the shop's own log tells one by one.
    func noteRecords(_ data: JSON, of tenant: String) async {
        let brief = (data.objectValue ?? []).filter { !["conflicts", "ids", "madeAndDeleted"].contains($0.name) }
        await append("restore.records", target: tenant, .object(brief), to: system)
    }

    private func append(_ action: String, target: String, _ data: JSON, to file: DatabaseFile) async {
        do {
            try await file.write { db in
                try AuditTrail.append(
                    db, at: now, actor: actor, action: action, target: target, requestID: requestID, data: data.text)
            }
        } catch {
            logger.error(
                "restore not in the audit log", metadata: [LogKey.tenant: "\(file.name)", LogKey.error: "\(error)"])
        }
    }
}
