import ApplianceCore
import Testing

@testable import ApplianceServer

/// Hosts that name shops, and pages of other sites that may use them.
struct HostTests {
    @Test func `a shop's own domain names it, and is nobody else's`() async throws {
        try await withShops([.domain: "shops.example"]) { server, person, acme, bela in
            let path = "/api/admin/tenants/acme/domains"
            func status(_ host: String, by person: Person) async throws -> Int {
                try await server.send("GET", "/api/customers", by: person, headers: [("Host", host)]).status
            }
            #expect(try await status("rings.example", by: acme.owner) == 404)
            let made = try await server.expect(201, "POST", path, by: person, json: ["domain": "Rings.Example."])
            #expect(made.json["domain"] == "rings.example")
            for host in ["rings.example", "RINGS.example:8443", "rings.example."] {
                let found = try await status(host, by: acme.owner)
                #expect(found == 200, "\(host)")
            }
            #expect(try await status("rings.example", by: bela.owner) == 403)
            #expect(try await status("www.rings.example", by: acme.owner) == 404)
            for (slug, domain, code) in [
                ("bela", "rings.example", 409), ("acme", "bela.shops.example", 422), ("acme", "10.0.0.1", 422),
                ("acme", "nodot", 422), ("acme", "*.x.example", 422),
            ] {
                try await server.expect(
                    code, "POST", "/api/admin/tenants/\(slug)/domains", by: person, json: ["domain": .string(domain)])
            }
            let login: JSON = ["email": "owner@acme.example", "password": .string(goodPassword)]
            try await server.expect(200, "POST", "/api/auth/login", json: login, headers: [("Host", "rings.example")])
            let door = try await server.expect(200, "GET", "/api/auth/shop", headers: [("Host", "rings.example")])
            #expect(door.json["shop"]?["slug"] == "acme")
            try await server.expect(204, "DELETE", "\(path)/rings.example", by: person)
            try await server.expect(404, "DELETE", "\(path)/rings.example", by: person)
            #expect(try await status("rings.example", by: acme.owner) == 404)
        }
    }

    @Test func `an unknown host is a 404 on every address, also for the default shop`() async throws {
        try await withShops([.domain: "shops.example"]) { server, person, _, _ in
            try await server.expect(
                200, "PATCH", "/api/admin/settings/default-tenant", by: person, json: ["value": "acme"])
            for path in ["/admin", "/api/auth/shop", "/api/health", "/terms", "/nothing"] {
                let answer = try await server.send("GET", path, headers: [("Host", "nobody.shops.example")])
                #expect(answer.status == 404 && answer.code == "unknown_host", "\(path)")
            }
            for label in ["www", "api", "admin"] {
                try await server.expect(200, "GET", "/admin", headers: [("Host", "\(label).shops.example")])
            }
        }
    }

    @Test func `answers say for which shop they are`() async throws {
        try await withShops { server, person, acme, bela in
            // The second time each goes the direct way.
            for _ in 0..<2 {
                let list = try await server.expect(200, "GET", "/api/customers", by: acme.owner)
                #expect(list["X-Tenant-ID"] == acme.id)
                let made = try await server.expect(201, "POST", "/api/customers", by: bela.owner, json: ["name": "x"])
                #expect(made["X-Tenant-ID"] == bela.id)
                let fault = try await server.expect(422, "POST", "/api/customers", by: bela.owner, json: ["nam": "x"])
                #expect(fault["X-Tenant-ID"] == bela.id)
                let missing = try await server.expect(404, "GET", "/api/users/nobody/x", by: acme.owner)
                #expect(missing["X-Tenant-ID"] == nil)
            }
            #expect(try await server.expect(200, "GET", "/api/users", by: acme.owner)["X-Tenant-ID"] == acme.id)
            #expect(try await server.expect(200, "GET", "/api/admin/tenants", by: person)["X-Tenant-ID"] == nil)
            let refused = try await server.send("GET", "/api/customers", by: acme.owner, tenant: "bela")
            #expect(refused.status == 403 && refused["X-Tenant-ID"] == nil)
        }
    }

    // MARK: - Pages of other sites

    private static let app = "https://app.rings.example"

    private static func ask(_ server: TestServer, _ origin: String) async throws -> ServerAnswer {
        try await server.send(
            "OPTIONS", "/api/customers",
            headers: [("Origin", origin), ("Access-Control-Request-Method", "POST")])
    }

    @Test func `only listed origins may read answers, each named, with credentials`() async throws {
        try await withShops { server, person, acme, bela in
            func read(_ origin: String, _ shop: Shop) async throws -> String? {
                let answer = try await server.expect(
                    200, "GET", "/api/customers", by: shop.owner, headers: [("Origin", origin)])
                if answer["Access-Control-Allow-Origin"] != nil {
                    #expect(answer["Access-Control-Allow-Credentials"] == "true")
                    #expect(answer["Vary"]?.contains("Origin") == true)
                }
                return answer["Access-Control-Allow-Origin"]
            }
            #expect(try await Self.ask(server, Self.app).code == "origin_not_allowed")
            #expect(try await read(Self.app, acme) == nil)
            try await server.expect(
                200, "PATCH", "/api/shop", by: acme.owner, json: ["corsOrigins": ["https://*.rings.example"]])
            let asked = try await Self.ask(server, Self.app)
            #expect(asked.status == 204 && asked["Access-Control-Allow-Origin"] == Self.app)
            #expect(asked["Access-Control-Allow-Methods"]?.contains("PATCH") == true)
            for _ in 0..<2 {
                #expect(try await read(Self.app, acme) == Self.app)
                #expect(try await read(Self.app, bela) == nil, "one shop's list is no other's")
            }
            for origin in [
                "https://rings.example", "https://evilrings.example", "http://app.rings.example", "null", "*",
                "https://app.rings.example.evil.example", "https://app.rings.example:8443",
                "https://app_x.rings.example",
            ] {
                #expect(try await Self.ask(server, origin).status >= 400, "\(origin)")
                #expect(try await read(origin, acme) == nil, "\(origin)")
            }
            for lines in [["*"], ["https://*"], ["https://*.com"], ["null"], ["app.example"], ["https://a.b/c"]] {
                let json: JSON = ["corsOrigins": .array(lines.map { .string($0) })]
                let refused = try await server.send("PATCH", "/api/shop", by: acme.owner, json: json)
                #expect(refused.status == 422 || lines == ["https://*.com"], "\(lines)")
            }
            try await server.expect(
                200, "PATCH", "/api/admin/settings/cors-origins", by: person,
                json: ["value": "https://console.example, http://localhost:3000"])
            for shop in [acme, bela] {
                #expect(try await read("http://localhost:3000", shop) == "http://localhost:3000")
            }
        }
    }

    @Test func `a cookie from a listed page works with the token of the session, and from no other`() async throws {
        try await withShops { server, _, acme, _ in
            func write(_ origin: String, token: String?) async throws -> Int {
                var headers = [("Cookie", acme.owner.cookie), ("Origin", origin), ("Sec-Fetch-Site", "same-site")]
                if let token { headers.append(("X-CSRF-Token", token)) }
                return try await server.send("POST", "/api/customers", json: ["name": "Asha"], headers: headers).status
            }
            #expect(try await write(Self.app, token: acme.owner.csrfToken) == 403)
            try await server.expect(
                200, "PATCH", "/api/shop", by: acme.owner, json: ["corsOrigins": [.string(Self.app)]])
            for _ in 0..<2 {
                #expect(try await write(Self.app, token: acme.owner.csrfToken) == 201)
                #expect(try await write(Self.app, token: nil) == 403)
                #expect(try await write("https://evil.example", token: acme.owner.csrfToken) == 403)
            }
            let login: JSON = ["email": "owner@acme.example", "password": .string(goodPassword)]
            for (origin, status) in [(Self.app, 200), ("https://evil.example", 403)] {
                try await server.expect(
                    status, "POST", "/api/auth/login", tenant: "acme", json: login,
                    headers: [("Origin", origin), ("Sec-Fetch-Site", "cross-site")])
            }
        }
    }
}
