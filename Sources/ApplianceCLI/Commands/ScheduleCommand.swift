import ApplianceCore
import ArgumentParser

struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "Recurring jobs.", subcommands: [List.self, Run.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List jobs with their last and next run.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await options.printList("/api/admin/schedule", ["JOB", "SCHEDULE", "NEXT RUN", "LAST RUN", "RESULT"]) {
                job in
                let last = job["lastRun"] ?? .null
                return [
                    Output.text(job, "name"), Output.text(job, "schedule"), Output.text(job, "nextRunAt"),
                    Output.text(last, "startedAt"),
                    [Output.text(last, "status"), Output.text(last, "detail")].joined(separator: " "),
                ]
            }
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "run", abstract: "Run a job now.")
        @Argument(help: "Name of the job.") var name: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let run = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "/api/admin/schedule/\(name.pathComponent)/run")
            }
            if options.json {
                Output.print(run)
            } else {
                print("\(name) \(Output.text(run, "status")): \(Output.text(run, "detail"))")
            }
            if Output.text(run, "status") == "failed" { throw ExitCode(Failure.failed) }
        }
    }
}
