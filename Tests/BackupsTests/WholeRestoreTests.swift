import ApplianceCore
import Foundation
import Storage
import Testing

@testable import Backups

struct WholeRestoreTests {
    @Test func `an empty data folder gets everything back`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            try await appliance.service.create(reason: .manual)
            // Nothing was ever opened here, and no control plane names the tenants.
            let fresh = try TestAppliance(root: appliance.root, data: "fresh", clock: appliance.clock)
            let outcomes = try await fresh.service.restore(RestoreRequest())
            #expect(outcomes.map(\.name) == ["system", "acme", "bela"] && outcomes.allSatisfy { $0.undo == nil })
            #expect(try fresh.notes(fresh.system) == ["control plane"])
            #expect(try fresh.notes(fresh.file("bela")) == ["first of bela"])
            try await fresh.close()
        }
    }

    @Test func `a tenant that did not exist then moves to undo`() async throws {
        try await withAppliance(["acme"]) { appliance in
            try await appliance.service.create(reason: .manual)
            try await appliance.addTenant("newcomer")
            let plan = try await appliance.service.plan(RestoreRequest())
            #expect(plan.retired == ["ten_newcomer"] && plan.items.map(\.name) == ["system", "acme"])
            _ = try await appliance.service.restore(plan)
            #expect(names(in: appliance.directory.tenants) == ["ten_acme"])
            #expect(
                try notes(
                    at: appliance.directory.undo.appending(
                        path: "2026-11-21T02-00-00Z-ten_newcomer/tenant.sqlite")) == ["first of newcomer"])
        }
    }

    @Test func `a tenant that could not be copied then is taken from an older snapshot`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            let service = appliance.service
            try await service.create(reason: .schedule)
            appliance.clock.advance(.hours(1))
            appliance.file("acme").closeIfQuiet()
            try FileSystem.remove(appliance.directory.tenant("ten_acme"))
            try await appliance.addTenant("never")
            appliance.file("never").closeIfQuiet()
            try overwrite(appliance.file("never").url, [1, 2, 3])
            try await service.create(reason: .schedule)
            let plan = try await service.plan(RestoreRequest())
            #expect(plan.items.compactMap(\.snapshot?.description.count) == [20, 20, 20] && plan.snapshot == nil)
            #expect(plan.retired == [] && plan.notes.count == 3)
            _ = try await service.restore(plan)
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme"])
            #expect(try contents(appliance.file("never").url) == [1, 2, 3])
        }
    }

    @Test func `one damaged file of many stops the restore before the first swap`() async throws {
        try await withAppliance(["acme", "bela", "cora"]) { appliance in
            let id = try await appliance.service.create(reason: .manual).id
            try await appliance.add("later", to: appliance.file("acme"))
            let last = appliance.snapshotURL(id).appending(path: "tenants/ten_cora.sqlite.gz")
            try overwrite(last, Array(try contents(last).dropLast()))
            let error = await refusal { try await appliance.service.restore(RestoreRequest()) }
            #expect(error?.message.hasPrefix("tenants/ten_cora.sqlite.gz in snapshot \(id) is damaged: ") == true)
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme", "later"])
            #expect(names(in: appliance.directory.undo) == [])
            #expect(names(in: appliance.directory.tenants) == ["ten_acme", "ten_bela", "ten_cora"])
        }
    }

    @Test func `a restore that was cut short is cleaned up, and the same again completes it`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            let service = appliance.service
            try await service.create(reason: .manual)
            // As after a crash in the two-step exchange: acme's old folder is in undo, the new one not yet in place.
            appliance.file("acme").closeIfQuiet()
            try FileSystem.move(
                appliance.directory.tenant("ten_acme"), to: appliance.directory.undo.appending(path: "x-ten_acme"))
            try FileSystem.makeFolder(appliance.directory.tenants.appending(path: ".restore-x/ten_acme"))
            try service.cleanUp()
            #expect(names(in: appliance.directory.tenants) == ["ten_bela"])
            let plan = try await service.plan(RestoreRequest())
            #expect(plan.retired == [])
            _ = try await service.restore(plan)
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme"])
            #expect(try appliance.notes(appliance.file("bela")) == ["first of bela"])
        }
    }
}
