import ApplianceCore
import GRDB
import Storage
import Testing

@testable import CollectionKit

/// What a file may be called and pretend to be, and how files follow the records that name them.
struct FileTests {
    @Test(arguments: [
        ("photo.jpg", "photo.jpg"), ("../../etc/passwd", "passwd"), (#"C:\Users\x\a.txt"#, "a.txt"), ("..", "file"),
        ("", "file"), ("/", "file"), ("a\u{0}b\r\nc.txt", "abc.txt"), ("\u{202E}gpj.exe", "gpj.exe"),
        (".htaccess", "htaccess"), ("Müller & Söhne.pdf", "Müller & Söhne.pdf"),
    ])
    func `a name is harmless`(given: String, kept: String) {
        #expect(FileKind.name(given) == kept)
        #expect(FileKind.name(String(repeating: "x", count: 5000)).count == 200)
    }

    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3]
    private static let page = Array("<html><script>alert(1)</script>".utf8)

    @Test func `the type is what the bytes say`() throws {
        #expect(try FileKind.type(claimed: nil, head: Self.png) == "image/png")
        #expect(try FileKind.type(claimed: "application/octet-stream", head: Self.png) == "image/png")
        #expect(try FileKind.type(claimed: "Image/PNG; x=1", head: Self.png) == "image/png")
        #expect(try FileKind.type(claimed: nil, head: Self.page) == "application/octet-stream")
        #expect(try FileKind.type(claimed: "text/html", head: Self.page) == "text/html")
        #expect(!FileKind.isShown("text/html") && !FileKind.isShown("image/svg+xml") && FileKind.isShown("image/png"))
        let riff = Array("RIFF".utf8) + [1, 0, 0, 0] + Array("WEBPVP8 ".utf8)
        #expect(try FileKind.type(claimed: "image/webp", head: riff) == "image/webp")
    }

    @Test(arguments: [("image/png", page), ("image/jpeg", png), ("text/plain", png), ("application/pdf", [])])
    func `a type that the bytes contradict is refused`(claimed: String, head: [UInt8]) {
        let error = #expect(throws: DomainError.self) { try FileKind.type(claimed: claimed, head: head) }
        #expect(error?.faults.first?.code == "type_mismatch")
    }

    @Test(arguments: [
        "png", "image/", "/png", "image/p ng/x", "image/\u{e9}", "a/" + String(repeating: "b", count: 100),
    ])
    func `what is no type is refused`(claimed: String) {
        let error = #expect(throws: DomainError.self) { try FileKind.type(claimed: claimed, head: []) }
        #expect(error?.category == .unsupportedMedia)
    }

    // MARK: - Rows

    private let albums = CollectionKit.Collection(
        "albums", idPrefix: "alb", title: "Album",
        fields: [
            .text("name", max: 100).required(), .file("cover", accept: "image/*"), .file("contract"),
        ])

    private func upload(_ shop: TestShop, by actor: Actor? = nil, type: String = "image/png", isPublic: Bool = false)
        async throws -> String
    {
        var context = shop.context
        if let actor {
            context = RecordContext(
                now: context.now, ids: context.ids, actor: actor, requestID: "", currency: "INR",
                timeZone: context.timeZone)
        }
        let content = Content(sha256: Digest.of(Random.bytes(8)), bytes: 8)
        return try await shop.file.write { [context] db in
            try UploadedFile.create(
                db, name: "x", type: type, content: content, isPublic: isPublic, context
            ).id
        }
    }

    private func files(_ shop: TestShop) throws -> [String] {
        try shop.file.read { db in try UploadedFile.list(db, before: nil, limit: 100).map(\.id) }
    }

    @Test func `a file goes with the last record that named it`() async throws {
        let shop = try TestShop([albums])
        let (cover, loose) = (try await upload(shop), try await upload(shop))
        let first = try await shop.create(albums, ["name": "a", "cover": .string(cover)])
        let second = try await shop.create(albums, ["name": "b", "contract": .string(cover)])
        #expect(try shop.file.read { db in try UploadedFile.uses(db, id: cover).count } == 2)
        let inUse = await #expect(throws: DomainError.self) {
            try await shop.file.write { [context = shop.context] db in
                try UploadedFile.delete(db, id: cover, ifVersion: nil, context)
            }
        }
        #expect(inUse?.code == "in_use")
        let (one, other) = (try #require(first["id"]?.stringValue), try #require(second["id"]?.stringValue))
        try await shop.file.write { [albums, context = shop.context] db in
            try Records(albums).delete(db, id: one, ifVersion: nil, context)
        }
        #expect(Set(try files(shop)) == [cover, loose])
        try await shop.patch(albums, other, ["contract": nil])
        #expect(try files(shop) == [loose])
    }

    private func indexes(_ file: DatabaseFile) throws -> Set<String> {
        try file.read { db in
            try String.fetchSet(
                db, sql: "SELECT name FROM sqlite_schema WHERE tbl_name = 'albums' AND sql LIKE 'CREATE INDEX%'")
        }
    }

    /// The indexes of files as an older version made them.
    private func makeFormerIndexes(_ shop: TestShop) async throws {
        try await shop.file.write { db in
            for column in ["cover", "contract"] {
                try db.execute(sql: "DROP INDEX albums_\(column)_rowid_present")
                try db.execute(sql: "CREATE INDEX \"albums_\(column)_id\" ON \"albums\" (\"\(column)\", \"id\")")
            }
            try db.execute(sql: "UPDATE collections SET declaration = 'older'")
        }
    }

    @Test func `an index of files has only records with one, in a shop of an older version as well`() async throws {
        let shop = try TestShop([albums])
        let partial: Set = ["albums_cover_rowid_present", "albums_contract_rowid_present"]
        #expect(try indexes(shop.file) == partial)
        let cover = try await upload(shop)
        try await shop.create(albums, ["name": "a"])
        try await shop.create(albums, ["name": "b", "cover": .string(cover)])
        try await makeFormerIndexes(shop)
        let file = await shop.reopened([albums])
        #expect(try indexes(file) == partial)
        let plan = try file.read { db in
            try Row.fetchAll(
                db, sql: "EXPLAIN QUERY PLAN SELECT * FROM albums WHERE cover = ? ORDER BY rowid", arguments: [cover]
            ).map { $0["detail"] as String }
        }
        #expect(plan == ["SEARCH albums USING INDEX albums_cover_rowid_present (cover=?)"])
        // SQLite keeps a file that a record names.
        await #expect(throws: DomainError.self) {
            try await file.write { db in try db.execute(sql: "DELETE FROM files WHERE id = ?", arguments: [cover]) }
        }
        while !file.closeIfQuiet() { await Task.yield() }
    }

    @Test func `a field of a shop's own goes with the index that an older version made for it`() async throws {
        let shop = try TestShop([albums])
        try await makeFormerIndexes(shop)
        let narrow = CollectionKit.Collection(
            "albums", idPrefix: "alb", title: "Album",
            fields: [.text("name", max: 100).required(), .file("cover", accept: "image/*")])
        try await shop.file.write(alone: true) { [albums] db in
            try OwnMigration(from: albums, to: narrow).apply(db)
        }
        #expect(try indexes(shop.file) == ["albums_cover_rowid_present"])
    }

    @Test func `exchanging a file lets go of the old one and of no other`() async throws {
        let shop = try TestShop([albums])
        let (old, new) = (try await upload(shop), try await upload(shop))
        let made = try await shop.create(albums, ["name": "a", "cover": .string(old)])
        let id = try #require(made["id"]?.stringValue)
        try await shop.patch(albums, id, ["cover": .string(new), "name": "b"])
        #expect(try files(shop) == [new])
        // From one field to the other in one change.
        try await shop.patch(albums, id, ["cover": nil, "contract": .string(new)])
        #expect(try files(shop) == [new])
    }

    @Test func `a field takes files of its types, and nobody another's private file`() async throws {
        let shop = try TestShop([albums])
        let pdf = try await upload(shop, type: "application/pdf")
        let foreign = try await upload(shop, by: Actor(.user, "usr_other"))
        let known = try await upload(shop, by: Actor(.user, "usr_other"), isPublic: true)
        for (field, id) in [("cover", pdf), ("cover", foreign), ("contract", "fil_nothing")] {
            let error = await #expect(throws: DomainError.self) {
                try await shop.create(albums, .object([.init("name", "a"), .init(field, .string(id))]))
            }
            #expect(error?.faults.map(\.field) == [field] && error?.faults.first?.code == "not_found")
        }
        try await shop.create(albums, ["name": "a", "cover": .string(known), "contract": .string(pdf)])
    }
}
