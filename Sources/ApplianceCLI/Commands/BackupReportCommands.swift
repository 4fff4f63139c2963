import ApplianceCore
import ArgumentParser

extension BackupCommand {
    struct Report: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What can be restored of each shop, how long that takes, and whether the promises hold.",
            discussion: "Exits with 1 when a promise is broken: at most 1 hour of work lost, at most 4 hours gone.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            let report = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("GET", "\(BackupCommand.path)/report")
            }
            let items = report["items"]?.arrayValue ?? []
            if options.json {
                Output.print(report)
            } else {
                Output.table(
                    ["SHOP", "FROM", "TO", "WOULD LOSE", "RESTORE TAKES", "PROVED", ""],
                    items.map { item in
                        [
                            Output.text(item, "tenant"), String(Output.text(item, "restorableFrom").prefix(16)),
                            String(Output.text(item, "restorableTo").prefix(16)),
                            Output.text(item, "recoveryPointSeconds") + " s",
                            item["drill"]?["seconds"] == nil
                                ? "not drilled" : Output.text(item, "recoveryTimeSeconds") + " s",
                            String(Output.text(item, "provedAt").prefix(16)), Output.text(item, "breaches"),
                        ]
                    })
            }
            let broken = items.filter { $0["ok"] == false }.map { Output.text($0, "tenant") }
            guard broken.isEmpty else {
                throw DomainError.conflict(
                    "promise_broken", "The promise is broken for \(broken.prefix(5).joined(separator: ", ")).",
                    hint: "appliance backup create")
            }
        }
    }

    struct Drill: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Restore shops into a scratch folder, compare and measure; nothing live changes.")
        @Option(help: "Slug or id of a shop; may be given several times. Without it, all.") var tenant: [String] = []
        @OptionGroup var options: DataOptions

        func run() async throws {
            let bar = ProgressBar(silent: options.json)
            let body: JSON = ["tenants": .array(tenant.map { .string($0) })]
            let answer = try await ControlSession.with(options.global.configuration()) { client in
                try await client.sendLong("POST", "/api/admin/drills", body) { bar.show($0) }
            }
            bar.finish()
            let items = answer["items"]?.arrayValue ?? []
            if options.json {
                Output.print(answer)
            } else {
                Output.table(
                    ["SHOP", "FROM", "STATE OF", "BYTES", "SECONDS", "RESULT"],
                    items.map { item in
                        [
                            Output.text(item, "tenant"), Output.text(item, "source"), Output.text(item, "stateAt"),
                            Output.bytes(item["bytes"]?.integerValue ?? 0), Output.text(item, "seconds"),
                            item["ok"] == true ? "whole" : Output.text(item, "problem"),
                        ]
                    })
            }
            guard items.allSatisfy({ $0["ok"] == true }) else {
                throw DomainError.conflict("drill_failed", "A backup could not be restored.")
            }
        }
    }
}
