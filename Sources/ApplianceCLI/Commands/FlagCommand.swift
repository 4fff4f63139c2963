import ApplianceCore
import ArgumentParser

struct FlagCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flag", abstract: "New features: switched on for all, for a plan or for a shop.",
        subcommands: [List.self, Set.self, Delete.self])

    private static let path = "/api/admin/flags"

    private static func text(_ rule: JSON) -> String {
        let subject = rule["tenant"]?.stringValue ?? "plan \(Output.text(rule, "plan"))"
        let dates = [("from", "from"), ("until", "until")].compactMap { name, word in
            rule[name]?.stringValue.map { "\(word) \($0.prefix(16))" }
        }
        return ([rule["isOn"] == .bool(true) ? "on for" : "off for", subject] + dates).joined(separator: " ")
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List feature flags.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await options.printList(path, ["NAME", "FOR ALL", "ON FOR", "RULES"]) { flag in
                [
                    Output.text(flag, "name"), flag["isOn"] == .bool(true) ? "on" : "off",
                    "\(Output.text(flag, "onFor")) shop(s)",
                    (flag["rules"]?.arrayValue ?? []).map(text).joined(separator: "; "),
                ]
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Switch a feature on or off; what no rule is given for stays as it was.",
            discussion: """
                Examples:
                  appliance flag set new-invoices on
                  appliance flag set new-invoices on --plan enterprise --from 2026-12-01
                  appliance flag set new-invoices off --tenant acme
                """)
        @Argument(help: "Its name.") var name: String
        @Argument(help: "on or off.") var state: String
        @Option(help: "For this shop only (slug or id).") var tenant: String?
        @Option(help: "For this plan only.") var plan: String?
        @Option(help: "From this instant in UTC, or the end of this day.") var from: String?
        @Option(help: "Until this instant in UTC, or the end of this day.") var until: String?
        @Option(help: "A sentence about it.") var description: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            guard state == "on" || state == "off" else {
                throw DomainError(.invalid, "usage", "Say on or off.")
            }
            let flag = try await ControlSession.with(options.global.configuration()) { client in
                let known = try await client.send("GET", path)["items"]?.arrayValue ?? []
                var shop = tenant
                if let tenant {
                    shop = try await client.send("GET", "\(TenantCommand.path)/\(tenant.pathComponent)")["id"]?
                        .stringValue
                }
                let body = changed(known.first { $0["name"]?.stringValue == name } ?? [:], shop)
                return try await client.send("POST", path, body)
            }
            if options.json { return Output.print(flag) }
            print("\(name): \(flag["isOn"] == .bool(true) ? "on" : "off") for all")
            for rule in flag["rules"]?.arrayValue ?? [] { print("  \(text(rule))") }
        }

        /// A rule takes the place of the one for the same shop or plan.
        private func changed(_ flag: JSON, _ shop: String?) -> JSON {
            let isOn = JSON.bool(state == "on")
            var rules = flag["rules"]?.arrayValue ?? []
            let subject = shop.map { ("tenant", $0) } ?? plan.map { ("plan", $0) }
            if let subject {
                rules.removeAll { $0[subject.0]?.stringValue == subject.1 }
                rules.append([
                    subject.0: .string(subject.1), "isOn": isOn, "from": JSON(from), "until": JSON(until),
                ])
            }
            return [
                "name": .string(name), "isOn": subject == nil ? isOn : flag["isOn"] ?? false,
                "description": description.map { .string($0) } ?? flag["description"] ?? .null, "rules": .array(rules),
            ]
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete a feature flag: it is off for all then.")
        @Argument(help: "Its name.") var name: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await ControlSession.with(options.global.configuration()) {
                _ = try await $0.send("DELETE", "\(path)/\(name.pathComponent)")
            }
            if options.json { Output.print(["deleted": .string(name)]) } else { print("\(name) is deleted.") }
        }
    }
}
