import ApplianceCore
import ArgumentParser

extension BackupCommand {
    struct Report: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "report",
            abstract: "What can be restored of each shop, how long that takes, and whether the promises hold.",
            discussion: """
                Measured: how long a commit of the last hour waited for the change log, and how long the last drill
                took, longer by as much as the shop has grown. Exits with 1 when a promise is broken; what is promised
                say the configuration keys promise-recovery-point and promise-recovery-time.
                """)
        @OptionGroup var options: DataOptions

        func run() async throws {
            let report = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("GET", "\(BackupCommand.path)/report")
            }
            let items = report["items"]?.arrayValue ?? []
            if options.json { Output.print(report) } else { show(report, items) }
            let broken = items.filter { $0["ok"] == false }.map { Output.text($0, "tenant") }
            guard broken.isEmpty else {
                throw DomainError.conflict(
                    "promise_broken", "The promise is broken for \(broken.prefix(5).joined(separator: ", ")).",
                    hint: "appliance alert list")
            }
        }

        private func show(_ report: JSON, _ items: [JSON]) {
            if let promise = report["promise"] {
                print(
                    "Promised: at most \(Output.text(promise, "recoveryPointSeconds")) s of work lost, "
                        + "a shop of a gigabyte back within \(Output.text(promise, "recoveryTimeSeconds")) s.")
            }
            Output.table(
                ["SHOP", "FROM", "TO", "LOST NOW", "AT MOST", "BACK WITHIN", "PROVED", ""],
                items.map { item in
                    [
                        Output.text(item, "tenant"), String(Output.text(item, "restorableFrom").prefix(19)),
                        String(Output.text(item, "restorableTo").prefix(19)),
                        Output.text(item, "wouldLoseSeconds") + " s", Output.text(item, "recoveryPointSeconds") + " s",
                        item["recoveryTimeSeconds"] == .null
                            ? "not drilled" : Output.text(item, "recoveryTimeSeconds") + " s",
                        String(Output.text(item, "provedAt").prefix(16)), Output.text(item, "breaches"),
                    ]
                })
            for item in items {
                if let erased = item["erasures"], erased != .null {
                    print(
                        "\(Output.text(item, "tenant")): \(Output.text(erased, "count")) erased records, the latest "
                            + "\(Output.text(erased, "lastAt").prefix(10)); the last backup that holds it expires by "
                            + "\(Output.text(erased, "inBackupsUntil").prefix(10))")
                }
                if let held = item["held"]?.integerValue, held > 0 {
                    print("\(Output.text(item, "tenant")): \(held) messages held (appliance outbox list --status held)")
                }
                for gap in item["gaps"]?.arrayValue ?? [] {
                    print(
                        "\(Output.text(item, "tenant")): not to the second from \(Output.text(gap, "from")) "
                            + "to \(Output.text(gap, "to")): \(Output.text(gap, "reason"))")
                }
            }
        }
    }

    struct Drill: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "drill",
            abstract: "Restore shops into a scratch folder, compare and measure; nothing live changes.")
        @Option(help: "Slug or id of a shop; may be given several times. Without it, all.") var tenant: [String] = []
        @Flag(help: "List what earlier drills found, the newest first, instead.") var history = false
        @OptionGroup var options: DataOptions

        func run() async throws {
            if history { return try await list() }
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

        private func list() async throws {
            let query = "limit=200" + (tenant.first.map { "&tenant=\($0.pathComponent)" } ?? "")
            try await options.printList(
                "/api/admin/drills?\(query)", ["AT", "SHOP", "FROM", "BYTES", "SECONDS", "RESULT"]
            ) { item in
                [
                    String(Output.text(item, "at").prefix(19)), Output.text(item, "tenant"),
                    Output.text(item, "source"), Output.bytes(item["bytes"]?.integerValue ?? 0),
                    Output.text(item, "seconds"), item["ok"] == true ? "whole" : Output.text(item, "problem"),
                ]
            }
        }
    }
}
