import ApplianceCore
import ApplianceServer
import Foundation

/// `appliance restore --collection …`: single records, merged into the shop as it is.
extension RestoreCommand {
    private static let path = "/api/admin/restores/records"
    private static let shown = 20

    var isOfRecords: Bool { collection != nil || ids != nil || deletedBetween != nil }

    /// What is wrong with the options; nil when nothing is.
    var fault: String? {
        guard isOfRecords else { return onConflict == nil ? nil : "--on-conflict is for chosen records." }
        guard collection != nil, tenant.count == 1, newSlug == nil, into == nil, from == nil else {
            return "Chosen records want one --tenant and a --collection, and no --as, --from or --into."
        }
        guard (ids == nil) != (deletedBetween == nil) else { return "Either --ids, or --deleted-between." }
        if let deletedBetween, deletedBetween.split(separator: ",").count != 2 || at != nil || snapshot != "latest" {
            return "--deleted-between takes two times with a comma between, and stands for --at."
        }
        guard onConflict.map({ ["skip", "replace"].contains($0) }) ?? true else {
            return "--on-conflict is skip or replace."
        }
        return nil
    }

    /// Always the dry run first, for the question; then the act.
    func runRecords(_ configuration: Configuration) async throws {
        let bar = ProgressBar(silent: options.json)
        try await ControlSession.with(configuration) { client in
            let first = try await client.sendLong("POST", Self.path, recordsBody(dryRun: true)) { bar.show($0) }
            bar.finish()
            if dryRun { return showRecords(first) }
            if !options.json { showRecords(first) }
            guard try yes || Output.confirm("These records change.", expected: tenant.joined()) else { return }
            let done = try await client.sendLong("POST", Self.path, recordsBody(dryRun: false)) { bar.show($0) }
            bar.finish()
            showRecords(done)
        }
    }

    private func recordsBody(dryRun: Bool) -> JSON {
        let times = (deletedBetween ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let ids = (ids ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        var members: [JSON.Member] = [
            .init("tenant", .string(tenant.joined())), .init("collection", .string(collection ?? "")),
            .init("dryRun", .bool(dryRun)), .init("confirm", .string(tenant.joined())),
            .init("onConflict", .string(onConflict ?? "skip")),
        ]
        if times.count == 2 {
            members += [.init("deletedFrom", .string(times[0])), .init("deletedUntil", .string(times[1]))]
        } else {
            members += [.init("ids", .array(ids.map { .string($0) })), .init("snapshot", .string(snapshot))]
            if let at { members.append(.init("at", .string(at))) }
        }
        return .object(members)
    }

    private func showRecords(_ answer: JSON) {
        if options.json { return Output.print(answer) }
        let records = answer["records"] ?? .null
        let verb = records["dryRun"] == .bool(true) ? "would be" : "were"
        print(
            "\(Output.text(records, "broughtBack")) \(Output.text(records, "collection")) \(verb) brought back, "
                + "\(Output.text(records, "replaced")) replaced; \(Output.text(records, "unchanged")) are as they "
                + "were; "
                + "\(Output.text(records, "conflictCount")) conflicts. State of \(Output.text(records, "at")).")
        for conflict in (records["conflicts"]?.arrayValue ?? []).prefix(Self.shown) {
            print("  \(Output.text(conflict, "id"))  \(Output.text(conflict, "message"))")
        }
        let missed = records["madeAndDeleted"]?.arrayValue ?? []
        if !missed.isEmpty { print("  Made and deleted within that time, not brought back: \(missed.count)") }
    }

    /// What a restore would change, one line for each collection.
    static func show(diff: JSON) {
        for shop in diff.arrayValue ?? [] {
            if let problem = shop["problem"]?.stringValue { print("  \(Output.text(shop, "tenant")): \(problem)") }
            for one in shop["collections"]?.arrayValue ?? [] {
                print(
                    "  \(Output.text(shop, "tenant")) \(Output.text(one, "collection")): removes "
                        + "\(Output.text(one, "removes")), brings back \(Output.text(one, "bringsBack")), changes "
                        + "\(Output.text(one, "changes"))")
                for change in (one["sample"]?["changes"]?.arrayValue ?? []).prefix(3) {
                    print("    changes \(Output.text(change, "id")): \(Output.text(change, "fields"))")
                }
                for (kind, words) in [("removes", "removes"), ("bringsBack", "brings back")] {
                    for record in (one["sample"]?[kind]?.arrayValue ?? []).prefix(3) {
                        print("    \(words) \(Output.text(record, "id"))")
                    }
                }
            }
            if shop["collections"]?.arrayValue?.isEmpty == true, shop["problem"] == .null {
                print("  \(Output.text(shop, "tenant")): nothing differs")
            }
        }
    }
}
