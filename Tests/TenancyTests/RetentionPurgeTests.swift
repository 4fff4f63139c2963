import ApplianceCore
import CollectionKit
import Foundation
import GRDB
import Storage
import Testing

@testable import Tenancy

struct RetentionPurgeTests {
    private static let collections = [
        Collection("notes", idPrefix: "nte", title: "Note", fields: [.text("text", max: 100)], retention: .days(30)),
        Collection(
            "bills", idPrefix: "bil", title: "Bill",
            fields: [.instant("issuedAt"), .text("text", max: 100).searchable()], retention: .years(7)),
        Collection("people", idPrefix: "ppl", title: "Person", fields: [.text("name", max: 100)]),
    ]

    private func purge(_ plane: ControlPlane) -> RetentionPurge {
        RetentionPurge(
            directory: plane.directory, catalog: plane.catalog, time: plane.clock.source, logger: ControlPlane.logger)
    }

    /// A record made now.
    private func add(_ body: JSON, to name: String, _ plane: ControlPlane, _ tenant: Tenant) async throws {
        let collection = try #require(plane.catalog[name])
        let context = RecordContext(
            now: plane.clock.now, ids: plane.ids, actor: ControlPlane.boss, requestID: "r", currency: "INR",
            timeZone: .utc)
        _ = try await plane.directory.file(tenant.id).write { db in
            try Records(collection).create(db, body, context)
        }
    }

    private func texts(_ sql: String, _ plane: ControlPlane, _ tenant: Tenant) throws -> [String] {
        try plane.directory.file(tenant.id).read { try String.fetchAll($0, sql: sql) }
    }

    @Test func `only what is older than its collection keeps it goes`() async throws {
        try await ControlPlane.run(at: "2019-11-20T23:59:59.999Z", collections: Self.collections) { plane in
            let tenant = try await plane.makeShop()
            try await add(["text": "old", "issuedAt": "2026-01-01T00:00:00Z"], to: "bills", plane, tenant)
            try await add(["name": "Asha"], to: "people", plane, tenant)
            try plane.clock.set("2019-11-21T00:00:00.000Z")
            try await add(["text": "kept", "issuedAt": "1999-01-01T00:00:00Z"], to: "bills", plane, tenant)
            try plane.clock.set("2026-10-22T03:09:59.999Z")
            try await add(["text": "old"], to: "notes", plane, tenant)
            try plane.clock.set("2026-10-22T03:10:00.000Z")
            try await add(["text": "kept"], to: "notes", plane, tenant)
            try plane.clock.set("2026-11-21T03:10:00.000Z")
            #expect(try await purge(plane).run() == (removed: 2, failed: 0))
            #expect(try texts("SELECT text FROM notes", plane, tenant) == ["kept"])
            #expect(try texts("SELECT text FROM bills", plane, tenant) == ["kept"])
            #expect(try texts("SELECT name FROM people", plane, tenant) == ["Asha"])
            #expect(
                try plane.audit(plane.directory.file(tenant.id)).suffix(2) == [
                    #"notes.purge {"createdBefore":"2026-10-22T03:10:00.000Z","removed":1}"#,
                    #"bills.purge {"createdBefore":"2019-11-21T00:00:00.000Z","removed":1}"#,
                ])
            #expect(try await purge(plane).run() == (removed: 0, failed: 0))
        }
    }

    @Test func `a thousand old records go in small transactions`() async throws {
        try await ControlPlane.run(collections: Self.collections) { plane in
            let tenant = try await plane.makeShop()
            try await withThrowingTaskGroup { group in
                for index in 0..<1001 {
                    group.addTask { try await add(["text": .string("\(index)")], to: "notes", plane, tenant) }
                }
                try await group.waitForAll()
            }
            plane.clock.advance(.days(31))
            try await add(["text": "kept"], to: "notes", plane, tenant)
            #expect(try await purge(plane).run() == (removed: 1001, failed: 0))
            #expect(try texts("SELECT text FROM notes", plane, tenant) == ["kept"])
            let counts = try texts(
                "SELECT json_extract(data, '$.removed') FROM audit WHERE action = 'notes.purge'", plane, tenant)
            #expect(counts == ["500", "500", "1"])
        }
    }

    @Test func `a shop with nothing due is not written to`() async throws {
        try await ControlPlane.run(collections: Self.collections) { plane in
            let tenant = try await plane.makeShop()
            try await add(["text": "new"], to: "notes", plane, tenant)
            let before = plane.directory.file(tenant.id).changes.count
            #expect(try await purge(plane).run() == (removed: 0, failed: 0))
            #expect(plane.directory.file(tenant.id).changes.count == before)
        }
    }

    @Test func `sessions go thirty days after they expired`() async throws {
        try await ControlPlane.run(collections: Self.collections) { plane in
            let tenant = try await plane.makeShop()
            _ = try await plane.enter(tenant)
            plane.clock.advance(.days(31) - .milliseconds(1))
            _ = try await plane.enter(tenant)
            #expect(try await purge(plane).run() == (removed: 0, failed: 0))
            plane.clock.advance(.milliseconds(1))
            #expect(try await purge(plane).run() == (removed: 1, failed: 0))
            #expect(try texts("SELECT id FROM sessions", plane, tenant).count == 1)
        }
    }

    @Test func `a shop that cannot be opened does not stop the others`() async throws {
        try await ControlPlane.run(collections: Self.collections) { plane in
            let (acme, bela) = (try await plane.makeShop("acme"), try await plane.makeShop("bela"))
            for tenant in [acme, bela] { try await add(["text": "old"], to: "notes", plane, tenant) }
            #expect(plane.directory.file(acme.id).closeIfQuiet())
            try FileSystem.remove(plane.data.tenantDatabase(acme.id))
            plane.clock.advance(.days(31))
            #expect(try await purge(plane).run() == (removed: 1, failed: 1))
            #expect(try texts("SELECT text FROM notes", plane, bela) == [])
        }
    }
}
