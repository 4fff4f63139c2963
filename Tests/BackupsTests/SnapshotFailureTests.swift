import ApplianceCore
import Foundation
import GRDB
import Storage
import Synchronization
import Testing

@testable import Backups

struct SnapshotFailureTests {
    @Test func `damaged and missing tenants are listed as failures, the others are in`() async throws {
        try await withAppliance(["acme", "bela", "cora", "dora"]) { appliance in
            try overwrite(appliance.file("bela").url, Array(repeating: 0x5A, count: 20_000))
            #expect(appliance.file("bela").closeIfQuiet())
            try FileSystem.remove(appliance.directory.tenant("ten_cora"))
            let manifest = try #require(try await appliance.service.create(reason: .schedule).manifest)
            #expect(manifest.files.compactMap { $0.tenant?.slug } == ["acme", "dora"])
            #expect(manifest.failures.map(\.slug) == ["bela", "cora"])
            #expect(manifest.failures.map(\.reason).allSatisfy { !$0.isEmpty && !$0.contains("/") })
            #expect(try await appliance.service.verify("latest").isGood)
        }
    }

    @Test func `a page of garbage in the middle of a tenant is found by the proof`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            let file = appliance.file("acme")
            try await file.write { db in
                for index in 0..<2000 { try db.run("INSERT INTO notes (text) VALUES (?)", [.text("note \(index)")]) }
            }
            try await file.replace {
                // Out of the WAL first, where checksums would hide the damage.
                let queue = try DatabaseQueue(path: file.url.path)
                try queue.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
                try queue.close()
                var bytes = try contents(file.url)
                bytes.replaceSubrange(8192..<12_288, with: Array(repeating: 0x5A, count: 4096))
                try overwrite(file.url, bytes)
            }
            let manifest = try #require(try await appliance.service.create(reason: .schedule).manifest)
            #expect(manifest.failures.map(\.slug) == ["acme"])
            #expect(
                !names(in: appliance.snapshotURL(manifest.id).appending(path: "tenants")).contains("ten_acme.sqlite.gz")
            )
        }
    }

    @Test func `a damaged system file fails the snapshot and leaves nothing behind`() async throws {
        try await withAppliance(["acme"]) { appliance in
            appliance.system.closeIfQuiet()
            try overwrite(appliance.system.url, Array(repeating: 0x5A, count: 9000))
            let error = await refusal { _ = try await appliance.service.create(reason: .schedule) }
            #expect(error?.code == "backup_failed")
            #expect(names(in: appliance.backups.appending(path: "snapshots")) == [])
            #expect(names(in: appliance.directory.scratch) == [])
        }
    }

    @Test func `a snapshot that was cut short is never listed, and removed by the next`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let folder = appliance.backups.appending(path: "snapshots")
            for name in [".partial-2026-11-20T00-00-00Z/tenants", ".trash-2026-11-19T00-00-00Z"] {
                try FileSystem.makeFolder(folder.appending(path: name))
            }
            #expect(try await appliance.service.list().isEmpty)
            let id = try await appliance.service.create(reason: .schedule).id
            #expect(names(in: folder) == [id.description])
        }
    }

    @Test func `what a crash left of a verification is removed at the next start`() async throws {
        try await withSnapshot { appliance, manifest in
            let folder = appliance.snapshotURL(manifest.id)
            try AtomicFile.publish([1], to: folder.appending(path: ".verified.json.x.tmp"))
            try appliance.service.cleanUp()
            #expect(try await appliance.service.verify("latest").isGood)
            #expect(names(in: folder) == ["manifest.json", "system.sqlite.gz", "tenants", "verified.json"])
        }
    }

    @Test func `a cancelled snapshot leaves nothing behind`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            let service = appliance.service
            appliance.onTenants.withLock { $0 = { withUnsafeCurrentTask { $0?.cancel() } } }
            let error = await Task { await refusal { _ = try await service.create(reason: .schedule) } }.value
            #expect(error?.code == "cancelled")
            #expect(names(in: appliance.backups.appending(path: "snapshots")) == [])
        }
    }

    @Test func `a second snapshot at the same time is refused`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let service = appliance.service
            let codes = Mutex<[String?]>([])
            appliance.onTenants.withLock {
                $0 = {
                    let create = await refusal { _ = try await service.create(reason: .manual) }
                    let prune = await refusal { _ = try await service.prune() }
                    codes.withLock { $0 = [create?.code, prune?.code] }
                }
            }
            let first = try await service.create(reason: .schedule)
            #expect(first.isGood)
            #expect(codes.withLock { $0 } == ["backup_under_way", "backup_under_way"])
            appliance.onTenants.withLock { $0 = nil }
            let second = try await service.create(reason: .manual)
            #expect(second.isGood)
        }
    }
}
