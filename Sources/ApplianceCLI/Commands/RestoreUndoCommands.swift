import ApplianceCore
import ApplianceServer
import ArgumentParser
import Backups
import Foundation
import Storage

extension RestoreCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List restores, the newest first, and which can be undone.",
            discussion: "Takes --tenant, --json, --data and --backups of appliance restore.")
        @Option(help: "How many at most.") var limit = 30
        @Flag(help: "All of them.") var all = false
        @ParentCommand var restore: RestoreCommand

        private static let page = 200

        func validate() throws {
            guard limit > 0 else { throw ValidationError("--limit is at least 1.") }
        }

        func run() async throws {
            let answer = try await ControlSession.with(restore.options.global.configuration()) { try await list($0) }
            if restore.options.json { return Output.print(answer) }
            let items = answer["items"]?.arrayValue ?? []
            Output.table(["RESTORE", "WHEN", "WHAT", "SHOP", "STATE OF", "UNDO"], items.flatMap(rows))
            let more = (answer["total"]?.integerValue ?? 0) - Int64(items.count)
            if more > 0 { print("\(more) more: --all shows them, --limit more of them.") }
        }

        /// As the API answers, of as many of its pages as it takes.
        private func list(_ client: ControlClient) async throws -> JSON {
            let filter = restore.tenant.last.map { "&tenant=\($0.pathComponent)" } ?? ""
            var (items, cursor, total): ([JSON], String?, JSON) = ([], nil, nil)
            repeat {
                let wanted = all ? Self.page : min(Self.page, limit - items.count)
                let place = cursor.map { "&cursor=\($0.pathComponent)" } ?? ""
                let answer = try await client.send(
                    "GET", "/api/admin/restores?count=exact&limit=\(wanted)\(filter)\(place)")
                items += answer["items"]?.arrayValue ?? []
                cursor = answer["nextCursor"]?.stringValue
                total = answer["total"] ?? .null
            } while cursor != nil && (all || items.count < limit)
            return ["items": .array(items), "nextCursor": JSON(cursor), "total": total]
        }

        private func rows(_ entry: JSON) -> [[String]] {
            (entry["databases"]?.arrayValue ?? []).map { database in
                let state = Output.text(database, "state")
                let until = Output.text(entry, "undoUntil").prefix(16)
                return ["id", "restoredAt"].map { Output.text(entry, $0) }
                    + ["kind", "tenant", "at"].map { Output.text(database, $0) }
                    + [state == "available" ? "until \(until)Z" : state]
            }
        }
    }

    struct Undo: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "undo", abstract: "Bring back what a restore replaced, for seven days.",
            discussion: """
                Name the restore, the undo token that it printed, or a shop with --tenant for its latest. The undo is
                checked and swapped in like a restore, and can be undone in turn. Takes --tenant, --dry-run, --yes,
                --json, --data and --backups of appliance restore.
                Examples:
                  appliance restore undo --tenant acme
                  appliance restore undo rst_01k… --yes
                  appliance restore undo undo/2026-11-21T02-00-00Z-ten_01k… --yes
                """)
        @Argument(help: "Id or undo token of a restore; by default the latest of --tenant.") var id = "latest"
        @ParentCommand var restore: RestoreCommand

        func validate() throws {
            guard restore.at == nil, restore.from == nil, restore.into == nil, restore.snapshot == "latest" else {
                throw ValidationError("An undo has no --at, --snapshot, --from or --into.")
            }
            guard id != "latest" || !restore.tenant.isEmpty else {
                throw ValidationError("Name a restore, or a shop with --tenant. appliance restore list shows them.")
            }
        }

        func run() async throws {
            let configuration = try restore.options.global.configuration()
            let undo = UndoFolder(configuration.data)
            if let lock = try ControlSession.lockUnlessServed(configuration.data) {
                let records = try undo.records(toUndo: id, tenants: Set(restore.tenant))
                if records.contains(where: { $0.tenant == nil }) {
                    let request = RestoreRequest(undo: id, tenants: restore.tenant)
                    return try await restore.runOffline(request, configuration, lock)
                }
            }
            let path = "/api/admin/restores/\(id.pathComponent)/undo"
            try await restore.run(path, configuration) { dryRun in
                ["tenants": .array(restore.tenant.map { .string($0) }), "dryRun": .bool(dryRun)]
            }
        }
    }
}
