import ApplianceCore
import HTTPAPI
import NIOCore
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

/// What a connection answers by itself: in order, whole, and the same as by the general way.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct DirectAnswerTests {
    private static func head(_ method: String, _ path: String, _ shop: Shop, _ more: String = "") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(shop.owner.token)\r\n\(more)\r\n"
    }

    private static func create(_ shop: Shop, _ body: String) -> String {
        head(
            "POST", "/api/customers", shop,
            "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n") + body
    }

    /// The status numbers of a stream of answers, in order.
    private static func statuses(_ text: String) -> [String] { text.matches(of: /HTTP\/1\.1 (\d+)/).map { "\($0.1)" } }

    @Test func `requests sent at once are answered in their order, whoever answers them`() async throws {
        try await withShops { server, _, acme, _ in
            let asha = Self.create(acme, #"{"name":"Asha","externalId":"C-1"}"#)
            let list = Self.head("GET", "/api/customers?fields=name", acme)
            let health = Self.head("GET", "/api/health/live", acme)
            let requests = [asha, list, health, asha, list, health, Self.create(acme, #"{"name":"Bela"}"#), list]
            let last = Self.head("GET", "/api/customers?fields=name", acme, "Connection: close\r\n")
            let text = try await server.exchange(requests.joined() + last)
            #expect(
                Self.statuses(text) == ["201", "200", "200", "409", "200", "200", "201", "200", "200"], "\(text)")
            // Each list shows what was acknowledged before it, and nothing that came later.
            let lists = text.matches(of: /\{"items":.*?\],/).map { String($0.0) }
            #expect(lists.map { $0.contains("Asha") } == [true, true, true, true], "\(lists)")
            #expect(lists.map { $0.contains("Bela") } == [false, false, true, true], "\(lists)")
        }
    }

    @Test(arguments: ["/api/customers/ID", "/api/customers?limit=1", "/api/customers/cus_0", "/api/customers?x=1"])
    func `both ways give the same answer`(path: String) async throws {
        try await withShops { server, _, acme, _ in
            let made = try await server.expect(
                201, "POST", "/api/customers", by: acme.owner, json: ["name": "Asha Rao"])
            let path = path.replacing("ID", with: try #require(made.json["id"]?.stringValue))
            let direct = try await server.send("GET", path, by: acme.owner)
            let general = try await server.send("GET", path, by: acme.owner, headers: [("Connection", "close")])
            func comparable(_ answer: ServerAnswer) -> [String] {
                answer.headers.map { "\($0.name.lowercased()): \($0.value)" }
                    .filter { !$0.hasPrefix("date:") && !$0.hasPrefix("x-request-id:") }.sorted()
            }
            #expect(direct.status == general.status)
            #expect(comparable(direct) == comparable(general))
            #expect(direct["Date"] != nil && direct["X-Request-Id"]?.hasPrefix("req_") == true)
            #expect(direct["Date"]?.wholeMatch(of: /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/) != nil)
            let (one, other) = (direct.text, general.text)
            #expect(one.replacing(/req_\w+/, with: "") == other.replacing(/req_\w+/, with: ""))
        }
    }

    @Test func `a change is answered although the client sends nothing more`() async throws {
        try await withShops { server, _, acme, _ in
            try await server.expect(200, "GET", "/api/customers", by: acme.owner)
            let text = try await RawConnection.run(server.port) { connection in
                try await connection.send(Self.create(acme, #"{"name":"Asha"}"#))
                try await connection.sendNothingMore()
                return await connection.untilClosed()
            }
            #expect(Self.statuses(text) == ["201"], "\(text)")
        }
    }

    @Test func `a body longer than a connection keeps is taken all the same`() async throws {
        try await withShops { server, _, acme, _ in
            try await server.expect(200, "GET", "/api/customers", by: acme.owner)
            let answer = try await server.send(
                "POST", "/api/customers", by: acme.owner,
                json: ["name": "Asha", "notes": .string(String(repeating: "n", count: 70_000))])
            #expect(answer.code == "validation_failed", "\(answer.text)")
        }
    }

    @Test func `a list that takes more than a moment is answered by a thread that may take longer`() async throws {
        try await withShops { server, _, acme, _ in
            let rows = 12_000
            try await server.appliance.directory.file(acme.id).write { db in
                try db.run(
                    """
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(rows))
                    INSERT INTO customers (id, name, createdAt, updatedAt, version)
                    SELECT printf('cus_%08d', i), printf('Name %08d', i), '2026-01-01T00:00:00.000Z',
                        '2026-01-01T00:00:00.000Z', 1 FROM n
                    """)
            }
            for _ in 0..<2 {
                let answer = try await server.expect(
                    200, "GET", "/api/customers?q=nobody&count=exact", by: acme.owner)
                #expect(answer.json["total"]?.integerValue == 0)
            }
        }
    }

    @Test func `a client that leaves its answers unread is not waited for`() async throws {
        var limits = ConnectionGuard.Limits()
        limits.unread = .milliseconds(200)
        try await withServer(limits: limits) { server in
            let acme = try await server.makeShop("acme", by: try await server.setUp())
            let notes = String(repeating: "n", count: 2000)
            for _ in 0..<30 {
                try await server.expect(
                    201, "POST", "/api/customers", by: acme.owner, json: ["name": "Asha", "notes": .string(notes)])
            }
            // 60 KB each: more than the buffers of both sockets hold.
            let requests = 1000
            let text = try await RawConnection.run(server.port) { connection in
                let request = Self.head("GET", "/api/customers", acme)
                try? await connection.send(String(repeating: request, count: requests))
                await connection.pause(.seconds(3))
                return await connection.untilClosed()
            }
            let answers = Self.statuses(text).count
            #expect(answers > 0 && answers < requests, "\(answers)")
        }
    }
}
