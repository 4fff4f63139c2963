import ApplianceCore
import Testing

@testable import ApplianceServer

struct SignupTests {
    private static func form(_ slug: String, terms: Int64 = 1) -> JSON {
        [
            "slug": .string(slug), "name": .string("Shop \(slug)"), "email": .string("owner@\(slug).example"),
            "password": .string(goodPassword), "timeZone": "Asia/Kolkata", "currency": "INR",
            "termsVersion": .integer(terms),
        ]
    }

    @Test func `a shop starts its own trial, and what was accepted is kept`() async throws {
        try await withServer { server in
            let person = try await server.setUp()
            let made = try await server.expect(201, "POST", "/api/signup", json: Self.form("acme"))
            #expect(made.json["tenant"]?["status"] == "trialing" && made.json["tenant"]?["slug"] == "acme")
            let owner = try await server.signIn("owner@acme.example", "acme")
            let events = try await server.expect(200, "GET", "/api/audit?action=legal.accept", by: owner).items
            #expect(Set(events.compactMap { $0["target"]?.stringValue }) == ["terms", "privacy"])
            #expect(events.allSatisfy { $0["data"]?["version"] == 1 && $0["data"]?["address"] == "127.0.0.1" })
            let shop = try await server.expect(200, "GET", "/api/shop", by: owner)
            #expect(shop.json["termsDue"] == [])

            let published = try await server.expect(
                201, "POST", "/api/admin/legal", by: person, json: ["kind": "terms", "body": "# New\n\n<b>Pay</b> up."])
            #expect(published.json["version"] == 2)
            let page = try await server.expect(200, "GET", "/terms")
            #expect(page.text.contains("<h1>New</h1>") && page.text.contains("&lt;b&gt;Pay&lt;/b&gt; up."))
            #expect(page["Content-Type"] == "text/html; charset=utf-8")
            let due = try await server.expect(200, "GET", "/api/shop", by: owner)
            #expect(due.json["termsDue"]?.arrayValue?.first?["kind"] == "terms" && due.json["termsVersion"] == 2)
            try await server.expect(422, "POST", "/api/legal/accept", by: owner, json: ["termsVersion": 1])
            try await server.expect(200, "POST", "/api/legal/accept", by: owner, json: ["termsVersion": 2])
            #expect(try await server.expect(200, "GET", "/api/shop", by: owner).json["termsDue"] == [])
            let old = try await server.expect(422, "POST", "/api/signup", json: Self.form("bela", terms: 1))
            #expect(old.json["errors"]?.arrayValue?.first?["code"] == "terms_changed")
            try await server.expect(201, "POST", "/api/signup", json: Self.form("bela", terms: 2))
        }
    }

    @Test func `what is wrong is told by the names of the form, and nothing is made`() async throws {
        try await withServer { server in
            let person = try await server.setUp()
            let faults = try await server.expect(
                422, "POST", "/api/signup",
                json: ["slug": "a b", "email": "no", "password": "short", "termsVersion": 1])
            let fields = faults.json["errors"]?.arrayValue?.compactMap { $0["field"]?.stringValue } ?? []
            #expect(fields.sorted() == ["email", "password", "slug"])
            let body = Self.form("acme").adding(["plan": "enterprise"])
            try await server.expect(422, "POST", "/api/signup", json: body)
            try await server.expect(
                403, "POST", "/api/signup", json: Self.form("acme"), headers: [("Sec-Fetch-Site", "cross-site")])
            #expect(try await server.expect(200, "GET", "/api/admin/tenants", by: person).items.isEmpty)
        }
    }

    @Test func `one address makes five shops an hour, and none when sign-up is off`() async throws {
        try await withServer { server in
            let person = try await server.setUp()
            for index in 1...5 {
                try await server.expect(201, "POST", "/api/signup", json: Self.form("shop-\(index)"))
            }
            let sixth = try await server.expect(429, "POST", "/api/signup", json: Self.form("shop-6"))
            #expect(sixth["Retry-After"] != nil)
            server.clock.advance(.minutes(12))
            try await server.expect(201, "POST", "/api/signup", json: Self.form("shop-6"))
            let setting = "/api/admin/settings/signup"
            try await server.expect(422, "PATCH", setting, by: person, json: ["value": "maybe"])
            try await server.expect(200, "PATCH", setting, by: person, json: ["value": "off"])
            let closed = try await server.expect(403, "POST", "/api/signup", json: Self.form("shop-7"))
            #expect(closed.code == "signup_closed")
            #expect(try await server.expect(200, "GET", "/api/auth/shop").json["signup"] == false)
        }
    }

    @Test func `the default shop needs no header, and operators still sign in to the appliance`() async throws {
        try await withShops { server, person, acme, _ in
            let setting = "/api/admin/settings/default-tenant"
            let login: JSON = ["email": "owner@acme.example", "password": .string(goodPassword)]
            try await server.expect(422, "PATCH", setting, by: person, json: ["value": "nobody"])
            try await server.expect(200, "PATCH", setting, by: person, json: ["value": "acme"])
            let owner = try await server.expect(200, "POST", "/api/auth/login", json: login)
            #expect(owner.json["tenant"]?["id"] == .string(acme.id))
            _ = try await server.signIn("op@example.com")
            let elsewhere: JSON = ["email": "owner@bela.example", "password": .string(goodPassword)]
            try await server.expect(401, "POST", "/api/auth/login", json: elsewhere)
            _ = try await server.signIn("owner@bela.example", "bela")
            let door = try await server.expect(200, "GET", "/api/auth/shop").json
            #expect(door["shop"]?["name"] == "Shop acme" && door["signup"] == false)
            try await server.expect(200, "PATCH", setting, by: person, json: ["value": ""])
            try await server.expect(200, "POST", "/api/auth/login", json: elsewhere)
        }
    }
}
