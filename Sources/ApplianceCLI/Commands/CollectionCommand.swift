import ApplianceCore
import ArgumentParser
import Foundation
import Storage

struct CollectionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collection", abstract: "Collections that a shop declares for itself.",
        discussion: """
            A declaration is a JSON file; what is there under its name is changed to it, with its records.
            Example:
              echo '{"name": "repairs", "title": "Repair", "fields": [{"name": "item", "type": "text"}]}' > repairs.json
              appliance collection apply repairs.json --tenant acme --dry-run
              appliance collection apply repairs.json --tenant acme
            """,
        subcommands: [List.self, Show.self, Apply.self, Delete.self])

    private static let path = "/api/collections"

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the collections of a shop's own.")
        @OptionGroup var shop: UserCommand.Shop

        func run() async throws {
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("GET", path, tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(answer) }
            Output.table(
                ["NAME", "TITLE", "VERSION", "FIELDS"],
                (answer["items"]?.arrayValue ?? []).map { own in
                    let fields = (own["fields"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
                    return ["name", "heading", "version"].map { Output.text(own, $0) } + [
                        fields.joined(separator: ", ")
                    ]
                })
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print a declaration as JSON.")
        @Argument(help: "Name of the collection.") var name: String
        @OptionGroup var shop: UserCommand.Shop

        func run() async throws {
            Output.print(
                try await ControlSession.with(shop.options.global.configuration()) {
                    try await $0.send("GET", "\(path)/\(name.pathComponent)", tenant: shop.tenant)
                })
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Declare a collection, or change it with its records: all of it, or nothing.")
        @Argument(help: "A file with the declaration, or what show printed.") var file: String
        @Flag(help: "Only tell what it would do, and what stands against it.") var dryRun = false
        @OptionGroup var shop: UserCommand.Shop

        /// What `show` prints beside a declaration.
        private static let told: Set = ["version", "createdAt", "updatedAt"]

        func run() async throws {
            guard let data = try? Data(contentsOf: URL(filePath: file)) else {
                throw DomainError(.invalid, "file_missing", "The file \(file) cannot be read.")
            }
            guard let members = try? JSONParser.parse(Array(data)).objectValue else {
                throw DomainError(.invalid, "json_malformed", "The file \(file) holds no JSON object.")
            }
            let body = JSON.object(members.filter { !Self.told.contains($0.name) })
            let name = body["name"]?.stringValue ?? ""
            let query = dryRun ? "?dryRun=true" : ""
            let answer = try await ControlSession.with(shop.options.global.configuration()) { client in
                let known = try await client.send("GET", path, tenant: shop.tenant)["items"]?.arrayValue ?? []
                let isKnown = known.contains { $0["name"]?.stringValue == name }
                let target = isKnown ? "\(path)/\(name.pathComponent)" : path
                return try await client.send(isKnown ? "PUT" : "POST", target + query, body, tenant: shop.tenant)
            }
            if shop.options.json { return Output.print(answer) }
            guard let plan = answer["plan"] else {
                return print(
                    "\(Output.text(answer, "heading")) is declared, version \(Output.text(answer, "version")).")
            }
            Output.table(
                ["STEP", "FIELD", "RECORDS"],
                (plan["steps"]?.arrayValue ?? []).map { step in
                    ["step", "field", "records"].map { Output.text(step, $0) }
                })
            for fault in plan["refused"]?.arrayValue ?? [] {
                print("refused: \(Output.text(fault, "field")): \(Output.text(fault, "message"))")
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a collection with all its records.")
        @Argument(help: "Name of the collection.") var name: String
        @Flag(help: "Do not ask.") var yes = false
        @OptionGroup var shop: UserCommand.Shop

        func run() async throws {
            guard try yes || Output.confirm("This deletes \(name) with all its records.", expected: name) else {
                throw DomainError(.invalid, "usage", "Nothing was deleted.")
            }
            let answer = try await ControlSession.with(shop.options.global.configuration()) {
                try await $0.send("DELETE", "\(path)/\(name.pathComponent)", tenant: shop.tenant)
            }
            if shop.options.json { Output.print(answer) } else { print("\(name) is deleted.") }
        }
    }
}
