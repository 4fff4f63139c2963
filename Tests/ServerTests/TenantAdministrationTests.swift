import ApplianceCore
import CollectionKit
import Testing

@testable import ApplianceServer

struct TenantAdministrationTests {
    private static let path = "/api/admin/tenants"

    private func fill(_ server: TestServer, _ person: Person, _ count: Int) async throws {
        for index in 0..<count {
            // Names in another order than ids, some of them equal.
            let name = "Shop \((index * 7) % 10)"
            try await server.expect(
                201, "POST", Self.path, by: person,
                json: [
                    "slug": .string("shop-\(index)"), "name": .string(name), "plan": index % 3 == 0 ? "pro" : "free",
                    "ownerEmail": .string("owner\(index)@example.com"), "trialDays": .integer(Int64(index % 4)),
                ])
        }
    }

    /// All pages of a list, page after page.
    private func walk(_ server: TestServer, _ person: Person, _ query: String, limit: Int) async throws -> [[JSON]] {
        var pages: [[JSON]] = []
        var cursor: String?
        repeat {
            let next = cursor.map { "&cursor=\($0)" } ?? ""
            let answer = try await server.expect(
                200, "GET", "\(Self.path)?limit=\(limit)&\(query)\(next)", by: person)
            pages.append(answer.items)
            cursor = answer.json["nextCursor"]?.stringValue
        } while cursor != nil && pages.count < 100
        return pages
    }

    @Test func `creating a shop answers with the whole of it`() async throws {
        try await withServer { server in
            let person = try await server.setUp()
            let answer = try await server.expect(
                201, "POST", Self.path, by: person,
                json: [
                    "slug": "acme", "name": "Acme Jewellers", "plan": "pro", "trialDays": 14,
                    "modules": ["licensing", "shop"], "timeZone": "Asia/Kolkata", "currency": "INR",
                    "ownerEmail": "owner@acme.example", "ownerPassword": .string(goodPassword),
                ])
            let id = try #require(answer.json["id"]?.stringValue)
            #expect(answer["Location"] == "\(Self.path)/\(id)" && id.hasPrefix("ten_"))
            #expect(answer.json["status"] == "trialing" && answer.json["trialEndsAt"] == "2026-12-05T18:30:00.000Z")
            #expect(answer.json["storage"]?["state"] == "ok" && answer.json["lastSnapshotAt"] == .null)
            #expect(answer.json["version"] == 1 && answer.json["ownerPassword"] == nil)
            for key in [id, "acme"] {
                #expect(try await server.expect(200, "GET", "\(Self.path)/\(key)", by: person).json == answer.json)
            }
            let taken = try await server.expect(
                409, "POST", Self.path, by: person, json: ["slug": "acme", "ownerEmail": "b@acme.example"])
            #expect(taken.code == "slug_taken")
            #expect(taken.json["errors"]?.arrayValue?.first?["field"] == "slug")
        }
    }

    @Test func `all faults of a new shop are told at once`() async throws {
        try await withServer { server in
            let person = try await server.setUp()
            let answer = try await server.expect(
                422, "POST", Self.path, by: person,
                json: ["slug": "a b", "plan": "gold", "trialDays": 9999, "modules": ["chess"], "colour": "red"])
            let fields = answer.json["errors"]?.arrayValue?.compactMap { $0["field"]?.stringValue } ?? []
            #expect(fields.sorted() == ["colour", "modules", "ownerEmail", "plan", "slug", "trialDays"])
            #expect(try await server.expect(200, "GET", Self.path, by: person).items.isEmpty)
        }
    }

    @Test(arguments: ["-createdAt", "createdAt", "name", "-name", "slug", "-plan", "status", "trialEndsAt"])
    func `pages of a list show every shop once, in order`(sort: String) async throws {
        try await withServer { server in
            let person = try await server.setUp()
            try await fill(server, person, 13)
            let whole = try await walk(server, person, "sort=\(sort)", limit: 200).flatMap(\.self)
            #expect(whole.count == 13)
            for limit in [1, 5, 12, 13] {
                let pages = try await walk(server, person, "sort=\(sort)", limit: limit)
                #expect(pages.flatMap(\.self) == whole && pages.dropLast().allSatisfy { $0.count == limit })
                #expect(pages.count == (13 + limit - 1) / limit)
            }
            let key = sort.replacing("-", with: "")
            let keys = whole.map { $0[key]?.stringValue ?? "" }
            #expect(sort.hasPrefix("-") ? keys == keys.sorted(by: >) : keys == keys.sorted())
        }
    }

    @Test func `a list is searched and filtered`() async throws {
        try await withServer { server in
            let person = try await server.setUp()
            try await fill(server, person, 8)
            func slugs(_ query: String) async throws -> [String] {
                try await server.expect(200, "GET", "\(Self.path)?sort=slug&\(query)", by: person).items
                    .compactMap { $0["slug"]?.stringValue }
            }
            #expect(try await slugs("q=SHOP-3") == ["shop-3"])
            #expect(try await slugs("q=owner5@") == ["shop-5"])
            #expect(try await slugs("status=active") == ["shop-0", "shop-4"])
            #expect(try await slugs("status=suspended").isEmpty)
            #expect(try await slugs("q=nothing").isEmpty)
            let counted = try await server.expect(200, "GET", "\(Self.path)?limit=3&count=exact", by: person)
            #expect(counted.json["total"] == 8 && counted.items.count == 3)
            try await server.expect(422, "GET", "\(Self.path)?sort=passwordHash", by: person)
        }
    }

    @Test func `a suspended shop reads, and writes again once it is active`() async throws {
        try await withShops { server, person, acme, bela in
            func writes(_ shop: Shop) async throws -> Int {
                try await server.send("POST", "/api/customers", by: shop.owner, json: ["name": "Asha"]).status
            }
            let suspended = try await server.expect(
                200, "POST", "\(Self.path)/acme/suspend", by: person, json: ["reason": "unpaid"])
            #expect(suspended.json["status"] == "suspended" && suspended.json["suspensionReason"] == "unpaid")
            #expect(try await writes(acme) == 403)
            #expect(try await writes(bela) == 201)
            try await server.expect(200, "GET", "/api/customers", by: acme.owner)
            let again = try await server.signIn("owner@acme.example", "acme")
            let me = try await server.expect(200, "GET", "/api/auth/me", by: again)
            #expect(me.json["tenant"]?["status"] == "suspended")
            try await server.actAs(person, in: "acme")
            try await server.expect(
                403, "POST", "/api/customers", by: person, tenant: "acme", json: ["name": "Asha"])
            try await server.expect(409, "POST", "\(Self.path)/acme/suspend", by: person, json: ["reason": "twice"])
            try await server.expect(200, "POST", "\(Self.path)/acme/activate", by: person)
            #expect(try await writes(acme) == 201)
            try await server.expect(409, "POST", "\(Self.path)/acme/activate", by: person)
        }
    }

    @Test func `changes of a shop say what is missing`() async throws {
        try await withShops { server, person, _, _ in
            for (verb, json) in [("suspend", [:]), ("extend-trial", [:]), ("extend-trial", ["days": 0])]
                as [(String, JSON)]
            {
                try await server.expect(422, "POST", "\(Self.path)/acme/\(verb)", by: person, json: json)
            }
            let longer = try await server.expect(
                200, "POST", "\(Self.path)/acme/extend-trial", by: person, json: ["days": 7])
            #expect(longer.json["trialEndsAt"] == "2026-12-12T18:30:00.000Z")
            try await server.expect(404, "POST", "\(Self.path)/nobody/suspend", by: person, json: ["reason": "x"])
        }
    }

    @Test func `the last owner and the last operator stay`() async throws {
        try await withShops { server, person, acme, _ in
            let owner = try await server.send("POST", "/api/users/\(acme.owner.id)/disable", by: acme.owner)
            #expect(owner.status == 409 && owner.code == "last_owner")
            let last = try await server.send("POST", "/api/admin/operators/\(person.id)/disable", by: person)
            #expect(last.status == 409 && last.code == "last_operator")
            try await server.expect(200, "GET", "/api/users", by: acme.owner)
        }
    }

    @Test func `another role counts from the next request on`() async throws {
        try await withShops { server, _, acme, bela in
            let staff = try await server.addUser("sam", .staff, to: acme)
            let (users, role) = ("/api/users", "/api/users/\(staff.id)/role")
            try await server.expect(403, "GET", users, by: staff)
            try await server.expect(404, "POST", role, by: bela.owner, json: ["role": "admin"])
            try await server.expect(403, "POST", role, by: staff, json: ["role": "admin"])
            try await server.expect(422, "POST", role, by: acme.owner, json: ["role": "king"])
            try await server.expect(200, "POST", role, by: acme.owner, json: ["role": "admin"])
            try await server.expect(200, "GET", users, by: staff)
            try await server.expect(403, "POST", role, by: staff, json: ["role": "owner"])
            try await server.expect(
                403, "POST", "/api/users/\(acme.owner.id)/role", by: staff, json: ["role": "viewer"])
            try await server.expect(200, "POST", role, by: acme.owner, json: ["role": "viewer"])
            try await server.expect(403, "GET", users, by: staff)
        }
    }

    @Test func `an admin makes no owners and touches none`() async throws {
        try await withShops { server, _, acme, _ in
            let admin = try await server.addUser("admin", .admin, to: acme)
            let body: JSON = ["email": "x@acme.example", "password": .string(goodPassword), "role": "owner"]
            try await server.expect(403, "POST", "/api/users", by: admin, json: body)
            try await server.expect(403, "POST", "/api/users/\(acme.owner.id)/disable", by: admin)
            try await server.expect(
                403, "POST", "/api/users/\(acme.owner.id)/reset-password", by: admin,
                json: ["password": .string(goodPassword)])
            try await server.expect(200, "GET", "/api/auth/me", by: acme.owner)
        }
    }
}
