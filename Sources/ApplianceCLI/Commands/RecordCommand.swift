import ApplianceCore
import ArgumentParser

/// One record at a time, or a list of them: what the page does by hand, for scripts.
struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record", abstract: "The records of a shop's collections.",
        discussion: """
            Values are JSON as in the API: money in minor units, times in UTC.
            Example:
              appliance record list products --tenant acme 'price[gte]=50000' sort=-price
              appliance record change products prd_01k… '{"stock":4}' --tenant acme
            """,
        subcommands: [List.self, Show.self, Create.self, Change.self, Delete.self, Erase.self])

    /// The collection and the shop that it is in.
    struct Place: ParsableArguments {
        @Argument(help: "The collection, such as customers.") var collection: String
        @Option(help: "Slug or id of the shop.") var tenant: String
        @OptionGroup var options: DataOptions

        /// Sends a request on this collection, or on one of its records.
        func send(
            _ method: String, id: String? = nil, query: String = "", _ body: JSON? = nil
        ) async throws -> JSON {
            let path = "/api/\(collection.pathComponent)\(id.map { "/\($0.pathComponent)" } ?? "")\(query)"
            return try await ControlSession.with(options.global.configuration()) {
                try await $0.send(method, path, body, tenant: tenant)
            }
        }

        /// Every field of a record that is not empty.
        func show(_ record: JSON) {
            if options.json { return Output.print(record) }
            Output.facts(names(record).map { ($0, Output.text(record, $0)) }.filter { !$0.1.isEmpty })
        }

        func show(list: JSON) {
            if options.json { return Output.print(list) }
            let records = list["items"]?.arrayValue ?? []
            let columns = records.first.map(names) ?? ["id"]
            Output.table(
                columns.map { $0.uppercased() }, records.map { record in columns.map { Output.text(record, $0) } })
            if let total = list["total"]?.integerValue { print("\(total) in all.") }
            if let cursor = list["nextCursor"]?.stringValue { print("More with cursor=\(cursor)") }
        }

        private func names(_ record: JSON) -> [String] { (record.objectValue ?? []).map(\.name) }
    }

    private static func object(_ text: String) throws -> JSON {
        do {
            return try JSONParser.parse(Array(text.utf8))
        } catch {
            throw DomainError.malformed("malformed_json", "The values are not JSON: \(error.message)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List records: one page of them.")
        @OptionGroup var place: Place
        @Argument(help: "NAME=VALUE as in a request: filters, q, sort, limit, cursor, fields, count.")
        var query: [String] = []

        func validate() throws {
            for pair in query where !pair.contains("=") { throw ValidationError("\(pair) is not NAME=VALUE.") }
        }

        func run() async throws {
            let pairs = query.map { pair in
                pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    .map { String($0).pathComponent }.joined(separator: "=")
            }
            place.show(
                list: try await place.send("GET", query: pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Show a record.")
        @OptionGroup var place: Place
        @Argument(help: "Id of the record.") var id: String

        func run() async throws { place.show(try await place.send("GET", id: id)) }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "create", abstract: "Create a record.")
        @OptionGroup var place: Place
        @Argument(help: "Its values, as a JSON object.") var values: String

        func run() async throws { place.show(try await place.send("POST", object(values))) }
    }

    struct Change: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "change", abstract: "Change some fields of a record; null empties one.")
        @OptionGroup var place: Place
        @Argument(help: "Id of the record.") var id: String
        @Argument(help: "The new values, as a JSON object.") var values: String

        func run() async throws { place.show(try await place.send("PATCH", id: id, object(values))) }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "delete", abstract: "Delete a record.")
        @OptionGroup var place: Place
        @Argument(help: "Id of the record.") var id: String
        @Flag(help: "Do not ask.") var yes = false

        func run() async throws {
            guard try yes || Output.confirm("This deletes \(id) for everyone in the shop.", expected: id) else {
                throw DomainError(.invalid, "usage", "Nothing was deleted.")
            }
            _ = try await place.send("DELETE", id: id)
            if place.options.json { Output.print(["deleted": .string(id)]) } else { print("Deleted \(id).") }
        }
    }
}
