import ApplianceCore
import ArgumentParser
import Foundation

extension TenantCommand {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Write a shop to a folder of its own: SQLite file, uploaded files, sums, a page to read.",
            discussion: "The folder must not exist yet. Sessions are left out; people and records are all in it.")
        @Argument(help: "Slug or id.") var slug: String
        @Option(help: "The new folder.") var into: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let folder = URL(filePath: into).standardizedFileURL.path
            let bar = ProgressBar(silent: options.json)
            let result = try await ControlSession.with(options.global.configuration()) { client in
                try await client.sendLong(
                    "POST", "\(TenantCommand.path)/\(slug.pathComponent)/export", ["into": .string(folder)]
                ) { bar.show($0) }
            }
            bar.finish()
            if options.json { return Output.print(result) }
            print(
                "\(slug) is in \(Output.text(result, "into")): \(Output.count(result["files"]?.integerValue, "file")), "
                    + "\(Output.bytes(result["bytes"]?.integerValue ?? 0)). Open index.html to read about it.")
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Take in a shop that was exported, here or elsewhere.",
            discussion: "Every byte is checked before anything is taken in. Its name is the old one, or the next free.")
        @Argument(help: "The exported folder.") var folder: String
        @Option(help: "Its name in addresses here.") var slug: String?
        @OptionGroup var options: DataOptions

        func run() async throws {
            var members = [JSON.Member("from", .string(URL(filePath: folder).standardizedFileURL.path))]
            if let slug { members.append(.init("slug", .string(slug))) }
            let body = JSON.object(members)
            let bar = ProgressBar(silent: options.json)
            let tenant = try await ControlSession.with(options.global.configuration()) { client in
                try await client.sendLong("POST", "\(TenantCommand.path)/import", body) { bar.show($0) }
            }
            bar.finish()
            show(tenant, options)
        }
    }

    struct Clone: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "clone", abstract: "Copy a shop to try things in: without personal data, gone by itself.",
            discussion: """
                What the collections declare as personal is masked, people lose their passwords, and keys, sessions and
                the audit log are left out. To get in: appliance user reset-password.
                """)
        @Argument(help: "Slug or id of the shop to copy.") var source: String
        @Option(name: .customLong("as"), help: "The copy's name in addresses.") var slug: String?
        @Option(help: "Days until it is gone.") var days: Int?
        @OptionGroup var options: DataOptions

        func run() async throws {
            var members: [JSON.Member] = []
            if let slug { members.append(.init("slug", .string(slug))) }
            if let days { members.append(.init("days", JSON(days))) }
            let body = JSON.object(members)
            let bar = ProgressBar(silent: options.json)
            let tenant = try await ControlSession.with(options.global.configuration()) { client in
                try await client.sendLong("POST", "\(TenantCommand.path)/\(source.pathComponent)/clone", body) {
                    bar.show($0)
                }
            }
            bar.finish()
            show(tenant, options)
            if !options.json { Output.facts([("gone on", Output.text(tenant, "expiresAt"))]) }
        }
    }
}
