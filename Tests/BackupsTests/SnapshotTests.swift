import ApplianceCore
import Foundation
import Storage
import Synchronization
import Testing

@testable import Backups

struct SnapshotTests {
    @Test func `what was written comes back after a restore`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let snapshot = try await appliance.service.create(reason: .manual)
            #expect(snapshot.isGood)
            try await appliance.add("later", to: appliance.file("acme"))
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"]))
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme"])
        }
    }

    @Test func `a manifest tells sizes, sums, versions, rows and the tenant's record`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let manifest = try #require(try await appliance.service.create(reason: .schedule).manifest)
            #expect(manifest.id.description == "2026-11-21T02-00-00Z")
            #expect(manifest.reason == .schedule && manifest.applianceVersion == applianceVersion)
            let file = try #require(manifest.file(ofTenant: "acme"))
            #expect(file.path == "tenants/ten_acme.sqlite.gz" && file.schemaVersion == 3)
            #expect(file.rows == ["notes": 1, "owner": 1, "files": 0])
            #expect(file.tenant?.record == "{\"slug\":\"acme\"}" && file.takenAt == appliance.clock.now)
            let stored = try contents(appliance.snapshotURL(manifest.id).appending(path: file.path))
            #expect(file.storedSha256 == Digest.of(stored) && file.storedBytes == Int64(stored.count))
            #expect(try await appliance.service.manifest() == appliance.service.catalog.manifest(manifest.id))
        }
    }

    @Test func `a snapshot opens with gunzip`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let manifest = try #require(try await appliance.service.create(reason: .manual).manifest)
            let file = try #require(manifest.file(ofTenant: "acme"))
            let process = Process()
            process.executableURL = URL(filePath: "/bin/gunzip")
            process.arguments = ["-k", appliance.snapshotURL(manifest.id).appending(path: file.path).path]
            try process.run()
            process.waitUntilExit()
            let plain = appliance.snapshotURL(manifest.id).appending(path: "tenants/ten_acme.sqlite")
            #expect(Digest.of(try contents(plain)) == file.sha256)
            #expect(try notes(at: plain) == ["first of acme"])
        }
    }

    @Test func `a snapshot taken among writers holds a prefix of their writes`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let file = appliance.file("acme")
            let acknowledged = Mutex(0)
            let isDone = Mutex(false)
            let (started, start) = AsyncStream.makeStream(of: Void.self)
            let writer = Task {
                while !isDone.withLock({ $0 }) {
                    // Two rows a transaction: an odd count would be half of one.
                    try await file.write { db in
                        for _ in 0..<2 {
                            try db.run(
                                "INSERT INTO notes (text) VALUES (?)", [.text("\(UInt64.random(in: .min ... .max))")])
                        }
                    }
                    if acknowledged.withLock({
                        $0 += 1; return $0
                    }) == 20 {
                        start.yield()
                    }
                }
            }
            for await _ in started { break }
            let before = acknowledged.withLock { $0 }
            try await appliance.service.create(reason: .manual)
            let after = acknowledged.withLock { $0 }
            isDone.withLock { $0 = true }
            try await writer.value
            let all = try appliance.notes(file)
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"]))
            let restored = try appliance.notes(file)
            #expect(restored == Array(all.prefix(restored.count)) && restored.count % 2 == 1)
            #expect((before...after + 1).contains((restored.count - 1) / 2))
        }
    }

    @Test func `an unchanged tenant is a hard link, a changed one is not`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            let service = appliance.service
            let first = try await service.create(reason: .schedule).id
            appliance.clock.advance(.hours(1))
            try await appliance.add("more", to: appliance.file("bela"))
            let second = try #require(try await service.create(reason: .schedule).manifest)
            func inode(_ id: SnapshotID, _ slug: String) -> UInt? {
                FileSystem.status(appliance.snapshotURL(id).appending(path: "tenants/ten_\(slug).sqlite.gz"))?.st_ino
            }
            #expect(
                inode(first, "acme") == inode(second.id, "acme") && inode(first, "bela") != inode(second.id, "bela"))
            #expect(second.file(ofTenant: "acme")?.linkedFrom == first)
            #expect(second.file(ofTenant: "acme")?.takenAt == appliance.clock.now)
            #expect(second.file(ofTenant: "bela")?.linkedFrom == nil)
            #expect(try await service.verify("latest").problems == [])
            appliance.clock.advance(.hours(1))
            #expect(try await service.create(reason: .schedule).manifest?.file(ofTenant: "acme")?.linkedFrom == first)
        }
    }

    @Test func `the next process links a tenant that nobody wrote for a while, and only that`() async throws {
        try await withAppliance(["acme", "bela"]) { appliance in
            // One written long ago, one after the snapshot's fingerprint, as far as its time tells.
            for (slug, seconds) in [("acme", 1_700_000_000), ("bela", 4_000_000_000)] {
                for suffix in ["", "-wal"] {
                    let time = timespec(tv_sec: seconds, tv_nsec: 0)
                    #expect(utimensat(AT_FDCWD, appliance.file(slug).url.path + suffix, [time, time], 0) == 0)
                }
            }
            try await appliance.service.create(reason: .schedule)
            appliance.clock.advance(.hours(1))
            // A new service remembers nothing, as after a restart.
            let second = try #require(try await appliance.service.create(reason: .schedule).manifest)
            #expect(second.file(ofTenant: "acme")?.linkedFrom != nil)
            #expect(second.file(ofTenant: "bela")?.linkedFrom == nil)
        }
    }

    @Test func `nothing is linked to a snapshot that verification found damaged`() async throws {
        try await withAppliance(["acme"]) { appliance in
            let service = appliance.service
            let first = try await service.create(reason: .schedule).id
            let stored = appliance.snapshotURL(first).appending(path: "tenants/ten_acme.sqlite.gz")
            var bytes = try contents(stored)
            bytes[bytes.count / 2] ^= 1
            try overwrite(stored, bytes)
            #expect(try await service.verify("latest").problems.map(\.path) == ["tenants/ten_acme.sqlite.gz"])
            #expect(try await service.show("latest").isGood == false)
            #expect(try await service.create(reason: .schedule).manifest?.file(ofTenant: "acme")?.linkedFrom == nil)
            #expect(try await service.verify("latest").isGood)
        }
    }

    @Test func `ids grow while the clock stands still or is set back`() async throws {
        try await withAppliance([]) { appliance in
            let service = appliance.service
            var ids = [try await service.create(reason: .manual).id, try await service.create(reason: .manual).id]
            appliance.clock.advance(.hours(-5))
            ids.append(try await service.create(reason: .manual).id)
            #expect(ids.map(\.description) == ["2026-11-21T02-00-00Z", "2026-11-21T02-00-01Z", "2026-11-21T02-00-02Z"])
            #expect(try await service.list().map(\.id) == ids.reversed())
        }
    }

    @Test func `progress counts up to the number of files`() async throws {
        try await withAppliance(["acme", "bela", "cora"]) { appliance in
            let seen = Mutex<[WorkProgress]>([])
            try await appliance.service.create(reason: .manual) { step in seen.withLock { $0.append(step) } }
            let steps = seen.withLock { $0 }
            #expect(steps.map(\.done) == [0, 1, 2, 3, 4] && steps.allSatisfy { $0.total == 4 && $0.step == "copying" })
        }
    }
}
