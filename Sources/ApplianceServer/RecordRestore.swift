import ApplianceCore
import Backups
import CollectionKit
import GRDB
import HTTPAPI
import Storage
import Tenancy

/// Brings chosen records of a shop's past into the shop as it is: what was not chosen stays.
struct RecordRestore: Sendable {
    /// Which records.
    enum Choice: Sendable {
        case ids([String])
        /// All that were there at the first time and not at the second; as they were at the first.
        case deleted(from: Instant, until: Instant)
    }

    private enum Limit {
        /// Ids that are named of those that came and went.
        static let shown = 200
    }

    let appliance: Appliance
    let tenant: Tenant
    let collection: Collection
    let choice: Choice
    let onConflict: RecordMerge.OnConflict
    /// Where `ids` come from.
    let request: RestoreRequest

    /// A dry run is the whole merge, rolled back: what it tells is what would happen now.
    private struct DryRun: Error { let report: RecordMerge.Report }

    func run(
        isDryRun: Bool, by actor: Actor, requestID: String, progress: @escaping WorkProgress.Report
    ) async throws -> JSON {
        progress(WorkProgress("reading the past", done: 0, total: 2, detail: tenant.slug))
        let past = try await past()
        try requireAlike(past)
        let ids = try await ids(past)
        progress(WorkProgress("merging", done: 1, total: 2, detail: "\(ids.count) \(collection.name)"))
        let report = try await merge(ids, from: past, isDryRun: isDryRun, by: actor, requestID: requestID)
        var result = report.json.adding([
            "tenant": .string(tenant.slug), "tenantId": .string(tenant.id), "collection": .string(collection.name),
            "at": JSON(past.at), "dryRun": .bool(isDryRun), "onConflict": .string(onConflict.rawValue),
        ])
        if case .deleted(let from, let until) = choice {
            let missed = try await madeAndDeleted(from, until, past)
            result = result.adding([
                "madeAndDeleted": .array(missed.prefix(Limit.shown).map { .string($0) })
            ])
        }
        if !isDryRun {
            let log = RestoreLog(
                system: appliance.system, tenantFile: { [appliance] in appliance.directory.file($0) },
                now: appliance.time.now(), actor: actor, requestID: requestID, logger: appliance.logger)
            await log.noteRecords(result, of: tenant.id)
        }
        return result
    }

    /// Records of a collection of the shop's own fit only where it was declared then as it is now.
    private func requireAlike(_ past: PastState) throws {
        if collection.own == nil { return }
        let then = try past.database.read { [catalog = appliance.catalog, name = collection.name] db in
            try OwnCollections(db, beside: catalog)[name]?.declaration.collection
        }
        guard then?.hasFields(of: collection) == true else {
            throw DomainError.conflict(
                "declared_otherwise", "\(collection.heading) had other fields at that time, or was not there.",
                hint: "Read that time with ?at=, or restore the whole shop to it.")
        }
    }

    private func past() async throws -> PastState {
        switch choice {
        case .ids: try await appliance.past.open(appliance.backups.plan(request))
        case .deleted(let from, _): try await appliance.past.open(tenant.id, at: from)
        }
    }

    private func ids(_ past: PastState) async throws -> [String] {
        switch choice {
        case .ids(let ids): return ids
        case .deleted(_, let until):
            // With what is live when the time ends now: nothing need be made for it.
            let isNow = until >= appliance.time.now()
            let later = isNow ? nil : try await appliance.past.open(tenant.id, at: until)
            let database = later?.database ?? appliance.directory.file(tenant.id)
            let ids = try await database.readLong { [collection] gone in
                try past.database.readTransaction { then in
                    try RecordDeletions.ids(collection, at: then, gone: gone)
                }
            }
            return withExtendedLifetime(later) { ids }
        }
    }

    private func merge(
        _ ids: [String], from past: PastState, isDryRun: Bool, by actor: Actor, requestID: String
    ) async throws -> RecordMerge.Report {
        let context = RecordContext(
            now: appliance.time.now(), ids: appliance.ids, actor: actor, requestID: requestID,
            currency: tenant.currency, timeZone: tenant.localTime, sealer: appliance.master.sealer(tenant: tenant.id))
        do {
            return try await appliance.directory.file(tenant.id).write(alone: true) { [collection, onConflict] live in
                var merge = RecordMerge(collection, onConflict: onConflict, context)
                let report = try past.database.readTransaction { then in
                    try merge.run(ids, live: live, then: then)
                }
                if isDryRun { throw DryRun(report: report) }
                return report
            }
        } catch let dryRun as DryRun {
            return dryRun.report
        }
    }

    /// Records that came and went in that time: the shop at its beginning does not have them.
    private func madeAndDeleted(_ from: Instant, _ until: Instant, _ past: PastState) async throws -> [String] {
        let logged = try await appliance.directory.file(tenant.id).readLong { [collection] db in
            try RecordDeletions.logged(collection, db, from: from, until: until)
        }
        return try await past.database.readLong { [collection] then in
            try logged.filter { try !RecordDeletions.has(collection, then, $0) }
        }
    }
}
