import ApplianceCore
import ArgumentParser

struct TenantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant", abstract: "The shops.",
        subcommands: [
            Create.self, List.self, Show.self, History.self, ExtendTrial.self, Convert.self, Renew.self, Suspend.self,
            Activate.self, Cancel.self, Reactivate.self, Delete.self, Undelete.self, Trash.self, Purge.self,
            Export.self, Import.self, Clone.self, ChangePlan.self, Set.self, Domains.self, ActAs.self,
        ])

    static let path = "/api/admin/tenants"

    static func show(_ tenant: JSON, _ options: DataOptions) {
        if options.json { return Output.print(tenant) }
        let names = [
            "slug", "name", "id", "status", "plan", "modules", "timeZone", "currency", "ownerEmail", "trialEndsAt",
            "paidUntil", "cancelsAt", "graceEndsAt", "suspensionEndsAt", "deletionDueAt", "suspensionReason",
            "createdAt", "lastSnapshotAt",
        ]
        Output.facts(names.map { ($0, Output.text(tenant, $0)) }.filter { !$0.1.isEmpty })
        if let storage = tenant["storage"] {
            Output.facts([
                ("storage", Output.text(storage, "state") + ", " + Output.bytes(storage["bytes"]?.integerValue ?? 0))
            ])
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Create a shop.",
            discussion: """
                Example:
                  appliance tenant create acme --name "Acme Jewellers" --plan pro --trial-days 14 \\
                      --modules licensing,shop --time-zone Asia/Kolkata --currency INR \\
                      --owner-email owner@acme.example --password-file acme.pw
                """)

        @Argument(help: "Its name in addresses: 3-40 of a-z, 0-9 and inner dashes.") var slug: String
        @Option(help: "Its name for people.") var name: String?
        @Option(help: "One of: appliance plan list; standard when left out.") var plan: String?
        @Option(help: "Days of trial; 0 for none.") var trialDays: Int?
        @Option(help: "Modules, with commas between.") var modules: String?
        @Option(help: "IANA time zone.") var timeZone: String?
        @Option(help: "ISO 4217 currency.") var currency: String?
        @Option(help: "E-mail address of the owner.") var ownerEmail: String
        @OptionGroup var password: PasswordOptions
        @OptionGroup var options: DataOptions

        func run() async throws {
            var members: [JSON.Member] = [.init("slug", .string(slug)), .init("ownerEmail", .string(ownerEmail))]
            for (key, value) in [("name", name), ("plan", plan), ("timeZone", timeZone), ("currency", currency)] {
                if let value { members.append(.init(key, .string(value))) }
            }
            if let trialDays { members.append(.init("trialDays", JSON(trialDays))) }
            if let modules {
                members.append(.init("modules", .array(modules.split(separator: ",").map { .string(String($0)) })))
            }
            if let secret = try password.fromFile() { members.append(.init("ownerPassword", .string(secret))) }
            let body = JSON.object(members)
            let tenant = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", path, body)
            }
            show(tenant, options)
            if !options.json, let invitation = tenant["invitation"] {
                print("The owner chooses a password here, once and within 7 days: \(Output.text(invitation, "link"))")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List shops.")
        @Option(help: "Only those whose slug, name or owner has this in it.") var search: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            let query = search.map { "&q=\($0.pathComponent)" } ?? ""
            let tenants = try await ControlSession.with(options.global.configuration()) { client in
                var (tenants, cursor): ([JSON], String?) = ([], nil)
                repeat {
                    let page = try await client.send(
                        "GET",
                        "\(path)?limit=200&sort=slug\(query)" + (cursor.map { "&cursor=\($0.pathComponent)" } ?? ""))
                    tenants += page["items"]?.arrayValue ?? []
                    cursor = page["nextCursor"]?.stringValue
                } while cursor != nil
                return tenants
            }
            if options.json { return Output.print(["items": .array(tenants)]) }
            Output.table(
                ["SLUG", "NAME", "STATUS", "PLAN", "TRIAL ENDS", "SIZE", "LAST SNAPSHOT"],
                tenants.map { tenant in
                    ["slug", "name", "status", "plan"].map { Output.text(tenant, $0) } + [
                        String(Output.text(tenant, "trialEndsAt").prefix(10)),
                        Output.bytes(tenant["storage"]?["bytes"]?.integerValue ?? 0),
                        String(Output.text(tenant, "lastSnapshotAt").prefix(16)),
                    ]
                })
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Show a shop.")
        @Argument(help: "Slug or id.") var slug: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let tenant = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("GET", "\(path)/\(slug.pathComponent)")
            }
            show(tenant, options)
        }
    }
}
