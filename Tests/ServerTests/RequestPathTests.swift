import ApplianceCore
import NIOHTTP1
import Storage
import Testing

@testable import ApplianceServer

struct RequestPathTests {
    private static let securityHeaders = [
        ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
    ]

    @Test func `every answer has an id and the security headers`() async throws {
        try await withShops { server, _, acme, _ in
            let answers = [
                try await server.expect(200, "GET", "/api/customers", by: acme.owner),
                try await server.expect(401, "GET", "/api/customers"), try await server.expect(200, "GET", "/admin"),
                try await server.expect(303, "GET", "/"), try await server.expect(404, "GET", "/nowhere"),
                try await server.expect(405, "PUT", "/api/customers", by: acme.owner),
                try await server.expect(405, "TRACE", "/api/health"), try await server.expect(200, "HEAD", "/admin"),
                try await server.expect(422, "POST", "/api/customers", by: acme.owner, json: [:]),
                try await server.expect(200, "GET", "/metrics"),
                try await server.expect(
                    200, "GET", "/api/customers", by: acme.owner, headers: [("Accept", "text/csv")]),
                try await server.expect(204, "POST", "/api/auth/logout", by: acme.owner),
            ]
            for answer in answers {
                for (name, value) in Self.securityHeaders { #expect(answer.headers[name] == [value]) }
                #expect(answer["Content-Security-Policy"]?.contains("default-src 'self'") == true)
                #expect(answer["Content-Security-Policy"]?.contains("unsafe") == false)
                #expect(answer["Cache-Control"] != nil && answer["Strict-Transport-Security"] == nil)
                #expect(answer["X-Request-Id"]?.hasPrefix("req_") == true)
            }
            #expect(Set(answers.compactMap { $0["X-Request-Id"] }).count == answers.count)
        }
    }

    @Test func `a problem says what is wrong and nothing of the inside`() async throws {
        try await withShops { server, _, acme, _ in
            let answer = try await server.expect(
                422, "POST", "/api/customers", by: acme.owner, json: ["email": "none", "colour": "red"])
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(answer.json["type"]?.stringValue?.hasSuffix(":validation_failed") == true)
            #expect(answer.json["status"] == 422 && answer.json["title"] == "Unprocessable Content")
            #expect(answer.json["requestId"]?.stringValue == answer["X-Request-Id"])
            let faults = answer.json["errors"]?.arrayValue ?? []
            #expect(
                faults.compactMap { $0["field"]?.stringValue }.sorted() == ["colour", "email", "name"]
                    && faults.allSatisfy { $0["code"] != nil && $0["message"] != nil })
            for problem in [answer, try await server.send("GET", "/api/customers/none", by: acme.owner)] {
                for word in ["SQL", "sqlite", ".swift", "/data", "Error"] { #expect(!problem.text.contains(word)) }
            }
        }
    }

    @Test func `an id sent by the client is not taken over`() async throws {
        try await withServer { server in
            let answer = try await server.expect(
                200, "GET", "/api/health/live", headers: [("X-Request-Id", "mine")])
            #expect(answer.headers["X-Request-Id"].count == 1 && answer["X-Request-Id"]?.hasPrefix("req_") == true)
        }
    }

    @Test func `an address with other methods names them`() async throws {
        try await withShops { server, _, acme, _ in
            let cases: [(method: String, path: String, allowed: String)] = [
                ("PUT", "/api/customers", "GET, HEAD, POST"), ("TRACE", "/api/customers", "GET, HEAD, POST"),
                ("PROPFIND", "/api/customers?limit=1", "GET, HEAD, POST"),
                ("POST", "/api/customers/cus_none", "GET, HEAD, PATCH, DELETE"),
                // The word before the record of that name.
                ("GET", "/api/customers/import", "POST"), ("HEAD", "/api/batch", "POST"),
                ("DELETE", "/api/auth/login", "POST"), ("POST", "/api/admin/tenants/acme/history", "GET, HEAD"),
                ("OPTIONS", "/api/health", "GET, HEAD"), ("POST", "/admin", "GET, HEAD"),
                ("POST", "/admin/scripts/app.js", "GET, HEAD"), ("POST", "/", "GET, HEAD"),
                // What a shop could declare, and may not have: no name is answered otherwise than another.
                ("PUT", "/api/repairs", "GET, HEAD, POST"), ("PUT", "/api/repairs/rep_1", "GET, HEAD, PATCH, DELETE"),
                ("GET", "/api/repairs/import", "POST"),
            ]
            for (method, path, allowed) in cases {
                for person in [nil, acme.owner] {
                    let answer = try await server.expect(405, method, path, by: person)
                    #expect(answer["Allow"] == allowed, "\(method) \(path)")
                    guard method != "HEAD" else { continue }
                    #expect(answer.code == "method_not_allowed", "\(method) \(path)")
                    #expect(answer["Content-Type"] == "application/problem+json", "\(method) \(path)")
                }
            }
            // Names that nobody may give a collection, and what lies behind an address, are nowhere by any method.
            for path in ["/nowhere", "/api/nowhere/at/all", "/api/admin", "/api/usage/more", "/api", "/api/admin/x/y"] {
                for method in ["GET", "POST", "PUT", "TRACE"] {
                    let answer = try await server.expect(404, method, path, by: acme.owner)
                    #expect(answer["Allow"] == nil && answer.code == "not_found", "\(method) \(path)")
                }
            }
        }
    }

    @Test func `HEAD is GET without the body`() async throws {
        try await withShops { server, _, acme, _ in
            for path in ["/admin", "/api/openapi.json", "/api/customers", "/api/health"] {
                let whole = try await server.expect(200, "GET", path, by: acme.owner)
                let head = try await server.expect(200, "HEAD", path, by: acme.owner)
                #expect(head.body.isEmpty && head["Content-Type"] == whole["Content-Type"], "\(path)")
                #expect(head["ETag"] == whole["ETag"], "\(path)")
            }
            try await server.expect(404, "HEAD", "/nowhere")
        }
    }

    // MARK: - Compression

    @Test func `gzip is used when asked for, and means the same`() async throws {
        try await withShops { server, _, acme, _ in
            for index in 0..<30 {
                try await server.expect(
                    201, "POST", "/api/customers", by: acme.owner, json: ["name": .string("Customer \(index)")])
            }
            for path in ["/api/customers", "/api/openapi.json", "/admin"] {
                let plain = try await server.expect(200, "GET", path, by: acme.owner)
                #expect(plain["Content-Encoding"] == nil)
                for accepted in ["gzip", "br, gzip;q=0.5", "GZIP"] {
                    let answer = try await server.expect(
                        200, "GET", path, by: acme.owner, headers: [("Accept-Encoding", accepted)])
                    #expect(answer["Content-Encoding"] == "gzip" && answer["Vary"] == "Accept-Encoding", "\(path)")
                    #expect(answer.body.count < plain.body.count, "\(path)")
                    #expect(try unpacked(answer.body) == plain.body, "\(path)")
                }
                for refused in ["identity", "gzip;q=0", "br", "gzipped", ""] {
                    let answer = try await server.expect(
                        200, "GET", path, by: acme.owner, headers: [("Accept-Encoding", refused)])
                    #expect(answer["Content-Encoding"] == nil && answer.body == plain.body, "\(refused)")
                }
            }
        }
    }

    private func unpacked(_ bytes: [UInt8]) throws -> [UInt8] {
        var out: [UInt8] = []
        var isRead = false
        try bytes.withUnsafeBytes { whole in
            try Gzip.decompress(
                source: {
                    defer { isRead = true }
                    return isRead ? UnsafeRawBufferPointer(start: nil, count: 0) : whole
                }, sink: { out.append(contentsOf: $0) })
        }
        return out
    }

    // MARK: - Validators

    @Test func `a version guards against lost updates and saves the body`() async throws {
        try await withShops { server, _, acme, _ in
            let owner = acme.owner
            let made = try await server.expect(201, "POST", "/api/customers", by: owner, json: ["name": "Asha"])
            let path = try #require(made["Location"])
            #expect(made["ETag"] == "\"1\"" && path == "/api/customers/\(made.json["id"]?.stringValue ?? "")")
            for tag in ["\"1\"", "W/\"1\"", "\"0\", \"1\"", "*"] {
                let answer = try await server.expect(304, "GET", path, by: owner, headers: [("If-None-Match", tag)])
                #expect(answer.body.isEmpty && answer["ETag"] == "\"1\"")
            }
            try await server.expect(200, "GET", path, by: owner, headers: [("If-None-Match", "\"2\"")])
            let changed = try await server.expect(
                200, "PATCH", path, by: owner, json: ["city": "Pune"], headers: [("If-Match", "\"1\"")])
            #expect(changed["ETag"] == "\"2\"" && changed.json["version"] == 2)
            for tag in ["\"1\"", "\"3\"", "\"x\"", "W/\"2\""] {
                let patch = try await server.send(
                    "PATCH", path, by: owner, json: ["city": "Goa"], headers: [("If-Match", tag)])
                #expect(patch.status == 412 && patch.code == "version_changed", "\(tag)")
                try await server.expect(412, "DELETE", path, by: owner, headers: [("If-Match", tag)])
            }
            #expect(try await server.expect(200, "GET", path, by: owner).json["city"] == "Pune")
            try await server.expect(200, "PATCH", path, by: owner, json: ["city": "Goa"], headers: [("If-Match", "*")])
            try await server.expect(204, "DELETE", path, by: owner, headers: [("If-Match", "\"3\"")])
            try await server.expect(404, "GET", path, by: owner)
        }
    }

    @Test func `files of the page are kept by browsers until they change`() async throws {
        try await withServer { server in
            let page = try await server.expect(200, "GET", "/admin")
            let tag = try #require(page["ETag"])
            let again = try await server.expect(304, "GET", "/admin", headers: [("If-None-Match", tag)])
            #expect(again.body.isEmpty && again["ETag"] == tag && page["Cache-Control"] == "no-cache")
            for path in [
                "/admin/../master.key", "/admin/%2e%2e/master.key", "/admin/.git", "/admin/index.html%00",
                "/admin//etc/passwd",
            ] {
                try await server.expect(404, "GET", path)
            }
        }
    }

    @Test func `a list is CSV for whoever accepts that`() async throws {
        try await withShops { server, _, acme, _ in
            for name in ["Asha, of \"Pune\"", "=1+1"] {
                try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": .string(name)])
            }
            let answer = try await server.expect(
                200, "GET", "/api/customers?fields=name&sort=id", by: acme.owner, headers: [("Accept", "text/csv")])
            #expect(answer["Content-Type"] == "text/csv; charset=utf-8")
            #expect(answer["Content-Disposition"] == "attachment; filename=\"customers.csv\"")
            let lines = answer.text.split(whereSeparator: \.isNewline)
            #expect(lines.first == "name" && lines.count == 3 && lines[1] == "\"Asha, of \"\"Pune\"\"\"")
        }
    }
}
