import ApplianceCore
import AsyncHTTPClient
import CollectionKit
import NIOCore
import NIOHTTP1
import NIOPosix
import Storage
import Tenancy
import Testing

@testable import ApplianceServer
@testable import HTTPAPI

/// What changes is told as it happens, to those who may know, and what was missed is told or said to be lost.
struct EventTests {
    /// A message of the stream; comments and the retry hint are passed over.
    private struct Message: Equatable {
        var id = ""
        var event = ""
        var data: JSON = .null
    }

    /// One who listens.
    private final class Listener {
        let status: Int
        private var chunks: HTTPClientResponse.Body.AsyncIterator
        private var text = ""

        init(_ server: TestServer, _ person: Person, query: String = "", since: String? = nil, tenant: String? = nil)
            async throws
        {
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(server.port)/api/events\(query)")
            request.headers.add(name: "Authorization", value: "Bearer \(person.token)")
            if let since { request.headers.add(name: "Last-Event-ID", value: since) }
            if let tenant { request.headers.add(name: "X-Tenant-ID", value: tenant) }
            let response = try await TestServer.client.execute(request, timeout: .seconds(60))
            status = Int(response.status.code)
            chunks = response.body.makeAsyncIterator()
            // The hint comes first, so whoever has it is heard from now on.
            #expect(status != 200 || response.headers.first(name: "Content-Type") == "text/event-stream; charset=utf-8")
        }

        /// Nil when the stream has ended.
        func next() async throws -> Message? {
            while true {
                while let end = text.firstRange(of: "\n\n") {
                    let block = text[..<end.lowerBound]
                    text = String(text[end.upperBound...])
                    var message = Message()
                    for line in block.split(separator: "\n") {
                        if line.hasPrefix("id: ") { message.id = String(line.dropFirst(4)) }
                        if line.hasPrefix("event: ") { message.event = String(line.dropFirst(7)) }
                        if line.hasPrefix("data: ") {
                            message.data = try JSONParser.parse(Array(line.utf8.dropFirst(6)))
                        }
                    }
                    if !message.event.isEmpty { return message }
                }
                guard let chunk = try await chunks.next() else { return nil }
                text += String(buffer: chunk)
            }
        }
    }

    /// Waits until so many listen, which they do a moment after their answer's head.
    private func heard(_ server: TestServer, _ count: Int = 1) async {
        while server.appliance.events.listeners < count { await Task.yield() }
    }

    private func add(_ server: TestServer, _ shop: Shop, _ name: String = "Asha") async throws -> String {
        let made = try await server.expect(
            201, "POST", "/api/customers", by: shop.owner, json: ["name": .string(name)])
        return try #require(made.json["id"]?.stringValue)
    }

    @Test func `changes come after their commit, and nothing of what is in them`() async throws {
        try await withShops { server, _, acme, bela in
            let listener = try await Listener(server, acme.owner)
            await heard(server)
            _ = try await add(server, bela, "not yours")
            let id = try await add(server, acme)
            let first = try #require(try await listener.next())
            #expect(first.event == "change")
            #expect(
                first.data == [
                    "action": "customers.create", "at": "2026-11-21T02:00:00.250Z", "collection": "customers",
                    "id": .string(id),
                ])
            try await server.expect(200, "PATCH", "/api/customers/\(id)", by: acme.owner, json: ["city": "Pune"])
            try await server.expect(204, "DELETE", "/api/customers/\(id)", by: acme.owner)
            let rest = [try await listener.next(), try await listener.next()]
            #expect(rest.map { $0?.data["action"] } == ["customers.update", "customers.delete"])
        }
    }

    @Test func `nothing between two connections is missed`() async throws {
        try await withShops { server, _, acme, _ in
            let listener = try await Listener(server, acme.owner)
            await heard(server)
            _ = try await add(server, acme)
            let seen = try #require(try await listener.next()).id
            var missed: [String] = []
            for name in ["a", "b", "c"] { missed.append(try await add(server, acme, name)) }
            let second = try await Listener(server, acme.owner, since: seen)
            for id in missed {
                #expect(try await second.next()?.data["id"] == .string(id))
            }
            missed.append(try await add(server, acme, "d"))
            #expect(try await second.next()?.data["id"] == .string(missed[3]))
            // The same without staying.
            let looked = try await Listener(server, acme.owner, query: "?follow=false", since: seen)
            var found: [JSON?] = []
            while let message = try await looked.next() { found.append(message.data["id"]) }
            #expect(found == missed.map { .string($0) })
        }
    }

    @Test func `only collections that were asked for, and that the shop and the person have`() async throws {
        try await withShops { server, person, acme, _ in
            try await server.expect(
                201, "POST", "/api/admin/tenants", by: person,
                json: ["slug": "plain", "ownerEmail": "o@plain.example", "modules": []])
            let all = try await Listener(server, acme.owner)
            let some = try await Listener(server, acme.owner, query: "?collection=products")
            await heard(server, 2)
            _ = try await add(server, acme)
            try await server.expect(
                201, "POST", "/api/users", by: acme.owner,
                json: ["email": "new@acme.example", "password": .string(goodPassword)])
            try await server.expect(
                201, "POST", "/api/products", by: acme.owner, json: ["sku": "R", "name": "Ring", "price": 1])
            #expect(try await some.next()?.data["collection"] == "products")
            // Users are no collection: who comes and goes is in the audit log.
            #expect(try await all.next()?.data["collection"] == "customers")
            #expect(try await all.next()?.data["collection"] == "products")
            for query in ["?collection=nothing", "?follow=perhaps", "?more=1"] {
                try await server.expect(422, "GET", "/api/events\(query)", by: acme.owner)
            }
        }
    }

    @Test func `a stream ends with the access`() async throws {
        try await withShops { server, person, acme, bela in
            let staff = try await server.addUser("staff", .staff, to: acme)
            let other = try await server.addUser("other", .staff, to: acme)
            let listeners = try await [
                Listener(server, staff), Listener(server, other), Listener(server, acme.owner),
                Listener(server, bela.owner),
            ]
            await heard(server, 4)
            try await server.expect(204, "POST", "/api/auth/logout", by: staff)
            #expect(try await listeners[0].next() == nil)
            try await server.expect(200, "POST", "/api/users/\(other.id)/disable", by: acme.owner)
            #expect(try await listeners[1].next() == nil)
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/suspend", by: person, json: ["reason": "unpaid"])
            #expect(try await listeners[2].next() == nil)
            #expect(try await Listener(server, acme.owner).status == 403)
            try await server.expect(
                200, "POST", "/api/admin/tenants/bela/delete", by: person, json: ["confirm": "bela"])
            #expect(try await listeners[3].next() == nil)
            while server.appliance.events.listeners > 0 { await Task.yield() }
        }
    }

    @Test func `after a restore those who listen are told to read anew`() async throws {
        try await withShops { server, person, acme, _ in
            _ = try await add(server, acme)
            try await server.expect(201, "POST", "/api/admin/backups", by: person)
            try await server.actAs(person, in: "acme")
            let listener = try await Listener(server, person, tenant: "acme")
            await heard(server)
            let undone = try await add(server, acme, "undone")
            let seen = try #require(try await listener.next())
            #expect(seen.data["id"] == .string(undone))
            try await server.expect(
                200, "POST", "/api/admin/restores", by: person, json: ["tenants": ["acme"], "confirm": "acme"])
            #expect(try await listener.next()?.event == "reset")
            // The number of what was undone stands for something else soon.
            let owner = try await server.signIn("owner@acme.example", "acme")
            for name in ["x", "y", "z"] {
                try await server.expect(201, "POST", "/api/customers", by: owner, json: ["name": .string(name)])
            }
            let again = try await Listener(server, owner, query: "?follow=false", since: seen.id)
            #expect(try await again.next()?.event == "reset")
            for wrong in ["nonsense", "99999-", "1-000000000000"] {
                let listener = try await Listener(server, owner, query: "?follow=false", since: wrong)
                #expect(try await listener.next()?.event == "reset")
                #expect(try await listener.next() == nil)
            }
        }
    }

    @Test func `one listener too many is refused`() async throws {
        try await withShops { server, _, acme, _ in
            let (events, file) = (server.appliance.events, server.appliance.directory.file(acme.id))
            await withDiscardingTaskGroup { group in
                for _ in 0..<EventHub.Limit.tenant {
                    group.addTask { try? await events.listening(to: file) { for await _ in $0 {} } }
                }
                await heard(server, EventHub.Limit.tenant)
                let refused = try? await server.send("GET", "/api/events", by: acme.owner)
                #expect(refused?.status == 429 && refused?.code == "too_many_listeners")
                #expect(refused?["Retry-After"] == "30")
                group.cancelAll()
            }
            #expect(events.listeners == 0)
        }
    }

    @Test func `a slow listener is let go, and keeps a bounded number of batches`() async throws {
        try await withShops { server, _, acme, _ in
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let feed = EventFeed(server.appliance.directory.file(acme.id), loop)
            let (_, slow) = feed.join()
            for _ in 0..<EventHub.Limit.waiting + 10 { feed.send(.heartbeat) }
            #expect(feed.count == 0)
            var kept = 0
            for await _ in slow { kept += 1 }
            #expect(kept == EventHub.Limit.waiting)
        }
    }
}
