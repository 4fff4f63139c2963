import ApplianceCore
import Foundation
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

struct RecoveryTests {
    private func report(_ server: TestServer, _ person: Person) async throws -> [JSON] {
        try await server.expect(200, "GET", "/api/admin/backups/report", by: person).items
    }

    private func alerts(_ server: TestServer, _ person: Person, open: Bool) async throws -> [JSON] {
        try await server.expect(200, "GET", "/api/admin/alerts?open=\(open)", by: person).items
    }

    @Test func `with the change log nothing is lost, however old the snapshot is`() async throws {
        try await withShops { server, person, _, _ in
            await server.appliance.changeLog.flush()
            let early = try await server.expect(200, "POST", "/api/admin/drills", by: person, json: [:])
            // No snapshot yet: the change log alone gives every shop back.
            #expect(early.items.map { $0["ok"] } == [true, true])
            #expect(early.items.map { $0["source"] } == ["change log", "change log"])
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            server.clock.advance(.hours(20))
            let lines = try await report(server, person)
            #expect(lines.map { $0["restorableTo"] } == [JSON(server.clock.now), JSON(server.clock.now)])
            #expect(lines.allSatisfy { $0["ok"] == true && $0["logging"] == true })
            #expect(lines.allSatisfy { $0["wouldLoseSeconds"] == 0 })
            try await server.appliance.alertWatch.look()
            #expect(try await alerts(server, person, open: true).isEmpty)
        }
    }

    @Test func `a log that cannot be written is an alert, mailed once, that ends by itself`() async throws {
        try await withShops { server, person, acme, _ in
            await server.appliance.changeLog.flush()
            let log = LogFolder.root(server.appliance.configuration.backups).appending(path: acme.id)
            let away = server.appliance.configuration.data.root.appending(path: "away")
            // A file where the shop's log should be: nothing can be written there.
            try FileSystem.move(log, to: away)
            try AtomicFile.publish([], to: log)
            try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "Lost?"])
            let file = server.appliance.directory.file(acme.id)
            await #expect(throws: DomainError.self) { try await server.appliance.changeLog.flush(file) }
            server.clock.advance(.seconds(6))
            for _ in 0..<3 { try await server.appliance.alertWatch.look() }
            let open = try await alerts(server, person, open: true)
            let kinds = open.compactMap { $0["kind"]?.stringValue }.sorted()
            #expect(kinds == ["log_not_written", "recovery_point"])
            #expect(open.allSatisfy { $0["subject"] == .string(acme.id) })
            let mails = try await server.expect(200, "GET", "/api/admin/outbox?q=Alert", by: person).items
            #expect(mails.count == 2 && mails.allSatisfy { $0["recipient"] == "op@example.com" })
            let line = try #require(try await report(server, person).first { $0["tenant"] == "acme" })
            #expect(line["ok"] == false && line["wouldLoseSeconds"] != 0)
            let text = try await server.send("GET", "/metrics").text
            #expect(text.contains("appliance_alerts_open 2\n") && text.contains("change_log_failing_files 1\n"))

            let id = try #require(open.first?["id"]?.stringValue)
            let path = "/api/admin/alerts/\(id)/acknowledge"
            let seen = try await server.expect(200, "POST", path, by: person)
            #expect(seen.json["acknowledgedBy"] == .string("operator:\(person.id)"))
            server.clock.advance(.seconds(1))
            let again = try await server.expect(200, "POST", path, by: person)
            #expect(again.json["acknowledgedAt"] == seen.json["acknowledgedAt"])

            try FileSystem.remove(log)
            try FileSystem.move(away, to: log)
            try await server.appliance.changeLog.flush(file)
            #expect(server.appliance.changeLog.status.failures.isEmpty)
            // The wait of this hour still counts; two hours later it does not.
            try await server.appliance.alertWatch.look()
            #expect(try await alerts(server, person, open: true).map { $0["kind"] } == ["recovery_point"])
            server.clock.advance(.hours(2))
            try await server.appliance.alertWatch.look()
            #expect(try await alerts(server, person, open: true).isEmpty)
            let over = try await alerts(server, person, open: false)
            #expect(over.count == 2 && over.contains { $0["endedAt"] == JSON(server.clock.now) })
        }
    }

    @Test func `a promise is a setting`() async throws {
        try await withShops([.promiseRecoveryPoint: "1h", .promiseRecoveryTime: "2m"]) { server, person, _, _ in
            let report = try await server.expect(200, "GET", "/api/admin/backups/report", by: person).json
            #expect(report["promise"] == ["recoveryPointSeconds": 3600, "recoveryTimeSeconds": 120])
            #expect(report["usual"] == ["recoveryPointSeconds": 3600, "recoveryTimeSeconds": 14_400])
        }
        #expect(throws: DomainError.self) {
            try Configuration(flags: [.promiseRecoveryPoint: "soon"], environment: [:])
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
            // What was restored is as large as what is live, and the time is one that people read.
            let size = FileSystem.size(server.appliance.configuration.data.tenantDatabase(acme.id))
            #expect(drills.items.allSatisfy { $0["bytes"] == JSON(size) })
            #expect(drills.items.allSatisfy { ($0["seconds"]?.text.count ?? 99) <= 6 })
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
            try await server.appliance.alertWatch.look()
            #expect(try await alerts(server, person, open: true).map { $0["kind"] } == ["drill_failed"])
            let health = try await server.expect(200, "GET", "/api/admin/health", by: person)
            let codes = health.json["issues"]?.arrayValue?.compactMap { $0["code"]?.stringValue } ?? []
            #expect(codes.contains("promise_broken"))
        }
    }
}
