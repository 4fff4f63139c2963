import ApplianceCore
import CollectionKit
import HTTPTypes
import ModuleKit
import NIOHTTP1
import Storage
import Testing

@testable import ApplianceServer
@testable import HTTPAPI

/// Rates by plan over HTTP: by API for the shop and each person, at the page for each person.
struct LimitTests {
    private func give(_ plan: String, _ limits: JSON, to shop: Shop, _ server: TestServer, _ person: Person)
        async throws
    {
        try await server.expect(
            201, "POST", "/api/admin/plans", by: person,
            json: ["name": .string(plan), "title": .string(plan), "limits": limits])
        try await server.expect(
            200, "POST", "/api/admin/tenants/\(shop.slug)/change-plan", by: person, json: ["plan": .string(plan)])
    }

    @Test func `five a minute are five, and then one each twelve seconds`() async throws {
        try await withShops { server, person, acme, bela in
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/change-plan", by: person, json: ["plan": "free"])
            // Records are answered on the connection itself, the rest the general way: one bucket for both.
            for (index, path) in ["customers", "audit", "customers", "users", "customers"].enumerated() {
                let answer = try await server.expect(200, "GET", "/api/\(path)", by: acme.owner)
                #expect(answer["RateLimit-Policy"] == #""minute";q=5;w=60"#)
                #expect(answer["RateLimit"] == #""minute";r=\#(4 - index);t=\#(12 * (index + 1))"#)
            }
            for path in ["customers", "audit"] {
                let refused = try await server.expect(429, "GET", "/api/\(path)", by: acme.owner)
                #expect(refused["Retry-After"] == "12" && refused["RateLimit"] == #""minute";r=0;t=12"#)
                #expect(refused["RateLimit-Policy"] == #""minute";q=5;w=60"# && refused.code == "rate_limited")
                #expect(refused.json["plan"] == "free" && refused.json["limit"] == 5 && refused.json["remaining"] == 0)
                #expect(refused.json["resetAt"] == "2026-11-21T02:00:12.250Z")
                #expect(refused.json["upgradeUrl"] == "/admin#/shop/plan")
                #expect(
                    refused.json["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded")
            }
            // Nobody else is held up, and an operator is nobody's customer.
            let other = try await server.expect(200, "GET", "/api/customers", by: bela.owner)
            #expect(other["RateLimit"] == nil && other["RateLimit-Policy"] == nil)
            try await server.expect(
                201, "POST", "/api/admin/tenants/acme/act-as", by: person, json: ["reason": "to see"])
            try await server.expect(200, "GET", "/api/customers", by: person, tenant: "acme")
            server.clock.advance(.seconds(12))
            try await server.expect(200, "GET", "/api/customers", by: acme.owner)
            try await server.expect(429, "GET", "/api/customers", by: acme.owner)
            // Another plan is in force with the next request.
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/change-plan", by: person, json: ["plan": "pro"])
            let free = try await server.expect(200, "GET", "/api/customers", by: acme.owner)
            #expect(free["RateLimit"] == nil)
        }
    }

    @Test func `a request that fails tells how much is left, too`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/change-plan", by: person, json: ["plan": "free"])
            // On the connection itself: a list, a record and a change; the general way: the rest.
            let cases: [(status: Int, method: String, path: String, json: JSON?)] = [
                (422, "GET", "/api/customers?limit=0", nil), (404, "GET", "/api/customers/cus_none", nil),
                (422, "POST", "/api/customers", [:]), (422, "GET", "/api/audit?limit=0", nil),
                (404, "GET", "/api/roles/none", nil),
            ]
            for (index, request) in cases.enumerated() {
                let answer = try await server.expect(
                    request.status, request.method, request.path, by: acme.owner, json: request.json)
                #expect(answer.headers["RateLimit-Policy"] == [#""minute";q=5;w=60"#], "\(request.path)")
                let left = #""minute";r=\#(4 - index);t=\#(12 * (index + 1))"#
                #expect(answer.headers["RateLimit"] == [left], "\(request.path)")
            }
            try await server.expect(429, "GET", "/api/customers", by: acme.owner)
        }
    }

    @Test func `people at the page are not held to what programs may do`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/change-plan", by: person, json: ["plan": "free"])
            for _ in 0..<30 {
                try await server.expect(200, "GET", "/api/customers", headers: [("Cookie", acme.owner.cookie)])
            }
            let answer = try await server.expect(
                200, "GET", "/api/customers", headers: [("Cookie", acme.owner.cookie)])
            #expect(answer["RateLimit-Policy"] == #""page";q=600;w=60"#)
        }
    }

    @Test func `each person has a share, and what the shop refuses is not taken from it`() async throws {
        try await withShops { server, person, acme, _ in
            try await give(
                "shared", ["requestsPerMinute": 5, "userRequestsPerMinute": 3], to: acme, server, person)
            // Making somebody takes one request of the shop.
            let sam = try await server.addUser("sam", .staff, to: acme)
            var statuses: [Int] = []
            for who in [acme.owner, acme.owner, acme.owner, sam, sam, sam] {
                statuses.append(try await server.send("GET", "/api/customers", by: who).status)
            }
            #expect(statuses == [200, 200, 429, 200, 200, 429])
            let answer = try await server.send("GET", "/api/customers", by: sam)
            #expect(answer["RateLimit-Policy"] == #""user";q=3;w=60, "minute";q=5;w=60"#)
            #expect(answer["RateLimit"]?.hasPrefix(#""user";r="#) == true)
        }
    }

    @Test func `a list that takes long is asked for twice inside and counted once`() async throws {
        try await withShops { server, person, acme, _ in
            try await give("few", ["requestsPerMinute": 2], to: acme, server, person)
            // What has figures leaves the connection's own way.
            try await server.expect(200, "GET", "/api/transactions?group=currency&sum=amount", by: acme.owner)
            try await server.expect(200, "GET", "/api/transactions?group=currency&sum=amount", by: acme.owner)
            try await server.expect(429, "GET", "/api/transactions?group=currency&sum=amount", by: acme.owner)
        }
    }

    @Test func `calls of a month are counted by route and bounded by the plan`() async throws {
        try await withShops { server, person, acme, _ in
            try await give("calls", ["apiCalls": 4], to: acme, server, person)
            for _ in 0..<3 { try await server.expect(200, "GET", "/api/customers", by: acme.owner) }
            let usage = try await server.expect(200, "GET", "/api/usage", by: acme.owner)
            let calls = usage.json["meters"]?.arrayValue?.first { $0["meter"] == "apiCalls" }
            // The call that made the shop's owner is of before the plan; this one is the fourth.
            #expect(calls?["limit"] == 4 && calls?["remaining"] == 0)
            let refused = try await server.expect(429, "GET", "/api/customers", by: acme.owner)
            #expect(refused.code == "quota_exceeded" && refused.json["meter"] == "apiCalls")
            #expect(refused.json["resetAt"] == "2026-12-20T18:30:00.000Z")
            let run = try await server.expect(200, "POST", "/api/admin/schedule/usage/run", by: person)
            #expect(run.json["detail"] == "1 shop, 2 notices")
            let shown = try await server.expect(200, "GET", "/api/admin/tenants/acme/usage", by: person)
            let kept = shown.json["meters"]?.arrayValue?.first { $0["meter"] == "apiCalls" }
            let routes = kept?["subjects"]?.arrayValue?.map {
                "\($0["name"]?.stringValue ?? "") \($0["quantity"]?.integerValue ?? 0)"
            }
            #expect(routes == ["GET /api/customers 3", "GET /api/usage 1"])
            #expect(kept?["used"] == 4)
            let checked = try await server.expect(
                200, "POST", "/api/admin/tenants/acme/usage/check", by: person)
            #expect(checked.json["ok"] == true)
            // The period that begins then has new ones.
            server.clock.advance(.days(30))
            let owner = try await server.signIn("owner@acme.example", "acme")
            try await server.expect(200, "GET", "/api/customers", by: owner)
        }
    }

    @Test func `seats and storage are exact, and what is there can be read and deleted`() async throws {
        try await withShops { server, person, acme, _ in
            try await give("small", ["users": 2, "storageBytes": 1_000_000], to: acme, server, person)
            let sam = try await server.addUser("sam", .staff, to: acme)
            let user: JSON = ["email": "one@more.example", "password": .string(goodPassword)]
            let refused = try await server.expect(402, "POST", "/api/users", by: acme.owner, json: user)
            #expect(refused.code == "seat_limit" && refused.json["limit"] == 2 && refused.json["used"] == 2)
            #expect(refused.json["plan"] == "small" && refused.json["upgradeUrl"] == "/admin#/shop/plan")
            try await server.expect(200, "POST", "/api/users/\(sam.id)/disable", by: acme.owner)
            try await server.expect(201, "POST", "/api/users", by: acme.owner, json: user)
            try await server.expect(402, "POST", "/api/users/\(sam.id)/enable", by: acme.owner)
            var ids: [String] = []
            var full: ServerAnswer?
            for index in 0..<400 where full == nil {
                let made = try await server.send(
                    "POST", "/api/customers", by: acme.owner,
                    json: ["name": .string("n\(index)"), "notes": .string(String(repeating: "long ", count: 300))])
                if let id = made.json["id"]?.stringValue { ids.append(id) } else { full = made }
            }
            #expect(full?.status == 402 && full?.code == "storage_limit" && full?.json["limit"] == 1_000_000)
            try await server.expect(200, "GET", "/api/subscription", by: acme.owner)
            try await server.expect(
                402, "POST", "/api/files?name=a.txt", by: acme.owner, body: Array(repeating: 65, count: 900_000))
            try await server.expect(200, "GET", "/api/customers", by: acme.owner)
            for id in ids.prefix(80) { try await server.expect(204, "DELETE", "/api/customers/\(id)", by: acme.owner) }
            try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "fits again"])
        }
    }

    @Test func `only trusted proxies may say where a client is`() throws {
        func client(_ peer: String, _ value: String?, trusted: String, header: TrustedProxies.Header = .forwardedFor)
            throws -> String
        {
            var fields = HTTPFields()
            let name = try #require(HTTPField.Name(header == .forwarded ? "Forwarded" : "X-Forwarded-For"))
            if let value { fields[name] = value }
            return try #require(TrustedProxies(trusted, header: header)).client(peer: peer, fields)
        }
        #expect(try client("198.51.100.9", "203.0.113.7", trusted: "") == "198.51.100.9")
        #expect(try client("198.51.100.9", "203.0.113.7", trusted: "10.0.0.0/8") == "198.51.100.9")
        #expect(try client("10.1.2.3", "203.0.113.7", trusted: "10.0.0.0/8") == "203.0.113.7")
        // What the client itself wrote stands further left, and is not looked at.
        #expect(try client("10.1.2.3", "1.1.1.1, 203.0.113.7, 10.9.9.9", trusted: "10.0.0.0/8") == "203.0.113.7")
        #expect(try client("10.1.2.3", "203.0.113.7, nonsense", trusted: "10.0.0.0/8") == "10.1.2.3")
        #expect(try client("10.1.2.3", nil, trusted: "10.0.0.0/8") == "10.1.2.3")
        #expect(try client("::ffff:10.1.2.3", "203.0.113.7:4711", trusted: "10.0.0.0/8") == "203.0.113.7:4711")
        #expect(try client("2001:db8::5", "2001:db8:1::7", trusted: "2001:db8::/48") == "2001:db8:1::7")
        let forwarded = #"for=192.0.2.60;proto=http, for="[2001:db8:9::1]:4711""#
        #expect(try client("10.1.2.3", forwarded, trusted: "10.0.0.0/8", header: .forwarded) == "[2001:db8:9::1]:4711")
        for bad in ["10.0.0.0/33", "nonsense", "10.0.0.0/8/8", "2001:db8::/129", "/8"] {
            #expect(TrustedProxies(bad) == nil, "\(bad)")
        }
    }

    @Test func `an IPv6 customer is one by the half of the address that is the provider's to give`() {
        #expect(RateLimiter.key(address: "2001:db8::1") == RateLimiter.key(address: "2001:db8:0:0:ffff::2"))
        #expect(RateLimiter.key(address: "2001:db8::1") != RateLimiter.key(address: "2001:db8:0:1::1"))
        #expect(RateLimiter.key(address: "::ffff:192.0.2.1") == RateLimiter.key(address: "192.0.2.1"))
        #expect(RateLimiter.key(address: "192.0.2.1") != RateLimiter.key(address: "192.0.2.2"))
    }

    @Test func `behind a trusted proxy a hundred sign-ins are of one client each`() async throws {
        try await withServer([.trustedProxies: "127.0.0.1"]) { server in
            for index in 0..<101 {
                let body: JSON = ["email": .string("no\(index)@body.example"), "password": "no"]
                let answer = try await server.send(
                    "POST", "/api/auth/login", json: body, headers: [("X-Forwarded-For", "203.0.113.\(index)")])
                #expect(answer.status == 401)
            }
        }
    }
}
