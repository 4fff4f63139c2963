import ApplianceCore
import ArgumentParser

/// What a shop is to the outside, and which operators act in it.
extension TenantCommand {
    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Change a shop's name, logo or web origins.")
        @Argument(help: "Slug or id.") var slug: String
        @Option(help: "Its name for people.") var name: String?
        @Option(help: "Id of an image among its files that all may see; \"\" for none.") var logo: String?
        @Option(help: "Web origins whose pages may use its API, with commas between; \"\" for none.")
        var corsOrigins: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            var members: [JSON.Member] = []
            if let name { members.append(.init("name", .string(name))) }
            if let logo { members.append(.init("logoFileId", .string(logo))) }
            if let corsOrigins {
                let origins = corsOrigins.split(separator: ",").map { JSON.string(String($0)) }
                members.append(.init("corsOrigins", .array(origins)))
            }
            let body = JSON.object(members)
            let tenant = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("PATCH", "\(path)/\(slug.pathComponent)", body)
            }
            show(tenant, options)
        }
    }

    struct Domains: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "domains", abstract: "List a shop's own domains, or add and remove one.")
        @Argument(help: "Slug or id.") var slug: String
        @Option(help: "Let this domain answer for the shop.") var add: String?
        @Option(help: "Take this domain from the shop.") var remove: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            let domains = "\(path)/\(slug.pathComponent)/domains"
            let (add, remove) = (add, remove)
            let answer = try await ControlSession.with(options.global.configuration()) { client in
                if let add { try await client.send("POST", domains, ["domain": .string(add)]) }
                if let remove { try await client.send("DELETE", "\(domains)/\(remove.pathComponent)") }
                return try await client.send("GET", domains)
            }
            if options.json { return Output.print(answer) }
            Output.table(["DOMAIN"], (answer["items"]?.arrayValue ?? []).map { [Output.text($0, "domain")] })
        }
    }

    struct ActAs: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "act-as", abstract: "List which operators acted in a shop; begin or end it.",
            discussion: """
                Example:
                  appliance tenant act-as acme --operator op@example.com --reason "Ticket 42" --minutes 30
                """)
        @Argument(help: "Slug or id.") var slug: String
        @Option(name: .customLong("operator"), help: "Begin for this operator: e-mail address or id.")
        var person: String?
        @Option(help: "Why; the shop's people see it.") var reason: String?
        @Option(help: "How long.") var minutes: Int?
        @Flag(help: "May change records too, not only look.") var write = false
        @Option(help: "End the one with this id.") var end: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            let grants = "\(path)/\(slug.pathComponent)/act-as"
            var members: [JSON.Member] = [.init("operator", JSON(person)), .init("reason", JSON(reason))]
            if let minutes { members.append(.init("minutes", JSON(minutes))) }
            members.append(.init("write", .bool(write)))
            let (body, isStart, end) = (JSON.object(members), person != nil, end)
            let answer = try await ControlSession.with(options.global.configuration()) { client in
                if isStart { try await client.send("POST", grants, body) }
                if let end { try await client.send("POST", "/api/admin/act-as/\(end.pathComponent)/end") }
                return try await client.send("GET", grants)
            }
            if options.json { return Output.print(answer) }
            Output.table(
                ["ID", "OPERATOR", "FROM", "UNTIL", "ENDED", "REASON"],
                (answer["items"]?.arrayValue ?? []).map { grant in
                    ["id", "operatorEmail", "startedAt", "expiresAt", "endedAt", "reason"].map {
                        Output.text(grant, $0)
                    }
                })
        }
    }
}

extension OperatorCommand {
    struct SetRole: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-role", abstract: "Give an operator another role.")
        @Argument(help: "E-mail address or id.") var email: String
        @Argument(help: "owner, support or billing.") var role: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "/api/admin/operators/\(email.pathComponent)/role", ["role": .string(role)])
            }
            if options.json { Output.print(answer) } else { print("\(email) is \(role) now.") }
        }
    }

    struct Roles: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "roles", abstract: "Show what each role may do.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("GET", "/api/admin/operator-roles")
            }
            if options.json { return Output.print(answer) }
            let roles = answer["roles"]?.arrayValue ?? []
            Output.table(
                ["RIGHT"] + roles.map { Output.text($0, "name").uppercased() } + ["WHAT"],
                (answer["rights"]?.arrayValue ?? []).map { right in
                    let marks = roles.map { role in
                        (role["rights"]?.arrayValue ?? []).contains(right["name"] ?? .null) ? "yes" : "-"
                    }
                    return [Output.text(right, "name")] + marks + [Output.text(right, "text")]
                })
        }
    }
}
