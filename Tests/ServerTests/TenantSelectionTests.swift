import ApplianceCore
import Testing

@testable import ApplianceServer

/// Which shop a request means: the credential decides, header and host may only repeat it.
struct TenantSelectionTests {
    @Test func `a header that agrees changes nothing, another is refused`() async throws {
        try await withShops { server, _, acme, bela in
            for agreeing in [acme.id, "acme", "ACME"] {
                try await server.expect(200, "GET", "/api/customers", by: acme.owner, tenant: agreeing)
            }
            for other in [bela.id, "bela", "nobody", "acme,bela", "acme.", "../acme", "ten_", "%61cme", "ąçme", "*"] {
                let answer = try await server.send("GET", "/api/customers", by: acme.owner, tenant: other)
                #expect(answer.status == 403 && answer.code == "tenant_mismatch", "\(other)")
            }
            try await server.expect(200, "GET", "/api/auth/me", by: acme.owner, tenant: "acme")
            try await server.expect(403, "GET", "/api/auth/me", by: acme.owner, tenant: "bela")
            let twice = try await server.send(
                "GET", "/api/customers", by: acme.owner, tenant: "acme", headers: [("X-Tenant-ID", "bela")])
            #expect(twice.status == 403)
        }
    }

    @Test func `a header alone opens nothing`() async throws {
        try await withShops { server, _, acme, _ in
            for tenant in [acme.id, "acme", "nobody"] {
                try await server.expect(401, "GET", "/api/customers", tenant: tenant)
                try await server.expect(401, "POST", "/api/customers", tenant: tenant, json: ["name": "Asha"])
            }
        }
    }

    @Test func `below a domain the host names the shop`() async throws {
        try await withShops([.domain: "shops.example"]) { server, _, acme, _ in
            func status(_ host: String, tenant: String? = nil) async throws -> Int {
                try await server.send(
                    "GET", "/api/customers", by: acme.owner, tenant: tenant, headers: [("Host", host)]
                ).status
            }
            for host in [
                "acme.shops.example", "ACME.Shops.Example", "acme.shops.example:8080", "acme.shops.example.",
                "shops.example", "www.shops.example", "127.0.0.1", "localhost:8080",
            ] {
                let found = try await status(host)
                #expect(found == 200, "\(host)")
            }
            #expect(try await status("bela.shops.example") == 403)
            for host in [
                "nobody.shops.example", "acme.bela.shops.example", "elsewhere.example", "acmeshops.example",
                "\(acme.id).shops.example",
            ] {
                let found = try await status(host)
                #expect(found == 404, "\(host)")
            }
            #expect(try await status("acme.shops.example", tenant: "acme") == 200)
            #expect(try await status("acme.shops.example", tenant: "bela") == 403)
            #expect(try await status("bela.shops.example", tenant: "acme") == 403)
        }
    }

    @Test func `below a domain people sign in where the host says, at the domain where they are known`() async throws {
        try await withShops([.domain: "shops.example"]) { server, _, _, _ in
            let body: JSON = ["email": "owner@acme.example", "password": .string(goodPassword)]
            for (host, status) in [
                ("acme.shops.example", 200), ("bela.shops.example", 401), ("shops.example", 200),
                ("nobody.shops.example", 404),
            ] {
                try await server.expect(status, "POST", "/api/auth/login", json: body, headers: [("Host", host)])
            }
        }
    }

    @Test func `no host means a shop without a domain`() async throws {
        try await withShops { server, _, acme, _ in
            try await server.expect(
                200, "GET", "/api/customers", by: acme.owner, headers: [("Host", "bela.shops.example")])
        }
    }

    @Test func `an operator names the shop, and the shop's log tells of each visit`() async throws {
        try await withShops { server, person, acme, _ in
            let closed = try await server.expect(403, "GET", "/api/customers?limit=5", by: person, tenant: "acme")
            #expect(closed.code == "act_as_required")
            try await server.actAs(person, in: "acme")
            try await server.expect(200, "GET", "/api/customers?limit=5", by: person, tenant: "acme")
            let made = try await server.expect(
                201, "POST", "/api/customers", by: person, tenant: acme.id, json: ["name": "Asha"])
            let id = try #require(made.json["id"]?.stringValue)
            let audit = try await server.expect(200, "GET", "/api/audit", by: acme.owner).items
            let visits = audit.filter { $0["actor"]?.stringValue == "operator:\(person.id)" }.map {
                [$0["action"], $0["target"]].compactMap { $0?.stringValue }.joined(separator: " ")
            }
            #expect(
                visits.prefix(3) == [
                    "customers.create \(id)", "operator.access POST /api/customers",
                    "operator.access GET /api/customers",
                ])
            #expect(visits.count == 4 && visits.last?.hasPrefix("operator.act-as act_") == true)
            try await server.expect(403, "GET", "/api/customers", by: person, tenant: "nobody")
        }
    }

    @Test func `ids of another shop mean nothing in queries, bodies and files`() async throws {
        try await withShops { server, _, acme, bela in
            let made = try await server.expect(
                201, "POST", "/api/customers", by: acme.owner, json: ["name": "Asha", "externalId": "C-1"])
            let id = try #require(made.json["id"])
            try await server.expect(
                201, "POST", "/api/transactions", by: acme.owner, json: ["customerId": id, "amount": 100])
            let before = try server.fingerprint(acme)
            for query in ["customerId=\(id.stringValue ?? "")", "q=Asha", "customerId[ne]=null"] {
                let path = query.hasPrefix("q=") ? "customers" : "transactions"
                #expect(try await server.expect(200, "GET", "/api/\(path)?\(query)", by: bela.owner).items.isEmpty)
            }
            let refused = try await server.expect(
                422, "POST", "/api/transactions", by: bela.owner, json: ["customerId": id, "amount": 100])
            #expect(refused.json["errors"]?.arrayValue?.first?["code"] == "not_found")
            for file in [
                "customerId,amount\n\(id.stringValue ?? ""),1.00\n", "customerId.externalId,amount\nC-1,1.00\n",
            ] {
                try await server.expect(
                    422, "POST", "/api/transactions/import", by: bela.owner, body: Array(file.utf8),
                    headers: [("Content-Type", "text/csv")])
            }
            #expect(try await server.expect(200, "GET", "/api/transactions", by: bela.owner).items.isEmpty)
            #expect(try server.fingerprint(acme) == before)
        }
    }

    @Test func `a module that the shop does not have is refused`() async throws {
        try await withServer { server in
            let person = try await server.setUp()
            try await server.expect(
                201, "POST", "/api/admin/tenants", by: person,
                json: [
                    "slug": "plain", "ownerEmail": "o@plain.example", "ownerPassword": .string(goodPassword),
                    "modules": ["shop"],
                ])
            let owner = try await server.signIn("o@plain.example", "plain")
            try await server.expect(200, "GET", "/api/products", by: owner)
            try await server.expect(200, "GET", "/api/customers", by: owner)
            for method in ["GET", "POST"] {
                let answer = try await server.send(
                    method, "/api/licenses", by: owner, json: method == "POST" ? ["product": "x"] : nil)
                #expect(answer.status == 403 && answer.code == "module_not_enabled")
            }
        }
    }
}
