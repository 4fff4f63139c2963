import ApplianceCore
import ArgumentParser

struct SigningKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signing-key", abstract: "The keys that sign access tokens.",
        subcommands: [List.self, Rotate.self])

    private static let path = "/api/admin/signing-keys"

    private static func show(_ answer: JSON, _ options: DataOptions) {
        if options.json { return Output.print(answer) }
        Output.table(
            ["ID", "CREATED", "RETIRED"],
            (answer["items"]?.arrayValue ?? []).map { key in
                ["id", "createdAt", "retiredAt"].map { Output.text(key, $0) }
            })
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the keys whose tokens are good.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("GET", path)
            }
            show(answer, options)
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate", abstract: "Begin a new key; tokens of the one before are good until they expire.")
        @Flag(help: "All tokens that are out are dead at once; browsers stay signed in.") var immediately = false
        @OptionGroup var options: DataOptions

        func run() async throws {
            let body: JSON = ["immediately": .bool(immediately)]
            let answer = try await ControlSession.with(options.global.configuration()) {
                try await $0.send("POST", "\(path)/rotate", body)
            }
            show(answer, options)
        }
    }
}
