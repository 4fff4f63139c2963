import ApplianceCore
import CollectionKit
import ModuleKit
import Testing

@testable import ApplianceServer

/// What a collection grants, over HTTP: whichever way records leave or arrive, by the direct way and the general one.
struct PermissionRouteTests {
    /// Staff see all jobs and change their own; viewers see their own; what a job costs is the owner's and admins'.
    private static let jobs = Collection(
        "jobs", idPrefix: "job", title: "Job",
        fields: [
            .text("title", max: 100).required().searchable(), .user("takenBy"),
            .integer("cost", in: 0...9999).readable(by: .owner, .admin).writable(by: .owner, .admin),
            .text("note", max: 100).readable(by: .owner).searchable(), .reference("parentId", to: "jobs"),
        ],
        permissions: Permissions(
            owner: "takenBy",
            [
                .owner: .everything, .admin: .everything,
                .staff: [.read: .all, .create: .own, .update: .own, .delete: .own], .viewer: [.read: .own],
            ]))

    private static let modules =
        allModules + [Module("jobs", title: "Jobs", isAlwaysOn: true, collections: [jobs])]

    private static let secret = 4321

    @Test func `what a role may not see leaves by no route`() async throws {
        try await withShops(modules: Self.modules) { server, _, acme, _ in
            let staff = try await server.addUser("staff", .staff, to: acme)
            let viewer = try await server.addUser("viewer", .viewer, to: acme)
            let made = try await server.expect(
                201, "POST", "/api/jobs", by: acme.owner,
                json: ["title": "roof", "cost": JSON(Self.secret), "note": "quietword", "takenBy": .string(viewer.id)])
            let id = try #require(made.json["id"]?.stringValue)
            #expect(made.json["cost"] == JSON(Self.secret))
            let child = try await server.expect(
                201, "POST", "/api/jobs", by: staff, json: ["title": "tile", "parentId": .string(id)])
            #expect(child.json["takenBy"] == .string(staff.id) && child.json["cost"] == nil)
            let childID = try #require(child.json["id"]?.stringValue)
            for person in [staff, viewer] {
                // Twice: a credential is first seen by the general way, then answered by the direct one.
                for _ in 0..<2 {
                    for (path, accept) in [
                        ("/api/jobs", "application/json"), ("/api/jobs/\(id)", "application/json"),
                        ("/api/jobs?q=roof", "application/json"), ("/api/jobs", "text/csv"),
                        ("/api/jobs", "application/x-ndjson"), ("/api/jobs?expand=parentId", "application/json"),
                        ("/api/jobs?group=title", "application/json"),
                    ] {
                        let answer = try await server.expect(
                            200, "GET", path, by: person, headers: [("Accept", accept)])
                        #expect(!answer.text.contains("cost") && !answer.text.contains("\(Self.secret)"), "\(path)")
                        #expect(!answer.text.contains("quietword"), "\(path)")
                    }
                }
                for query in ["cost=\(Self.secret)", "sort=cost", "fields=cost", "group=cost", "sum=cost", "note=x"] {
                    let answer = try await server.expect(422, "GET", "/api/jobs?\(query)", by: person)
                    #expect(answer.json["errors"]?.arrayValue?.first?["code"] == "unknown_field", "\(query)")
                }
                #expect(try await server.expect(200, "GET", "/api/jobs?q=quietword", by: person).items.isEmpty)
                try await server.expect(403, "GET", "/api/audit", by: person)
                try await server.expect(403, "GET", "/api/permissions", by: person)
            }
            #expect(try await server.expect(200, "GET", "/api/jobs?q=quietword", by: acme.owner).items.count == 1)
            // A viewer sees own records only, whatever is asked for.
            try await server.expect(404, "GET", "/api/jobs/\(childID)", by: viewer)
            let all = try await server.expect(200, "GET", "/api/jobs?count=exact", by: viewer)
            #expect(all.json["total"] == 1 && all.items.compactMap { $0["id"]?.stringValue } == [id])
        }
    }

    @Test func `what a role may not change is changed by no route`() async throws {
        try await withShops(modules: Self.modules) { server, _, acme, _ in
            let staff = try await server.addUser("staff", .staff, to: acme)
            let made = try await server.expect(
                201, "POST", "/api/jobs", by: acme.owner, json: ["title": "roof", "cost": JSON(Self.secret)])
            let path = "/api/jobs/\(try #require(made.json["id"]?.stringValue))"
            try await server.expect(403, "PATCH", path, by: staff, json: ["title": "mine"])
            try await server.expect(403, "DELETE", path, by: staff)
            for (method, body) in [("PATCH", ["title": "mine"] as JSON), ("DELETE", JSON.null)] {
                let batch: JSON = [
                    "operations": [["method": .string(method), "path": .string(path), "body": body]]
                ]
                // `not_yours` for both; the whole batch is undone.
                let answer = try await server.send("POST", "/api/batch", by: staff, json: batch)
                #expect(answer.status == 403 && answer.code == "not_yours", "\(answer.text)")
            }
            let csv = Array("title,cost\nx,1\n".utf8)
            try await server.expect(
                422, "POST", "/api/jobs/import", by: staff, body: csv, headers: [("Content-Type", "text/csv")])
            let own = try await server.expect(201, "POST", "/api/jobs", by: staff, json: ["title": "own"])
            let ownPath = "/api/jobs/\(try #require(own.json["id"]?.stringValue))"
            let cost = try await server.expect(422, "PATCH", ownPath, by: staff, json: ["cost": 1])
            #expect(cost.json["errors"]?.arrayValue?.first?["code"] == "unknown_field")
            try await server.expect(403, "PATCH", ownPath, by: staff, json: ["takenBy": .string(acme.owner.id)])
            try await server.expect(200, "PATCH", ownPath, by: staff, json: ["title": "own still"])
            try await server.expect(204, "DELETE", ownPath, by: staff)
            let left = try await server.expect(200, "GET", path, by: acme.owner)
            #expect(left.json["title"] == "roof" && left.json["version"] == 1)
        }
    }

    @Test func `the matrix and the document say what holds, and history keeps to it`() async throws {
        try await withShops(modules: Self.modules) { server, _, acme, _ in
            let admin = try await server.addUser("admin", .admin, to: acme)
            let matrix = try await server.expect(200, "GET", "/api/permissions", by: admin)
            let entries = matrix.json["collections"]?.arrayValue ?? []
            #expect(
                entries.compactMap { $0["name"]?.stringValue }
                    == ["customers", "transactions", "licenses", "products", "jobs"])
            let jobs = try #require(entries.last)
            #expect(jobs["operations"]?["update"] == ["owner": "all", "admin": "all", "staff": "own"])
            #expect(jobs["operations"]?["read"]?["viewer"] == "own" && jobs["ownerField"] == "takenBy")
            #expect(
                jobs["fields"]?.arrayValue?.first
                    == ["name": "cost", "title": "Cost", "read": ["owner", "admin"], "write": ["owner", "admin"]])
            let document = try await server.expect(200, "GET", "/api/openapi.json").json
            let path = document["paths"]?["/api/jobs"]
            #expect(path?["get"]?["x-roles"]?["viewer"] == "own" && path?["post"]?["x-roles"]?["viewer"] == nil)
            #expect(path?["x-collection"]?["own"]?["staff"] == ["create", "update", "delete"])
            let cost = document["components"]?["schemas"]?["Job"]?["properties"]?["cost"]
            #expect(cost?["x-readable-by"] == ["owner", "admin"])
            let made = try await server.expect(
                201, "POST", "/api/jobs", by: acme.owner, json: ["title": "roof", "note": "quietword", "cost": 1])
            let id = try #require(made.json["id"]?.stringValue)
            for (person, note) in [(acme.owner, JSON?.some("quietword")), (admin, JSON?.none)] {
                let events = try await server.expect(200, "GET", "/api/audit?target=\(id)", by: person)
                #expect(events.items.first?["data"]?["new"]?["note"] == note)
                #expect(events.items.first?["data"]?["new"]?["cost"] == 1)
            }
        }
    }
}
