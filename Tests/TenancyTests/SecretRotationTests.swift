import ApplianceCore
import CollectionKit
import GRDB
import Storage
import Testing

@testable import Tenancy

struct SecretRotationTests {
    private static let hooks = Collection(
        "hooks", idPrefix: "hok", title: "Hook", fields: [.text("name", max: 50).required(), .secret("signingKey")])

    private static func fill(_ plane: ControlPlane, _ tenant: Tenant, _ master: MasterKey, _ count: Int) async throws {
        let sealer = master.sealer(tenant: tenant.id)
        try await plane.directory.file(tenant.id).write { db in
            for index in 0..<count {
                try db.run(
                    """
                    INSERT INTO hooks (id, createdAt, updatedAt, version, name, signingKey)
                    VALUES (?1, '2026-11-21T02:00:00.000Z', '2026-11-21T02:00:00.000Z', 1, 'x', ?2)
                    """,
                    [
                        .text("hok_\(1000 + index)"),
                        .text(try sealer.seal("whsec \(index)", "hooks.signingKey")),
                    ])
            }
        }
    }

    private static func opened(_ plane: ControlPlane, _ tenant: Tenant, _ master: MasterKey) throws -> [String] {
        let sealer = master.sealer(tenant: tenant.id)
        let sealed = try plane.directory.file(tenant.id).read { db in
            try db.all("SELECT signingKey FROM hooks ORDER BY id", []) { $0.text(0) ?? "" }
        }
        return try sealed.map { try sealer.open($0, "hooks.signingKey") }
    }

    @Test func `after a rotation everything opens, with the new key alone too`() async throws {
        try await ControlPlane.run(collections: [Self.hooks]) { plane in
            let tenant = try await plane.makeShop()
            let master = try MasterKey(plane.data)
            try await Self.fill(plane, tenant, master, 450)
            let rotation = SecretRotation(
                master: master, system: plane.system, directory: plane.directory, catalog: plane.catalog)
            let before = try await rotation.run(seals: false)
            #expect(before.current == 450 && before.sealedAnew == 0)
            try master.rotate()
            #expect(master.retiredCount == 1)
            // A process that was killed right here reads both keys from the disk.
            let again = try MasterKey(plane.data)
            let all = try Self.opened(plane, tenant, again)
            #expect(again.retiredCount == 1 && all.count == 450)
            let report = try await rotation.run(seals: true)
            #expect(report.sealedAnew == 450 && report.unreadable == 0)
            let twice = try await rotation.run(seals: true)
            #expect(twice.sealedAnew == 0 && twice.current == 450)
            try master.forgetRetired()
            let last = try MasterKey(plane.data)
            #expect(last.retiredCount == 0)
            let opened = try Self.opened(plane, tenant, last)
            #expect(opened == (0..<450).map { "whsec \($0)" })
        }
    }

    @Test func `half of a rotation is finished by the next run, and foreign values are told`() async throws {
        try await ControlPlane.run(collections: [Self.hooks]) { plane in
            let tenant = try await plane.makeShop()
            let master = try MasterKey(plane.data)
            try await Self.fill(plane, tenant, master, 3)
            try master.rotate()
            let sealer = master.sealer(tenant: tenant.id)
            let anew = try sealer.seal("whsec 0", "hooks.signingKey")
            try await plane.directory.file(tenant.id).write { db in
                try db.run("UPDATE hooks SET signingKey = ?1 WHERE id = 'hok_1000'", [.text(anew)])
                try db.run("UPDATE hooks SET signingKey = 'v1.bm90IG91cnM=' WHERE id = 'hok_1002'", [])
            }
            let rotation = SecretRotation(
                master: master, system: plane.system, directory: plane.directory, catalog: plane.catalog)
            let report = try await rotation.run(seals: true)
            #expect(report.sealedAnew == 1 && report.current == 1 && report.unreadable == 1)
        }
    }
}
