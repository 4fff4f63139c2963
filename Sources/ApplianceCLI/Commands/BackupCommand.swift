import ApplianceCore
import ArgumentParser

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Snapshots: made without stopping anybody, proved by restoring them.",
        subcommands: [Create.self, List.self, Show.self, Verify.self, Prune.self, Report.self, Drill.self])

    static let path = "/api/admin/backups"

    /// Runs long work with a progress bar.
    static func long(_ options: DataOptions, _ path: String) async throws -> JSON {
        let bar = ProgressBar(silent: options.json)
        defer { bar.finish() }
        return try await ControlSession.with(options.global.configuration()) { client in
            try await client.sendLong("POST", path) { bar.show($0) }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Take a snapshot now, and prove it.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            let snapshot = try await BackupCommand.long(options, path)
            if options.json { return Output.print(snapshot) }
            print(
                "Snapshot \(Output.text(snapshot, "id")): \(Output.count(snapshot["tenants"]?.integerValue, "shop")), "
                    + "\(Output.bytes(snapshot["storedBytes"]?.integerValue ?? 0)) stored, proved.")
            for failure in snapshot["failures"]?.arrayValue ?? [] {
                Output.error("Not in it: \(Output.text(failure, "tenant")): \(Output.text(failure, "reason"))")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List snapshots, the newest first.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await options.printList(path, ["ID", "SHOPS", "BYTES", "STORED", "PROVED", "REASON"]) { snapshot in
                [
                    Output.text(snapshot, "id"), Output.text(snapshot, "tenants"),
                    Output.bytes(snapshot["bytes"]?.integerValue ?? 0),
                    Output.bytes(snapshot["storedBytes"]?.integerValue ?? 0), Output.text(snapshot, "verified"),
                    Output.text(snapshot, "problem").isEmpty
                        ? Output.text(snapshot, "reason") : Output.text(snapshot, "problem"),
                ]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Show what is in a snapshot.")
        @Argument(help: "Its id, or latest.") var id: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let snapshot = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("GET", "\(path)/\(id.pathComponent)")
            }
            if options.json { return Output.print(snapshot) }
            Output.facts(
                ["id", "createdAt", "reason", "tenants", "verified", "verifiedAt"].map {
                    ($0, Output.text(snapshot, $0))
                })
            print("")
            Output.table(
                ["SHOP", "BYTES", "STORED", "SHA-256", "FILE"],
                (snapshot["files"]?.arrayValue ?? []).map { file in
                    [
                        file["tenant"].map { Output.text($0, "slug") } ?? "",
                        Output.bytes(file["bytes"]?.integerValue ?? 0),
                        Output.bytes(file["storedBytes"]?.integerValue ?? 0),
                        String(Output.text(file, "sha256").prefix(12)), Output.text(file, "path"),
                    ]
                })
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Read everything in a snapshot and check it.")
        @Argument(help: "Its id, or latest.") var id = "latest"
        @OptionGroup var options: DataOptions

        func run() async throws {
            let result = try await BackupCommand.long(options, "\(path)/\(id.pathComponent)/verify")
            let problems = result["problems"]?.arrayValue ?? []
            if options.json {
                Output.print(result)
            } else if problems.isEmpty {
                print("Snapshot \(Output.text(result, "id")) is good: every file was decompressed and checked.")
            }
            guard problems.isEmpty else {
                let lines = problems.map { "\(Output.text($0, "path")): \(Output.text($0, "reason"))" }
                throw DomainError.conflict(
                    "backup_damaged",
                    "Snapshot \(Output.text(result, "id")) is damaged.\n  " + lines.joined(separator: "\n  "))
            }
        }
    }
}
