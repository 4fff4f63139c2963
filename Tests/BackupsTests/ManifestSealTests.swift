import ApplianceCore
import Foundation
import Storage
import Synchronization
import Testing

@testable import Backups

/// Who can write to the backups folder and has not the key makes no manifest that is believed.
struct ManifestSealTests {
    private static let key = Array(repeating: UInt8(7), count: 32)
    private static let other = Array(repeating: UInt8(8), count: 32)
    private static let altered = "its seal does not match: it is damaged, or changed by one without master.key"

    /// Two tenants and a snapshot of them, sealed.
    private func withSealedSnapshot(_ body: (TestAppliance, Manifest) async throws -> Void) async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            appliance.keys.withLock { $0 = [Self.key] }
            #expect(await appliance.service.settleSeals())
            let manifest = try #require(try await appliance.service.create(reason: .manual).manifest)
            try await body(appliance, manifest)
        }
    }

    private func seal(_ id: SnapshotID, _ appliance: TestAppliance) -> URL { appliance.service.catalog.folder.seal(id) }

    /// Acme's file is bela's, with a right checksum.
    private func forge(_ appliance: TestAppliance, _ manifest: Manifest) throws {
        let bela = try #require(manifest.file(ofTenant: "bela"))
        let sums = StoredFile.Sums(
            bytes: bela.bytes, storedBytes: bela.storedBytes, sha256: bela.sha256, storedSha256: bela.storedSha256)
        try appliance.forge(
            manifest.replacing(
                manifest.files.map { $0.tenant?.slug == "acme" ? $0.with(bytes: bela.bytes, sums: sums) : $0 }))
    }

    @Test func `a sealed snapshot is good and is restored`() async throws {
        try await withSealedSnapshot { appliance, _ in
            #expect(try await appliance.service.verify("latest").isGood)
            try await appliance.add("later", to: appliance.file("acme"))
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"]))
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme"])
        }
    }

    @Test func `a manifest that was changed and summed anew is refused and named`() async throws {
        try await withSealedSnapshot { appliance, manifest in
            try forge(appliance, manifest)
            try await appliance.expectRefused(SnapshotsFolder.manifestName)
            let problems = try await appliance.service.verify("latest").problems
            #expect(problems.map(\.reason) == [Self.altered])
            let error = await refusal { try await appliance.service.restore(RestoreRequest(tenants: ["acme"])) }
            #expect(error?.code == "backup_damaged")
        }
    }

    @Test func `what was changed is not carried on into the next snapshot`() async throws {
        try await withSealedSnapshot { appliance, manifest in
            try forge(appliance, manifest)
            appliance.clock.advance(.hours(1))
            let next = try #require(try await appliance.service.create(reason: .manual).manifest)
            #expect(next.files.allSatisfy { $0.linkedFrom == nil })
            #expect(try await appliance.service.verify("latest").isGood)
        }
    }

    @Test func `another manifest's seal, and one that is none, are refused`() async throws {
        try await withSealedSnapshot { appliance, manifest in
            appliance.clock.advance(.hours(1))
            let second = try await appliance.service.create(reason: .manual).id
            let good = try contents(seal(second, appliance))
            for bad in [try contents(seal(manifest.id, appliance)), Array("none".utf8), [], Array(good.dropLast())] {
                try overwrite(seal(second, appliance), bad)
                try await appliance.expectRefused(SnapshotsFolder.manifestName)
            }
            try overwrite(seal(second, appliance), good)
            #expect(try await appliance.service.verify("latest").isGood)
        }
    }

    @Test func `a seal that was taken away, or of another key, is refused until a person says otherwise`() async throws
    {
        try await withSealedSnapshot { appliance, manifest in
            try await appliance.add("later", to: appliance.file("acme"))
            let stranger = ManifestSeals { [Self.other] }
            let foreign = try stranger.seal(contents(appliance.service.catalog.folder.manifest(manifest.id)))
            try overwrite(seal(manifest.id, appliance), foreign)
            for reason in ["it was sealed with another master.key", "it has no seal"] {
                let error = await refusal { try await appliance.service.restore(RestoreRequest(tenants: ["acme"])) }
                #expect(error?.code == "backup_unsealed" && error?.message.contains(reason) == true)
                #expect(error?.message.hasPrefix("manifest.json in snapshot \(manifest.id) ") == true)
                #expect(try await appliance.service.list().map(\.problem) == [reason])
                try FileSystem.remove(seal(manifest.id, appliance))
            }
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme", "later"])
            let request = try RestoreRequest(tenants: ["acme"], isUnsealed: true)
            try await appliance.service.restore(request)
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme"])
        }
    }

    @Test func `snapshots of before there were seals are taken at their word once`() async throws {
        try await withSnapshot { appliance, manifest in
            appliance.clock.advance(.hours(1))
            let damaged = try await appliance.service.create(reason: .manual).id
            let url = appliance.service.catalog.folder.manifest(damaged)
            try overwrite(url, Array(try contents(url).dropLast(3)))
            appliance.keys.withLock { $0 = [Self.key] }
            #expect(await appliance.service.settleSeals())
            #expect(try await appliance.service.verify(manifest.id.description).isGood)
            #expect(!FileSystem.exists(seal(damaged, appliance)))
            // From now on nothing is.
            try FileSystem.remove(seal(manifest.id, appliance))
            #expect(await appliance.service.settleSeals())
            #expect(!FileSystem.exists(seal(manifest.id, appliance)))
        }
    }

    @Test func `a rotation seals anew what had a right seal, and nothing else`() async throws {
        try await withSealedSnapshot { appliance, manifest in
            appliance.clock.advance(.hours(1))
            let second = try #require(try await appliance.service.create(reason: .manual).manifest)
            try forge(appliance, second)
            appliance.keys.withLock { $0 = [Self.other, Self.key] }
            #expect(try await appliance.service.show(manifest.id.description).isGood)
            #expect(await appliance.service.settleSeals())
            appliance.keys.withLock { $0 = [Self.other] }
            #expect(try await appliance.service.show(manifest.id.description).isGood)
            #expect(try await appliance.service.show("latest").manifest == nil)
            #expect(await appliance.service.settleSeals())
            #expect(try await appliance.service.show("latest").manifest == nil)
        }
    }

    @Test func `an empty machine takes backups at their word without the key, and checks them with it`() async throws {
        try await withSealedSnapshot { appliance, manifest in
            try forge(appliance, manifest)
            let given = try TestAppliance(root: appliance.root, data: "given", clock: appliance.clock)
            given.keys.withLock { $0 = [Self.key] }
            let error = await refusal { try await given.service.restore(RestoreRequest()) }
            #expect(error?.message.contains(Self.altered) == true)
            try overwrite(
                appliance.service.catalog.folder.manifest(manifest.id), manifest.encoded())
            try await given.service.restore(RestoreRequest())
            #expect(try given.notes(given.file("bela")) == ["first of bela"])
            try await given.close()
            let bare = try TestAppliance(root: appliance.root, data: "bare", clock: appliance.clock)
            let plan = try await bare.service.plan(RestoreRequest())
            #expect(plan.notes.contains { $0.hasSuffix("who made the backups is not checked.") })
            _ = try await bare.service.restore(plan)
            #expect(try bare.notes(bare.file("acme")) == ["first of acme"])
            try await bare.close()
        }
    }

    @Test func `a machine that was just set up takes them over, for good`() async throws {
        try await withSealedSnapshot { appliance, _ in
            let fresh = try TestAppliance(root: appliance.root, data: "fresh", clock: appliance.clock)
            fresh.keys.withLock { $0 = [Self.other] }
            try AtomicFile.publish(Array("somebody's".utf8), to: fresh.directory.sealedWith)
            let error = await refusal { try await fresh.service.restore(RestoreRequest(tenants: ["acme"])) }
            #expect(error?.code == "backup_unsealed")
            try await fresh.service.restore(RestoreRequest())
            #expect(try fresh.notes(fresh.file("acme")) == ["first of acme"])
            #expect(try await fresh.service.verify("latest").isGood)
            try await fresh.close()
        }
    }
}
