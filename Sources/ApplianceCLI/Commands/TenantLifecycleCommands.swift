import ApplianceCore
import ArgumentParser

/// The moves of a shop's life, each one request.
extension TenantCommand {
    private static func move(
        _ slug: String, _ verb: String, _ members: [(String, JSON?)], _ options: DataOptions
    ) async throws {
        let body = JSON.object(members.compactMap { name, value in value.map { JSON.Member(name, $0) } })
        let tenant = try await ControlSession.with(options.global.configuration()) {
            try await $0.send("POST", "\(path)/\(slug.pathComponent)/\(verb)", body)
        }
        show(tenant, options)
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "suspend", abstract: "Make a shop read-only.")
        @Argument(help: "Slug or id.") var slug: String
        @Option(help: "Why; the shop's people see it.") var reason: String
        @OptionGroup var options: DataOptions

        func run() async throws { try await move(slug, "suspend", [("reason", .string(reason))], options) }
    }

    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "activate", abstract: "Make a shop active: end its trial or suspension.")
        @Argument(help: "Slug or id.") var slug: String
        @Option(help: "Why, for the audit log.") var reason: String?
        @OptionGroup var options: DataOptions

        func run() async throws { try await move(slug, "activate", [("reason", JSON(reason))], options) }
    }

    struct ExtendTrial: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "extend-trial", abstract: "Move the end of a trial.")
        @Argument(help: "Slug or id.") var slug: String
        @Option(help: "Days to add.") var days: Int
        @Option(help: "Why, for the audit log.") var reason: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await move(slug, "extend-trial", [("days", JSON(days)), ("reason", JSON(reason))], options)
        }
    }

    struct Convert: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "convert", abstract: "Make a subscription of a trial.")
        @Argument(help: "Slug or id.") var slug: String
        @Option(help: "Last paid day, such as 2026-12-31; without it the subscription has no end.")
        var paidUntil: String?
        @Option(help: "Why, for the audit log.") var reason: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await move(slug, "convert", [("paidUntil", JSON(paidUntil)), ("reason", JSON(reason))], options)
        }
    }

    struct Renew: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "renew", abstract: "Note until when a shop is paid.")
        @Argument(help: "Slug or id.") var slug: String
        @Option(help: "Last paid day, such as 2026-12-31.") var paidUntil: String
        @Option(help: "Why, for the audit log.") var reason: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await move(slug, "renew", [("paidUntil", .string(paidUntil)), ("reason", JSON(reason))], options)
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel", abstract: "End a shop with its trial or paid period, on a date, or now.")
        @Argument(help: "Slug or id.") var slug: String
        @Option(help: "Why; the shop's people see it.") var reason: String
        @Option(help: "Last day, such as 2026-12-31, instead of the period's.") var at: String?
        @Flag(help: "At once: only its owners can sign in, to take the data away.") var now = false
        @OptionGroup var options: DataOptions

        func run() async throws {
            let members: [(String, JSON?)] = [("reason", .string(reason)), ("at", JSON(at)), ("now", .bool(now))]
            try await move(slug, "cancel", members, options)
        }
    }

    struct Reactivate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reactivate", abstract: "Take a suspension or a cancellation back.")
        @Argument(help: "Slug or id.") var slug: String
        @Option(help: "Why, for the audit log.") var reason: String?
        @OptionGroup var options: DataOptions

        func run() async throws { try await move(slug, "reactivate", [("reason", JSON(reason))], options) }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "history", abstract: "Show what became of a shop, and what will.")
        @Argument(help: "Slug or id, also of a shop in the trash.") var slug: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("GET", "\(path)/\(slug.pathComponent)/history?limit=200")
            }
            if options.json { return Output.print(answer) }
            let past = (answer["items"]?.arrayValue ?? []).reversed().map { event in
                let data = event["data"] ?? .null
                return [
                    Output.text(event, "at"), Output.text(event, "action"), Output.text(data, "from"),
                    Output.text(data, "to"), Output.text(event, "actor"), Output.text(data, "reason"),
                ]
            }
            let upcoming = (answer["upcoming"]?.arrayValue ?? []).map { step in
                [
                    Output.text(step, "at"), "tenant." + Output.text(step, "move"), Output.text(step, "from"),
                    Output.text(step, "to"), "", "to come",
                ]
            }
            Output.table(["WHEN", "WHAT", "FROM", "TO", "WHO", "WHY"], past + upcoming)
        }
    }
}
