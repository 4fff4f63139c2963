import ApplianceCore
import Testing

@testable import ApplianceServer

struct PruneTests {
    private static let path = "/api/admin/backups/prune"

    /// Runs `body` with three snapshots, an hour between each, the oldest first.
    private func withSnapshots(
        _ flags: [ConfigurationKey: String] = [:], _ body: (TestServer, Person, [String]) async throws -> Void
    ) async throws {
        try await withServer(flags) { server in
            let person = try await server.setUp()
            var ids: [String] = []
            for _ in 0..<3 {
                let made = try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
                ids.append(made.json["id"]?.stringValue ?? "")
                server.clock.advance(.hours(1))
            }
            try await body(server, person, ids)
        }
    }

    private func removed(_ answer: ServerAnswer) -> [String] {
        answer.json["removed"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    @Test func `a dry run tells why each snapshot stays, and removes none`() async throws {
        try await withSnapshots([.backupKeep: "last=1"]) { server, person, ids in
            let answer = try await server.expect(200, "POST", Self.path, by: person, json: ["dryRun": true])
            #expect(removed(answer) == [ids[1]])
            #expect(answer.json["keep"] == "last=1" && answer.json["restoreWindow"] == "30d")
            let reasons = answer.items.map { $0["reasons"]?.arrayValue?.compactMap(\.stringValue) ?? [] }
            #expect(answer.items.map { $0["id"]?.stringValue } == ids.reversed())
            #expect(reasons == [["last 1", "last proved"], [], ["start of the 30d restore window"]])
            let left = try await server.expect(200, "GET", "/api/admin/backups", by: person)
            #expect(left.items.count == 3)
        }
    }

    @Test func `a prune follows the configuration, or what is asked for instead`() async throws {
        try await withSnapshots([.backupKeep: "last=1"]) { server, person, ids in
            let wider = try await server.expect(200, "POST", Self.path, by: person, json: ["keep": "hourly=3"])
            #expect(removed(wider) == [])
            let configured = try await server.expect(200, "POST", Self.path, by: person)
            #expect(removed(configured) == [ids[1]])
            let left = try await server.expect(200, "GET", "/api/admin/backups", by: person)
            #expect(left.items.map { $0["id"]?.stringValue } == [ids[2], ids[0]])
        }
    }

    @Test func `a policy that cannot be read is refused, asked for or configured`() async throws {
        try await withSnapshots { server, person, _ in
            let answer = try await server.expect(422, "POST", Self.path, by: person, json: ["keep": "daily=x"])
            #expect(answer.json["errors"]?.arrayValue?.first?["field"] == "keep")
        }
        for flag in [(ConfigurationKey.backupKeep, "daily"), (.restoreWindow, "a month")] {
            #expect(throws: DomainError.self) {
                try Configuration(flags: [flag.0: flag.1], environment: [:])
            }
        }
    }
}
