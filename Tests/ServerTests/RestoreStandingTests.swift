import ApplianceCore
import CollectionKit
import Foundation
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

/// Records go back; who may come in, and what was used, stays as it is.
struct RestoreStandingTests {
    private static let order: JSON = ["tenants": ["acme"], "confirm": "acme"]

    @Test func `a credential that ended since does not come back to life, and one that lives goes on`() async throws {
        try await withShops(plan: "enterprise") { server, person, acme, _ in
            let leaver = try await server.addUser("leaver", .staff, to: acme)
            let stayer = try await server.addUser("stayer", .staff, to: acme)
            let signedOut = try await server.addUser("out", .staff, to: acme)
            let demoted = try await server.addUser("demoted", .admin, to: acme)
            let revoked = try await server.addKey(["read"], to: acme)
            let kept = try await server.addKey(["read"], to: acme)
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])

            try await server.expect(200, "POST", "/api/users/\(leaver.id)/disable", by: acme.owner)
            try await server.expect(204, "POST", "/api/auth/logout", by: signedOut)
            try await server.expect(
                200, "POST", "/api/users/\(demoted.id)/role", by: acme.owner, json: ["role": "viewer"])
            try await server.expect(200, "POST", "/api/api-keys/\(revoked.id)/revoke", by: acme.owner)
            let late = try await server.addUser("late", .staff, to: acme)
            let lateKey = try await server.addKey(["read"], to: acme)
            try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "Late"])
            try await server.expect(200, "POST", "/api/admin/restores", by: person, json: Self.order)

            for dead in [leaver, signedOut, revoked] {
                try await server.expect(401, "GET", "/api/customers", by: dead)
            }
            for alive in [stayer, late, kept, lateKey, demoted, acme.owner] {
                let items = try await server.expect(200, "GET", "/api/customers", by: alive).items
                #expect(items.isEmpty)
            }
            try await server.expect(403, "POST", "/api/customers", by: demoted, json: ["name": "Not I"])
            // The undo brings back the file of before, but nobody with it either.
            try await server.expect(200, "POST", "/api/users/\(stayer.id)/disable", by: acme.owner)
            try await server.expect(200, "POST", "/api/admin/restores/latest/undo", by: person, json: Self.order)
            for dead in [leaver, stayer, signedOut, revoked] {
                try await server.expect(401, "GET", "/api/customers", by: dead)
            }
            let items = try await server.expect(200, "GET", "/api/customers", by: late).items
            #expect(items.map { $0["name"] } == ["Late"])
        }
    }

    @Test func `what was used stays used`() async throws {
        try await withShops { server, person, acme, _ in
            let file = server.appliance.directory.file(acme.id)
            func note(_ id: String) async throws {
                try await file.write { db in
                    try db.run(
                        """
                        INSERT INTO usageEvents VALUES
                            (?1, 'tasks', '2026-11-01T00:00:00.000Z', 1, 0, 'task', 'system', 'test',
                            '2026-11-21T00:00:00.000Z', '2026-11-21T00:00:00.000Z', 0, 0)
                        """, [.text(id)])
                }
            }
            try await note("evt_1")
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            try await note("evt_2")
            try await note("evt_3")
            try await server.expect(200, "POST", "/api/admin/restores", by: person, json: Self.order)
            let ids = try file.read { db in try db.all("SELECT id FROM usageEvents ORDER BY rowid") { $0.text(0) } }
            #expect(ids == ["evt_1", "evt_2", "evt_3"])
        }
    }

    @Test func `where the live file is damaged nobody of then is signed in`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            let file = server.appliance.directory.file(acme.id)
            file.closeIfQuiet()
            let url = server.appliance.configuration.data.tenantDatabase(acme.id)
            try FileSystem.remove(url)
            try Data(repeating: 0x5A, count: 40_000).write(to: url)
            try await server.expect(200, "POST", "/api/admin/restores", by: person, json: Self.order)
            try await server.expect(401, "GET", "/api/customers", by: acme.owner)
            let owner = try await server.signIn("owner@acme.example", "acme")
            try await server.expect(200, "GET", "/api/customers", by: owner)
        }
    }
}
