import ApplianceCore
import CollectionKit
import ModuleKit
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

/// A module whose records the plan counts, through the API: what the tasks of an agent platform need.
struct MeteredTests {
    private static let module = Module(
        "tasks", title: "Tasks", isAlwaysOn: true,
        collections: [
            Collection(
                "tasks", idPrefix: "tsk", title: "Task", fields: [.text("title", max: 100).required()], meter: "tasks")
        ])

    private func make(_ server: TestServer, _ shop: Shop, _ title: String) async throws -> ServerAnswer {
        try await server.send("POST", "/api/tasks", by: shop.owner, json: ["title": .string(title)])
    }

    private func tasks(_ server: TestServer, _ shop: Shop) async throws -> JSON? {
        let usage = try await server.expect(200, "GET", "/api/usage", by: shop.owner)
        return usage.json["meters"]?.arrayValue?.first { $0["meter"] == "tasks" }
    }

    @Test func `of sixty-four tasks at once those are made that the plan has left`() async throws {
        try await withShops(modules: allModules + [Self.module]) { server, person, acme, _ in
            try await server.expect(
                201, "POST", "/api/admin/plans", by: person,
                json: ["name": "ten", "title": "Ten", "limits": ["tasks": 10]])
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/change-plan", by: person, json: ["plan": "ten"])
            for index in 0..<9 { #expect(try await make(server, acme, "task \(index)").status == 201) }
            let statuses = try await withThrowingTaskGroup { group in
                for index in 0..<64 { group.addTask { try await make(server, acme, "more \(index)").status } }
                return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [201: 1, 429: 63])
            let listed = try await server.expect(200, "GET", "/api/tasks?count=exact", by: acme.owner)
            #expect(listed.json["total"] == 10)
            let refused = try await make(server, acme, "one more")
            #expect(refused.code == "quota_exceeded" && refused.json["plan"] == "ten" && refused.json["limit"] == 10)
            #expect(refused.json["resetAt"] == "2026-12-20T18:30:00.000Z" && refused["Retry-After"] != nil)
            let used = try await tasks(server, acme)
            #expect(used?["used"] == 10 && used?["remaining"] == 0)
            #expect(used?["days"] == [["name": "2026-11-21", "quantity": 10, "cost": 0]])
            // Whatever is used stays used when a record goes.
            let id = try #require(listed.items.first?["id"]?.stringValue)
            try await server.expect(204, "DELETE", "/api/tasks/\(id)", by: acme.owner)
            #expect(try await make(server, acme, "one more").status == 429)
        }
    }

    @Test func `owner and operator hear of eighty and a hundred percent once`() async throws {
        try await withShops(modules: allModules + [Self.module]) { server, person, acme, _ in
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/change-plan", by: person, json: ["plan": "free"])
            // By the minute: the plan has a rate too.
            func use(_ count: Int) async throws {
                for index in 0..<count {
                    server.clock.advance(.seconds(13))
                    #expect(try await make(server, acme, "t\(index)").status == 201)
                }
                try await server.expect(200, "POST", "/api/admin/schedule/usage/run", by: person)
                try await server.appliance.alertWatch.look()
            }
            func messages() async throws -> [String] {
                try await server.expect(200, "GET", "/api/admin/outbox", by: person).items
                    .compactMap { $0["kind"]?.stringValue }.filter { $0.hasPrefix("quota_") }.sorted()
            }
            func alerts() async throws -> [String] {
                try await server.expect(200, "GET", "/api/admin/alerts?open=true", by: person).items
                    .compactMap { $0["kind"]?.stringValue }.filter { $0.hasPrefix("quota_") }
            }
            try await use(7)
            #expect(try await messages() == [])
            #expect(try await alerts() == [])
            try await use(1)
            #expect(try await messages() == ["quota_80"])
            #expect(try await alerts() == [])
            try await use(2)
            #expect(try await messages() == ["quota_100", "quota_80"])
            #expect(try await alerts() == ["quota_tasks"])
            try await use(0)
            _ = await server.appliance.usage.settle(all: true)
            #expect(try await messages() == ["quota_100", "quota_80"])
            #expect(try await alerts() == ["quota_tasks"])
            // A new period ends the alert.
            server.clock.advance(.days(31))
            try await server.appliance.alertWatch.look()
            let operatorAgain = try await server.signIn("op@example.com")
            let open = try await server.expect(200, "GET", "/api/admin/alerts?open=true", by: operatorAgain).items
            #expect(!open.contains { $0["kind"] == "quota_tasks" })
        }
    }

    @Test func `an agent has a price, and some plans do not open it`() async throws {
        try await withShops { server, person, acme, _ in
            let appliance = server.appliance
            let tenant = try #require(appliance.directory["acme"])
            let actor = Actor(.user, acme.owner.id)
            #expect(try appliance.usage.ledger(tenant, actor: actor).price(of: "claude") == 50)
            #expect(throws: DomainError.self) { try appliance.usage.ledger(tenant, actor: actor).price(of: "nobody") }
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/change-plan", by: person, json: ["plan": "free"])
            let ledger = appliance.usage.ledger(tenant, actor: actor)
            #expect(try ledger.price(of: "opencode") == 0)
            let refused = #expect(throws: DomainError.self) { try ledger.price(of: "codex") }
            #expect(refused?.code == "agent_not_in_plan" && refused?.category == .forbidden)
            let unknown = #expect(throws: DomainError.self) { try ledger.price(of: "nobody") }
            #expect(unknown?.code == "validation_failed")
            // A price from tomorrow on is none today.
            try await server.expect(
                201, "POST", "/api/admin/prices", by: person,
                json: ["item": "opencode", "amount": 5, "validFrom": "2026-11-22T00:00:00.000Z"])
            #expect(try ledger.price(of: "opencode") == 0)
            server.clock.advance(.days(1))
            #expect(try appliance.usage.ledger(tenant, actor: actor).price(of: "opencode") == 5)
        }
    }

    @Test func `a flag is on for a shop, for a plan or for all, between its dates`() async throws {
        try await withShops { server, person, acme, bela in
            func flags(_ shop: Shop) async throws -> JSON? {
                try await server.expect(200, "GET", "/api/flags", by: shop.owner).json["flags"]?["new-page"]
            }
            func set(_ body: JSON) async throws {
                try await server.expect(201, "POST", "/api/admin/flags", by: person, json: body)
            }
            #expect(try await flags(acme) == nil)
            try await set(["name": "new-page", "isOn": true])
            #expect(try await flags(acme) == true)
            #expect(try await flags(bela) == true)
            try await set([
                "name": "new-page", "isOn": true,
                "rules": [
                    ["plan": "standard", "isOn": false], ["tenant": "acme", "until": "2026-11-21T03:00:00.000Z"],
                ],
            ])
            #expect(try await flags(acme) == true)
            #expect(try await flags(bela) == false)
            server.clock.advance(.hours(1))
            #expect(try await flags(acme) == false)
            try await server.expect(
                200, "POST", "/api/admin/tenants/bela/change-plan", by: person, json: ["plan": "pro"])
            #expect(try await flags(bela) == true)
            let listed = try await server.expect(200, "GET", "/api/admin/flags", by: person)
            #expect(listed.items.first?["onFor"] == 1)
            let wrong = try await server.expect(
                422, "POST", "/api/admin/flags", by: person,
                json: [
                    "name": "other", "rules": [["tenant": "nobody"], ["isOn": true], ["plan": "pro", "from": "soon"]],
                ])
            #expect(
                wrong.json["errors"]?.arrayValue?.compactMap { $0["field"]?.stringValue } == [
                    "rules.0.tenant", "rules.1.tenant", "rules.2.from",
                ])
            try await server.expect(204, "DELETE", "/api/admin/flags/new-page", by: person)
            #expect(try await flags(acme) == nil)
            try await server.expect(404, "DELETE", "/api/admin/flags/new-page", by: person)
        }
    }
}
