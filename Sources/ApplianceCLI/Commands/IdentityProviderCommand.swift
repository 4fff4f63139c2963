import ApplianceCore
import ArgumentParser

struct IdentityProviderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity-provider", abstract: "Signing in with GitHub or an OpenID Connect provider.",
        subcommands: [List.self, Create.self, Change.self, Delete.self, Check.self])

    private static let path = "/api/admin/identity-providers"

    private static func address(_ name: String) -> String { "\(path)/\(name.pathComponent)" }

    /// What a provider consists of; the secret comes from a file, never from the command line.
    struct Facts: ParsableArguments {
        @Option(help: "Its address, such as https://accounts.example.com; GitHub needs none.") var issuer: String?
        @Option(help: "The client id that the provider gave.") var clientId: String?
        @Option(help: "File whose first line is the client secret; - reads standard input.") var secretFile: String?
        @Option(help: "What the button of the sign-in page says.") var label: String?
        @Option(help: "Who may use it: operators, shops or everybody.") var audience: String?

        func members() throws -> [JSON.Member] {
            var members: [JSON.Member] = []
            for (name, value) in [
                ("issuer", issuer), ("clientId", clientId), ("clientSecret", try secret()), ("label", label),
                ("audience", audience),
            ] {
                if let value { members.append(.init(name, .string(value))) }
            }
            return members
        }

        private func secret() throws -> String? {
            try PasswordOptions.firstLine(of: secretFile)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List identity providers.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await options.printList(path, ["NAME", "KIND", "ISSUER", "CLIENT ID", "FOR", "ENABLED"]) { item in
                ["name", "kind", "issuer", "clientId", "audience", "enabled"].map { Output.text(item, $0) }
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Set up an identity provider.",
            discussion: """
                Examples:
                  appliance identity-provider create github --kind github --client-id ID --secret-file FILE
                  appliance identity-provider create work --issuer https://accounts.example.com \\
                      --client-id ID --secret-file FILE --label "Work account" --audience operators
                """)
        @Argument(help: "Its name in addresses: a-z, 0-9 and dashes.") var name: String
        @Option(help: "oidc or github.") var kind = "oidc"
        @OptionGroup var facts: Facts
        @OptionGroup var options: DataOptions

        func run() async throws {
            let members = [JSON.Member("name", .string(name)), .init("kind", .string(kind))]
            let body = JSON.object(members + (try facts.members()))
            let made = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", path, body)
            }
            if options.json { return Output.print(made) }
            print("\(name) is set up. Register this address there: \(Output.text(made, "callback"))")
        }
    }

    struct Change: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "change", abstract: "Change an identity provider; what is not given stays as it was.")
        @Argument(help: "Its name.") var name: String
        @OptionGroup var facts: Facts
        @Option(help: "Whether the sign-in page offers it: on or off.") var state: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            var members = try facts.members()
            if let state {
                guard ["on", "off"].contains(state) else { throw DomainError(.invalid, "usage", "Say on or off.") }
                members.append(.init("enabled", .bool(state == "on")))
            }
            let body = JSON.object(members)
            let changed = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("PATCH", address(name), body)
            }
            if options.json { Output.print(changed) } else { print("\(name) is changed.") }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete an identity provider; accounts and passwords stay.")
        @Argument(help: "Its name.") var name: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await ControlSession.with(options.global.configuration()) {
                _ = try await $0.send("DELETE", address(name))
            }
            if options.json { Output.print(["deleted": .string(name)]) } else { print("\(name) is deleted.") }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Ask an identity provider for its documents.")
        @Argument(help: "Its name.") var name: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let report = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "\(address(name))/check")
            }
            if options.json { return Output.print(report) }
            print("\(name) answers. Register this address there: \(Output.text(report, "callback"))")
        }
    }
}
