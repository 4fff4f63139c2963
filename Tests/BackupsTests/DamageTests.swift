import ApplianceCore
import Foundation
import Storage
import Testing

@testable import Backups

/// A backup that is not exactly what was written is refused by `verify` and by `restore`, and the file is named.
struct DamageTests {
    /// `APPLIANCE_LONG_TESTS=1`: a thousand flips, and every hundredth of the length.
    private static let isLong = ProcessInfo.processInfo.environment["APPLIANCE_LONG_TESTS"] == "1"
    private static let flips = isLong ? 1000 : 200
    private static let percents = isLong ? Array(0..<100) : [0, 1, 17, 50, 99]

    private let acme = "tenants/ten_acme.sqlite.gz"

    @Test func `a flipped bit in any stored file is refused and named`() async throws {
        try await withSnapshot { appliance, manifest in
            let seed = UInt64.random(in: 0 ... .max)
            print("bit flips: seed \(seed)")
            var random = SeededGenerator(seed)
            let paths = manifest.files.map(\.path) + [SnapshotsFolder.manifestName]
            for round in 0..<Self.flips {
                let path = paths[round % paths.count]
                let url = appliance.snapshotURL(manifest.id).appending(path: path)
                let good = try contents(url)
                let bit = Int.random(in: 0..<good.count * 8, using: &random)
                var bad = good
                bad[bit / 8] ^= 1 << UInt8(bit % 8)
                try overwrite(url, bad)
                try await appliance.expectRefused(path, "bit \(bit) of \(path), seed \(seed)")
                try overwrite(url, good)
            }
            #expect(try await appliance.service.verify("latest").isGood)
        }
    }

    @Test(arguments: percents)
    func `a file cut to a part of its length is refused`(percent: Int) async throws {
        try await withSnapshot { appliance, manifest in
            for path in [acme, "system.sqlite.gz", SnapshotsFolder.manifestName] {
                let url = appliance.snapshotURL(manifest.id).appending(path: path)
                let good = try contents(url)
                try overwrite(url, Array(good.prefix(good.count * percent / 100)))
                try await appliance.expectRefused(path)
                try overwrite(url, good)
            }
        }
    }

    @Test func `a missing file is refused`() async throws {
        try await withSnapshot { appliance, manifest in
            try FileSystem.remove(appliance.snapshotURL(manifest.id).appending(path: acme))
            try await appliance.expectRefused(acme)
        }
    }

    @Test func `a missing manifest is listed as damaged, not hidden`() async throws {
        try await withSnapshot { appliance, manifest in
            try FileSystem.remove(appliance.snapshotURL(manifest.id).appending(path: SnapshotsFolder.manifestName))
            try await appliance.expectRefused(SnapshotsFolder.manifestName)
            let listed = try await appliance.service.list()
            #expect(listed.map(\.problem) == ["it is missing"] && listed.map(\.isGood) == [false])
        }
    }

    @Test func `two files that changed places are refused`() async throws {
        try await withSnapshot { appliance, manifest in
            let folder = appliance.snapshotURL(manifest.id)
            try FileSystem.exchange(
                folder.appending(path: acme), folder.appending(path: "tenants/ten_bela.sqlite.gz"))
            #expect(
                try await appliance.service.verify("latest").problems.map(\.path)
                    == [acme, "tenants/ten_bela.sqlite.gz"])
            for slug in ["acme", "bela"] {
                let error = await refusal { try await appliance.service.restore(RestoreRequest(tenants: [slug])) }
                #expect(error?.message.hasPrefix("tenants/ten_\(slug).sqlite.gz in snapshot ") == true)
            }
        }
    }

    @Test func `the manifest of another snapshot is refused`() async throws {
        try await withSnapshot { appliance, manifest in
            appliance.clock.advance(.hours(1))
            let second = try await appliance.service.create(reason: .manual).id
            let folder = appliance.service.catalog.folder
            try overwrite(folder.manifest(second), contents(folder.manifest(manifest.id)))
            try await appliance.expectRefused(SnapshotsFolder.manifestName)
        }
    }

    @Test func `a file too many is found by verify`() async throws {
        try await withSnapshot { appliance, manifest in
            let folder = appliance.snapshotURL(manifest.id)
            try AtomicFile.publish([1], to: folder.appending(path: "tenants/stranger"))
            try FileSystem.makeFolder(folder.appending(path: ".hidden"))
            #expect(
                try await appliance.service.verify("latest").problems.map(\.path) == [".hidden", "tenants/stranger"])
        }
    }

    @Test func `a symbolic link in the place of a file, a folder or the manifest is refused`() async throws {
        try await withSnapshot { appliance, manifest in
            for (link, path) in [(acme, acme), ("tenants", acme), ("manifest.json", "manifest.json")] {
                let url = appliance.snapshotURL(manifest.id).appending(path: link)
                let elsewhere = appliance.root.appending(path: "elsewhere")
                try FileSystem.move(url, to: elsewhere)
                #expect(symlink(elsewhere.path, url.path) == 0)
                try await appliance.expectRefused(path)
                try FileSystem.move(elsewhere, to: url.deletingLastPathComponent().appending(path: "back"))
                #expect(unlink(url.path) == 0)
                try FileSystem.move(url.deletingLastPathComponent().appending(path: "back"), to: url)
            }
            #expect(try await appliance.service.verify("latest").isGood)
        }
    }
}
