import ApplianceCore
import CollectionKit
import Foundation
import HTTPAPI
import NIOHTTP1
import Storage
import Testing

@testable import ApplianceServer

/// Uploaded files over HTTP: what comes in, who gets it out again, and in what form.
struct FileTests {
    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Array("picture".utf8)

    private func upload(
        _ server: TestServer, _ person: Person, _ bytes: [UInt8] = png, query: String = "?name=p.png",
        type: String = "image/png", headers: [(String, String)] = [], expecting status: Int = 201
    ) async throws -> JSON {
        try await server.expect(
            status, "POST", "/api/files\(query)", by: person, body: bytes,
            headers: [("Content-Type", type)] + headers
        ).json
    }

    private func id(_ json: JSON) throws -> String { try #require(json["id"]?.stringValue) }

    @Test func `what is uploaded comes back, and is safe to show`() async throws {
        try await withShops { server, _, acme, _ in
            let made = try await upload(server, acme.owner)
            #expect(made["name"] == "p.png" && made["type"] == "image/png" && made["bytes"] == 15)
            #expect(made["visibility"] == "private" && made["sha256"] == .string(Digest.of(Self.png)))
            let path = try "/api/files/\(id(made))"
            #expect(try await server.expect(200, "GET", path, by: acme.owner).json == made)
            let content = try await server.expect(200, "GET", "\(path)/content", by: acme.owner)
            #expect(content.body == Self.png && content["Content-Type"] == "image/png")
            #expect(content["X-Content-Type-Options"] == "nosniff")
            #expect(content["Content-Security-Policy"]?.hasPrefix("sandbox;") == true)
            #expect(content.headers["Content-Security-Policy"].count == 1)
            #expect(content["Content-Disposition"] == "inline; filename=\"p.png\"; filename*=UTF-8''p.png")
            #expect(content["Cache-Control"] == "private, no-cache" && content["Accept-Ranges"] == "bytes")
            let tag = try #require(content["ETag"])
            let again = try await server.expect(
                304, "GET", "\(path)/content", by: acme.owner, headers: [("If-None-Match", tag)])
            #expect(again.body.isEmpty && again["ETag"] == tag)
            let head = try await server.send("HEAD", "\(path)/content", by: acme.owner)
            #expect(head.status == 200 && head["Content-Length"] == "15" && head.body.isEmpty)
        }
    }

    @Test(arguments: [
        ("text/html", "<script>alert(1)</script>"), ("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("text/javascript", "alert(1)"),
    ])
    func `what could run is only ever saved`(type: String, text: String) async throws {
        try await withShops { server, _, acme, _ in
            let made = try await upload(server, acme.owner, Array(text.utf8), query: "?name=a%22b.html", type: type)
            let content = try await server.expect(200, "GET", "/api/files/\(id(made))/content", by: acme.owner)
            let disposition = try #require(content["Content-Disposition"])
            #expect(disposition == "attachment; filename=\"a_b.html\"; filename*=UTF-8''a%22b.html")
            #expect(content["Content-Security-Policy"]?.hasPrefix("sandbox;") == true)
        }
    }

    @Test(arguments: [
        ("bytes=0-3", 206, 0..<4, "bytes 0-3/15"), ("bytes=10-", 206, 10..<15, "bytes 10-14/15"),
        ("bytes=-4", 206, 11..<15, "bytes 11-14/15"), ("bytes=3-99", 206, 3..<15, "bytes 3-14/15"),
        ("bytes=-99", 206, 0..<15, "bytes 0-14/15"), ("bytes=15-", 416, 0..<0, "bytes */15"),
        ("bytes=-0", 416, 0..<0, "bytes */15"), ("bytes=4-2", 200, 0..<15, nil), ("bytes=0-1,3-4", 200, 0..<15, nil),
        ("bytes=a-b", 200, 0..<15, nil), ("lines=0-1", 200, 0..<15, nil), ("bytes=-", 200, 0..<15, nil),
        ("bytes=99999999999999999999-", 200, 0..<15, nil),
    ])
    func `a range`(range: String, status: Int, part: Range<Int>, contentRange: String?) async throws {
        try await withShops { server, _, acme, _ in
            let path = try await "/api/files/\(id(upload(server, acme.owner)))/content"
            let answer = try await server.send("GET", path, by: acme.owner, headers: [("Range", range)])
            #expect(answer.status == status && answer["Content-Range"] == contentRange)
            #expect(answer.body == Array(Self.png[part]))
            let stale = try await server.send(
                "GET", path, by: acme.owner, headers: [("Range", range), ("If-Range", "\"other\"")])
            #expect(stale.status == 200 && stale.body == Self.png)
        }
    }

    @Test func `what an upload may not be`() async throws {
        try await withShops { server, _, acme, _ in
            let owner = acme.owner
            let lie = try await upload(server, owner, Array("<html>".utf8), expecting: 422)
            #expect(lie["errors"]?.arrayValue?.first?["code"] == "type_mismatch")
            _ = try await upload(server, owner, [], expecting: 422)
            _ = try await upload(server, owner, type: "multipart/form-data; boundary=x", expecting: 415)
            _ = try await upload(server, owner, type: "nonsense", expecting: 415)
            _ = try await upload(server, owner, query: "?visibility=secret", expecting: 422)
            _ = try await upload(server, owner, query: "?nam=x", expecting: 422)
            let viewer = try await server.addUser("viewer", .viewer, to: acme)
            _ = try await upload(server, viewer, expecting: 403)
            // curl calls everything a form.
            let curl = try await upload(server, owner, type: "application/x-www-form-urlencoded")
            #expect(curl["type"] == "image/png")
            let evil = try await upload(server, owner, query: "?name=..%2F..%2F%00etc%0D%0Apasswd")
            #expect(evil["name"] == "etcpasswd")
            let folder = server.appliance.configuration.data.contents(ofTenant: acme.id).url
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(names == [Digest.of(Self.png)])
        }
    }

    @Test func `limits of size, of the shop and of the disk`() async throws {
        try await withShops([.fileLimit: "1", .filesQuota: "2"]) { server, _, acme, _ in
            let large = [UInt8](repeating: 7, count: (1 << 20) + 1)
            let refused = try await upload(server, acme.owner, large, type: "a/b", expecting: 413)
            #expect(refused["code"] == "file_too_large")
            for byte in [UInt8(1), 2] {
                _ = try await upload(
                    server, acme.owner, [UInt8](repeating: byte, count: 1 << 20), type: "a/b")
            }
            let full = try await upload(server, acme.owner, [1], type: "a/b", expecting: 507)
            #expect(full["code"] == "files_quota")
        }
        try await withShops([.diskFloor: "1073741824"]) { server, _, acme, _ in
            let refused = try await upload(server, acme.owner, expecting: 507)
            #expect(refused["code"] == "storage_full")
            try await server.expect(201, "POST", "/api/customers", by: acme.owner, json: ["name": "goes on"])
        }
    }

    @Test func `a private file is for those who may read its record`() async throws {
        try await withShops { server, person, acme, bela in
            let staff = try await server.addUser("staff", .staff, to: acme)
            let viewer = try await server.addUser("viewer", .viewer, to: acme)
            let made = try await id(upload(server, staff))
            let path = "/api/files/\(made)/content"
            try await server.expect(404, "GET", path, by: viewer)
            try await server.expect(404, "GET", path, by: bela.owner)
            try await server.expect(404, "GET", "/public/acme/\(made)")
            for person in [staff, acme.owner] { try await server.expect(200, "GET", path, by: person) }
            try await server.actAs(person, in: "acme")
            try await server.expect(200, "GET", path, by: person, tenant: "acme")
            let product = try await server.expect(
                201, "POST", "/api/products", by: staff,
                json: ["sku": "R-1", "name": "Ring", "price": 1, "photo": .string(made)])
            try await server.expect(200, "GET", path, by: viewer)
            // Nobody gets to a private file by naming it, and no shop to another's.
            let other = try await server.addUser("other", .staff, to: acme)
            let stolen = try await id(upload(server, acme.owner, Self.png + [1]))
            for (person, photo) in [(other, stolen), (bela.owner, made)] {
                let refused = try await server.expect(
                    422, "POST", "/api/products", by: person,
                    json: ["sku": "R-2", "name": "Ring", "price": 1, "photo": .string(photo)])
                #expect(refused.json["errors"]?.arrayValue?.first?["field"] == "photo")
            }
            try await server.expect(409, "DELETE", "/api/files/\(made)", by: acme.owner)
            try await server.expect(204, "DELETE", product["Location"] ?? "", by: acme.owner)
            try await server.expect(404, "GET", path, by: acme.owner)
        }
    }

    @Test func `public files need no session, and are private again when told so`() async throws {
        try await withShops { server, _, acme, _ in
            let made = try await upload(server, acme.owner, query: "?name=logo.png&visibility=public")
            let url = try #require(made["url"]?.stringValue)
            #expect(try url == "/public/acme/\(id(made))")
            let answer = try await server.expect(200, "GET", url)
            #expect(answer.body == Self.png && answer["Cache-Control"] == "public, max-age=300")
            #expect(answer["Cross-Origin-Resource-Policy"] == "cross-origin")
            let path = try "/api/files/\(id(made))"
            let changed = try await server.expect(
                200, "PATCH", path, by: acme.owner, json: ["visibility": "private", "name": "../x/mark.png"],
                headers: [("If-Match", "\"1\"")])
            #expect(changed.json["name"] == "mark.png" && changed["ETag"] == "\"2\"")
            try await server.expect(404, "GET", url)
            try await server.expect(
                412, "PATCH", path, by: acme.owner, json: ["name": "y"], headers: [("If-Match", "\"1\"")])
            try await server.expect(404, "GET", "/public/bela/\(id(made))")
            try await server.expect(404, "GET", "/public/nobody/\(id(made))")
        }
    }

    @Test func `a link opens a private file until it expires, and nothing else`() async throws {
        try await withShops { server, _, acme, _ in
            let (made, other) = (
                try await id(upload(server, acme.owner)), try await id(upload(server, acme.owner))
            )
            let link = try await server.expect(
                201, "POST", "/api/files/\(made)/links", by: acme.owner, json: ["expiresIn": 600]
            ).json
            let url = try #require(link["url"]?.stringValue)
            #expect(link["expiresAt"] == "2026-11-21T02:10:00.000Z")
            #expect(try await server.expect(200, "GET", url)["Cache-Control"] == "private, no-cache")
            try await server.expect(404, "GET", url.replacing(made, with: other))
            try await server.expect(404, "GET", url.replacing("/acme/", with: "/bela/"))
            try await server.expect(404, "GET", url.replacing("expires=17", with: "expires=27"))
            try await server.expect(404, "GET", String(url.dropLast()))
            server.clock.advance(.seconds(600))
            try await server.expect(404, "GET", url)
            try await server.expect(
                422, "POST", "/api/files/\(made)/links", by: acme.owner, json: ["expiresIn": 604_801])
            let log = try await server.expect(200, "GET", "/api/audit?action=files.link", by: acme.owner)
            #expect(log.items.map { $0["target"] } == [.string(made)])
        }
    }

    @Test func `the same key is one upload`() async throws {
        try await withShops { server, _, acme, _ in
            let key = [("Idempotency-Key", "up-1")]
            let first = try await upload(server, acme.owner, headers: key)
            #expect(try await upload(server, acme.owner, headers: key) == first)
            let other = try await upload(server, acme.owner, Self.png + [9], headers: key, expecting: 409)
            #expect(other["code"] == "idempotency_key_reused")
            #expect(try await server.expect(200, "GET", "/api/files", by: acme.owner).items == [first])
        }
    }

    @Test func `a file whose bytes are lost says so, and the others go on`() async throws {
        try await withShops { server, _, acme, _ in
            let made = try await upload(server, acme.owner)
            let folder = server.appliance.configuration.data.contents(ofTenant: acme.id)
            try FileSystem.remove(folder.url(Digest.of(Self.png)))
            let answer = try await server.expect(503, "GET", "/api/files/\(id(made))/content", by: acme.owner)
            #expect(answer.code == "file_missing")
            // Uploaded again, it is whole again.
            _ = try await upload(server, acme.owner)
            try await server.expect(200, "GET", "/api/files/\(id(made))/content", by: acme.owner)
        }
    }

    @Test func `an export, a copy and a clone bring the files along`() async throws {
        try await withShops { server, person, acme, _ in
            let made = try await upload(server, acme.owner, query: "?name=logo.png&visibility=public")
            let loose = try await upload(server, acme.owner, Self.png + [1], query: "?name=asha-rao.png")
            let photo = try await upload(server, acme.owner, Self.png + [2])
            try await server.expect(
                201, "POST", "/api/products", by: acme.owner,
                json: ["sku": "R-1", "name": "Ring", "price": 1, "photo": .string(id(photo))])
            let clone = try await server.expect(
                201, "POST", "/api/admin/tenants/acme/clone", by: person, json: ["slug": "acme-try"])
            #expect(clone.json["slug"] == "acme-try")
            try await server.actAs(person, in: "acme-try")
            let copied = try await server.expect(200, "GET", "/api/files", by: person, tenant: "acme-try").items
            let ids = copied.compactMap { $0["id"]?.stringValue }
            #expect(try Set(ids) == [id(made), id(photo)])
            for file in copied {
                try await server.expect(
                    200, "GET", "/api/files/\(id(file))/content", by: person, tenant: "acme-try")
            }
            try await server.expect(
                404, "GET", "/api/files/\(id(loose))", by: person, tenant: "acme-try")
        }
    }

    @Test func `swept after the restore window, here and among the backups`() async throws {
        try await withShops { server, person, acme, _ in
            let made = try await id(upload(server, acme.owner))
            let sum = Digest.of(Self.png)
            let live = server.appliance.configuration.data.contents(ofTenant: acme.id)
            try await server.expect(201, "POST", "/api/admin/backups", by: person)
            let archived = server.appliance.configuration.backups.appending(path: "log/\(acme.id)/files/\(sum)")
            #expect(FileSystem.exists(archived))
            try await server.expect(204, "DELETE", "/api/files/\(made)", by: acme.owner)
            for (days, isThere) in [(0, true), (29, true), (2, false)] {
                server.clock.advance(.days(Int64(days)))
                let operatorNow = try await server.signIn("op@example.com")
                let run = try await server.expect(
                    200, "POST", "/api/admin/schedule/file-sweep/run", by: operatorNow)
                #expect(run.json["status"] == "succeeded", "\(run.text)")
                #expect(FileSystem.exists(live.url(sum)) == isThere && FileSystem.exists(archived) == isThere)
            }
        }
    }
}
