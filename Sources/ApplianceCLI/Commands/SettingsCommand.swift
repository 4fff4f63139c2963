import ApplianceCore
import ArgumentParser
import Foundation

struct SettingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "What can be changed while the server runs.",
        subcommands: [List.self, Get.self, Set.self])

    private static let path = "/api/admin/settings"

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the settings.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await options.printList(path, ["KEY", "VALUE", "MEANING"]) { item in
                ["key", "value", "help"].map { Output.text(item, $0) }
            }
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "get", abstract: "Show a setting.")
        @Argument(help: "Its key.") var key: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("GET", "\(path)/\(key.pathComponent)")
            }
            if options.json { Output.print(answer) } else { print(Output.text(answer, "value")) }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "set", abstract: "Change a setting.")
        @Argument(help: "Its key.") var key: String
        @Argument(help: "Its new value; \"\" for none.") var value: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("PATCH", "\(path)/\(key.pathComponent)", ["value": .string(value)])
            }
            if options.json { Output.print(answer) } else { print("\(key) is set.") }
        }
    }
}

struct LegalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "legal", abstract: "The terms and the privacy policy.",
        subcommands: [List.self, Show.self, Publish.self])

    private static let path = "/api/admin/legal"

    private static func versions(_ options: DataOptions) async throws -> [JSON] {
        let answer = try await ControlSession.with(options.global.configuration()) { try await $0.send("GET", path) }
        return answer["items"]?.arrayValue ?? []
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List all versions.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            let items = try await versions(options)
            if options.json { return Output.print(["items": .array(items)]) }
            Output.table(
                ["KIND", "VERSION", "PUBLISHED", "BY"],
                items.map { item in ["kind", "version", "publishedAt", "publishedBy"].map { Output.text(item, $0) } })
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Show a text as it is now.")
        @Argument(help: "terms or privacy.") var kind: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            guard let text = try await versions(options).first(where: { $0["kind"] == .string(kind) }) else {
                throw DomainError.invalid("kind", "not_a_choice", "terms or privacy.")
            }
            if options.json { Output.print(text) } else { print(Output.text(text, "body")) }
        }
    }

    struct Publish: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "publish", abstract: "Publish a new version; everybody is asked to accept it.")
        @Argument(help: "terms or privacy.") var kind: String
        @Option(help: "File with the text: paragraphs, # headings, - lists.") var file: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            guard let body = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw DomainError(.invalid, "file_unreadable", "The file \(file) cannot be read.")
            }
            let made = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", path, ["kind": .string(kind), "body": .string(body)])
            }
            if options.json {
                Output.print(made)
            } else {
                print("Version \(Output.text(made, "version")) is published.")
            }
        }
    }
}
