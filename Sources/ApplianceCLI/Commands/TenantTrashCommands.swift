import ApplianceCore
import ArgumentParser

extension TenantCommand {
    private static let trashPath = "/api/admin/trash"

    /// Asks unless `yes`, and sends; nil when the person says no.
    private static func confirmed(
        _ slug: String, _ question: String, yes: Bool, reason: String? = nil, _ options: DataOptions, _ path: String
    ) async throws -> JSON? {
        guard try yes || Output.confirm(question, expected: slug) else { return nil }
        return try await ControlSession.with(options.global.configuration()) {
            try await $0.send("POST", path, ["confirm": .string(slug), "reason": JSON(reason)])
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete a shop: out of service at once, in the trash for 30 days.")
        @Argument(help: "Slug.") var slug: String
        @Option(help: "Why, for the audit log.") var reason: String?
        @Flag(help: "Do not ask.") var yes = false
        @OptionGroup var options: DataOptions

        func run() async throws {
            let question = "\(slug) goes out of service, with all its data, and to the trash for 30 days."
            let path = "\(TenantCommand.path)/\(slug.pathComponent)/delete"
            guard let shop = try await confirmed(slug, question, yes: yes, reason: reason, options, path)
            else { return }
            if options.json { return Output.print(shop) }
            print(
                "\(slug) is in the trash until \(Output.text(shop, "purgeAt").prefix(10)); "
                    + "to bring it back: appliance tenant undelete \(slug)")
        }
    }

    struct Undelete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "undelete", abstract: "Bring a deleted shop back from the trash.")
        @Argument(help: "Slug or id.") var slug: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let tenant = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "\(trashPath)/\(slug.pathComponent)/undelete")
            }
            show(tenant, options)
        }
    }

    struct Trash: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "trash", abstract: "List deleted shops that can still come back.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("GET", trashPath)
            }
            if options.json { return Output.print(answer) }
            let names = ["slug", "name", "deletedAt", "purgeAt", "deletedBy"]
            Output.table(
                ["SLUG", "NAME", "DELETED", "GONE FROM", "BY"],
                (answer["items"]?.arrayValue ?? []).map { shop in names.map { Output.text(shop, $0) } })
        }
    }

    struct Purge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "purge", abstract: "Remove a deleted shop for good, now.")
        @Argument(help: "Slug.") var slug: String
        @Flag(help: "Do not ask.") var yes = false
        @OptionGroup var options: DataOptions

        func run() async throws {
            let question = "\(slug) cannot come back from the trash after this."
            let path = "\(trashPath)/\(slug.pathComponent)/purge"
            guard let shop = try await confirmed(slug, question, yes: yes, options, path) else { return }
            if options.json { Output.print(shop) } else { print("\(slug) is gone from the trash.") }
        }
    }
}
