import ApplianceCore
import Foundation
import Storage
import Testing

@testable import Backups

struct RestoreTests {
    @Test func `a tenant's folder that was removed comes back`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            try await appliance.service.create(reason: .manual)
            appliance.file("acme").closeIfQuiet()
            try FileSystem.remove(appliance.directory.tenant("ten_acme"))
            #expect(throws: DomainError.self) { try appliance.notes(appliance.file("acme")) }
            let outcome = try #require(try await appliance.service.restore(RestoreRequest(tenants: ["acme"])).first)
            #expect(outcome.name == "acme" && outcome.undo == nil && outcome.at == appliance.clock.now)
            #expect(outcome.tenant?.record == "{\"slug\":\"acme\"}")
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme"])
            #expect(names(in: appliance.directory.tenants) == ["ten_acme", "ten_bela"])
        }
    }

    @Test func `garbage over an open file is replaced, kept as undo, and the others do not notice`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            try await appliance.service.create(reason: .manual)
            let bela = try contents(appliance.file("bela").url)
            let garbage = Array(repeating: UInt8(0x5A), count: 30_000)
            let acme = appliance.file("acme")
            try overwrite(acme.url, garbage)
            let outcome = try #require(try await appliance.service.restore(RestoreRequest(tenants: ["ten_acme"])).first)
            #expect(try appliance.notes(acme) == ["first of acme"])
            try await appliance.add("second", to: acme)
            #expect(try appliance.notes(acme) == ["first of acme", "second"])
            let undo = try #require(outcome.undo)
            #expect(undo == "undo/2026-11-21T02-00-00Z-ten_acme")
            #expect(try contents(appliance.directory.root.appending(path: "\(undo)/tenant.sqlite")) == garbage)
            #expect(try contents(appliance.file("bela").url) == bela)
            #expect(try appliance.notes(appliance.file("bela")) == ["first of bela"])
            #expect(!names(in: appliance.directory.tenants).contains { $0.hasPrefix(".") })
        }
    }

    @Test func `the undo folder holds the old database with its write-ahead log`() async throws {
        try await withAppliance(["acme"]) { appliance in
            try await appliance.service.create(reason: .manual)
            try await appliance.add("after the snapshot", to: appliance.file("acme"))
            for _ in 0..<2 { try await appliance.service.restore(RestoreRequest(tenants: ["acme"])) }
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme"])
            let undo = names(in: appliance.directory.undo)
            #expect(undo == ["2026-11-21T02-00-00Z-ten_acme", "2026-11-21T02-00-01Z-ten_acme"])
            let old = appliance.directory.undo.appending(path: "\(undo[0])/tenant.sqlite")
            #expect(try notes(at: old) == ["first of acme", "after the snapshot"])
        }
    }

    @Test func `uploaded files stay, in the live folder and in undo`() async throws {
        try await withAppliance(["acme"]) { appliance in
            try await appliance.service.create(reason: .manual)
            let live = appliance.directory.tenant("ten_acme")
            let upload = try await appliance.upload("logo", to: "acme")
            let outcome = try #require(try await appliance.service.restore(RestoreRequest(tenants: ["acme"])).first)
            let undo = appliance.directory.root.appending(path: try #require(outcome.undo))
            for folder in [live, undo] {
                #expect(ContentFolder(folder.appending(path: "files")).fault(upload) == nil)
            }
        }
    }

    @Test func `nothing of the old write-ahead log stays beside the new file`() async throws {
        try await withAppliance(["acme"]) { appliance in
            try await appliance.service.create(reason: .manual)
            appliance.system.closeIfQuiet()
            let garbage = Array(repeating: UInt8(0x5A), count: 5000)
            try overwrite(appliance.system.url, garbage)
            for suffix in ["-wal", "-shm"] {
                try AtomicFile.publish(garbage, to: appliance.directory.root.appending(path: "system.sqlite\(suffix)"))
            }
            let outcomes = try await appliance.service.restore(RestoreRequest())
            #expect(outcomes.map(\.name) == ["system", "acme"])
            let left = names(in: appliance.directory.root).filter { $0.hasPrefix("system.sqlite") }
            #expect(left == ["system.sqlite"])
            #expect(try appliance.notes(appliance.system) == ["control plane"])
            let undo = appliance.directory.root.appending(path: try #require(outcomes.first?.undo))
            #expect(try contents(undo.appending(path: "system.sqlite")) == garbage)
        }
    }

    @Test func `the system file's last commits are in its undo copy`() async throws {
        try await withAppliance([]) { appliance in
            try await appliance.service.create(reason: .manual)
            try await appliance.add("after the snapshot", to: appliance.system)
            let outcome = try #require(try await appliance.service.restore(RestoreRequest()).first)
            let undo = appliance.directory.root.appending(path: try #require(outcome.undo))
            #expect(try notes(at: undo.appending(path: "system.sqlite")) == ["control plane", "after the snapshot"])
            #expect(try appliance.notes(appliance.system) == ["control plane"])
        }
    }

    @Test func `requests of a tenant that is being restored are told to come back`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let acme = appliance.file("acme")
            let code = try await acme.replace { () -> String? in
                do {
                    _ = try appliance.notes(acme)
                    return nil
                } catch { return DomainError(any: error).code }
            }
            #expect(code == "restore_under_way")
        }
    }

    @Test func `files can be restored into another folder, laid out like a data folder`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            try await appliance.service.create(reason: .manual)
            try await appliance.add("later", to: appliance.file("acme"))
            let into = appliance.root.appending(path: "copy")
            try await appliance.service.restore(RestoreRequest(into: into))
            #expect(names(in: into) == ["system.sqlite", "tenants"])
            #expect(names(in: into.appending(path: "tenants")) == ["ten_acme", "ten_bela"])
            #expect(try notes(at: DataDirectory(into).tenantDatabase("ten_acme")) == ["first of acme"])
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme", "later"])
            let again = await refusal {
                try await appliance.service.restore(RestoreRequest(tenants: ["acme"], into: into))
            }
            #expect(again?.code == "target_exists")
        }
    }

    @Test func `a copy of the backups folder elsewhere is as good`() async throws {
        try await withAppliance(["acme"]) { appliance in
            try await appliance.service.create(reason: .manual)
            let usb = appliance.root.appending(path: "usb")
            try FileManager.default.copyItem(at: appliance.backups, to: usb)
            try FileSystem.remove(appliance.backups)
            try await appliance.add("later", to: appliance.file("acme"))
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"], from: usb))
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme"])
        }
    }
}
