import ApplianceCore
import ArgumentParser

struct SecretsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets", abstract: "The master key, and what is sealed with it.",
        subcommands: [Status.self, Rotate.self, ForgetRetired.self])

    private static let path = "/api/admin/secrets"

    private static func show(_ report: JSON, _ options: DataOptions) {
        if options.json { return Output.print(report) }
        Output.facts([
            ("sealed anew", Output.text(report, "sealedAnew")),
            ("sealed with the current key", Output.text(report, "current")),
            ("unreadable", Output.text(report, "unreadable")), ("keys of before", Output.text(report, "retiredKeys")),
        ])
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Tell how much is sealed with which key.")
        @OptionGroup var options: DataOptions

        func run() async throws {
            show(
                try await ControlSession.with(options.global.configuration()) { try await $0.send("GET", path) },
                options)
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate", abstract: "Make a new master key and seal everything with it.",
            discussion: """
                The key of before is kept in master.key.retired: it opens what old snapshots hold. Tokens of API clients
                end; people stay signed in.
                """)
        @Flag(help: "Make no new key: finish a rotation that was cut short.") var resume = false
        @OptionGroup var options: DataOptions

        func run() async throws {
            let body: JSON = ["resume": .bool(resume)]
            show(
                try await ControlSession.with(options.global.configuration()) {
                    try await $0.send("POST", "\(path)/rotate", body)
                }, options)
        }
    }

    struct ForgetRetired: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "forget-retired",
            abstract: "Let go of the keys of before: secrets in older snapshots then open no more.")
        @Flag(help: "Do not ask.") var yes = false
        @OptionGroup var options: DataOptions

        func run() async throws {
            let question = "Secrets in snapshots of before the rotation cannot be opened after this."
            guard try yes || Output.confirm(question, expected: "forget") else { return }
            show(
                try await ControlSession.with(options.global.configuration()) {
                    try await $0.send("POST", "\(path)/forget-retired")
                }, options)
        }
    }
}
