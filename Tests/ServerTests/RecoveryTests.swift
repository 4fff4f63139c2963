import ApplianceCore
import Foundation
import Storage
import Testing

@testable import ApplianceServer

struct RecoveryTests {
    private func report(_ server: TestServer, _ person: Person) async throws -> [JSON] {
        try await server.expect(200, "GET", "/api/admin/backups/report", by: person).items
    }

    @Test func `the report says what can be restored, and an hour and a quarter without a snapshot is a breach`()
        async throws
    {
        try await withShops { server, person, _, _ in
            #expect(try await report(server, person).allSatisfy { $0["restorableTo"] == .null && $0["ok"] == true })
            let early = try await server.expect(200, "POST", "/api/admin/drills", by: person, json: [:])
            // No snapshot yet: the change log alone gives every shop back.
            #expect(early.items.map { $0["ok"] } == [true, true])
            #expect(early.items.map { $0["source"] } == ["change log", "change log"])
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            let at = server.clock.now
            server.clock.advance(.minutes(75))
            let good = try await report(server, person)
            #expect(good.map { $0["restorableTo"] } == [JSON(at), JSON(at)])
            #expect(good.map { $0["recoveryPointSeconds"] } == [4500, 4500])
            #expect(good.allSatisfy { $0["ok"] == true })
            server.clock.advance(.seconds(1))
            let bad = try await report(server, person)
            #expect(bad.first?["breaches"] == ["its newest proved backup is 1 h 15 min old"])
            let health = try await server.expect(200, "GET", "/api/admin/health", by: person)
            let codes = health.json["issues"]?.arrayValue?.compactMap { $0["code"]?.stringValue } ?? []
            #expect(codes.contains("promise_broken"))
        }
    }

    @Test func `a drill restores into scratch, measures, and is remembered`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            let run = try await server.expect(200, "POST", "/api/admin/schedule/restore-drill/run", by: person)
            #expect(run.json["status"] == "succeeded" && run.json["detail"] == "2 shops drilled, all whole")
            let again = try await server.expect(
                200, "POST", "/api/admin/drills", by: person, json: ["tenants": ["acme"]])
            #expect(again.items.map { $0["ok"] } == [true])
            let drills = try await server.expect(200, "GET", "/api/admin/drills?tenant=acme", by: person)
            #expect(drills.items.count == 2 && drills.items.allSatisfy { $0["tenantId"]?.stringValue == acme.id })
            let line = try #require(try await report(server, person).first { $0["tenant"] == "acme" })
            #expect(line["drill"]?["id"] == drills.items.first?["id"] && line["provedAt"] == JSON(server.clock.now))
            let scratch = server.appliance.configuration.data.scratch
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
        }
    }

    @Test func `a drill that finds damage fails the night's run and breaks the promise`() async throws {
        try await withShops { server, person, acme, _ in
            let made = try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            let id = try #require(made.json["id"]?.stringValue)
            let file = server.appliance.configuration.backups.appending(
                path: "snapshots/\(id)/tenants/\(acme.id).sqlite.gz")
            var bytes = try FileReader.contents(file, limit: 1 << 20)
            bytes[bytes.count / 2] ^= 1
            try AtomicFile.publish(bytes, to: file)
            let run = try await server.expect(200, "POST", "/api/admin/schedule/restore-drill/run", by: person)
            #expect(run.json["status"] == "failed")
            #expect(run.json["detail"]?.stringValue?.contains("2 drilled, 1 failed") == true)
            let line = try #require(try await report(server, person).first { $0["tenant"] == "acme" })
            #expect(line["ok"] == false && line["drill"]?["ok"] == false)
        }
    }
}
