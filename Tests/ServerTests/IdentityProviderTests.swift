import ApplianceCore
import HTTPTypes
import Hummingbird
import NIOCore
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

/// What operators set up, and what a provider may say and do.
struct IdentityProviderTests {
    private static let path = "/api/admin/identity-providers"
    private static let owner = IdentityPeer.Someone()

    @Test func `operators set up providers, whose secret nobody sees again`() async throws {
        try await withShops { server, person, _, _ in
            #expect(try await server.expect(200, "GET", "/api/auth/providers").items.isEmpty)
            let made = try await server.expect(
                201, "POST", Self.path, by: person,
                json: [
                    "name": "github", "kind": "github", "clientId": "id", "clientSecret": "canary-of-a-secret",
                ])
            #expect(made.json["issuer"] == "https://github.com" && made.json["label"] == "GitHub")
            #expect(made["Location"] == "\(Self.path)/github")
            let callback = try #require(made.json["callback"]?.stringValue)
            #expect(callback.hasSuffix("/api/auth/oauth/github/callback"))
            let changed = try await server.expect(
                200, "PATCH", "\(Self.path)/github", by: person, json: ["label": "Our GitHub"])
            #expect(changed.json["clientId"] == "id" && changed.json["label"] == "Our GitHub")
            for path in [Self.path, "\(Self.path)/github", "/api/admin/audit?limit=200"] {
                let answer = try await server.expect(200, "GET", path, by: person)
                #expect(!answer.text.contains("canary-of-a-secret") && !answer.text.contains("v1."), "\(path)")
            }
            let sealed = try server.appliance.system.read { db in
                try db.all("SELECT clientSecret FROM identityProviders", []) { $0.text(0) ?? "" }
            }
            #expect(sealed.count == 1 && sealed.first?.hasPrefix("v1.") == true)
            let secrets = try await server.expect(200, "GET", "/api/admin/secrets", by: person)
            #expect(secrets.json["current"] == 1)
            try await server.expect(204, "DELETE", "\(Self.path)/github", by: person)
            try await server.expect(404, "GET", "\(Self.path)/github", by: person)
        }
    }

    @Test func `what could not work or would not be safe is refused when it is set up`() async throws {
        try await withShops { server, person, _, _ in
            let good: JSON = [
                "name": "work", "issuer": "https://accounts.example", "clientId": "id", "clientSecret": "s",
            ]
            for (field, value) in [
                ("issuer", "http://accounts.example"), ("issuer", "http://127.0.0.1:8080"),
                ("issuer", "https://accounts.example?x"), ("issuer", ""), ("name", "a b"), ("name", "../x"),
                ("clientSecret", ""), ("clientId", ""), ("audience", "all"), ("kind", "saml"), ("unknown", "x"),
            ] {
                let kept = (good.objectValue ?? []).filter { $0.name != field }
                let answer = try await server.expect(
                    422, "POST", Self.path, by: person, json: .object(kept + [.init(field, .string(value))]))
                #expect(answer.json["errors"]?.arrayValue?.first?["field"] == .string(field), "\(field) \(value)")
            }
            try await server.expect(201, "POST", Self.path, by: person, json: good)
            #expect(try await server.expect(409, "POST", Self.path, by: person, json: good).code == "name_taken")
            try await server.expect(422, "PATCH", "\(Self.path)/work", by: person, json: ["kind": "github"])
            try await server.expect(404, "PATCH", "\(Self.path)/nobody", by: person, json: ["label": "x"])
            for number in 1..<IdentityProvider.Limit.count {
                let json: JSON = .object(
                    (good.objectValue ?? []).filter { $0.name != "name" } + [.init("name", .string("more-\(number)"))])
                try await server.expect(201, "POST", Self.path, by: person, json: json)
            }
            let last: JSON = .object(
                (good.objectValue ?? []).filter { $0.name != "name" } + [.init("name", "one-too-many")])
            #expect(
                try await server.expect(409, "POST", Self.path, by: person, json: last).code == "too_many_providers")
        }
    }

    @Test func `a token that does not hold opens nothing`() async throws {
        try await withPeer { peer, server, _, _, _ in
            let conducts: [IdentityPeer.Conduct] = [
                .init(usesWrongKey: true), .init(claims: [.init("nonce", "replayed")]),
                .init(claims: [.init("aud", "another")]), .init(claims: [.init("iss", "https://other.example")]),
                .init(claims: [.init("exp", 1)]), .init(claims: [.init("sub", .null)]),
            ]
            for conduct in conducts {
                peer.behave(conduct)
                let answer = try await server.enter(peer, Self.owner, "&shop=acme")
                #expect(answer.problem == "provider_answer_refused", "\(conduct)")
            }
            peer.behave(.init(claims: [.init("email_verified", .null)]))
            #expect(try await server.enter(peer, Self.owner, "&shop=acme").problem == "email_not_verified")
            peer.behave(.init(tellsEmailLater: true))
            #expect(try await server.enter(peer, Self.owner, "&shop=acme")["Location"] == "/admin#/")
            #expect(peer.asked.contains("/userinfo"))
        }
    }

    @Test func `a provider that is not itself, says too much or sends elsewhere is not listened to`() async throws {
        try await withPeer { peer, server, person, _, _ in
            let check = "\(Self.path)/work/check"
            #expect(try await server.expect(200, "POST", check, by: person).json["keys"] == 1)
            let conducts: [IdentityPeer.Conduct] = [
                .init(issuer: "https://accounts.example"), .init(issuer: peer.issuer + "/"),
                .init(answer: { IdentityPeer.response(["padding": .string(String(repeating: "x", count: 70_000))]) }),
                .init(answer: { Response(status: .found, headers: [.location: "/keys"]) }),
                .init(answer: { Response(status: .internalServerError) }),
                .init(answer: { Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "<html>"))) }),
            ]
            for conduct in conducts {
                peer.behave(conduct)
                let answer = try await server.expect(503, "POST", check, by: person)
                #expect(answer.code == "provider_unreachable" && !answer.text.contains("127.0.0.1"))
                let start = try await server.expect(303, "GET", "/api/auth/oauth/work/start?moved=1")
                #expect(start.problem == "provider_unreachable")
                server.clock.advance(.seconds(5))
            }
            // A failure is remembered for a moment: not everybody who tries asks again.
            let asked = peer.asked.count
            for _ in 0..<3 { _ = try await server.send("GET", "/api/auth/oauth/work/start?moved=1") }
            #expect(peer.asked.count == asked + 1)
            peer.behave()
            server.clock.advance(.seconds(5))
            _ = try await server.depart()
        }
    }

    @Test func `the person may refuse, and nothing leads to another site`() async throws {
        try await withPeer { peer, server, _, _, _ in
            for (error, problem) in [("access_denied", "provider_denied"), ("server_error", "provider_answer_refused")]
            {
                let trip = try await server.depart()
                let state = try #require(IdentityPeer.query(trip.location)["state"])
                let answer = try await server.arrive("error=\(error)&state=\(state)", cookie: trip.cookie)
                #expect(answer.problem == problem)
            }
            let trip = try await server.depart()
            let back = try peer.agree(to: trip.location, Self.owner)
            let foreign = try await server.arrive("\(back)&iss=https%3A%2F%2Fother.example", cookie: trip.cookie)
            #expect(foreign.problem == "provider_answer_refused")
            for page in [
                "https://evil.example", "//evil.example%0d%0aX:y", "javascript:alert(1)", "%2Fx%20y", "%2F%22",
            ] {
                let answer = try await server.enter(peer, Self.owner, "&shop=acme&then=\(page)")
                #expect(answer["Location"] == "/admin#/", "\(page)")
            }
            // Behind the mark it is a route of the page, whatever it looks like.
            let answer = try await server.enter(peer, Self.owner, "&shop=acme&then=%2F%2Fevil.example")
            #expect(answer["Location"] == "/admin#//evil.example")
        }
    }

    @Test func `the way begins at the public address, where it ends`() async throws {
        try await withPeer { peer, server, _, _, _ in
            let start = "/api/auth/oauth/work/start"
            let elsewhere = try await server.expect(302, "GET", "\(start)?shop=acme&then=%2Fshop")
            #expect(elsewhere["Location"] == "https://shops.example\(start)?moved=1&shop=acme&then=%2Fshop")
            #expect(elsewhere["Set-Cookie"] == nil)
            let there = try await server.expect(302, "GET", start, headers: [("Host", "Shops.Example")])
            let query = try IdentityPeer.query(try #require(there["Location"]))
            #expect(query["redirect_uri"] == "https://shops.example/api/auth/oauth/work/callback")
            #expect(query["scope"] == "openid email profile" && query["nonce"]?.utf8.count == 43)
        }
    }

    @Test func `an address has a hundred attempts, whichever way it comes`() async throws {
        try await withPeer { _, server, _, _, _ in
            var problems: [String?] = []
            for _ in 0..<120 {
                problems.append(try await server.send("GET", "/api/auth/oauth/nobody/start?moved=1").problem)
            }
            #expect(problems.first == "provider_unknown" && problems.last == "too_many_requests")
            let back = try await server.arrive("state=x&code=x", cookie: nil)
            #expect(back.problem == "too_many_requests")
        }
    }
}
