import ApplianceCore
import CollectionKit
import Testing

@testable import ApplianceServer

/// Requests that are sent again, several changes at once, and the address of the next page.
struct RetryTests {
    private func create(
        _ server: TestServer, _ person: Person, key: String, _ body: JSON, path: String = "/api/customers"
    ) async throws -> ServerAnswer {
        try await server.send("POST", path, by: person, json: body, headers: [("Idempotency-Key", key)])
    }

    @Test func `the same key gets the first answer, and one record`() async throws {
        try await withShops { server, _, acme, bela in
            let first = try await create(server, acme.owner, key: "k-1", ["name": "Asha", "city": "Pune"])
            #expect(first.status == 201 && first["Idempotent-Replayed"] == nil)
            try await server.expect(
                200, "PATCH", first["Location"] ?? "", by: acme.owner, json: ["name": "changed since"])
            // Another order of members is the same request.
            let again = try await create(server, acme.owner, key: "k-1", ["city": "Pune", "name": "Asha"])
            #expect(again.status == 201 && again.body == first.body && again["Idempotent-Replayed"] == "true")
            #expect(again["Location"] == first["Location"] && again["ETag"] == first["ETag"])
            let other = try await create(server, acme.owner, key: "k-1", ["name": "Bela"])
            #expect(other.status == 409 && other.code == "idempotency_key_reused")
            let elsewhere = try await create(server, acme.owner, key: "k-1", ["name": "Asha"], path: "/api/batch")
            #expect(elsewhere.status == 422)
            let list = try await server.expect(200, "GET", "/api/customers?count=exact", by: acme.owner)
            #expect(list.json["total"] == 1)
            // Keys belong to a person and a shop.
            let staff = try await server.addUser("staff", .staff, to: acme)
            #expect(try await create(server, staff, key: "k-1", ["name": "x"]).status == 201)
            #expect(try await create(server, bela.owner, key: "k-1", ["name": "x"]).status == 201)
        }
    }

    @Test func `many at once make one record`() async throws {
        try await withShops { server, _, acme, _ in
            let owner = acme.owner
            let bodies = try await withThrowingTaskGroup(of: ServerAnswer.self) { tasks in
                for _ in 0..<20 {
                    tasks.addTask {
                        try await server.send(
                            "POST", "/api/customers", by: owner, json: ["name": "Asha"],
                            headers: [("Idempotency-Key", "race")])
                    }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(bodies.allSatisfy { $0.status == 201 })
            #expect(Set(bodies.map(\.text)).count == 1)
            #expect(bodies.filter { $0["Idempotent-Replayed"] == nil }.count == 1)
            let list = try await server.expect(200, "GET", "/api/customers?count=exact", by: owner)
            #expect(list.json["total"] == 1)
        }
    }

    @Test func `a refused request keeps no key, and an answer is kept a day`() async throws {
        try await withShops { server, _, acme, _ in
            #expect(try await create(server, acme.owner, key: "k", ["email": "no"]).status == 422)
            let made = try await create(server, acme.owner, key: "k", ["name": "Asha"])
            #expect(made.status == 201)
            server.clock.advance(.seconds(24 * 3600 - 1))
            let late = try await server.signIn("owner@acme.example", "acme")
            #expect(try await create(server, late, key: "k", ["name": "Asha"]).body == made.body)
            server.clock.advance(.seconds(2))
            #expect(try await create(server, late, key: "k", ["name": "Asha"]).body != made.body)
        }
    }

    @Test(arguments: ["", "a b", String(repeating: "k", count: 256)])
    func `a key is 1 to 255 visible characters`(key: String) async throws {
        try await withShops { server, _, acme, _ in
            let answer = try await create(server, acme.owner, key: key, ["name": "Asha"])
            #expect(answer.status == 400 && answer.code == "idempotency_key_malformed")
        }
    }

    // MARK: - Every other POST

    @Test func `people, trials and shops are made once`() async throws {
        try await withShops { server, person, acme, _ in
            func send(_ path: String, _ who: Person, _ json: JSON, _ key: String) async throws -> ServerAnswer {
                try await server.send("POST", path, by: who, json: json, headers: [("Idempotency-Key", key)])
            }
            let user: JSON = ["email": "new@acme.example", "password": .string(goodPassword)]
            let first = try await send("/api/users", acme.owner, user, "u")
            #expect(first.status == 201 && first["Idempotent-Replayed"] == nil)
            let again = try await send("/api/users", acme.owner, user, "u")
            #expect(again.status == 201 && again.body == first.body && again["Idempotent-Replayed"] == "true")
            let other = try await send("/api/users", acme.owner, ["email": "x@acme.example"], "u")
            #expect(other.status == 409 && other.code == "idempotency_key_reused")
            // Without the key it would be taken.
            try await server.expect(409, "POST", "/api/users", by: acme.owner, json: user)
            let shop: JSON = ["slug": "made-once", "ownerEmail": "o@once.example", "trialDays": 10]
            let made = try await send("/api/admin/tenants", person, shop, "t")
            let same = try await send("/api/admin/tenants", person, shop, "t")
            #expect(made.status == 201 && same.body == made.body && same["Location"] == made["Location"])
            let extended = try await send("/api/admin/tenants/made-once/extend-trial", person, ["days": 5], "e")
            let twice = try await send("/api/admin/tenants/made-once/extend-trial", person, ["days": 5], "e")
            #expect(extended.status == 200 && twice.json["trialEndsAt"] == extended.json["trialEndsAt"])
            let now = try await server.expect(200, "GET", "/api/admin/tenants/made-once", by: person)
            #expect(now.json["trialEndsAt"] == extended.json["trialEndsAt"])
        }
    }

    @Test func `an import with a key is taken in once`() async throws {
        try await withShops { server, _, acme, _ in
            func take(_ text: String) async throws -> ServerAnswer {
                try await server.send(
                    "POST", "/api/customers/import", by: acme.owner, body: Array(text.utf8),
                    headers: [("Content-Type", "text/csv"), ("Idempotency-Key", "i")])
            }
            let first = try await take("name\nAsha\nBela\n")
            #expect(first.status == 200 && first.json["created"] == 2 && first["Idempotent-Replayed"] == nil)
            let again = try await take("name\nAsha\nBela\n")
            #expect(again.body == first.body && again["Idempotent-Replayed"] == "true")
            #expect(try await take("name\nAsha\n").code == "idempotency_key_reused")
            let list = try await server.expect(200, "GET", "/api/customers?count=exact", by: acme.owner)
            #expect(list.json["total"] == 2)
        }
    }

    @Test func `the same key at the same time is refused or replayed, and done once`() async throws {
        try await withShops { server, _, acme, _ in
            let owner = acme.owner
            let answers = try await withThrowingTaskGroup(of: ServerAnswer.self) { tasks in
                for _ in 0..<10 {
                    tasks.addTask {
                        try await server.send(
                            "POST", "/api/users", by: owner,
                            json: ["email": "race@acme.example", "password": .string(goodPassword)],
                            headers: [("Idempotency-Key", "race")])
                    }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            let made = answers.filter { $0.status == 201 }
            #expect(made.count >= 1 && Set(made.map(\.text)).count == 1)
            let refused = answers.filter { $0.status != 201 }
            #expect(refused.allSatisfy { $0.status == 409 && $0.code == "idempotency_key_in_use" })
        }
    }

    // MARK: - Batch

    @Test func `a batch is all or nothing`() async throws {
        try await withShops { server, _, acme, _ in
            let first = try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "a"])
            let path = first["Location"] ?? ""
            let done = try await server.expect(
                200, "POST", "/api/batch", by: acme.owner,
                json: [
                    "operations": [
                        ["method": "POST", "path": "/api/customers", "body": ["name": "b"]],
                        ["method": "PATCH", "path": .string(path), "body": ["name": "c"], "ifMatch": "\"1\""],
                        ["method": "POST", "path": "/api/transactions", "body": ["amount": 5]],
                    ]
                ])
            let results = done.json["results"]?.arrayValue ?? []
            #expect(results.map { $0["status"] } == [201, 200, 201])
            #expect(results.dropFirst().first?["etag"] == "\"2\"")
            let refused = try await server.expect(
                422, "POST", "/api/batch", by: acme.owner,
                json: [
                    "operations": [
                        ["method": "DELETE", "path": .string(path)],
                        ["method": "POST", "path": "/api/customers", "body": ["email": "no"]],
                    ]
                ])
            let fields = refused.json["errors"]?.arrayValue?.compactMap { $0["field"]?.stringValue } ?? []
            #expect(Set(fields) == ["operations[1].email", "operations[1].name"])
            try await server.expect(200, "GET", path, by: acme.owner)
            let stale = try await server.expect(
                412, "POST", "/api/batch", by: acme.owner,
                json: ["operations": [["method": "DELETE", "path": .string(path), "ifMatch": "\"1\""]]])
            #expect(stale.json["errors"]?.arrayValue?.first?["field"] == "operations[0]")
        }
    }

    @Test func `a batch asks for each permission`() async throws {
        try await withShops { server, person, acme, bela in
            let made = try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "a"])
            let remove: JSON = ["operations": [["method": "DELETE", "path": JSON(made["Location"])]]]
            let staff = try await server.addUser("staff", .staff, to: acme)
            try await server.expect(403, "POST", "/api/batch", by: staff, json: remove)
            try await server.expect(404, "POST", "/api/batch", by: bela.owner, json: remove)
            try await server.expect(
                201, "POST", "/api/admin/tenants", by: person,
                json: ["slug": "codes", "ownerEmail": "o@codes.example", "modules": ["licensing"]])
            let product: JSON = [
                "operations": [
                    ["method": "POST", "path": "/api/products", "body": ["sku": "a", "name": "b", "price": 1]]
                ]
            ]
            try await server.actAs(person, in: "codes")
            let missing = try await server.expect(
                403, "POST", "/api/batch", by: person, tenant: "codes", json: product)
            #expect(missing.code == "module_not_enabled")
        }
    }

    @Test(arguments: [
        #"{}"#, #"{"operations":[]}"#, #"{"operations":1}"#, #"{"operations":[{}]}"#, #"{"operations":[1]}"#,
        #"{"operations":[{"method":"GET","path":"/api/customers"}]}"#,
        #"{"operations":[{"method":"POST","path":"/api/users","body":{}}]}"#,
        #"{"operations":[{"method":"POST","path":"/api/customers/x/y","body":{}}]}"#,
        #"{"operations":[{"method":"POST","path":"/api/customers","body":{"name":"x"},"more":1}]}"#,
        #"{"operations":[],"more":1}"#,
    ])
    func `a batch that is none is refused`(body: String) async throws {
        try await withShops { server, _, acme, _ in
            let json = try JSONParser.parse(Array(body.utf8))
            try await server.expect(422, "POST", "/api/batch", by: acme.owner, json: json)
        }
    }

    // MARK: - The next page

    @Test func `Link names the next page of the same list`() async throws {
        try await withShops { server, _, acme, _ in
            for name in ["a", "b", "c"] {
                try await server.expect(
                    201, "POST", "/api/customers", by: acme.owner, json: ["name": .string(name), "city": "Pune"])
            }
            var path = "/api/customers?city=Pune&sort=-name&limit=1&fields=name"
            var names: [String] = []
            while true {
                let page = try await server.expect(200, "GET", path, by: acme.owner)
                names += page.items.compactMap { $0["name"]?.stringValue }
                guard let link = page["Link"], names.count < 5 else { break }
                #expect(link.hasPrefix("<") && link.hasSuffix(">; rel=\"next\""))
                path = String(link.dropFirst().prefix { $0 != ">" })
            }
            #expect(names == ["c", "b", "a"])
        }
    }

    @Test func `lines of JSON, figures and expansion over HTTP`() async throws {
        try await withShops { server, _, acme, _ in
            let lines = "{\"name\":\"a\",\"externalId\":\"1\"}\n{\"name\":\"b\",\"externalId\":\"2\"}\n"
            let report = try await server.expect(
                200, "POST", "/api/customers/import?upsert=externalId", by: acme.owner, body: Array(lines.utf8),
                headers: [("Content-Type", "application/x-ndjson")])
            #expect(report.json["created"] == 2)
            try await server.expect(
                422, "POST", "/api/customers/import?map=a=name", by: acme.owner, body: Array(lines.utf8),
                headers: [("Content-Type", "application/x-ndjson")])
            let out = try await server.expect(
                200, "GET", "/api/customers?sort=name", by: acme.owner, headers: [("Accept", "application/x-ndjson")])
            #expect(out["Content-Type"] == "application/x-ndjson" && out.text.split(separator: "\n").count == 2)
            let id = try #require(
                try await server.expect(200, "GET", "/api/customers?externalId=1", by: acme.owner).items.first?["id"])
            let sale = try await server.expect(
                201, "POST", "/api/transactions", by: acme.owner, json: ["amount": 5, "customerId": id])
            let one = try await server.expect(
                200, "GET", "\(sale["Location"] ?? "")?expand=customerId", by: acme.owner)
            #expect(one.json["expand"]?["customerId"]?["name"] == "a" && one["ETag"] == nil)
            try await server.expect(422, "GET", "\(sale["Location"] ?? "")?limit=1", by: acme.owner)
            let sums = try await server.expect(
                200, "GET", "/api/transactions?group=currency&sum=amount", by: acme.owner)
            #expect(sums.items == [["currency": "INR", "count": 1, "sum": ["amount": 5]]])
        }
    }

    @Test func `an audit log over HTTP is asked and verified`() async throws {
        try await withShops { server, person, acme, _ in
            let made = try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "a"])
            let id = try #require(made.json["id"]?.stringValue)
            let events = try await server.expect(200, "GET", "/api/audit?target=\(id)", by: acme.owner).items
            #expect(events.map { $0["action"] } == ["customers.create"])
            let report = try await server.expect(200, "GET", "/api/audit/verify", by: acme.owner).json
            #expect(report["ok"] == true && report["unchained"] == 0)
            let head = try #require(report["head"]?.stringValue)
            let again = try await server.expect(200, "GET", "/api/audit/verify?anchor=\(head)", by: acme.owner).json
            #expect(again["ok"] == true)
            try await server.expect(422, "GET", "/api/audit/verify?anchor=1", by: acme.owner)
            try await server.expect(422, "GET", "/api/audit?from=yesterday", by: acme.owner)
            let own = try await server.expect(200, "GET", "/api/admin/audit/verify", by: person).json
            #expect(own["ok"] == true && own["events"] != 0)
            let made2 = try await server.expect(200, "GET", "/api/admin/audit?action=tenant.", by: person).items
            #expect(made2.map { $0["action"] } == ["tenant.create", "tenant.create"])
        }
    }
}
