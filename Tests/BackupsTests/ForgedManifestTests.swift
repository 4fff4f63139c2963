import ApplianceCore
import Foundation
import GRDB
import Storage
import Testing

@testable import Backups

/// Manifests with a right checksum, as a stranger could make them: the checks behind the checksum hold as well.
struct ForgedManifestTests {
    private let acme = "tenants/ten_acme.sqlite.gz"

    private func forge(
        _ path: String, _ appliance: TestAppliance, _ manifest: Manifest,
        _ change: (Manifest.File) throws -> Manifest.File
    ) throws {
        try appliance.forge(manifest.replacing(manifest.files.map { $0.path == path ? try change($0) : $0 }))
    }

    /// A gzip whose sums are right.
    private func store(_ plain: [UInt8], _ appliance: TestAppliance, _ manifest: Manifest) throws -> StoredFile.Sums {
        let source = appliance.root.appending(path: Random.token(bytes: 6))
        try AtomicFile.publish(plain, to: source)
        return try StoredFile.compress(source, to: appliance.snapshotURL(manifest.id).appending(path: acme))
    }

    @Test func `a file that decompresses to more than its manifest says is stopped there`() async throws {
        try await withSnapshot { appliance, manifest in
            let sums = try store(Array(repeating: 0, count: 64 << 20), appliance, manifest)
            #expect(sums.storedBytes < 1 << 20)
            try forge(acme, appliance, manifest) { $0.with(bytes: 100_000, sums: sums) }
            try await appliance.expectRefused(acme)
            let reason = try await appliance.service.verify("latest").problems.first?.reason
            #expect(reason == "it decompresses to more than 100000 bytes")
        }
    }

    @Test func `bytes behind the end of the gzip stream are refused`() async throws {
        try await withSnapshot { appliance, manifest in
            let url = appliance.snapshotURL(manifest.id).appending(path: acme)
            let bytes = try contents(url) + [0]
            try overwrite(url, bytes)
            try forge(acme, appliance, manifest) {
                $0.with(
                    sums: .init(
                        bytes: $0.bytes, storedBytes: Int64(bytes.count), sha256: $0.sha256,
                        storedSha256: Digest.of(bytes)))
            }
            try await appliance.expectRefused(acme)
        }
    }

    @Test func `what is no database, or not one of ours, is refused`() async throws {
        try await withSnapshot { appliance, manifest in
            let sums = try store(Array(repeating: 7, count: 5000), appliance, manifest)
            try forge(acme, appliance, manifest) { $0.with(bytes: 5000, sums: sums) }
            try await appliance.expectRefused(acme)

            let foreign = appliance.root.appending(path: "foreign.sqlite")
            try DatabaseFile.create(
                foreign, schema: DatabaseSchema(applicationID: 9, migrations: TestAppliance.migrations))
            let bytes = try contents(foreign)
            let foreignSums = try store(bytes, appliance, manifest)
            try forge(acme, appliance, manifest) { $0.with(bytes: Int64(bytes.count), sums: foreignSums) }
            try await appliance.expectRefused(acme)
        }
    }

    @Test func `a record that refers to none, or rows that are not all there, are refused`() async throws {
        try await withSnapshot { appliance, manifest in
            for (sql, reason) in [
                ("INSERT INTO notes (text, parent) VALUES ('x', 99)", "a record refers to one that does not exist"),
                ("DELETE FROM notes", "its row counts do not match"),
            ] {
                let url = appliance.root.appending(path: Random.token(bytes: 6))
                try DatabaseFile.create(url, schema: TestAppliance.tenantSchema)
                var configuration = Configuration()
                configuration.foreignKeysEnabled = false
                let queue = try DatabaseQueue(path: url.path, configuration: configuration)
                try await queue.writeWithoutTransaction { db in try db.execute(sql: sql) }
                try queue.close()
                let bytes = try contents(url)
                let sums = try store(bytes, appliance, manifest)
                try forge(acme, appliance, manifest) { $0.with(bytes: Int64(bytes.count), sums: sums) }
                try await appliance.expectRefused(acme)
                #expect(try await appliance.service.verify("latest").problems.map(\.reason) == [reason])
            }
        }
    }

    @Test(arguments: ["../ten_acme", "ten_acme/../../x", "TEN_ACME", "", ".", "..", "a b", "ten_\u{0}"])
    func `a tenant id that leaves the folder is refused`(id: String) async throws {
        try await withSnapshot { appliance, manifest in
            try forge(acme, appliance, manifest) {
                $0.with(
                    path: Manifest.path(ofTenant: id),
                    tenant: Manifest.Tenant(id: id, slug: "acme", name: "", record: ""))
            }
            try await appliance.expectRefused(SnapshotsFolder.manifestName)
        }
    }

    @Test func `absurd sizes, a file named twice and another path are refused`() async throws {
        try await withSnapshot { appliance, manifest in
            try forge(acme, appliance, manifest) { $0.with(bytes: .max) }
            try await appliance.expectRefused(SnapshotsFolder.manifestName)
            try forge(acme, appliance, manifest) { $0.with(bytes: -1) }
            try await appliance.expectRefused(SnapshotsFolder.manifestName)
            try forge(acme, appliance, manifest) { $0.with(path: "/etc/passwd") }
            try await appliance.expectRefused(SnapshotsFolder.manifestName)
            try appliance.forge(manifest.replacing(manifest.files + manifest.files.suffix(1)))
            try await appliance.expectRefused(SnapshotsFolder.manifestName)
        }
    }

    @Test func `a restore larger than the free disk is refused before it begins`() async throws {
        try await withSnapshot { appliance, manifest in
            try forge(acme, appliance, manifest) { $0.with(bytes: Manifest.Limit.fileBytes) }
            let error = await refusal { try await appliance.service.restore(RestoreRequest(tenants: ["acme"])) }
            #expect(error?.category == .storageFull)
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme"])
        }
    }

    @Test func `a snapshot of a newer version is refused by name`() async throws {
        try await withSnapshot { appliance, manifest in
            let url = appliance.root.appending(path: "newer.sqlite")
            let more =
                TestAppliance.tenantMigrations + [.init("more", "CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT")]
            try DatabaseFile.create(url, schema: DatabaseSchema(applicationID: 71, migrations: more))
            let bytes = try contents(url)
            let sums = try store(bytes, appliance, manifest)
            try forge(acme, appliance, manifest) { $0.with(bytes: Int64(bytes.count), sums: sums) }
            let error = await refusal { try await appliance.service.restore(RestoreRequest(tenants: ["acme"])) }
            #expect(error?.code == "backup_newer" && error?.message.hasPrefix(acme) == true)
            #expect(try await appliance.service.verify("latest").problems.map(\.path) == [acme])
        }
    }
}
