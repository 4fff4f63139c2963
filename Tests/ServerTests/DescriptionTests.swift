import ApplianceCore
import CollectionKit
import HTTPAPI
import Testing

@testable import ApplianceServer

/// What the server says about itself.
struct DescriptionTests {
    @Test func `the OpenAPI document lists every route of the API`() async throws {
        try await withServer { server in
            let document = try await server.expect(200, "GET", "/api/openapi.json").json
            #expect(document["openapi"] == "3.1.0")
            let paths = try #require(document["paths"])
            for entry in try server.appliance.makeRoutes().entries where entry.path.hasPrefix("/api/") {
                let operation = paths[entry.path]?[entry.method.lowercased()]
                #expect(operation?["responses"] != nil, "\(entry.method) \(entry.path)")
                let parameters = operation?["parameters"]?.arrayValue ?? []
                let names = parameters.filter { $0["in"] == "path" }.compactMap { $0["name"]?.stringValue }
                let inPath = entry.path.split(separator: "/").filter { $0.hasPrefix("{") }.map {
                    $0.dropFirst().dropLast()
                }
                #expect(names == inPath.map(String.init), "\(entry.method) \(entry.path)")
            }
        }
    }

    @Test func `every reference in the OpenAPI document has its target`() async throws {
        try await withServer { server in
            let document = try await server.expect(200, "GET", "/api/openapi.json").json
            let references = Set(references(in: document))
            #expect(references.count > 5)
            for reference in references {
                let target = reference.dropFirst(2).split(separator: "/").reduce(document) { $0[String($1)] ?? .null }
                #expect(reference.hasPrefix("#/") && target != .null, "\(reference)")
            }
        }
    }

    @Test func `the OpenAPI document says which collections a shop may lack`() async throws {
        try await withServer { server in
            let document = try await server.expect(200, "GET", "/api/openapi.json").json
            let modules = try #require(document["x-modules"]?.objectValue)
            let listed = Dictionary(uniqueKeysWithValues: modules.map { ($0.name, $0.value.arrayValue ?? []) })
            for entry in server.appliance.catalog.entries {
                let name = JSON.string(entry.collection.name)
                #expect(listed.filter { $0.value.contains(name) }.map(\.key) == [entry.module].compactMap(\.self))
            }
            #expect(listed["shop"]?.contains("products") == true)
        }
    }

    private func references(in json: JSON) -> [String] {
        let own = [json["$ref"]?.stringValue].compactMap(\.self)
        let inner = (json.objectValue ?? []).map(\.value) + (json.arrayValue ?? [])
        return own + inner.flatMap(references)
    }

    // MARK: - Metrics

    @Test func `the metrics are well-formed lines of declared families`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(200, "GET", "/api/customers", by: acme.owner)
            try await server.expect(404, "GET", "/api/customers/\"\\", by: acme.owner)
            try await server.expect(201, "POST", "/api/admin/backups", by: person)
            let answer = try await server.expect(200, "GET", "/metrics")
            #expect(answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
            var types: [String: String] = [:]
            var samples: Set<String> = []
            #expect(answer.text.hasSuffix("\n"))
            for line in answer.text.split(separator: "\n") {
                if let match = line.wholeMatch(of: /# TYPE (\w+) (counter|gauge|histogram)/) {
                    #expect(types.updateValue(String(match.2), forKey: String(match.1)) == nil, "\(line)")
                } else if line.wholeMatch(of: /# HELP \w+ .+/) == nil {
                    let sample = /([a-z_]+)((?:\{(?:[a-z]+="(?:[^"\\]|\\.)*",?)*\})?) (\+Inf|-?[0-9.e+-]+)/
                    let match = try #require(line.wholeMatch(of: sample), "\(line)")
                    let family = String(match.1).replacing(/_(bucket|sum|count)$/, with: "")
                    #expect(types[family] != nil || types[String(match.1)] != nil, "\(line)")
                    #expect(samples.insert("\(match.1)\(match.2)").inserted, "twice: \(line)")
                    #expect(!match.2.contains(acme.id) && !match.2.contains("acme"), "\(line)")
                }
            }
            #expect(types["http_requests_total"] == "counter" && types["appliance_tenants"] == "gauge")
            #expect(answer.text.contains(#"route="/api/customers/{id}",status="4xx"} 1"#))
            #expect(answer.text.contains("\nappliance_tenants 2\n"))
            #expect(answer.text.contains("\nappliance_last_verified_snapshot_timestamp_seconds 1795226400\n"))
        }
    }

    @Test func `a token at the metrics has to be an operator's`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(200, "GET", "/metrics", by: person)
            try await server.expect(401, "GET", "/metrics", by: acme.owner)
            try await server.expect(401, "GET", "/metrics", headers: [("Authorization", "Bearer none")])
            try await server.expect(200, "GET", "/metrics", headers: [("X-Forwarded-For", "192.0.2.1")])
        }
    }

    @Test func `the figures of the page count requests and shops`() async throws {
        try await withShops { server, person, _, _ in
            let json = try await server.expect(200, "GET", "/api/admin/metrics", by: person).json
            #expect(json["tenants"] == 2 && json["activeUsers"] == 1 && json["errorRate"] == 0)
            let history = json["history"]?.arrayValue ?? []
            #expect(history.count == 60 && history.last?["at"] == "2026-11-21T02:00:00.000Z")
            #expect(history.last?["requests"]?.integerValue ?? 0 >= 5)
        }
    }

    // MARK: - Health

    @Test func `a new server is well`() async throws {
        try await withServer { server in
            let person = try await server.setUp()
            for path in ["", "/live", "/ready", "/database", "/cache", "/backups"] {
                let answer = try await server.expect(200, "GET", "/api/health\(path)")
                #expect(answer.json["status"] == "ok", "\(path)")
            }
            let checks = try await server.expect(200, "GET", "/api/health").json["checks"]
            #expect(checks?.objectValue?.map(\.name) == ["database", "cache", "backups"])
            let score = try await server.expect(200, "GET", "/api/admin/health", by: person).json
            #expect(score["status"] == "healthy" && score["score"] == 100)
        }
    }

    @Test func `a server without a recent snapshot is degraded, and still serves`() async throws {
        try await withServer { server in
            server.clock.advance(.hours(3))
            let health = try await server.expect(200, "GET", "/api/health").json
            #expect(health["status"] == "degraded" && health["checks"]?["backups"]?["status"] == "degraded")
            let person = try await server.setUp()
            let issues = try await server.expect(200, "GET", "/api/admin/health", by: person).json["issues"]
            #expect(issues?.arrayValue?.map { $0["code"] } == ["backups_late"])
            try await server.expect(201, "POST", "/api/admin/backups", by: person)
            #expect(try await server.expect(200, "GET", "/api/health").json["status"] == "ok")
        }
    }
}
