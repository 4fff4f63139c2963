import ApplianceCore
import ArgumentParser

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Who did what: the logs of shops and of the appliance.",
        subcommands: [List.self, Verify.self])

    struct Log: ParsableArguments {
        @Option(help: "Slug or id of the shop; without it, the appliance's own log.") var tenant: String?
        @OptionGroup var options: DataOptions

        var path: String { tenant == nil ? "/api/admin/audit" : "/api/audit" }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the latest events.")
        @Option(help: "How many (1–200).") var limit = 30
        @Option(help: "Only events on this record, user or shop.") var target: String?
        @OptionGroup var log: Log

        func run() async throws {
            let target = target.map { "&target=\($0.pathComponent)" } ?? ""
            let answer = try await ControlSession.with(log.options.global.configuration()) {
                try await $0.send("GET", "\(log.path)?limit=\(limit)\(target)", tenant: log.tenant)
            }
            if log.options.json { return Output.print(answer) }
            Output.table(
                ["SEQ", "AT", "WHO", "WHAT", "OF"],
                (answer["items"]?.arrayValue ?? []).map { event in
                    [
                        String(event["seq"]?.integerValue ?? 0), Output.text(event, "at"), Output.text(event, "actor"),
                        Output.text(event, "action"), Output.text(event, "target"),
                    ]
                })
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Check that a log is what was written.",
            discussion: """
                Prints the head of the log as SEQ:HASH. Keep it elsewhere: with --anchor, a later check also notices
                a log that was cut off or written anew.

                appliance audit verify --tenant acme
                appliance audit verify --tenant acme --anchor 1204:9f2c…
                """)
        @Option(help: "What an earlier check printed (SEQ:HASH).") var anchor: String?
        @OptionGroup var log: Log

        func run() async throws {
            let anchor = anchor.map { "?anchor=\($0.pathComponent)" } ?? ""
            let report = try await ControlSession.with(log.options.global.configuration()) {
                try await $0.send("GET", "\(log.path)/verify\(anchor)", tenant: log.tenant)
            }
            if log.options.json {
                Output.print(report)
            } else if report["ok"]?.boolValue == true {
                let events = report["events"]?.integerValue
                let verb = events == 1 ? "is" : "are"
                print(
                    "\(Output.count(events, "event")) \(verb) what was written. Head: \(Output.text(report, "head"))")
            } else {
                print("Event \(report["firstBroken"]?.integerValue ?? 0) \(Output.text(report, "reason")).")
            }
            if report["ok"]?.boolValue != true { throw ExitCode(Failure.failed) }
        }
    }
}
