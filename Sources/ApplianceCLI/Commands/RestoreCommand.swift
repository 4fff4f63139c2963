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
            """)

    @Option(help: "Slug or id of a shop; may be given several times. Without it, everything is restored.")
    var tenant: [String] = []
    @Option(help: "Snapshot id, or latest.") var snapshot = "latest"
    @Option(help: "The state at this time (RFC 3339), to the second, or now.") var at: String?
    @Option(help: "Another backups folder to restore from.") var from: String?
    @Option(help: "Write the files to this folder instead of replacing anything.") var into: String?
    @Flag(help: "Only say what would be done.") var dryRun = false
    @Flag(help: "Do not ask.") var yes = false
    @OptionGroup var options: DataOptions

    func validate() throws {
        if let at, RestoreRequest.instant(at, now: .latest) == nil {
            throw ValidationError("--at takes a time such as 2026-11-21T01:59:30Z, or now.")
        }
    }

    private var confirmation: String { tenant.isEmpty ? "restore everything" : tenant.joined(separator: ",") }

    func run() async throws {
        let configuration = try options.global.configuration()
        try FileSystem.makeFolder(configuration.data.root)
        // Without a server everything is replaced without opening what is there: it may be gone or damaged.
        if tenant.isEmpty, let lock = try ControlSession.lockUnlessServed(configuration.data) {
            return try await runOffline(configuration, lock)
        }
        let bar = ProgressBar(silent: options.json)
        try await ControlSession.with(configuration) { client in
            let plan = try await client.send("POST", "/api/admin/restores", body(dryRun: true))["plan"] ?? .null
            try show(plan)
            guard try !dryRun && confirmed() else { return }
            let result = try await client.sendLong("POST", "/api/admin/restores", body(dryRun: false)) { bar.show($0) }
            bar.finish()
            report(result["restored"]?.arrayValue ?? [])
        }
    }

    private func body(dryRun: Bool) -> JSON {
        var members: [JSON.Member] = [
            .init("tenants", .array(tenant.map { .string($0) })), .init("snapshot", .string(snapshot)),
            .init("dryRun", .bool(dryRun)), .init("confirm", .string(confirmation)),
        ]
        // The server's working folder is not ours.
        let from = from.map { URL(filePath: $0).standardizedFileURL.path }
        let into = into.map { URL(filePath: $0).standardizedFileURL.path }
        for (name, value) in [("at", at), ("from", from), ("into", into)] {
            if let value { members.append(.init(name, .string(value))) }
        }
        return .object(members)
    }

    private func runOffline(_ configuration: Configuration, _ lock: DataDirectoryLock) async throws {
        let work = try OfflineRestore(configuration, lock: lock, logger: GlobalOptions.quietLogger())
        let request = try RestoreRequest(
            snapshot: snapshot, at: at.flatMap { RestoreRequest.instant($0, now: TimeSource.system.now()) },
            from: from.map { URL(filePath: $0) },
            into: into.map { URL(filePath: $0) })
        let plan = try await work.plan(request)
        try show(plan.json)
        if try !dryRun && confirmed() {
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

    private func confirmed() throws -> Bool {
        if yes { return true }
        let what =
            tenant.isEmpty ? "The whole appliance is replaced." : "\(tenant.joined(separator: ", ")) is replaced."
        return try Output.confirm(what, expected: confirmation)
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
        for note in plan["notes"]?.arrayValue ?? [] { print("Note: \(note.stringValue ?? "")") }
    }

    private func report(_ restored: [JSON]) {
        if options.json { return Output.print(["restored": .array(restored)]) }
        Output.table(
            ["RESTORED", "STATE OF", "SECONDS", "UNDO"],
            restored.map { outcome in ["tenant", "at", "seconds", "undo"].map { Output.text(outcome, $0) } })
    }
}
