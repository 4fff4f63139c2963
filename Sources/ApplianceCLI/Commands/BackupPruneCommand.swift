import ApplianceCore
import ArgumentParser

extension BackupCommand {
    struct Prune: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "prune", abstract: "Remove snapshots that are no longer needed.",
            discussion: """
                Keeps what the configuration key backup-keep says, or these options in its place. Whatever they say, the
                last proved copy of each shop stays, and the snapshot from which the restore window begins.
                Examples:
                  appliance backup prune --dry-run
                  appliance backup prune --keep-within 48h --keep-daily 30 --keep-monthly 12
                """)

        @Option(help: "Keep all younger than this, such as 48h or 30d.") var keepWithin: String?
        @Option(help: "Keep so many of the newest.") var keepLast: Int?
        @Option(help: "Keep one of each of so many hours that have any.") var keepHourly: Int?
        @Option(help: "The same for days.") var keepDaily: Int?
        @Option(help: "The same for weeks.") var keepWeekly: Int?
        @Option(help: "The same for months.") var keepMonthly: Int?
        @Option(help: "The same for years.") var keepYearly: Int?
        @Flag(help: "Only say what would go, and why the rest stays.") var dryRun = false
        @OptionGroup var options: DataOptions

        private var keep: String {
            let counts = [
                ("last", keepLast), ("hourly", keepHourly), ("daily", keepDaily), ("weekly", keepWeekly),
                ("monthly", keepMonthly), ("yearly", keepYearly),
            ]
            let rules =
                (keepWithin.map { ["within=\($0)"] } ?? [])
                + counts.compactMap { name, count in
                    count.map { "\(name)=\($0)" }
                }
            return rules.joined(separator: " ")
        }

        func run() async throws {
            var members = [JSON.Member("dryRun", .bool(dryRun))]
            if !keep.isEmpty { members.append(.init("keep", .string(keep))) }
            let body = JSON.object(members)
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "\(BackupCommand.path)/prune", body)
            }
            if options.json { return Output.print(answer) }
            if dryRun { show(answer) }
            let removed = answer["removed"]?.arrayValue?.count ?? 0
            let verb = dryRun ? "would go" : "removed"
            print(removed == 0 ? "Nothing to remove." : "\(Output.count(Int64(removed), "snapshot")) \(verb).")
        }

        private func show(_ answer: JSON) {
            print("Keep \(Output.text(answer, "keep")); restore window \(Output.text(answer, "restoreWindow")).")
            Output.table(
                ["ID", "", "BECAUSE"],
                (answer["items"]?.arrayValue ?? []).map { item in
                    let reasons = (item["reasons"]?.arrayValue ?? []).compactMap(\.stringValue)
                    return [
                        Output.text(item, "id"), reasons.isEmpty ? "goes" : "stays", reasons.joined(separator: "; "),
                    ]
                })
            Output.table(
                ["CHANGE LOG OF", "FROM", "TO", "", "BECAUSE"],
                (answer["log"]?.arrayValue ?? []).map { chain in
                    [
                        Output.text(chain, "tenant"), Output.text(chain, "from"), Output.text(chain, "to"),
                        chain["kept"] == true ? "stays" : "goes", Output.text(chain, "reason"),
                    ]
                })
        }
    }
}
