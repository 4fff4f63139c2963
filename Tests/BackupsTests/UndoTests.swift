import ApplianceCore
import Foundation
import Storage
import Testing

@testable import Backups

struct UndoTests {
    private func undo(_ appliance: TestAppliance, _ name: String, _ tenants: [String] = []) async throws {
        try await appliance.service.restore(RestoreRequest(undo: name, tenants: tenants))
    }

    private func states(_ appliance: TestAppliance) async throws -> [RestoreRecord.UndoState] {
        try await appliance.service.restores().map(\.state)
    }

    @Test func `an undo brings back what was there, and can be undone in turn`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            try await appliance.service.create(reason: .manual)
            let acme = appliance.file("acme")
            try await appliance.add("after the snapshot", to: acme)
            let outcome = try #require(try await appliance.service.restore(RestoreRequest(tenants: ["acme"])).first)
            #expect(try appliance.notes(acme) == ["first of acme"])
            try await appliance.add("after the restore", to: acme)
            try await undo(appliance, outcome.restore)
            #expect(try appliance.notes(acme) == ["first of acme", "after the snapshot"])
            #expect(try await states(appliance) == [.available, .undone])
            let again = await refusal { try await undo(appliance, outcome.restore) }
            #expect(again?.code == "already_undone")
            try await undo(appliance, "latest", ["acme"])
            #expect(try appliance.notes(acme) == ["first of acme", "after the restore"])
            #expect(try await states(appliance) == [.available, .undone, .undone])
            #expect(names(in: appliance.directory.undo).count == 1)
        }
    }

    @Test func `the token of a restore undoes it, with the files of that time`() async throws {
        try await withAppliance(["acme"]) { appliance in
            try await appliance.service.create(reason: .manual)
            let live = appliance.directory.tenant("ten_acme")
            let (then, later) = (Digest.of([1]), Digest.of([2]))
            try FileSystem.makeFolder(live.appending(path: "files"))
            try AtomicFile.publish([1], to: live.appending(path: "files/\(then)"))
            let outcome = try #require(try await appliance.service.restore(RestoreRequest(tenants: ["acme"])).first)
            try AtomicFile.publish([2], to: live.appending(path: "files/\(later)"))
            try await undo(appliance, try #require(outcome.undo))
            #expect(names(in: live.appending(path: "files")) == [then])
            let aside = try #require(try await appliance.service.restores().first?.records.first?.record.name)
            let kept = appliance.directory.undo.appending(path: "\(aside)/files")
            #expect(names(in: kept) == [then, later].sorted())
        }
    }

    @Test func `the whole goes back, with who was made before and without who came after`() async throws {
        try await withAppliance(["acme", "gone"]) { appliance in
            try await appliance.service.create(reason: .manual)
            try FileSystem.remove(appliance.directory.tenant("ten_gone"))
            appliance.file("gone").closeIfQuiet()
            try await appliance.addTenant("later")
            try await appliance.add("after", to: appliance.file("acme"))
            let id = try #require(try await appliance.service.restore(RestoreRequest()).first?.restore)
            #expect(names(in: appliance.directory.tenants) == ["ten_acme", "ten_gone"])
            let plan = try await appliance.service.plan(RestoreRequest(undo: id))
            #expect(plan.isWhole && plan.retired == ["ten_gone"] && plan.confirmation == "restore everything")
            try await appliance.service.restore(plan)
            #expect(names(in: appliance.directory.tenants) == ["ten_acme", "ten_later"])
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme", "after"])
            #expect(try appliance.notes(appliance.file("later")) == ["first of later"])
        }
    }

    @Test func `what was damaged before is not brought back`() async throws {
        try await withAppliance(["acme"]) { appliance in
            try await appliance.service.create(reason: .manual)
            try overwrite(appliance.file("acme").url, Array(repeating: 0x5A, count: 30_000))
            let outcome = try #require(try await appliance.service.restore(RestoreRequest(tenants: ["acme"])).first)
            let error = await refusal { try await undo(appliance, outcome.restore) }
            #expect(error?.code == "undo_damaged")
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme"])
            #expect(try await states(appliance) == [.available])
        }
    }

    @Test func `nothing to undo is said, and so is a restore that never was`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            try await appliance.service.create(reason: .manual)
            appliance.file("acme").closeIfQuiet()
            try FileSystem.remove(appliance.directory.tenant("ten_acme"))
            let outcome = try #require(try await appliance.service.restore(RestoreRequest(tenants: ["acme"])).first)
            for (name, tenants, code) in [
                (outcome.restore, [], "nothing_to_undo"), ("latest", ["acme"], "nothing_to_undo"),
                ("rst_none", [], "not_found"), ("latest", [], "validation_failed"), ("../x", [], "not_found"),
            ] {
                let error = await refusal { try await undo(appliance, name, tenants) }
                #expect(error?.code == code)
            }
        }
    }

    @Test func `after seven days it is gone, and the list says so`() async throws {
        try await withAppliance(["acme"]) { appliance in
            try await appliance.service.create(reason: .manual)
            let outcome = try #require(try await appliance.service.restore(RestoreRequest(tenants: ["acme"])).first)
            appliance.clock.advance(.days(7) - .seconds(1))
            #expect(try await appliance.service.pruneUndo() == 0)
            appliance.clock.advance(.seconds(1))
            #expect(try await appliance.service.pruneUndo() == 1)
            #expect(names(in: appliance.directory.undo) == [])
            #expect(try await states(appliance) == [.expired])
            let error = await refusal { try await undo(appliance, outcome.restore) }
            #expect(error?.code == "nothing_to_undo" && error?.hint?.contains("--at") == true)
            appliance.clock.advance(.days(365))
            #expect(try await appliance.service.pruneUndo() == 0)
            #expect(try await states(appliance).isEmpty)
        }
    }

    @Test func `a folder from before there were records can be undone`() async throws {
        try await withAppliance(["acme"]) { appliance in
            try await appliance.service.create(reason: .manual)
            try await appliance.add("after the snapshot", to: appliance.file("acme"))
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"]))
            try FileSystem.remove(appliance.directory.restores)
            try await undo(appliance, "undo/2026-11-21T02-00-00Z-ten_acme")
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme", "after the snapshot"])
        }
    }

    /// The moments of a restore at which a kill leaves something behind, made by hand.
    @Test(arguments: ["noted", "staged in undo", "exchanged"])
    func `a restore that a kill cut short is settled at the next start`(moment: String) async throws {
        try await withAppliance(["acme"]) { appliance in
            try await appliance.service.create(reason: .manual)
            let live = appliance.directory.tenant("ten_acme")
            let staged = appliance.directory.tenants.appending(path: ".restore-x/ten_acme")
            appliance.file("acme").closeIfQuiet()
            try FileSystem.makeFolder(staged)
            try FileManager.default.copyItem(
                at: appliance.file("acme").url, to: staged.appending(path: "tenant.sqlite"))
            let folder = UndoFolder(appliance.directory)
            let record = RestoreRecord(
                name: folder.freeName(appliance.clock.now, "ten_acme"), restore: "rst_1", kind: .restore,
                tenant: .init(id: "ten_acme", slug: "acme", name: "Acme", record: ""),
                restoredAt: appliance.clock.now, stateAt: appliance.clock.now, source: "",
                staged: try #require(UndoFolder.inode(staged)), replaced: true)
            try folder.write(record)
            let undo = appliance.directory.undo.appending(path: record.name)
            if moment != "noted" { try FileSystem.move(staged, to: undo) }
            if moment == "exchanged" { try FileSystem.exchange(undo, live) }
            try appliance.service.cleanUp()
            let entries = try await appliance.service.restores()
            #expect(entries.map(\.state) == (moment == "exchanged" ? [.available] : []))
            #expect(names(in: appliance.directory.undo) == (moment == "exchanged" ? [record.name] : []))
            #expect(names(in: appliance.directory.tenants) == ["ten_acme"])
        }
    }
}
