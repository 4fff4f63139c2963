import ApplianceCore
import Foundation
import Storage
import Testing

@testable import Backups

/// Uploaded files go into snapshots and come back with the rows that name them, from wherever they still are whole.
struct UploadTests {
    private func stored(_ content: Content, _ appliance: TestAppliance, _ id: SnapshotID) -> URL {
        appliance.snapshotURL(id).appending(path: "files/ten_acme/\(content.sha256)")
    }

    private func inode(_ url: URL) -> UInt? { FileSystem.status(url).map { UInt($0.st_ino) } }

    @Test func `a snapshot has the files that its rows name, and the next one links to them`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            // One, as in a server: it remembers what it has seen.
            let service = appliance.service
            let logo = try await appliance.upload("logo", to: "acme")
            // No row names it: a crash between publication and commit leaves such a file.
            try AtomicFile.publish([1], to: appliance.live("acme").url(Digest.of([1])))
            let first = try #require(try await service.create(reason: .manual).manifest)
            #expect(first.file(ofTenant: "acme")?.contents == [logo])
            #expect(first.contentCount == 1 && first.contentBytes == 4)
            #expect(try contents(stored(logo, appliance, first.id)) == Array("logo".utf8))
            appliance.clock.advance(.seconds(3600))
            let photo = try await appliance.upload("photo", to: "acme")
            let second = try #require(try await service.create(reason: .manual).manifest)
            #expect(Set(second.file(ofTenant: "acme")?.contents ?? []) == [logo, photo])
            #expect(inode(stored(logo, appliance, first.id)) == inode(stored(logo, appliance, second.id)))
            #expect(inode(stored(logo, appliance, first.id)) != inode(appliance.live("acme").url(logo.sha256)))
            appliance.clock.advance(.seconds(3600))
            // Nothing changed: the database is linked, and so are the files.
            let third = try #require(try await service.create(reason: .manual).manifest)
            #expect(third.file(ofTenant: "acme")?.linkedFrom == second.id && third.contentCount == 2)
            #expect(inode(stored(photo, appliance, third.id)) == inode(stored(photo, appliance, second.id)))
            #expect(try await service.verify("latest").isGood)
        }
    }

    @Test func `a tenant whose file is lost is not in the snapshot, and the reason says which`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            let logo = try await appliance.upload("logo", to: "acme")
            try overwrite(appliance.live("acme").url(logo.sha256), Array("l0go".utf8))
            let manifest = try #require(try await appliance.service.create(reason: .manual).manifest)
            #expect(manifest.file(ofTenant: "acme") == nil && manifest.file(ofTenant: "bela") != nil)
            #expect(manifest.failures.first?.reason.contains(logo.sha256) == true)
        }
    }

    @Test func `a damaged or missing file is found, and refused by its name`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let logo = try await appliance.upload("logo", to: "acme")
            let manifest = try #require(try await appliance.service.create(reason: .manual).manifest)
            let url = stored(logo, appliance, manifest.id)
            let path = "files/ten_acme/\(logo.sha256)"
            for bad in [Array("l0go".utf8), Array("log".utf8), nil] {
                if let bad { try overwrite(url, bad) } else { try FileSystem.remove(url) }
                let problems = try await appliance.service.verify("latest").problems
                #expect(problems.map(\.path) == [path])
                #expect(try await appliance.service.list().first?.goodTenants == [])
                let error = await #expect(throws: DomainError.self) {
                    try await appliance.service.restore(RestoreRequest(tenants: ["acme"]))
                }
                #expect(error?.code == "backup_damaged" && error?.message.contains(path) == true)
            }
            try AtomicFile.publish([1], to: url.deletingLastPathComponent().appending(path: "stranger"))
            let strangers = try await appliance.service.verify("latest").problems.map(\.path)
            #expect(strangers.contains("files/ten_acme/stranger"))
        }
    }

    @Test func `everything lost, everything back`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let logo = try await appliance.upload("logo", to: "acme")
            try await appliance.service.create(reason: .manual)
            appliance.file("acme").closeIfQuiet()
            try FileSystem.remove(appliance.directory.tenant("ten_acme"))
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"]))
            #expect(appliance.live("acme").fault(logo) == nil)
            let into = appliance.root.appending(path: "into")
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"], into: into))
            #expect(DataDirectory(into).contents(ofTenant: "ten_acme").fault(logo) == nil)
        }
    }

    @Test func `a live file that was damaged is whole again after a restore`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let logo = try await appliance.upload("logo", to: "acme")
            try await appliance.service.create(reason: .manual)
            try overwrite(appliance.live("acme").url(logo.sha256), Array("l0go".utf8))
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"]))
            #expect(appliance.live("acme").fault(logo) == nil)
        }
    }

    @Test func `a file of between two snapshots comes back with its second`() async throws {
        try await withAppliance(["acme"], isLogged: true) { appliance in
            let log = try #require(appliance.services.changeLog)
            try await appliance.service.create(reason: .manual)
            appliance.clock.advance(.seconds(10))
            let photo = try await appliance.upload("photo", to: "acme")
            try await appliance.service.archive([photo], of: "ten_acme")
            await log.flush()
            let uploaded = appliance.clock.now
            appliance.clock.advance(.seconds(10))
            try await appliance.file("acme").write { db in try db.run("DELETE FROM files") }
            await log.flush()
            // The disk with the data is lost.
            appliance.file("acme").closeIfQuiet()
            try FileSystem.remove(appliance.directory.tenant("ten_acme"))
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"], at: uploaded))
            #expect(appliance.live("acme").fault(photo) == nil)
            let archived = ContentArchive(root: appliance.backups).folder("ten_acme").url(photo.sha256)
            try FileSystem.remove(archived)
            appliance.file("acme").closeIfQuiet()
            try FileSystem.remove(appliance.directory.tenant("ten_acme"))
            let error = await #expect(throws: DomainError.self) {
                try await appliance.service.restore(RestoreRequest(tenants: ["acme"], at: uploaded))
            }
            #expect(error?.code == "backup_damaged" && error?.message.contains(photo.sha256) == true)
        }
    }

    @Test func `a restore keeps files that only other restores need`() async throws {
        try await withAppliance(["acme"], isLogged: true) { appliance in
            let log = try #require(appliance.services.changeLog)
            try await appliance.service.create(reason: .manual)
            let before = appliance.clock.now
            appliance.clock.advance(.seconds(10))
            let photo = try await appliance.upload("photo", to: "acme")
            await log.flush()
            let after = appliance.clock.now
            appliance.clock.advance(.seconds(10))
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"], at: before))
            #expect(appliance.live("acme").fault(photo) == nil)
            appliance.clock.advance(.seconds(10))
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"], at: after))
            #expect(appliance.live("acme").fault(photo) == nil)
        }
    }

    @Test func `a manifest that names a file outside of the snapshot is refused`() async throws {
        try await withSnapshot { _, manifest in
            let evil = Content(sha256: "../../../../etc/passwd", bytes: 1)
            let forged = manifest.files.map { $0.tenant == nil ? $0 : $0.with(contents: [evil]) }
            #expect(throws: ManifestFault.self) {
                try Manifest.decode(manifest.replacing(forged).encoded(), id: manifest.id)
            }
        }
    }
}
