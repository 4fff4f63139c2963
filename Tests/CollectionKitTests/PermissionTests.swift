import ApplianceCore
import Books
import Foundation
import Licensing
import Shop
import Storage
import Testing

@testable import CollectionKit

/// Roles, fields that not everybody may read or set, and records of one's own, in every operation that there is.
struct PermissionTests {
    /// Staff see all jobs but change and delete only their own; viewers see only their own. What a job cost and the margin
    /// that follows from it are the owner's and admins'; only they set the rate; a remark can be left by staff, unread.
    private static let jobs = Collection(
        "jobs", idPrefix: "job", title: "Job",
        fields: [
            .text("title", max: 100).required().searchable(),
            .user("takenBy").required(),
            .money("cost").readable(by: .owner, .admin).writable(by: .owner, .admin),
            .money("rate").default(500).writable(by: .owner),
            .money("margin").computed("rate - cost").readable(by: .owner, .admin),
            .currency(),
            .text("remark", max: 100).readable(by: .owner, .admin).searchable(),
            .text("externalId", max: 20).unique(),
            .reference("parentId", to: "jobs"),
        ],
        indexes: [["takenBy"]],
        permissions: Permissions(
            owner: "takenBy",
            [
                .owner: .everything, .admin: .everything,
                .staff: [.read: .all, .create: .own, .update: .own, .delete: .own], .viewer: [.read: .own],
            ]))

    private static let hidden = ["cost", "margin", "remark"]
    private let shop: TestShop
    private let asha = "usr_asha"
    private let bo = "usr_bo"
    private let vera = "usr_vera"

    init() throws { shop = try TestShop([Self.jobs]) }

    private func view(_ role: Role, _ user: String) -> CollectionView {
        CollectionView(Self.jobs, role: role, user: user)
    }

    private func context(_ user: String) -> RecordContext {
        let own = shop.context
        return RecordContext(
            now: own.now, ids: own.ids, actor: Actor(.user, user), requestID: "req_1", currency: "INR",
            timeZone: own.timeZone, sealer: own.sealer)
    }

    private func prepare() async throws {
        try await shop.file.write { db in
            try db.run("INSERT INTO users VALUES ('usr_bo'), ('usr_vera')")
        }
    }

    private func create(_ role: Role, _ user: String, _ body: JSON) async throws -> JSON {
        let (records, context) = (Records(view(role, user)), context(user))
        return try await shop.file.write { try records.create($0, body, context) }.value
    }

    private func patch(_ role: Role, _ user: String, _ id: String, _ body: JSON) async throws -> JSON {
        let (records, context) = (Records(view(role, user)), context(user))
        return try await shop.file.write { try records.patch($0, id: id, body, ifVersion: nil, context) }.value
    }

    private func titles(_ role: Role, _ user: String, _ parameters: [(String, String)] = []) throws -> [String] {
        let query = try ListQuery(view(role, user), parameters: parameters + [("sort", "title")])
        let page = try JSONParser.parse(try shop.file.read { try query.page($0).json })
        #expect(try shop.file.read { try query.total($0) } == Int64(page["items"]?.arrayValue?.count ?? -1))
        return page["items"]?.arrayValue?.compactMap { $0["title"]?.stringValue } ?? []
    }

    /// Three jobs: two of Asha's and one of Bo's.
    private func fill() async throws -> [String] {
        try await prepare()
        var ids: [String] = []
        for (title, user) in [("a roof", asha), ("b wall", asha), ("c door", bo)] {
            ids.append(
                try await create(
                    .owner, "usr_asha",
                    ["title": .string(title), "takenBy": .string(user), "cost": 300, "remark": "secretword"]
                ).id)
        }
        try await shop.index()
        return ids
    }

    @Test func `a field that one may not read is in no answer, and asking by it is asking for nothing`() async throws {
        let ids = try await fill()
        let id = try #require(ids.first)
        for (role, user) in [(Role.staff, asha), (.viewer, asha)] {
            let record = try shop.file.read { try Records(view(role, user)).get($0, id: id) }.value
            #expect(record["rate"] == 500 && record["title"] == "a roof")
            for name in Self.hidden { #expect(record[name] == nil) }
            for name in Self.hidden {
                for parameter in [
                    (name, "1"), ("\(name)[ne]", "null"), ("sort", name), ("fields", name), ("group", name),
                    ("min", name),
                ] {
                    let error = await refusal {
                        _ = try ListQuery(view(role, user), parameters: [parameter])
                    }
                    #expect(error?.faults.first?.code == "unknown_field", "\(role) \(parameter)")
                }
            }
            let own = view(role, user)
            let page = try ListQuery(own, parameters: [("expand", "parentId")], targets: { _ in own })
            let list = String(decoding: try shop.file.read { try page.page($0).json }, as: UTF8.self)
            let lines = try export(role, user, csv: false) + export(role, user, csv: true)
            for name in Self.hidden { #expect(!list.contains(name) && !lines.contains(name)) }
            #expect(!list.contains("secretword") && !lines.contains("secretword"))
        }
        let whole = try shop.file.read { try Records(view(.admin, asha)).get($0, id: id) }.value
        #expect(whole["cost"] == 300 && whole["margin"] == 200 && whole["remark"] == "secretword")
    }

    private func export(_ role: Role, _ user: String, csv: Bool) throws -> String {
        let query = try ListQuery(view(role, user), parameters: [])
        var out: [UInt8] = []
        try shop.file.read { db in
            if csv {
                _ = try RecordExport(query).run(db) { out += $0 }
            } else {
                try query.exportLines(db) { out += $0 }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    @Test func `what one may not read is not searched for one`() async throws {
        _ = try await fill()
        #expect(try titles(.admin, asha, [("q", "secretword")]).count == 3)
        #expect(try titles(.staff, asha, [("q", "secretword")]).isEmpty)
        #expect(try titles(.staff, asha, [("q", "roof")]) == ["a roof"])
        // A word of each field: the one that is not theirs finds nothing.
        #expect(try titles(.admin, asha, [("q", "roof secretword")]) == ["a roof"])
        #expect(try titles(.staff, asha, [("q", "roof secretword")]).isEmpty)
    }

    @Test func `only own records are there where only those may be read`() async throws {
        let ids = try await fill()
        #expect(try titles(.viewer, asha) == ["a roof", "b wall"])
        #expect(try titles(.viewer, bo) == ["c door"])
        #expect(try titles(.viewer, vera).isEmpty)
        #expect(try titles(.viewer, asha, [("takenBy", bo)]).isEmpty)
        #expect(try titles(.viewer, bo, [("q", "roof")]).isEmpty)
        #expect(try titles(.staff, vera).count == 3)
        let foreign = try #require(ids.first)
        let missing = await refusal { [shop] in
            _ = try shop.file.read { try Records(view(.viewer, bo)).get($0, id: foreign) }
        }
        #expect(missing?.code == "not_found")
        let query = try ListQuery(view(.viewer, bo), parameters: [("group", "rate"), ("count", "exact")])
        let figures = try JSONParser.parse(try shop.file.read { try query.aggregate($0) })
        #expect(figures["items"]?.arrayValue?.first?["count"] == 1)
        #expect(try export(.viewer, bo, csv: true).split(separator: "\r\n").count == 2)
        // Nor does a record show through another one, or by the query of a single one.
        let own = try #require(ids.last)
        try await shop.file.write { db in
            try db.run("UPDATE jobs SET parentId = ?1 WHERE id = ?2", [.text(foreign), .text(own)])
        }
        let bosView = view(.viewer, bo)
        let inside = try ListQuery(bosView, parameters: [("expand", "parentId")], targets: { _ in bosView })
        let one = try JSONParser.parse(try shop.file.read { try inside.record($0, id: own) })
        #expect(one["expand"] == ["parentId": nil])
        let beside = await refusal { [shop] in _ = try shop.file.read { try inside.record($0, id: foreign) } }
        #expect(beside?.code == "not_found")
    }

    @Test func `own records are made for oneself, changed by oneself and not handed over`() async throws {
        let ids = try await fill()
        let (own, foreign) = (try #require(ids.first), try #require(ids.last))
        let made = try await create(.staff, bo, ["title": "d step"])
        #expect(made["takenBy"] == "usr_bo" && made["cost"] == nil)
        let forOther = await refusal { _ = try await create(.staff, bo, ["title": "e", "takenBy": "usr_asha"]) }
        #expect(forOther?.category == .forbidden && forOther?.faultList == ["takenBy not_permitted"])
        #expect(try await patch(.staff, asha, own, ["title": "a tower"])["title"] == "a tower")
        let others = await refusal { _ = try await patch(.staff, asha, foreign, ["title": "mine"]) }
        #expect(others?.category == .forbidden && others?.code == "not_yours")
        let handed = await refusal { _ = try await patch(.staff, asha, own, ["takenBy": "usr_bo"]) }
        #expect(handed?.faultList == ["takenBy not_permitted"])
        let (records, staff) = (Records(view(.staff, asha)), context(asha))
        let kept = await refusal { [shop] in
            try await shop.file.write { try records.delete($0, id: foreign, ifVersion: nil, staff) }
        }
        #expect(kept?.code == "not_yours")
        try await shop.file.write { try records.delete($0, id: own, ifVersion: nil, staff) }
        #expect(try titles(.owner, asha) == ["b wall", "c door", "d step"])
    }

    @Test func `a field that one may not set is refused by name, and the same again is no change`() async throws {
        let id = try #require(try await fill().first)
        let refused = await refusal {
            _ = try await patch(.staff, asha, id, ["rate": 1, "cost": 1, "title": "", "colour": 1])
        }
        #expect(refused?.category == .forbidden && refused?.code == "not_permitted")
        #expect(
            Set(refused?.faultList ?? []) == [
                "rate not_permitted", "cost unknown_field", "title required", "colour unknown_field",
            ])
        #expect(try await patch(.staff, asha, id, ["rate": 500, "remark": "unread"])["rate"] == 500)
        #expect(try await patch(.admin, asha, id, ["cost": 100])["margin"] == 400)
        let admin = await refusal { _ = try await patch(.admin, asha, id, ["rate": 1]) }
        #expect(admin?.faultList == ["rate not_permitted"])
    }

    @Test func `an import stays within what the person may do`() async throws {
        _ = try await fill()
        func run(_ role: Role, _ user: String, _ csv: String, upsert: String? = nil) async throws -> ImportReport {
            let url = shop.folder.appending(path: "in.csv")
            try AtomicFile.publish(Array(csv.utf8), to: url)
            var options = ImportOptions()
            options.upsert = upsert
            let (view, context, chosen) = (view(role, user), context(user), options)
            return try await shop.file.write { db in
                var work = try RecordImport(view, { _ in view }, chosen, context)
                return try work.run(db, file: url) { _ in }
            }
        }
        #expect(try await run(.staff, bo, "title,externalId\nnew,X1\n").created == 1)
        for (csv, fault) in [
            ("title,cost\nx,5\n", "cost unknown_field"), ("title,rate\nx,5\n", "rate not_permitted"),
            ("title,takenBy\nx,usr_asha\n", "takenBy not_permitted"),
        ] {
            let error = await refusal { _ = try await run(.staff, bo, csv) }
            #expect(error?.faultList == [fault], "\(csv)")
        }
        let mine = "title,externalId\nmine,X1\n"
        let foreign = await refusal { _ = try await run(.staff, asha, mine, upsert: "externalId") }
        #expect(foreign?.faultList == ["externalId not_yours"])
        #expect(try await run(.staff, bo, mine, upsert: "externalId").updated == 1)
        // A key of a record that is not in reach finds nothing.
        let looked = await refusal { _ = try await run(.viewer, asha, "title,parentId.externalId\nx,X1\n") }
        #expect(looked?.faults.first?.code == "not_found")
    }

    @Test func `the history tells what one may read, and nothing where not all records are one's to read`() async throws
    {
        let id = try #require(try await fill().first)
        _ = try await patch(.owner, asha, id, ["cost": 200, "title": "a shed"])
        var filter = AuditTrail.Filter()
        (filter.target, filter.action) = (id, "jobs.update")
        let event = try #require(try shop.file.read { try AuditTrail.list($0, filter, limit: 1) }.first)
        func seen(_ role: Role) -> JSON? { AuditTrail.visible(event) { _ in view(role, asha) }["data"] }
        #expect(seen(.admin)?["new"] == ["cost": 200, "margin": 300, "title": "a shed"])
        #expect(seen(.staff) == ["new": ["title": "a shed"], "old": ["title": "a roof"]])
        #expect(seen(.viewer) == .null)
    }

    // MARK: - Every declared collection

    private static let declared = [customers, transactions, licenses, products, things, jobs]

    /// The declaration, its document and what the engine does say the same, for every role, operation and field.
    @Test(arguments: declared) func `what is declared is what holds`(collection: CollectionKit.Collection) throws {
        for role in Role.allCases {
            let view = CollectionView(collection, role: role, user: "usr_x")
            let described = collection.description["permissions"]?[role.rawValue]?.arrayValue ?? []
            for operation in Permissions.Operation.allCases {
                let allowed = collection.permissions.allow(operation, for: role)
                #expect(view.grant.scopes[operation] == collection.permissions.scope(operation, for: role))
                #expect(described.contains(.string(operation.rawValue)) == allowed)
                let matrix = collection.permissionMatrix([])["operations"]?[operation.rawValue]?[role.rawValue]
                #expect(matrix?.stringValue == view.grant.scopes[operation]?.rawValue)
            }
            for field in collection.fields where !field.isWriteOnly {
                let isReadable = field.readers?.contains(role) ?? true
                #expect((view.column(field.name) != nil) == isReadable)
                for text in [view.sql.get, view.sql.insert, view.sql.update] {
                    let answer = text.components(separatedBy: text.hasPrefix("SELECT") ? " FROM " : " RETURNING ")
                    let json = text.hasPrefix("SELECT") ? answer.first : answer.last
                    #expect(json?.contains("'\(field.name)', ") == isReadable, "\(role) \(field.name)")
                }
                let filter = Result { try ListQuery(view, parameters: [(field.name, "null")]) }
                #expect(((try? filter.get()) != nil) == isReadable, "\(role) \(field.name)")
            }
        }
    }

    @Test func `what nobody could mean is no declaration`() {
        func mistake(_ permissions: Permissions, _ fields: [Field]) -> String? { permissions.mistake(fields) }
        #expect(mistake(.standard, [.text("a", max: 1)]) == nil)
        #expect(mistake(Permissions([.staff: [.read: .own]]), []) == "own records need an owner field")
        #expect(
            mistake(Permissions(owner: "a", [.staff: [.read: .own]]), [.text("a", max: 1)])
                == "a is no field of type user")
        #expect(mistake(Permissions([.staff: [.update: .all]]), []) == "staff may change what it may not read")
        let leaking: [Field] = [
            .integer("a", in: 0...9).readable(by: .owner), .integer("b", in: 0...99).computed("a * 2"),
        ]
        #expect(mistake(.standard, leaking) == "b tells a to those who may not read it")
    }
}
