import ApplianceCore
import Backups
import CollectionKit
import Jobs
import Logging
import Storage
import Tenancy

/// The table of recurring jobs.
struct BuiltInJobs {
    let system: DatabaseFile
    let directory: TenantDirectory
    let catalog: CollectionCatalog
    let backups: BackupService
    let latest: LatestBackups
    let recovery: Recovery
    let past: PastImages
    let tenants: Tenants
    let sessions: Sessions
    let signIn: SignIn
    let contentPins: ContentPins
    let usage: UsageService
    let erasures: Erasures
    let ids: IdentifierSource
    let time: TimeSource
    let logger: Logger

    var table: [RecurringJob] {
        [
            RecurringJob(
                "snapshot", title: "Snapshot",
                description: "Backs up every changed shop, proves it, and prunes old snapshots.",
                schedule: .every(minutes: 60), run: { _ in try await snapshot() }),
            RecurringJob(
                "change-log", title: "Change log",
                description: "Joins the change log's finished hours, and lets go of what is older than 30 days.",
                schedule: .every(minutes: 60), run: { _ in try await backups.compactLog() }),
            RecurringJob(
                "erasures", title: "Erasures",
                description: "Completes erasures that were cut short, and files them beside the backups.",
                schedule: .every(minutes: 60),
                run: { _ in
                    let count = try await erasures.catchUp()
                    return "\(count) caught up with"
                }),
            RecurringJob(
                "damage-recheck", title: "Damage recheck",
                description: "Reads shops once more that a failed read took out of service; sound ones come back.",
                schedule: .every(minutes: 10), run: { _ in try await recheckDamaged() }),
            RecurringJob(
                "lifecycle", title: "Lifecycle",
                description: "Writes down which trials, paid periods and days of grace are over. Nothing waits for it.",
                schedule: .every(minutes: 15),
                run: { _ in
                    let count = try await tenants.settleAll()
                    return "\(count) step\(count == 1 ? "" : "s")"
                }),
            RecurringJob(
                "trial-warnings", title: "Trial warnings",
                description:
                    "Tells owners 7, 3 and 1 days before their trial ends, at 09:00 there, and what follows.",
                schedule: .every(minutes: 15),
                run: { _ in
                    let count = try await TrialWarnings(system: system, ids: ids, time: time).run()
                    return "\(count) new message\(count == 1 ? "" : "s")"
                }),
            RecurringJob(
                "usage", title: "Usage",
                description:
                    "Writes down what was counted, frees what nobody settled, tells at 80 and 100 % of a limit.",
                schedule: .every(minutes: 15), run: { _ in Self.text(await usage.settle(all: false)) }),
            RecurringJob(
                "usage-all", title: "Usage of all shops",
                description: "The same for every shop, also those that nothing was heard of since the start.",
                schedule: .daily(hour: 3, minute: 20), run: { _ in Self.text(await usage.settle(all: true)) }),
            RecurringJob(
                "restore-drill", title: "Restore drill",
                description: "Restores some shops, drawn by lot, into a scratch folder, compares and measures.",
                schedule: .daily(hour: 4, minute: 20), run: { _ in try await recovery.drillSome() }),
            RecurringJob(
                "signing-keys", title: "Signing keys",
                description: "Begins a new key for access tokens every 90 days.",
                schedule: .daily(hour: 4, minute: 40),
                run: { _ in try await sessions.rotateDueKeys() ? "a new key" : "nothing due" }),
            RecurringJob(
                "account-index", title: "Account index",
                description: "Notes which address has an account in which shops, for those who name none at sign-in.",
                schedule: .daily(hour: 3, minute: 30),
                run: { _ in
                    let count = try await signIn.renewAccountIndex()
                    return "\(count) shop\(count == 1 ? "" : "s") changed"
                }),
            RecurringJob(
                "past-prune", title: "Past prune",
                description: "Removes copies of shops' pasts that nobody has read for a quarter of an hour.",
                schedule: .every(minutes: 15),
                run: { _ in
                    let count = await past.removeIdle()
                    return "\(count) cop\(count == 1 ? "y" : "ies") removed"
                }),
            RecurringJob(
                "undo-prune", title: "Undo prune",
                description: "Removes what restores replaced more than seven days ago.", schedule: .every(minutes: 60),
                run: { _ in
                    let count = try await backups.pruneUndo()
                    return "\(count) database\(count == 1 ? "" : "s") removed"
                }),
            RecurringJob(
                "sandbox-purge", title: "Sandbox purge", description: "Removes copies of shops whose days are over.",
                schedule: .every(minutes: 60),
                run: { _ in
                    let count = try await tenants.purgeSandboxes()
                    return "\(count) sandbox\(count == 1 ? "" : "es") removed"
                }),
            RecurringJob(
                "trash-purge", title: "Trash purge",
                description: "Removes deleted shops for good once they lay in the trash for 30 days.",
                schedule: .daily(hour: 3, minute: 40),
                run: { _ in
                    let count = try await tenants.purgeDue()
                    return "\(count) shop\(count == 1 ? "" : "s") removed for good"
                }),
            RecurringJob(
                "file-sweep", title: "File sweep",
                description: "Removes uploaded files that no record has named for the whole restore window.",
                schedule: .daily(hour: 3, minute: 50), run: { _ in try await backups.sweepContents(contentPins) }),
            RecurringJob(
                "retention-purge", title: "Retention purge",
                description: "Removes records older than their collection keeps them, and sessions long expired.",
                schedule: .daily(hour: 3, minute: 10),
                run: { _ in
                    let purge = RetentionPurge(directory: directory, catalog: catalog, time: time, logger: logger)
                    let (removed, failed) = try await purge.run()
                    let now = time.now()
                    try await system.write { db in try Idempotency.purge(db, now: now) }
                    return "\(removed) removed" + (failed > 0 ? ", \(failed) shops failed" : "")
                }),
        ]
    }

    private static func text(_ done: (shops: Int, told: Int, failed: Int)) -> String {
        "\(done.shops) shop\(done.shops == 1 ? "" : "s"), \(done.told) notice\(done.told == 1 ? "" : "s")"
            + (done.failed > 0 ? ", \(done.failed) failed" : "")
    }

    private func recheckDamaged() async throws -> String {
        let damaged = directory.all.map { directory.file($0.id) }.filter { $0.quarantineReason != nil }
        var back = 0
        for file in damaged where try await file.recheck() { back += 1 }
        return "\(back) of \(damaged.count) back in service"
    }

    private func snapshot() async throws -> String {
        let made = try await backups.create(reason: .schedule)
        let pruned = try await backups.prune().removed
        try await latest.refresh()
        let failures = made.manifest?.failures.count ?? 0
        return "\(made.id): \(made.manifest?.tenantCount ?? 0) shops"
            + (failures > 0 ? ", \(failures) failed" : "") + (pruned.isEmpty ? "" : ", \(pruned.count) old ones pruned")
    }
}
