import ApplianceCore
import Testing

@testable import ApplianceServer

@Suite(.timeLimit(.minutes(5)))
struct MalformedRequestTests {
    private func head(_ lines: String...) -> String {
        (lines + ["Connection: close", "", ""]).joined(separator: "\r\n")
    }

    /// The status of a request with this target to the letter: clients would put it right first.
    private func status(
        _ server: TestServer, _ target: String, _ person: Person, method: String = "GET"
    ) async throws -> Int? {
        try await server.status(
            of: head("\(method) \(target) HTTP/1.1", "Host: a", "Authorization: Bearer \(person.token)"))
    }

    @Test func `a request has exactly one well-formed Host`() async throws {
        let bad = [
            "", "a/../b@c", "a b", "a:b:80", "a:0", "a:99999", "a:123456", "a:+80", "a:", "..", "a..b", "[::1", "[zz]",
            "a?b",
            "a#b",
            "user@a", "a%2fb", "münchen.example", "a\u{1}b", String(repeating: "a", count: 300),
        ]
        let good = ["shop.example", "127.0.0.1:8080", "[::1]", "[::1]:8080", "a_b.example", "EXAMPLE.com."]
        try await withServer { server in
            let line = "GET /api/health/live HTTP/1.1"
            for host in good + bad {
                let status = try await server.status(of: head(line, "Host: \(host)"))
                #expect(status == (good.contains(host) ? 200 : 400), "\(host)")
            }
            for request in [head(line), head(line, "Host: a", "Host: a"), head(line, "Host: a", "Host: b")] {
                let status = try await server.status(of: request)
                #expect(status == 400)
            }
        }
    }

    @Test func `an unreadable request is a 400 or a closed connection, and the server lives`() async throws {
        try await withServer { server in
            let requests = [
                "\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", "hello there\r\n\r\n",
                head("GET / HTTP/1.1", "Host: a", "Bad Header: x"), head("GET / HTTP/1.1", "Host: a", "X: a\u{0}b"),
                head("POST / HTTP/1.1", "Host: a", "Content-Length: -1"),
                head("POST / HTTP/1.1", "Host: a", "Content-Length: 1", "Content-Length: 2"),
                head("POST / HTTP/1.1", "Host: a", "Content-Length: 3", "Transfer-Encoding: chunked"),
                head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: gibberish"),
                head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked") + "zz\r\n",
                head("GET / HTTP/1.1", "Host: a", "X: \(String(repeating: "a", count: 20_000))"),
                head("GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1", "Host: a"),
            ]
            for request in requests {
                let answer = try await server.exchange(request)
                let words = answer.split(separator: " ", maxSplits: 2)
                let status = words.count > 1 ? Int(words[1]) : nil
                #expect(status.map { (400..<500).contains($0) } ?? true, "\(request.prefix(60)): \(status ?? 0)")
                // Whoever reads it, parser or handler: an answer is an answer.
                for part in ["X-Request-Id: req_", "X-Content-Type-Options: nosniff", "application/problem+json"] {
                    #expect(answer.isEmpty || answer.contains(part), "\(request.prefix(60)): \(answer)")
                }
            }
            try await server.expect(200, "GET", "/api/health/live")
        }
    }

    @Test func `hostile parameters are answered with 4xx`() async throws {
        try await withShops { server, person, acme, _ in
            let queries: [(query: String, status: Int)] = [
                ("limit=-1", 422), ("limit=0", 422), ("limit=201", 422), ("limit=9223372036854775808", 422),
                ("limit=1e3", 422), ("limit=\(String(repeating: "9", count: 4000))", 422), ("limit=", 422),
                ("sort=nothing", 422), ("sort=", 422), ("sort=name,name", 422), ("cursor=nonsense", 422),
                ("cursor=", 422), ("fields=passwordHash", 422), ("count=all", 422), ("colour=red", 422),
                ("name[regex]=a", 422), ("version[gt]=99999999999999999999", 422), ("createdAt[lt]=yesterday", 422),
                ("name=%00", 422), ("q=%00", 422),
                ("name=%ff%fe", 400), ("%ff=1", 400), ("name=%c0%af", 400),
                (Array(repeating: "name=a", count: 101).joined(separator: "&"), 400),
                (Array(repeating: "name=a", count: 30).joined(separator: "&"), 422),
                ("name[in]=\(Array(repeating: "a", count: 101).joined(separator: ","))", 422),
            ]
            for (query, expected) in queries {
                let found = try await status(server, "/api/customers?\(query)", acme.owner)
                #expect(found == expected, "\(query.prefix(80))")
            }
            for path in ["/api/audit", "/api/customers"] {
                try await server.expect(422, "GET", "\(path)?limit=-1", by: acme.owner)
            }
            for path in ["tenants", "outbox", "schedule/runs"] {
                for limit in ["-1", "0", "201", "x", "99999999999999999999"] {
                    try await server.expect(422, "GET", "/api/admin/\(path)?limit=\(limit)", by: person)
                }
                let found = try await status(server, "/api/admin/\(path)?q=%ff", person)
                #expect(found == 400, "\(path)")
            }
            try await server.expect(200, "GET", "/api/health/live")
        }
    }

    @Test func `hostile paths are not found`() async throws {
        try await withShops { server, person, acme, _ in
            let ids = [
                "%00", "..%2f..%2fmaster.key", "'%20OR%201=1--", "*", "cus_%00", "%ff",
                String(repeating: "a", count: 5000),
            ]
            for id in ids {
                for (method, path, caller) in [
                    ("GET", "/api/customers/\(id)", acme.owner), ("DELETE", "/api/customers/\(id)", acme.owner),
                    ("POST", "/api/users/\(id)/disable", acme.owner), ("GET", "/api/admin/tenants/\(id)", person),
                    ("POST", "/api/admin/schedule/\(id)/run", person), ("GET", "/api/admin/backups/\(id)", person),
                    ("GET", "/admin/\(id)", person),
                ] {
                    let found = try await status(server, path, caller, method: method)
                    #expect(found == 404, "\(method) \(path.prefix(80))")
                }
            }
        }
    }

    // MARK: - Bodies

    @Test func `a body that is not what it says is refused`() async throws {
        try await withShops { server, _, acme, _ in
            let json = Array(#"{"name":"Asha"}"#.utf8)
            for type in ["text/plain", "application/x-www-form-urlencoded", "text/csv", "application/jsonx", ""] {
                let answer = try await server.send(
                    "POST", "/api/customers", by: acme.owner, body: json, headers: [("Content-Type", type)])
                #expect(answer.status == 415 && answer.code == "json_required", "\(type)")
            }
            try await server.expect(415, "POST", "/api/customers", by: acme.owner, body: json)
            for type in ["application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"] {
                try await server.expect(
                    201, "POST", "/api/customers", by: acme.owner, body: json, headers: [("Content-Type", type)])
            }
            try await server.expect(
                415, "POST", "/api/customers/import", by: acme.owner, body: json,
                headers: [("Content-Type", "application/json")])
        }
    }

    @Test func `malformed JSON is a 400 wherever it is`() async throws {
        try await withShops { server, person, acme, _ in
            let bodies: [[UInt8]] = [
                [], Array("{".utf8), Array(#"{"name":"a","name":"b"}"#.utf8), Array(#"{"name":"a",}"#.utf8),
                [0xEF, 0xBB, 0xBF] + Array(#"{"name":"a"}"#.utf8),
                Array(#"{"name":""#.utf8) + [0xFF] + Array(#""}"#.utf8),
                Array(#"{"name":"\ud800"}"#.utf8), Array(#"{"name":01}"#.utf8), Array(#"{"name":"a"} x"#.utf8),
                Array(String(repeating: "[", count: 100_000).utf8), Array(#"{"name":NaN}"#.utf8), Array("[]".utf8),
                Array((String(repeating: #"{"a":"#, count: 40) + "1" + String(repeating: "}", count: 40)).utf8),
                Array("\"text\"".utf8), Array("null".utf8),
            ]
            for body in bodies {
                for (path, caller) in [
                    ("/api/customers", acme.owner), ("/api/users", acme.owner), ("/api/admin/tenants", person),
                ] {
                    let answer = try await server.send(
                        "POST", path, by: caller, body: body, headers: [("Content-Type", "application/json")])
                    #expect(answer.status == 400, "\(path) \(String(decoding: body.prefix(40), as: UTF8.self))")
                }
            }
        }
    }

    @Test func `a body over the limit is a 413`() async throws {
        try await withShops { server, _, acme, _ in
            let text = String(repeating: "a", count: (1 << 20) + 1)
            let answer = try await server.send("POST", "/api/customers", by: acme.owner, json: ["name": .string(text)])
            #expect(answer.status == 413 && answer.code == "body_too_large")
            try await server.expect(
                422, "POST", "/api/customers", by: acme.owner, json: ["name": .string(String(text.dropLast(100)))])
            try await server.expect(200, "GET", "/api/health/live")
        }
    }
}
