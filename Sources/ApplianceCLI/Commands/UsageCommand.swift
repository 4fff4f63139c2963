import ApplianceCore
import ArgumentParser

struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage", abstract: "What shops use of their plans.",
        subcommands: [Show.self, Check.self, Prices.self, SetPrice.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show what a shop used: of each limit, and by what.")
        @Option(help: "Slug or id.") var tenant: String
        @Option(help: "First day, such as 2026-11-01; the period's first when left out.") var from: String?
        @Option(help: "Last day.") var to: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            let query = [("from", from), ("to", to)].compactMap { name, value in
                value.map { "\(name)=\($0.pathComponent)" }
            }.joined(separator: "&")
            let usage = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("GET", "\(TenantCommand.path)/\(tenant.pathComponent)/usage?\(query)")
            }
            if options.json { return Output.print(usage) }
            let plan = usage["plan"] ?? .null
            print(
                "\(tenant): \(Output.text(plan, "title")), \(Output.text(usage, "from")) to \(Output.text(usage, "to"))"
            )
            let meters = usage["meters"]?.arrayValue ?? []
            let rows = meters.map { meter in
                ["meter", "used", "limit", "remaining", "cost"].map { Output.text(meter, $0) }
                    + [String(Output.text(meter, "resetsAt").prefix(10))]
            }
            let standing = (usage["standing"]?.arrayValue ?? []).map { line in
                ["limit", "used", "allowed", "remaining"].map { Output.text(line, $0) } + ["", ""]
            }
            Output.table(["WHAT", "USED", "LIMIT", "LEFT", "CENTS", "BEGINS ANEW"], rows + standing)
            for meter in meters {
                let lines = meter["subjects"]?.arrayValue ?? []
                guard !lines.isEmpty else { continue }
                print("\nWhat uses \(Output.text(meter, "meter")):")
                Output.table(
                    ["WHAT", "HOW MANY", "CENTS"],
                    lines.map { line in ["name", "quantity", "cost"].map { Output.text(line, $0) } })
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Add up usage anew from its log and compare every counter.")
        @Option(help: "Slug or id; every shop when left out.") var tenant: String?
        @Flag(help: "Put counters right that are wrong.") var rebuild = false
        @OptionGroup var options: DataOptions

        func run() async throws {
            let body: JSON = ["rebuild": .bool(rebuild)]
            let checked = try await ControlSession.with(options.global.configuration()) { client in
                var slugs = [tenant].compactMap(\.self)
                if tenant == nil { slugs = try await Self.all(client) }
                var checked: [JSON] = []
                for slug in slugs {
                    checked.append(
                        try await client.send("POST", "\(TenantCommand.path)/\(slug.pathComponent)/usage/check", body))
                }
                return checked
            }
            let wrong = checked.filter { $0["ok"] != .bool(true) }
            if options.json {
                Output.print(["items": .array(checked), "ok": .bool(wrong.isEmpty)])
            } else {
                for shop in wrong {
                    print(Output.text(shop, "tenant") + (rebuild ? ": was wrong and is right now" : ": wrong"))
                    Output.table(
                        ["COUNTER", "METER", "COUNTED", "LOGGED"],
                        (shop["mismatches"]?.arrayValue ?? []).map { line in
                            ["counter", "meter", "counted", "events"].map { Output.text(line, $0) }
                        })
                }
                print("\(checked.count - wrong.count) of \(checked.count) shop(s) add up.")
            }
            guard wrong.isEmpty || rebuild else {
                throw DomainError(
                    .conflict, "usage_mismatch",
                    "The counters of \(wrong.count) shop(s) are not what the log adds up to.",
                    hint: "appliance usage check --rebuild")
            }
        }

        private static func all(_ client: ControlClient) async throws -> [String] {
            var (slugs, cursor): ([String], String?) = ([], nil)
            repeat {
                let page = try await client.send(
                    "GET", "\(TenantCommand.path)?limit=200" + (cursor.map { "&cursor=\($0.pathComponent)" } ?? ""))
                slugs += (page["items"]?.arrayValue ?? []).compactMap { $0["slug"]?.stringValue }
                cursor = page["nextCursor"]?.stringValue
            } while cursor != nil
            return slugs
        }
    }

    private static let prices = "/api/admin/prices"

    struct Prices: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "prices", abstract: "List what a unit costs, and cost before.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await options.printList(prices, ["ITEM", "CENTS", "FROM"]) { price in
                ["item", "amount", "validFrom"].map { Output.text(price, $0) }
            }
        }
    }

    struct SetPrice: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-price", abstract: "Set what a unit costs from some moment on; earlier prices stay.")
        @Argument(help: "What, such as claude.") var item: String
        @Argument(help: "Cents.") var amount: Int
        @Option(help: "An instant in UTC or a day; now when left out.") var from: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            var members: [JSON.Member] = [.init("item", .string(item)), .init("amount", JSON(amount))]
            if let from { members.append(.init("validFrom", .string(from))) }
            let body = JSON.object(members)
            let price = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", prices, body)
            }
            if options.json { return Output.print(price) }
            print("\(item) costs \(amount) cents from \(Output.text(price, "validFrom")).")
        }
    }
}
