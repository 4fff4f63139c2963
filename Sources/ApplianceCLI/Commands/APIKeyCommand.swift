import ApplianceCore
import ArgumentParser

struct APIKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-key", abstract: "Keys with which programs use a shop's API.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Make a key; it is printed this once.",
            discussion: """
                Example:
                  appliance api-key create "Till 1" --tenant acme --scope read --scope transactions:write
                """)
        @Argument(help: "What it is for.") var name: String
        @Option(help: "read, write, or one of them on a collection, such as customers:read; may be repeated.")
        var scope: [String] = []
        @Option(help: "admin, staff or viewer: which fields it sees.") var role: String?
        @Option(help: "Days until it expires; for ever without.") var expiresInDays: Int?
        @OptionGroup var shop: UserCommand.Shop

        func run() async throws {
            var members: [JSON.Member] = [.init("name", .string(name))]
            if !scope.isEmpty { members.append(.init("scopes", .array(scope.map { .string($0) }))) }
            if let role { members.append(.init("role", .string(role))) }
            if let expiresInDays { members.append(.init("expiresInDays", JSON(expiresInDays))) }
            let body = JSON.object(members)
            let made = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/api-keys", body, tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(made) }
            print("Keep it, it is not shown again: \(Output.text(made, "key"))")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the keys of a shop.")
        @OptionGroup var shop: UserCommand.Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("GET", "/api/api-keys", tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(answer) }
            Output.table(
                ["ID", "NAME", "STARTS", "STATUS", "ROLE", "SCOPES", "LAST USED"],
                (answer["items"]?.arrayValue ?? []).map { key in
                    ["id", "name", "start", "status", "role", "scopes", "lastUsedAt"].map { Output.text(key, $0) }
                })
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "revoke", abstract: "End a key at once.")
        @Argument(help: "Id of the key.") var id: String
        @OptionGroup var shop: UserCommand.Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/api-keys/\(id.pathComponent)/revoke", tenant: shop.tenant)
            }
            if shop.options.json { Output.print(answer) } else { print("\(Output.text(answer, "name")) is revoked.") }
        }
    }
}
