import ApplianceCore
import CollectionKit
import Testing

@testable import ApplianceServer

/// Ways round a role of the shop's own, each of which must lead nowhere.
struct RoleReachTests {
    private static let word = "quietword"

    /// A customer with a sale, seen by the owner.
    private func sell(_ server: TestServer, _ shop: Shop) async throws -> (customer: String, sale: String) {
        let customer = try await server.expect(
            201, "POST", "/api/customers", by: shop.owner, json: ["name": .string(Self.word), "externalId": "c1"])
        let id = try #require(customer.json["id"]?.stringValue)
        let sale = try await server.expect(
            201, "POST", "/api/transactions", by: shop.owner, json: ["amount": 5, "customerId": .string(id)])
        return (id, try #require(sale.json["id"]?.stringValue))
    }

    @Test func `records of a closed collection come beside no others, in no batch, file or stream`() async throws {
        try await withShops { server, _, acme, _ in
            let role = try await server.addRole("till", ["transactions": ["read", "create"]], to: acme)
            let till = try await server.addUser("till", role: role, to: acme)
            let (customer, sale) = try await sell(server, acme)
            let expanded = try await server.send("GET", "/api/transactions?expand=customerId", by: till)
            #expect(expanded.status == 422 && !expanded.text.contains(Self.word))
            for path in [
                "/api/customers", "/api/customers/\(customer)", "/api/customers?q=\(Self.word)",
                "/api/customers?group=externalId", "/api/customers?at=now", "/api/customers/\(customer)?at=now",
            ] {
                for accept in ["application/json", "text/csv", "application/x-ndjson"] {
                    let answer = try await server.expect(403, "GET", path, by: till, headers: [("Accept", accept)])
                    #expect(answer.code == "not_permitted", "\(path)")
                }
            }
            for (method, path) in [
                ("POST", "/api/customers"), ("PATCH", "/api/customers/\(customer)"),
                ("DELETE", "/api/customers/\(customer)"), ("PATCH", "/api/transactions/\(sale)"),
                ("DELETE", "/api/transactions/\(sale)"),
            ] {
                let batch: JSON = [
                    "operations": [["method": .string(method), "path": .string(path), "body": ["name": "x"]]]
                ]
                let answer = try await server.send("POST", "/api/batch", by: till, json: batch)
                #expect(answer.status == 403 && answer.code == "not_permitted", "\(method) \(path)")
            }
            let good: JSON = ["operations": [["method": "POST", "path": "/api/transactions", "body": ["amount": 1]]]]
            try await server.expect(200, "POST", "/api/batch", by: till, json: good)
            for (path, status) in [
                ("/api/customers/import", 403), ("/api/transactions/import?map=CUSTOMER=customerId.externalId", 422),
            ] {
                let answer = try await server.send(
                    "POST", path, by: till, body: Array("amount,CUSTOMER\n7,c1\n".utf8),
                    headers: [("Content-Type", "text/csv")])
                #expect(answer.status == status && !answer.text.contains(customer), "\(answer.text)")
            }
            let stream = try await server.expect(
                200, "GET", "/api/events?follow=false", by: till, headers: [("Last-Event-ID", "0-")])
            #expect(stream.text.contains(sale) && !stream.text.contains(customer), "\(stream.text)")
        }
    }

    @Test func `an import changes nothing where the role may only create`() async throws {
        try await withShops { server, _, acme, _ in
            let role = try await server.addRole("intake", ["customers": ["read", "create"]], to: acme)
            let intake = try await server.addUser("intake", role: role, to: acme)
            try await server.expect(
                201, "POST", "/api/customers", by: acme.owner, json: ["name": "before", "externalId": "c1"])
            let csv = Array("externalId,name\nc1,after\n".utf8)
            let refused = try await server.send(
                "POST", "/api/customers/import?upsert=externalId", by: intake, body: csv,
                headers: [("Content-Type", "text/csv")])
            #expect(refused.status == 403 && refused.code == "not_permitted")
            let items = try await server.expect(200, "GET", "/api/customers", by: intake).items
            #expect(items.map { $0["name"] } == ["before"])
            let fresh = Array("externalId,name\nc2,new\n".utf8)
            try await server.expect(
                200, "POST", "/api/customers/import", by: intake, body: fresh, headers: [("Content-Type", "text/csv")])
        }
    }

    @Test func `a file is opened by no role that cannot change its record`() async throws {
        try await withShops { server, _, acme, _ in
            let looks = try await server.addRole(
                "looks", ["products": ["read"], "customers": ["read", "update"]], to: acme)
            let looker = try await server.addUser("looks", role: looks, to: acme)
            let keeps = try await server.addRole("keeps", ["products": ["read", "update"]], to: acme)
            let keeper = try await server.addUser("keeps", role: keeps, to: acme)
            let outside = try await server.addClerk(to: acme)
            let png = try await server.expect(
                201, "POST", "/api/files?name=ring.png", by: acme.owner,
                body: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x01], headers: [("Content-Type", "image/png")])
            let id = try #require(png.json["id"]?.stringValue)
            try await server.expect(
                201, "POST", "/api/products", by: acme.owner,
                json: ["sku": "R-1", "name": "Ring", "price": 1, "photo": .string(id)])
            try await server.expect(200, "GET", "/api/files/\(id)/content", by: looker)
            try await server.expect(404, "GET", "/api/files/\(id)/content", by: outside)
            for (method, path) in [("PATCH", "/api/files/\(id)"), ("POST", "/api/files/\(id)/links")] {
                let body: JSON = method == "PATCH" ? ["visibility": "public"] : ["expiresIn": 60]
                let refused = try await server.send(method, path, by: looker, json: body)
                #expect(refused.status == 403 && refused.code == "not_permitted", "\(path)")
                let answer = try await server.send(method, path, by: keeper, json: body)
                #expect(answer.status == (method == "PATCH" ? 200 : 201), "\(path): \(answer.text)")
            }
        }
    }
}
