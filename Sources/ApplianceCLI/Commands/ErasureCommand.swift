import ApplianceCore
import ArgumentParser

/// Persons who were erased: by pseudonym, nothing here says who they are.
struct ErasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erasure", abstract: "The ledger of erased persons: every restore erases them again.",
        discussion: "To erase somebody: appliance record erase customers cus_… --tenant SLUG --reason REASON",
        subcommands: [List.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List erasures, the newest first, and until when backups still hold the data.")
        @Option(help: "Slug or id of a shop.") var tenant: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            let filter = tenant.map { "&tenant=\($0.pathComponent)" } ?? ""
            try await options.printList(
                "/api/admin/erasures?limit=200\(filter)",
                ["ID", "SHOP", "COLLECTION", "RECORD", "PSEUDONYM", "AT", "IN BACKUPS UNTIL"]
            ) { item in
                let shop = Output.text(item, "tenant")
                return [
                    Output.text(item, "id"), shop.isEmpty ? Output.text(item, "tenantId") : shop,
                    Output.text(item, "collection"), Output.text(item, "recordId"),
                    Output.text(item, "pseudonym"), String(Output.text(item, "at").prefix(19)),
                    String(Output.text(item, "inBackupsUntil").prefix(10)),
                ]
            }
        }
    }
}

extension RecordCommand {
    struct Erase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Erase what a record tells about a person, here and in whatever a restore brings back.",
            discussion: """
                The record stays under a pseudonym, because others refer to it. What the law wants kept stays. It cannot
                be undone. The reason stays in the shop's log for good: it should name nobody.
                """)
        @OptionGroup var place: Place
        @Argument(help: "Id of the record; also of one that was deleted.") var id: String
        @Option(help: "Why, for the shop's log.") var reason: String
        @Flag(help: "Do not ask.") var yes = false

        func run() async throws {
            guard try yes || Output.confirm("This erases the person of \(id) for good.", expected: id) else {
                throw DomainError(.invalid, "usage", "Nothing was erased.")
            }
            let done = try await place.send("POST", id: id, query: "/erase", ["reason": .string(reason)])
            if place.options.json { return Output.print(done) }
            let isRepeated = done["repeated"] == true
            print("\(id) is \(isRepeated ? "erased already" : "erased"): pseudonym \(Output.text(done, "pseudonym")).")
            for (name, word) in [("alsoErased", "Also erased"), ("kept", "Kept")] {
                for line in done[name]?.arrayValue ?? [] {
                    let why = Output.text(line, "reason")
                    print(
                        "\(word): \(Output.text(line, "records")) \(Output.text(line, "collection"))"
                            + (why.isEmpty ? "" : " (\(why))"))
                }
            }
        }
    }
}
