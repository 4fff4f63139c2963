import ApplianceCore
import Backups
import CollectionKit
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

extension TestServer {
    /// A message about a shop that waits to be sent; its id.
    func makeMessage(of shop: Shop, to recipient: String) async throws -> String {
        try await expect(201, "POST", "/api/invitations", by: shop.owner, json: ["email": .string(recipient)])
        let found = try appliance.outbox.list(limit: 1, cursor: nil, search: recipient).items
        return try #require(found.first?["id"]?.stringValue)
    }

    /// One that is held since the shop went back.
    func makeHeldMessage(of shop: Shop, to recipient: String) async throws -> String {
        let id = try await makeMessage(of: shop, to: recipient)
        let back = GoingBack(restore: "rst_test", stateAt: clock.now, at: clock.now)
        _ = try await Outbox.hold(shop.id, back, in: appliance.system)
        return id
    }

    func status(of message: String) throws -> JSON? {
        try appliance.outbox.list(limit: 200, cursor: nil, search: nil).items.first { $0["id"] == .string(message) }?[
            "status"]
    }
}

extension JSON {
    /// An object with the members of another one behind its own.
    func with(_ other: JSON) -> JSON { .object((objectValue ?? []) + (other.objectValue ?? [])) }
}

struct HeldMessageTests {
    private static let path = "/api/held-messages"

    /// A snapshot between two messages; the moment of it.
    private func messages(
        _ server: TestServer, _ person: Person, _ shop: Shop
    ) async throws -> (before: String, after: String, moment: JSON) {
        let before = try await server.makeMessage(of: shop, to: "before@b.example")
        server.clock.advance(.seconds(30))
        try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
        let moment = JSON(server.clock.now)
        server.clock.advance(.seconds(30))
        let after = try await server.makeMessage(of: shop, to: "after@b.example")
        return (before, after, moment)
    }

    private func restore(_ server: TestServer, _ person: Person, _ more: JSON) async throws -> JSON {
        let body: JSON = ["tenants": ["acme"], "confirm": "acme"]
        return try await server.expect(
            200, "POST", "/api/admin/restores", by: person, json: body.with(more)
        ).json["restored"]?.arrayValue?.first ?? .null
    }

    @Test func `what waits when a shop goes back is held, with the reason, and nobody else's is`() async throws {
        try await withShops { server, person, acme, bela in
            let (before, after, moment) = try await messages(server, person, acme)
            let foreign = try await server.makeMessage(of: bela, to: "foreign@b.example")
            let plan = try await server.expect(
                200, "POST", "/api/admin/restores", by: person,
                json: ["tenants": ["acme"], "at": moment, "dryRun": true])
            #expect(plan.text.contains("hold the mail that waits"))
            #expect(try server.status(of: before) == "kept")

            #expect(try await restore(server, person, ["at": moment])["held"] == 2)
            let held = try await server.expect(200, "GET", Self.path, by: acme.owner).items
            #expect(held.map { $0["id"] } == [.string(after), .string(before)])
            #expect(held[0]["reason"]?.stringValue?.contains("may no longer be so") == true)
            #expect(held[1]["reason"]?.stringValue?.contains("may have been sent already") == true)
            #expect(held.allSatisfy { $0["body"] == nil && $0["link"] == nil })
            #expect(try server.status(of: foreign) == "kept")
            #expect(try await server.expect(200, "GET", Self.path, by: bela.owner).items.isEmpty)
            let issues = try await server.expect(200, "GET", "/api/admin/health", by: person).text
            #expect(issues.contains("mail_held"))
            let report = try await server.expect(200, "GET", "/api/admin/backups/report", by: person).items
            #expect(report.first { $0["tenant"] == "acme" }?["held"] == 2)
            let log = try await server.expect(200, "GET", "/api/audit?action=restore", by: acme.owner).items
            #expect(log.first?["data"]?["held"] == 2)
        }
    }

    @Test func `an owner releases one and discards the rest, once, and both logs tell it`() async throws {
        try await withShops { server, person, acme, bela in
            let (before, after, moment) = try await messages(server, person, acme)
            _ = try await restore(server, person, ["at": moment])
            try await server.expect(404, "POST", "\(Self.path)/\(before)/release", by: bela.owner)
            let staff = try await server.addUser("staff", .staff, to: acme)
            try await server.expect(403, "POST", "\(Self.path)/\(before)/release", by: staff)
            try await server.expect(200, "POST", "\(Self.path)/\(before)/release", by: acme.owner)
            #expect(try server.status(of: before) == "kept")
            let again = try await server.expect(409, "POST", "\(Self.path)/\(before)/discard", by: acme.owner)
            #expect(again.code == "not_held")
            let rest = try await server.expect(200, "POST", "\(Self.path)/discard", by: acme.owner)
            #expect(rest.json["messages"] == 1)
            #expect(try server.status(of: after) == "discarded")
            for path in ["/api/audit", "/api/admin/audit"] {
                let reader = path == "/api/audit" ? acme.owner : person
                let log = try await server.expect(200, "GET", path, by: reader).items.map { $0["action"] }
                #expect(log.contains("outbox.release") && log.contains("outbox.discard"))
            }
            #expect(try await !server.expect(200, "GET", "/api/admin/health", by: person).text.contains("mail_held"))
        }
    }

    @Test func `an operator lists what is held, and decides on a shop's or all of it`() async throws {
        try await withShops { server, person, acme, bela in
            let (one, two) = (
                try await server.makeHeldMessage(of: acme, to: "one@b.example"),
                try await server.makeHeldMessage(of: bela, to: "two@b.example")
            )
            let held = try await server.expect(200, "GET", "/api/admin/outbox?status=held", by: person).items
            #expect(held.count == 2 && held.allSatisfy { $0["heldReason"]?.stringValue?.isEmpty == false })
            let own = try await server.expect(200, "GET", "/api/admin/outbox?status=held&tenant=bela", by: person)
            #expect(own.items.map { $0["id"] } == [.string(two)])
            try await server.expect(422, "GET", "/api/admin/outbox?status=nonsense", by: person)
            let body: JSON = ["tenant": "bela"]
            try await server.expect(200, "POST", "/api/admin/outbox/discard", by: person, json: body)
            #expect(try server.status(of: one) == "held" && server.status(of: two) == "discarded")
            try await server.expect(404, "POST", "/api/admin/outbox/release", by: person, json: ["tenant": "nobody"])
            try await server.expect(200, "POST", "/api/admin/outbox/release", by: person)
            #expect(try server.status(of: one) == "kept")
        }
    }

    @Test func `an undo and an owner's own restore hold too, a copy of the past sends nothing`() async throws {
        try await withShops { server, person, acme, _ in
            let (before, after, moment) = try await messages(server, person, acme)
            let beside: JSON = ["tenants": ["acme"], "at": moment, "as": "acme-then"]
            let made = try await server.expect(201, "POST", "/api/admin/restores", by: person, json: beside)
            let copy = try #require(made.json["restored"]?.arrayValue?.first?["tenantId"]?.stringValue)
            #expect(try server.status(of: before) == "kept")
            let all = try server.appliance.outbox.list(limit: 200, cursor: nil, search: nil, tenant: copy).items
            #expect(all.isEmpty)

            let order: JSON = ["at": moment, "confirm": "acme"]
            try await server.expect(200, "POST", "/api/restores", by: acme.owner, json: order)
            try await server.expect(200, "POST", "\(Self.path)/release", by: acme.owner)
            #expect(try server.status(of: after) == "kept")
            try await server.expect(200, "POST", "/api/restores/undo", by: acme.owner, json: ["confirm": "acme"])
            #expect(try server.status(of: before) == "held" && server.status(of: after) == "held")
        }
    }

    @Test func `what a shop has not told yet, its copy does not tell`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.appliance.directory.file(acme.id).write { [now = server.clock.now] db in
                try db.run(
                    "INSERT INTO usageNotices VALUES ('apiCalls', ?1, 80, ?2, 100, ?1, NULL)",
                    [SQLValue(now), SQLValue(now.adding(.days(10)))])
            }
            try await server.expect(201, "POST", "/api/admin/backups", by: person, json: [:])
            let beside: JSON = ["tenants": ["acme"], "as": "acme-then"]
            let made = try await server.expect(201, "POST", "/api/admin/restores", by: person, json: beside)
            let copy = try #require(made.json["restored"]?.arrayValue?.first?["tenantId"]?.stringValue)
            _ = await server.appliance.usage.settle(all: true)
            func told(_ tenant: String) throws -> Int {
                try server.appliance.outbox.list(limit: 200, cursor: nil, search: "used", tenant: tenant).items.count
            }
            #expect(try told(acme.id) == 1 && told(copy) == 0)
        }
    }

    @Test func `when everything goes back, what was sent stays sent and what waits is held`() async throws {
        try await withShops { server, person, acme, _ in
            let (before, after, _) = try await messages(server, person, acme)
            try await server.appliance.system.write { db in
                try db.run("UPDATE outbox SET status = 'sent' WHERE id = ?1", [.text(before)])
            }
            let order: JSON = ["snapshot": "latest", "confirm": "restore everything"]
            try await server.expect(200, "POST", "/api/admin/restores", by: person, json: order)
            #expect(try server.status(of: before) == "sent" && server.status(of: after) == "held")
        }
    }

    @Test func `a warning that was due in the time that is lost is held when it is written again`() async throws {
        try await withShops { server, person, acme, _ in
            let now = server.clock.now
            try await server.appliance.system.write { db in
                try db.run(
                    "INSERT INTO wholeRestores VALUES ('rst_1', ?1, ?2)",
                    [SQLValue(now), SQLValue(now.adding(.days(365)))])
            }
            server.clock.advance(.days(10))
            let warnings = TrialWarnings(
                system: server.appliance.system, ids: server.appliance.ids, time: server.appliance.time)
            let count = try await warnings.run()
            let held = try server.appliance.outbox.list(limit: 200, cursor: nil, search: nil, status: .held).items
            #expect(count > 0 && held.count == count)
            #expect(held.allSatisfy { $0["heldReason"]?.stringValue?.contains("Due after that") == true })
        }
    }
}
