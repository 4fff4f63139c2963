import ApplianceCore
import ArgumentParser
import Foundation

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "What shops may have: versions of plans, and who has which.",
        subcommands: [List.self, Show.self, Create.self, Move.self])

    private static let path = "/api/admin/plans"

    private static func amount(_ price: JSON) -> String {
        let code = Output.text(price, "currency")
        let text = Currency(code)?.majorText(price["amount"]?.integerValue ?? 0) ?? Output.text(price, "amount")
        return "\(code) \(text) a \(Output.text(price, "interval"))"
    }

    private static func prices(_ plan: JSON) -> String {
        let prices = (plan["prices"]?.arrayValue ?? []).map(amount)
        return prices.isEmpty ? "not sold" : prices.joined(separator: ", ")
    }

    private static func limits(_ plan: JSON) -> [(String, String)] {
        (plan["limits"]?.objectValue ?? []).map { member in
            (member.name, member.value.integerValue.map(String.init) ?? "no limit")
        }
    }

    private static func show(_ plan: JSON) {
        Output.facts(
            ["name", "version", "title", "description"].map { ($0, Output.text(plan, $0)) } + [
                ("offered", Output.text(plan, "isOffered")), ("price", prices(plan)),
                ("features", Output.text(plan, "features")),
                ("agents", plan["agents"] == .null ? "all" : Output.text(plan, "agents")),
            ] + limits(plan))
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List plans, each in its newest version.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await options.printList(path, ["NAME", "VERSION", "PRICE", "LIMITS", "FEATURES", "SHOPS"]) { plan in
                let set = limits(plan).filter { $0.1 != "no limit" }.map { "\($0.0)=\($0.1)" }
                let shops = (plan["shops"]?.arrayValue ?? []).reduce(0) { $0 + ($1["count"]?.integerValue ?? 0) }
                return [
                    Output.text(plan, "name"), Output.text(plan, "version"), prices(plan),
                    set.isEmpty ? "none" : set.joined(separator: " "), Output.text(plan, "features"), "\(shops)",
                ]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show a plan, and which of its versions shops have.")
        @Argument(help: "Its name.") var name: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let plan = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("GET", "\(path)/\(name.pathComponent)")
            }
            if options.json { return Output.print(plan) }
            show(plan)
            for shops in plan["shops"]?.arrayValue ?? [] {
                print("version \(Output.text(shops, "version")): \(Output.text(shops, "count")) shop(s)")
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Write a plan's next version, or a new plan; shops keep theirs until they are moved.",
            discussion: """
                What is not said stays as the newest version has it. Example:
                  appliance plan create pro --limit tasks=200 --price 2400:USD:month --feature webhooks
                """)
        @Argument(help: "Its name: a-z, 0-9 and inner dashes.") var name: String
        @Option(help: "Begin with another plan's newest version.") var from: String?
        @Option(help: "Its name for people.") var title: String?
        @Option(help: "A sentence about it.") var description: String?
        @Option(help: "AMOUNT:CURRENCY:month|year in minor units, instead of all prices; may be repeated.")
        var price: [String] = []
        @Option(help: "NAME=NUMBER, or NAME=none; may be repeated.") var limit: [String] = []
        @Option(help: "NAME=PERCENT by which a period's limit may be passed; may be repeated.")
        var overage: [String] = []
        @Option(help: "A feature to add; may be repeated.") var feature: [String] = []
        @Option(help: "A feature to take out; may be repeated.") var withoutFeature: [String] = []
        @Option(help: "Agents with commas between, or all.") var agents: String?
        @Flag(inversion: .prefixedNo, help: "Whether shops may choose it by themselves.") var offered: Bool?
        @OptionGroup var options: DataOptions

        func run() async throws {
            let version = try await ControlSession.with(options.global.configuration()) { client in
                let known = try await client.send("GET", path)["items"]?.arrayValue ?? []
                let base = known.first { $0["name"]?.stringValue == from ?? name }
                if let from, base == nil { throw DomainError.notFound("plan \(from)") }
                return try await client.send("POST", path, try definition(base ?? [:]))
            }
            if options.json { return Output.print(version) }
            show(version)
        }

        private func definition(_ base: JSON) throws -> JSON {
            var members: [String: JSON] = [:]
            for member in base.objectValue ?? []
            where !["version", "createdAt", "createdBy", "shops"].contains(member.name) {
                members[member.name] = member.value
            }
            members["name"] = .string(name)
            members["title"] = title.map { .string($0) } ?? members["title"] ?? .string(name)
            if let description { members["description"] = .string(description) }
            if let offered { members["isOffered"] = .bool(offered) }
            if !price.isEmpty { members["prices"] = .array(try price.map(Self.price)) }
            members["limits"] = try Self.merged(members["limits"], limit)
            members["overagePercent"] = try Self.merged(members["overagePercent"], overage)
            let kept = (members["features"]?.arrayValue ?? []).compactMap(\.stringValue)
            let features = kept.filter { !withoutFeature.contains($0) } + feature.filter { !kept.contains($0) }
            members["features"] = .array(features.map { .string($0) })
            if let agents {
                members["agents"] =
                    agents == "all" ? .null : .array(agents.split(separator: ",").map { .string(String($0)) })
            }
            return .object(members.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) })
        }

        private static func price(_ text: String) throws -> JSON {
            let parts = text.split(separator: ":").map(String.init)
            guard parts.count == 3, let amount = Int64(parts[0]) else {
                throw DomainError(.invalid, "usage", "A price is AMOUNT:CURRENCY:month|year, such as 1900:USD:month.")
            }
            return ["amount": .integer(amount), "currency": .string(parts[1]), "interval": .string(parts[2])]
        }

        private static func merged(_ base: JSON?, _ changes: [String]) throws -> JSON {
            var members = base?.objectValue ?? []
            for change in changes {
                let parts = change.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2, let value = parts[1] == "none" ? JSON.null : Int64(parts[1]).map(JSON.integer)
                else { throw DomainError(.invalid, "usage", "\(change) is not NAME=NUMBER or NAME=none.") }
                members.removeAll { $0.name == parts[0] }
                members.append(.init(parts[0], value))
            }
            return .object(members)
        }
    }

    struct Move: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "move", abstract: "Move every shop of a plan to its newest version.")
        @Argument(help: "Its name.") var name: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "\(path)/\(name.pathComponent)/move")
            }
            if options.json { return Output.print(answer) }
            let moved = answer["moved"]?.arrayValue?.count ?? 0
            print("\(moved) shop(s) moved to version \(Output.text(answer["plan"] ?? .null, "version")).")
        }
    }
}

extension TenantCommand {
    struct ChangePlan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "change-plan", abstract: "Give a shop another plan, or another version of its own.",
            discussion: "What the shop has beyond the new limits stays; with --dry-run nothing is changed.")
        @Argument(help: "Slug or id.") var slug: String
        @Option(help: "The plan's name.") var plan: String
        @Option(help: "One of its versions; the newest when left out.") var planVersion: Int?
        @Flag(help: "Only tell what would change, and which limits the shop is beyond.") var dryRun = false
        @OptionGroup var options: DataOptions

        func run() async throws {
            var body: [JSON.Member] = [.init("plan", .string(plan)), .init("dryRun", .bool(dryRun))]
            if let planVersion { body.append(.init("version", JSON(planVersion))) }
            let members = body
            let change = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "\(path)/\(slug.pathComponent)/change-plan", .object(members))
            }
            if options.json { return Output.print(change) }
            let (from, to) = (change["from"] ?? .null, change["to"] ?? .null)
            let names = [from, to].map { "\(Output.text($0, "name"))/\(Output.text($0, "version"))" }
            print("\(slug): \(names[0]) \(dryRun ? "would become" : "is now") \(names[1])")
            Output.facts(
                [("gains", "gains"), ("loses", "loses")].map { ($0, Output.text(change, $1)) }.filter { !$0.1.isEmpty })
            Output.table(
                ["LIMIT", "NOW", "THEN", "USED", ""],
                (change["limits"]?.arrayValue ?? []).map { line in
                    [
                        Output.text(line, "limit"), Self.number(line["from"]), Self.number(line["to"]),
                        Output.text(line, "used"), line["breaks"] == .bool(true) ? "beyond it: nothing new" : "",
                    ]
                })
        }

        private static func number(_ value: JSON?) -> String { value?.integerValue.map(String.init) ?? "none" }
    }
}
