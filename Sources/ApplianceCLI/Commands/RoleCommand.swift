import ApplianceCore
import ArgumentParser

struct RoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role", abstract: "Roles that a shop defines beside owner, admin, staff and viewer.",
        discussion: """
            A role is based on admin, staff or viewer, which says which fields it sees and what it may do at most. Of \
            that it has what it names; a collection that it does not name is closed. It never manages the shop.
            Example:
              appliance role create front-desk --tenant acme --base staff --allow customers:read,create \
            --allow products,transactions:read
              appliance user set-role sam@acme.example front-desk --tenant acme
            """,
        subcommands: [List.self, Create.self, Change.self, Delete.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the roles of a shop's own.")
        @OptionGroup var shop: UserCommand.Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("GET", "/api/roles", tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(answer) }
            Output.table(
                ["NAME", "TITLE", "BASE", "USERS", "MAY"],
                (answer["items"]?.arrayValue ?? []).map { role in
                    ["name", "title", "base", "users"].map { Output.text(role, $0) } + [RoleCommand.rights(role)]
                })
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "create", abstract: "Define a role.")
        @Argument(help: "Its name, a slug of 3 to 20 characters.") var name: String
        @OptionGroup var rights: Rights
        @OptionGroup var shop: UserCommand.Shop

        func run() async throws {
            let body = rights.body().adding(["name": .string(name)])
            let made = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("POST", "/api/roles", body, tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(made) }
            print("The role \(name) may: \(RoleCommand.rights(made)).")
        }
    }

    struct Change: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "change", abstract: "Change what a role may do, from the next request of everybody who has it."
        )
        @Argument(help: "Name of the role.") var name: String
        @OptionGroup var rights: Rights
        @Option(help: "A collection to close, or several with commas; may be repeated.") var close: [String] = []
        @OptionGroup var shop: UserCommand.Shop

        func run() async throws {
            let body = rights.body(closing: close.flatMap { $0.split(separator: ",").map(String.init) })
            let changed = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("PATCH", "/api/roles/\(name.pathComponent)", body, tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(changed) }
            print("The role \(name) may: \(RoleCommand.rights(changed)).")
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete a role that nobody has.")
        @Argument(help: "Name of the role.") var name: String
        @OptionGroup var shop: UserCommand.Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("DELETE", "/api/roles/\(name.pathComponent)", tenant: shop.tenant)
            }
            if shop.options.json { Output.print(answer) } else { print("The role \(name) is deleted.") }
        }
    }

    /// `customers read,create; products read`
    private static func rights(_ role: JSON) -> String {
        (role["collections"]?.objectValue ?? []).map { member in
            "\(member.name) \((member.value.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ","))"
        }.joined(separator: "; ")
    }
}

extension RoleCommand {
    struct Rights: ParsableArguments {
        @Option(help: "What people call it.") var title: String?
        @Option(help: "admin, staff or viewer: which fields it sees, and what it may do at most; staff unless said.")
        var base: String?
        @Option(
            help: """
                What it may do with collections, such as customers,products:read,create; read, create, update and \
                delete; may be repeated.
                """)
        var allow: [RoleGrant] = []

        /// `closing`: collections that the role loses.
        func body(closing closed: [String] = []) -> JSON {
            var members: [JSON.Member] = []
            if let title { members.append(.init("title", .string(title))) }
            if let base { members.append(.init("base", .string(base))) }
            var granted: [String: [String]] = [:]
            for (name, operations) in allow.flatMap(\.pairs) { granted[name, default: []] += operations }
            let open = granted.sorted { $0.key < $1.key }.map { name, operations in
                JSON.Member(name, .array(operations.map { .string($0) }))
            }
            let shut = Set(closed).subtracting(granted.keys).sorted().map { JSON.Member($0, .null) }
            if !(open + shut).isEmpty { members.append(.init("collections", .object(open + shut))) }
            return .object(members)
        }
    }
}

/// `customers,products:read,create`
struct RoleGrant: ExpressibleByArgument {
    let pairs: [(collection: String, operations: [String])]

    init?(argument: String) {
        let sides = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard sides.count == 2 else { return nil }
        let operations = sides[1].split(separator: ",").map(String.init)
        pairs = sides[0].split(separator: ",").map { (String($0), operations) }
        if pairs.isEmpty || operations.isEmpty { return nil }
    }
}
