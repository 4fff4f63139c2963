import ApplianceCore
import ApplianceServer
import ArgumentParser
import Backups
import Foundation
import Storage

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Bring one shop back, or everything.",
        discussion: """
            Everything is checked before anything is swapped in; what was there is kept in data/undo. Other shops go on
            serving. Works with a running server and without one.
            Examples:
              appliance restore --tenant acme --dry-run
              appliance restore --tenant acme --at 2026-11-21T01:59:30Z --yes
              appliance restore --snapshot 2026-11-21T02-00-00Z
              appliance restore --tenant acme --at 2026-11-21T01:59:30Z --as acme-then
              appliance restore --tenant acme --collection customers --ids cus_01k…,cus_01k…
              appliance restore undo --tenant acme
            """, subcommands: [List.self, Undo.self])

    @Option(help: "Slug or id of a shop; may be given several times. Without it, everything is restored.")
    var tenant: [String] = []
    @Option(help: "Snapshot id, or latest.") var snapshot = "latest"
    @Option(help: "The state at this time (RFC 3339), to the second, or now.") var at: String?
    @Option(help: "Another backups folder to restore from.") var from: String?
    @Option(help: "Write the files to this folder instead of replacing anything.") var into: String?
    @Option(name: .customLong("as"), help: "Make a new shop of this name of it, beside the shop; nothing is replaced.")
    var newSlug: String?
    @Option(help: "Bring back only records of this collection; the rest of the shop stays.") var collection: String?
    @Option(help: "Which records, with commas between: as they were at --at or in --snapshot.") var ids: String?
    @Option(help: "Or all that were deleted between two times, T1,T2: as they were at the first.")
    var deletedBetween: String?
    @Option(help: "Records that exist and have changed: skip (the default) or replace.") var onConflict: String?
    @Flag(help: "Take backups whose seal cannot be checked here, because another master.key made them.")
    var unsealed = false
    @Flag(help: "Only say what would be done, and what would change.") var dryRun = false
    @Flag(help: "Do not ask.") var yes = false
    @OptionGroup var options: DataOptions

    func validate() throws {
        if let at, RestoreRequest.instant(at, now: .latest) == nil {
            throw ValidationError("--at takes a time such as 2026-11-21T01:59:30Z, or now.")
        }
        if let fault { throw ValidationError(fault) }
        guard !unsealed || !isOfRecords else {
            throw ValidationError("--unsealed brings back shops, not records: --into or --as shows what they were.")
        }
        guard newSlug == nil || tenant.count == 1 && into == nil else {
            throw ValidationError("--as makes a new shop of one --tenant, and has no --into.")
        }
    }

    func run() async throws {
        let configuration = try options.global.configuration()
        try FileSystem.makeFolder(configuration.data.root)
        if isOfRecords { return try await runRecords(configuration) }
        // Without a server everything is replaced without opening what is there: it may be gone or damaged.
        if tenant.isEmpty, let lock = try ControlSession.lockUnlessServed(configuration.data) {
            let request = try RestoreRequest(
                snapshot: snapshot, at: at.flatMap { RestoreRequest.instant($0, now: TimeSource.system.now()) },
                from: from.map { URL(filePath: $0) }, into: into.map { URL(filePath: $0) },
                isUnsealed: unsealed)
            return try await runOffline(request, configuration, lock)
        }
        try await run("/api/admin/restores", configuration, body)
    }

    /// Plan, question, act: by the server.
    func run(_ path: String, _ configuration: Configuration, _ body: (_ dryRun: Bool) -> JSON) async throws {
        let bar = ProgressBar(silent: options.json)
        try await ControlSession.with(configuration) { client in
            // What would change is compared when nothing else is wanted: it takes as long as the restore.
            let first = body(true).adding(["diff": .bool(dryRun && !tenant.isEmpty && into == nil)])
            let plan = try await client.sendLong("POST", path, first) { bar.show($0) }["plan"] ?? .null
            bar.finish()
            try show(plan)
            guard try !dryRun && confirmed(plan) else { return }
            let named = body(false).adding(["confirm": plan["confirm"] ?? .null])
            let result = try await client.sendLong("POST", path, named) { bar.show($0) }
            bar.finish()
            report(result["restored"]?.arrayValue ?? [])
        }
    }

    private func body(dryRun: Bool) -> JSON {
        var members: [JSON.Member] = [
            .init("tenants", .array(tenant.map { .string($0) })), .init("snapshot", .string(snapshot)),
            .init("dryRun", .bool(dryRun)),
        ]
        if unsealed { members.append(.init("unsealed", true)) }
        // The server's working folder is not ours.
        let from = from.map { URL(filePath: $0).standardizedFileURL.path }
        let into = into.map { URL(filePath: $0).standardizedFileURL.path }
        for (name, value) in [("as", newSlug), ("at", at), ("from", from), ("into", into)] {
            if let value { members.append(.init(name, .string(value))) }
        }
        return .object(members)
    }

    /// The same by this process, which holds the lock.
    func runOffline(
        _ request: RestoreRequest, _ configuration: Configuration, _ lock: DataDirectoryLock
    ) async throws {
        let work = try OfflineRestore(configuration, lock: lock, logger: GlobalOptions.quietLogger())
        let plan = try await work.plan(request)
        try show(plan.json)
        if try !dryRun && confirmed(plan.json) {
            let (updates, continuation) = AsyncStream.makeStream(
                of: WorkProgress.self, bufferingPolicy: .bufferingNewest(1))
            let isSilent = options.json
            let shown = Task {
                let bar = ProgressBar(silent: isSilent)
                for await update in updates { bar.show(update) }
                bar.finish()
            }
            defer { continuation.finish() }
            let outcomes = try await work.run(plan) { continuation.yield($0) }
            continuation.finish()
            await shown.value
            report(outcomes.map(\.json))
        }
        withExtendedLifetime(lock) {}
        try await work.shutdown()
    }

    private func confirmed(_ plan: JSON) throws -> Bool {
        if yes || newSlug != nil { return true }
        let phrase = Output.text(plan, "confirm")
        let isWhole = plan["whole"] == .bool(true)
        return try Output.confirm(
            isWhole ? "The whole appliance is replaced." : "\(phrase) is replaced.", expected: phrase)
    }

    private func show(_ plan: JSON) throws {
        if options.json {
            if dryRun { Output.print(["plan": plan]) }
            return
        }
        print(
            "From \(Output.text(plan, "source")), state of \(Output.text(plan, "at")), "
                + "\(Output.text(plan, "behindSeconds")) seconds back.")
        for step in plan["steps"]?.arrayValue ?? [] { print("  \(step.stringValue ?? "")") }
        print("  Expected to take \(Output.text(plan, "expectedSeconds")) seconds.")
        if let diff = plan["diff"] { Self.show(diff: diff) }
        for note in plan["notes"]?.arrayValue ?? [] { print("Note: \(note.stringValue ?? "")") }
    }

    private func report(_ restored: [JSON]) {
        if options.json { return Output.print(["restored": .array(restored)]) }
        Output.table(
            ["RESTORED", "STATE OF", "SECONDS", "UNDO"],
            restored.map { outcome in ["tenant", "at", "seconds", "undo"].map { Output.text(outcome, $0) } })
    }
}
