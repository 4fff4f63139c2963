import ApplianceCore
import ArgumentParser

struct AlertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alert", abstract: "What is wrong and since when; alerts begin and end by themselves.",
        subcommands: [List.self, Acknowledge.self])

    private static let path = "/api/admin/alerts"

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List open alerts, the newest first.")
        @Flag(help: "Also those that have ended.") var all = false
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await options.printList(
                "\(path)?limit=200" + (all ? "" : "&open=true"), ["ID", "SINCE", "UNTIL", "SEEN BY", "WHAT", "DO"]
            ) { alert in
                [
                    Output.text(alert, "id"), String(Output.text(alert, "beganAt").prefix(19)),
                    String(Output.text(alert, "endedAt").prefix(19)), Output.text(alert, "acknowledgedBy"),
                    Output.text(alert, "message"), Output.text(alert, "remedy"),
                ]
            }
        }
    }

    struct Acknowledge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "acknowledge", abstract: "Say that you have seen an alert.")
        @Argument(help: "Its id.") var id: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let alert = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "\(path)/\(id.pathComponent)/acknowledge")
            }
            if options.json { return Output.print(alert) }
            print("Seen: \(Output.text(alert, "message"))")
        }
    }
}
