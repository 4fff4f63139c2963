import ApplianceCore
import ArgumentParser
import Foundation
import Storage

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Import a CSV file into a collection: all of it, or nothing.",
        discussion: """
            Columns are field names unless mapped. A reference is given by its id, or by a unique field of its target
            (customerId.externalId). Money is in major units (11.77), times are RFC 3339 or plain days.
            Example:
              appliance import books.csv --tenant acme --collection customers \\
                  --map customer=externalId --upsert externalId
            """)

    @Argument(help: "The file.") var file: String
    @Option(help: "Slug or id of the shop.") var tenant: String
    @Option(help: "The collection.") var collection: String
    @Option(help: "COLUMN=FIELD; may be given several times.") var map: [String] = []
    @Option(help: "FIELD=VALUE for every row; may be given several times.") var set: [String] = []
    @Option(help: "Unique field by which rows update records that exist.") var upsert: String?
    @OptionGroup var options: DataOptions

    func validate() throws {
        for pair in map + set where !pair.contains("=") { throw ValidationError("\(pair) is not NAME=VALUE.") }
    }

    func run() async throws {
        let url = URL(filePath: file)
        guard FileSystem.exists(url), FileManager.default.isReadableFile(atPath: url.path) else {
            throw DomainError(.invalid, "file_missing", "The file \(file) cannot be read.")
        }
        let parameters =
            map.map { "map=\($0.pathComponent)" } + set.map { "set=\($0.pathComponent)" }
            + (upsert.map { ["upsert=\($0.pathComponent)"] } ?? [])
        let path =
            "/api/\(collection.pathComponent)/import"
            + (parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&"))
        let bar = ProgressBar(silent: options.json)
        let start = ContinuousClock.now
        let report = try await ControlSession.with(options.global.configuration()) { client in
            defer { bar.finish() }
            return try await client.sendLong("POST", path, tenant: tenant, file: url) { bar.show($0) }
        }
        if options.json { return Output.print(report) }
        let seconds = start.duration(to: .now).inSeconds
        let rows = Output.count(report["rows"]?.integerValue, "row")
        print(
            "\(rows) in \(String(format: "%.1f", seconds)) s: \(Output.text(report, "created")) created, "
                + "\(Output.text(report, "updated")) updated, \(Output.text(report, "unchanged")) unchanged.")
        let ignored = Output.text(report, "ignoredColumns")
        if !ignored.isEmpty { print("Columns not imported: \(ignored)") }
    }
}
