import ApplianceCore
import ArgumentParser

/// Mail that the appliance wrote, and what is held of it since a restore.
struct OutboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox", abstract: "Mail that the appliance wrote, and what a restore holds for review.",
        discussion: """
            What waits of a shop while it goes back to its past may have been sent already, or speak of what is no
            longer so. It is held until somebody releases or discards it.
            Example:
              appliance outbox list --status held
              appliance outbox release --all --tenant acme
            """,
        subcommands: [List.self, Release.self, Discard.self])

    private static let path = "/api/admin/outbox"

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List messages, the newest first.")
        @Option(help: "kept, held, discarded or skipped_superseded.") var status: String?
        @Option(help: "Slug or id of a shop.") var tenant: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            let filters = [("status", status), ("tenant", tenant)].compactMap { name, value in
                value.map { "&\(name)=\($0.pathComponent)" }
            }
            try await options.printList(
                "\(path)?limit=200\(filters.joined())", ["ID", "WRITTEN", "STATUS", "TO", "SUBJECT", "WHY HELD"]
            ) { message in
                [
                    Output.text(message, "id"), String(Output.text(message, "createdAt").prefix(19)),
                    Output.text(message, "status"), Output.text(message, "recipient"),
                    Output.text(message, "subject"), Output.text(message, "heldReason"),
                ]
            }
        }
    }

    /// Which held messages.
    struct Choice: ParsableArguments {
        @Argument(help: "Ids of held messages.") var ids: [String] = []
        @Flag(help: "All that are held.") var all = false
        @Option(help: "With --all: of this shop only.") var tenant: String?
        @OptionGroup var options: DataOptions

        func validate() throws {
            guard all != !ids.isEmpty else { throw ValidationError("Name messages, or say --all.") }
            guard tenant == nil || all else { throw ValidationError("--tenant goes with --all.") }
        }

        func decide(_ verb: String, _ done: String) async throws {
            let count = try await ControlSession.with(options.global.configuration()) { client in
                if all {
                    let answer = try await client.send("POST", "\(path)/\(verb)", ["tenant": JSON(tenant)])
                    return answer["messages"]?.integerValue ?? 0
                }
                for id in ids { _ = try await client.send("POST", "\(path)/\(id.pathComponent)/\(verb)") }
                return Int64(ids.count)
            }
            if options.json { return Output.print(["verdict": .string(verb), "messages": .integer(count)]) }
            print("\(count) message\(count == 1 ? "" : "s") \(done).")
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let held messages go.")
        @OptionGroup var choice: Choice

        func run() async throws { try await choice.decide("release", "released") }
    }

    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Discard held messages: they are never sent.")
        @OptionGroup var choice: Choice

        func run() async throws { try await choice.decide("discard", "discarded") }
    }
}
