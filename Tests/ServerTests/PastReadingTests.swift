import ApplianceCore
import CollectionKit
import Foundation
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

/// `GET /api/<collection>?at=TIME`.
struct PastReadingTests {
    /// Customers C-0 to C-4, ten seconds apart, then all renamed and C-1 deleted; when each was there.
    private func withHistory(_ body: (TestServer, Person, Shop, [Instant]) async throws -> Void) async throws {
        try await withShops { server, person, acme, _ in
            await server.appliance.changeLog.flush()
            var times: [Instant] = []
            var ids: [String] = []
            for number in 0..<5 {
                server.clock.advance(.seconds(10))
                let made = try await server.expect(
                    201, "POST", "/api/customers", by: acme.owner,
                    json: ["externalId": .string("C-\(number)"), "city": number < 3 ? "Pune" : "Goa"])
                ids.append(made.json["id"]?.stringValue ?? "")
                await server.appliance.changeLog.flush()
                times.append(server.clock.now)
            }
            server.clock.advance(.seconds(10))
            for id in ids {
                try await server.expect(200, "PATCH", "/api/customers/\(id)", by: acme.owner, json: ["city": "Delhi"])
            }
            try await server.expect(204, "DELETE", "/api/customers/\(ids[1])", by: acme.owner)
            server.clock.advance(.seconds(10))
            try await body(server, person, acme, times)
        }
    }

    private func list(_ server: TestServer, _ person: Person, _ at: Instant, _ more: String = "") async throws -> [JSON]
    {
        let path = "/api/customers?sort=externalId&at=\(at)\(more)"
        return try await server.expect(200, "GET", path, by: person).items
    }

    @Test func `a moment is known also when nothing was written between a snapshot and it`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "Asha"])
            await server.appliance.changeLog.flush()
            server.clock.advance(.seconds(10))
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            server.clock.advance(.seconds(10))
            let then = try await list(server, acme.owner, server.clock.now.adding(.seconds(-5)))
            #expect(then.map { $0["name"] } == ["Asha"])
        }
    }

    @Test func `a list, a filter, a figure and one record are as they were`() async throws {
        try await withHistory { server, _, acme, times in
            let at = times[3].adding(.seconds(1))
            let then = try await list(server, acme.owner, at)
            #expect(then.map { $0["externalId"] } == ["C-0", "C-1", "C-2", "C-3"])
            let pune = try await list(server, acme.owner, at, "&city=Pune&fields=externalId")
            #expect(pune.map { $0["externalId"] } == ["C-0", "C-1", "C-2"] && pune.first?["city"] == nil)
            let figures = try await server.expect(
                200, "GET", "/api/customers?group=city&at=\(at)", by: acme.owner)
            #expect(figures.text.contains("Goa") && !figures.text.contains("Delhi"))
            let id = then[1]["id"]?.stringValue ?? ""
            try await server.expect(404, "GET", "/api/customers/\(id)", by: acme.owner)
            let one = try await server.expect(200, "GET", "/api/customers/\(id)?at=\(at)", by: acme.owner)
            #expect(one.json["city"] == "Pune" && one.json["externalId"] == "C-1")
            let early = try await server.expect(404, "GET", "/api/customers/\(id)?at=\(times[0])", by: acme.owner)
            #expect(early.code == "not_found")
            let now = try await server.expect(200, "GET", "/api/customers?count=exact", by: acme.owner)
            #expect(now.json["total"] == 4 && now.items.allSatisfy { $0["city"] == "Delhi" })
        }
    }

    @Test func `CSV too`() async throws {
        try await withHistory { server, _, acme, times in
            let answer = try await server.send(
                "GET", "/api/customers?at=\(times[1])&fields=externalId,city&sort=externalId", by: acme.owner,
                headers: [("Accept", "text/csv")])
            #expect(answer.status == 200 && answer.text == "externalId,city\r\nC-0,Pune\r\nC-1,Pune\r\n")
        }
    }

    @Test func `a cursor goes on in the same past, and is refused in another`() async throws {
        try await withHistory { server, _, acme, times in
            let path = "/api/customers?sort=externalId&limit=2&at=\(times[4])"
            let first = try await server.expect(200, "GET", path, by: acme.owner)
            let cursor = try #require(first.json["nextCursor"]?.stringValue)
            let second = try await server.expect(200, "GET", "\(path)&cursor=\(cursor)", by: acme.owner)
            #expect(second.items.map { $0["externalId"] } == ["C-2", "C-3"])
            for other in ["&at=\(times[3])", ""] {
                let answer = try await server.expect(
                    422, "GET", "/api/customers?sort=externalId&limit=2\(other)&cursor=\(cursor)", by: acme.owner)
                #expect(answer.json["errors"]?.arrayValue?.first?["code"] == "not_a_cursor")
            }
        }
    }

    @Test func `outside of what is known is refused with the window, and so is writing`() async throws {
        try await withHistory { server, _, acme, times in
            for at in [times[0].subtracting(.days(9)), server.clock.now.adding(.seconds(1))] {
                let answer = try await server.expect(422, "GET", "/api/customers?at=\(at)", by: acme.owner)
                #expect(answer.code == "outside_window" && answer.json["errors"]?.arrayValue?.first?["field"] == "at")
                #expect(answer.json["detail"]?.stringValue?.contains("\(server.clock.now)") == true)
            }
            try await server.expect(422, "GET", "/api/customers?at=yesterday", by: acme.owner)
            let (path, body) = ("/api/customers?at=\(times[1])", JSON.object([.init("name", "Late")]))
            let answer = try await server.expect(422, "POST", path, by: acme.owner, json: body)
            #expect(answer.json["errors"]?.arrayValue?.first?["code"] == "past_is_read_only")
            let id = try await list(server, acme.owner, times[4]).last?["id"]?.stringValue ?? ""
            for method in ["PATCH", "DELETE"] {
                try await server.expect(
                    422, method, "/api/customers/\(id)?at=\(times[1])", by: acme.owner, json: body)
            }
        }
    }

    @Test func `rights are those of now, and other shops have their own past`() async throws {
        try await withHistory { server, person, acme, times in
            let viewer = try await server.addUser("viewer", .viewer, to: acme)
            #expect(try await list(server, viewer, times[2]).count == 3)
            let bela = try await server.signIn("owner@bela.example", "bela")
            #expect(try await list(server, bela, times[2]).isEmpty)
            try await server.expect(401, "GET", "/api/customers?at=\(times[2])")
            try await server.expect(400, "GET", "/api/customers?at=\(times[2])", by: person)
        }
    }

    @Test func `copies are shared, bounded and removed after a while`() async throws {
        try await withHistory { server, _, acme, times in
            let scratch = server.appliance.configuration.data.scratch
            func copies() -> Int {
                ((try? FileManager.default.contentsOfDirectory(atPath: scratch.path)) ?? []).count
            }
            for _ in 0..<3 { _ = try await list(server, acme.owner, times[1]) }
            #expect(copies() == 1)
            for time in times { _ = try await list(server, acme.owner, time) }
            #expect(copies() == PastImages.Limit.ofOneShop)
            server.clock.advance(PastImages.Limit.idle)
            let removed = await server.appliance.past.removeIdle()
            #expect(removed == PastImages.Limit.ofOneShop && copies() == 0)
            #expect(try await list(server, acme.owner, times[1]).count == 2)
        }
    }

    @Test func `many at once share the work or are told to come back`() async throws {
        try await withHistory { server, _, acme, times in
            let answers = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
                for index in 0..<20 {
                    group.addTask {
                        let time = times[index % 5]
                        let answer = try await server.send("GET", "/api/customers?at=\(time)", by: acme.owner)
                        return (answer.status, answer.items.count == index % 5 + 1 ? 1 : 0)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for (status, isRight) in answers { #expect(status == 503 || status == 200 && isRight == 1) }
            #expect(answers.contains { $0.0 == 200 })
        }
    }
}
