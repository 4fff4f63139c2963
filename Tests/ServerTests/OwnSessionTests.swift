import ApplianceCore
import CollectionKit
import Testing

@testable import ApplianceServer

/// What somebody sees and ends of their own sessions, and an owner of their people's.
struct OwnSessionTests {
    private static let other = "another horse, another battery"

    private func sessions(_ server: TestServer, _ person: Person) async throws -> [JSON] {
        try await server.expect(200, "GET", "/api/sessions", by: person).items
    }

    @Test func `everybody sees their own sessions and ends them`() async throws {
        try await withShops { server, operatorPerson, acme, _ in
            let second = try await server.signIn("owner@acme.example", "acme")
            let listed = try await sessions(server, second)
            #expect(listed.count == 2)
            #expect(listed.filter { $0["isCurrent"] == .bool(true) }.count == 1)
            #expect(listed.allSatisfy { $0["address"] == "127.0.0.1" })
            let first = try #require(listed.first { $0["isCurrent"] == .bool(false) }?["id"]?.stringValue)
            try await server.expect(404, "DELETE", "/api/sessions/\(first)", by: operatorPerson)
            try await server.expect(204, "DELETE", "/api/sessions/\(first)", by: second)
            try await server.expect(404, "DELETE", "/api/sessions/\(first)", by: second)
            try await server.expect(401, "GET", "/api/auth/me", by: acme.owner)
            try await server.expect(401, "GET", "/api/auth/me", headers: [("Cookie", acme.owner.cookie)])
            #expect(try await sessions(server, second).count == 1)
        }
    }

    @Test func `all others end at once`() async throws {
        try await withShops { server, _, acme, bela in
            let others = [
                try await server.signIn("owner@acme.example", "acme"),
                try await server.signIn("owner@acme.example", "acme"),
            ]
            for person in others { try await server.expect(200, "GET", "/api/customers", by: person) }
            let answer = try await server.expect(200, "POST", "/api/sessions/end-others", by: acme.owner)
            #expect(answer.json["ended"] == 2)
            for person in others { try await server.expect(401, "GET", "/api/customers", by: person) }
            try await server.expect(200, "GET", "/api/customers", by: acme.owner)
            try await server.expect(200, "GET", "/api/customers", by: bela.owner)
        }
    }

    @Test func `a new password ends every session and starts one`() async throws {
        try await withShops { server, _, acme, _ in
            let second = try await server.signIn("owner@acme.example", "acme")
            func change(_ current: String, _ new: String) async throws -> ServerAnswer {
                try await server.send(
                    "POST", "/api/auth/password", by: acme.owner,
                    json: ["current": .string(current), "password": .string(new)])
            }
            let wrong = try await change("not the password at all", Self.other)
            #expect(wrong.status == 422 && wrong.json["errors"]?.arrayValue?.first?["field"] == "current")
            #expect(try await change(goodPassword, "short").status == 422)
            let done = try await change(goodPassword, Self.other)
            #expect(done.status == 200)
            let token = try #require(done.json["token"]?.stringValue)
            for person in [second, acme.owner] { try await server.expect(401, "GET", "/api/auth/me", by: person) }
            try await server.expect(200, "GET", "/api/auth/me", headers: [("Authorization", "Bearer \(token)")])
            let cookie = try #require(done["Set-Cookie"]?.split(separator: ";").first)
            try await server.expect(200, "GET", "/api/auth/me", headers: [("Cookie", String(cookie))])
        }
    }

    @Test func `signing in again ends the session that the browser had`() async throws {
        try await withShops { server, _, acme, bela in
            let answer = try await server.expect(
                200, "POST", "/api/auth/login", tenant: "acme",
                json: ["email": "owner@acme.example", "password": .string(goodPassword)],
                headers: [("Cookie", bela.owner.cookie)])
            #expect(answer["Set-Cookie"]?.contains(acme.owner.cookie) == false)
            try await server.expect(401, "GET", "/api/auth/me", by: bela.owner)
            try await server.expect(200, "GET", "/api/auth/me", by: acme.owner)
        }
    }

    @Test func `an owner sees where somebody is signed in, and ends it`() async throws {
        try await withShops { server, _, acme, bela in
            let staff = try await server.addUser("staff", .staff, to: acme)
            let admin = try await server.addUser("admin", .admin, to: acme)
            let path = "/api/users/\(staff.id)"
            #expect(try await server.expect(200, "GET", "\(path)/sessions", by: admin).items.count == 1)
            try await server.expect(404, "GET", "\(path)/sessions", by: bela.owner)
            try await server.expect(403, "GET", "/api/users/\(acme.owner.id)/sessions", by: admin)
            try await server.expect(403, "POST", "/api/users/\(acme.owner.id)/sign-out", by: admin)
            try await server.expect(200, "POST", "\(path)/sign-out", by: admin)
            try await server.expect(401, "GET", "/api/auth/me", by: staff)
            #expect(try await server.expect(200, "GET", "\(path)/sessions", by: admin).items.isEmpty)
            _ = try await server.signIn("staff@acme.example", "acme")
        }
    }
}
