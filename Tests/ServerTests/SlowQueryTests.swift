import ApplianceCore
import Testing

@testable import ApplianceServer

struct SlowQueryTests {
    @Test func `a list that no index serves is stopped and says which one would, and nobody else waits`() async throws {
        try await withShops([.queryTime: "1"]) { server, _, acme, _ in
            let lines = (0..<30_000).map { "c\($0),\(String(($0 &* 7919) % 30_000, radix: 36))\n" }
            let report = try await server.expect(
                200, "POST", "/api/customers/import", by: acme.owner,
                body: Array("name,postalCode\n\(lines.joined())".utf8), headers: [("Content-Type", "text/csv")])
            #expect(report.json["created"] == 30_000)
            let sorted = try await server.expect(
                422, "GET", "/api/customers?sort=-postalCode&limit=200", by: acme.owner)
            #expect(sorted.code == "query_too_slow")
            #expect(sorted.json["hint"]?.stringValue?.hasPrefix("An index on postalCode would serve this") == true)
            #expect(sorted.json["errors"]?.arrayValue?.first?["field"] == "postalCode")
            try await server.expect(200, "GET", "/api/customers?sort=-name&limit=200", by: acme.owner)
        }
    }
}
