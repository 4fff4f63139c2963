import ApplianceCore
import CollectionKit
import Foundation
import GRDB
import Storage
import Testing

/// One field of each type that `things` lacks.
private let parcels = Collection(
    "parcels", idPrefix: "pcl", title: "Parcel",
    fields: [
        .text("code", max: 8).min(3).lowerCase().matching("[a-z]+").unique(ignoringCase: true),
        .text("label", max: 3).upperCase(),
        .decimal("score", scale: 2, in: -100...100),
        .decimal("whole", scale: 0, in: 0...9),
        .weight("weight"), .rate("rate"), .duration("duration"),
        .url("url"), .country("country"), .timeZone("timeZone"),
        .user("userId"),
        .references("thingIds", to: "things", max: 3),
        .json("data", maxBytes: 40),
        .secret("secret", max: 20),
        .email("contact").unique(ignoringCase: true),
    ])

struct FieldTypeTests {
    private let shop: TestShop

    init() throws { shop = try TestShop([things, parcels]) }

    @Test(
        arguments: [
            ("code", "ABC", "abc"), ("label", "abc", "ABC"), ("score", "12.5", "12.50"), ("score", "-0.05", "-0.05"),
            ("score", 7, "7.00"), ("score", .number(0.29), "0.29"), ("score", nil, nil), ("whole", 5, "5"),
            ("weight", 10_000_000_000, 10_000_000_000), ("rate", 1800, 1800), ("duration", 5400, 5400),
            ("url", "https://acme.example/a?b=c#d", "https://acme.example/a?b=c#d"), ("country", "in", "IN"),
            ("timeZone", "Asia/Kolkata", "Asia/Kolkata"), ("timeZone", "UTC", "UTC"), ("userId", nil, "usr_asha"),
            ("data", ["a": [1, nil, true]], ["a": [1, nil, true]]), ("data", "text", "text"), ("data", nil, nil),
            ("thingIds", [], []), ("thingIds", nil, nil),
        ] as [(String, JSON, JSON)])
    func `a value is kept in its one form`(field: String, given: JSON, kept: JSON) async throws {
        let record = try await shop.create(parcels, .object([.init(field, given)]))
        #expect(record[field] == kept)
        #expect(try shop.get(parcels, record.id) == record)
    }

    @Test(
        arguments: [
            ("code", "ab", "too_short"), ("code", "ab1", "pattern_mismatch"), ("code", "abcdefghi", "too_long"),
            // Two letters become three.
            ("label", "aaß", "too_long"),
            ("score", "1.005", "not_a_decimal"), ("score", .number(1.005), "not_a_decimal"),
            ("score", "100.01", "out_of_range"),
            ("score", "1e1", "not_a_decimal"), ("score", .number(1e300), "not_a_decimal"),
            ("score", true, "wrong_type"),
            ("whole", "5.0", "not_a_decimal"), ("weight", -1, "out_of_range"), ("weight", "1", "wrong_type"),
            ("rate", 10_001, "out_of_range"), ("duration", 315_360_001, "out_of_range"),
            ("url", "javascript:alert(1)", "not_a_url"), ("url", "acme.example", "not_a_url"),
            ("url", "https://user:pw@acme.example/", "not_a_url"), ("url", "https:///x", "not_a_url"),
            ("url", "https://a b.example", "not_a_url"), ("country", "XX", "not_a_country"),
            ("country", "IND", "too_long"),
            ("timeZone", "Kolkata", "not_a_time_zone"), ("timeZone", "../../etc/passwd", "not_a_time_zone"),
            ("timeZone", "IST", "not_a_time_zone"), ("userId", "usr_nobody", "not_found"),
            ("thingIds", ["thg_none"], "not_found"), ("thingIds", "thg_none", "wrong_type"),
            ("thingIds", [1], "not_an_id"),
            ("thingIds", ["a", "a"], "twice"), ("thingIds", ["a", "b", "c", "d"], "too_many"),
            ("data", .string(String(repeating: "x", count: 39)), "too_long"), ("secret", 1, "wrong_type"),
            ("secret", .string(String(repeating: "x", count: 21)), "too_long"),
        ] as [(String, JSON, String)])
    func `a fault names its field`(field: String, given: JSON, code: String) async throws {
        let error = await refusal { try await shop.create(parcels, .object([.init(field, given)])) }
        #expect(error?.faultList == ["\(field) \(code)"])
    }

    @Test func `a value that differs in case only is not unique`() async throws {
        let first = try await shop.create(parcels, ["contact": "Asha@acme.example"])
        let error = await refusal { try await shop.create(parcels, ["contact": "asha@ACME.example"]) }
        #expect(error?.code == "not_unique" && error?.faultList == ["contact not_unique"])
        // The record itself may keep it.
        #expect(
            try await shop.patch(parcels, first.id, ["contact": "ASHA@acme.example"])["contact"] == "ASHA@acme.example")
    }

    // MARK: - JSON

    @Test func `a patch merges inside a field of JSON`() async throws {
        let record = try await shop.create(parcels, ["data": ["a": 1, "b": ["c": 2]]])
        let patched = try await shop.patch(parcels, record.id, ["data": ["b": ["c": nil, "d": 3]]])
        #expect(patched["data"] == ["a": 1, "b": ["d": 3]])
        #expect(try await shop.patch(parcels, record.id, ["data": nil])["data"] == .null)
    }

    // MARK: - Lists of references

    @Test func `a list keeps its order and loses who is deleted`() async throws {
        let ids = try await [shop.create(things, ["name": "a"]).id, shop.create(things, ["name": "b"]).id]
        let list = JSON.array(ids.reversed().map { .string($0) })
        let record = try await shop.create(parcels, ["thingIds": list])
        #expect(record["thingIds"] == list)
        let other = try await shop.create(parcels, ["thingIds": [.string(ids[0])]])
        #expect(try shop.column("id", of: parcels, ["thingIds": ids[0]]) == [.string(other.id), .string(record.id)])
        #expect(try shop.column("id", of: parcels, ["thingIds": ids[1]]) == [.string(record.id)])
        #expect(try shop.column("id", of: parcels, ["thingIds[ne]": ids[1]]) == [.string(other.id)])
        try await shop.delete(things, ids[0])
        #expect(try shop.get(parcels, record.id)["thingIds"] == [.string(ids[1])])
        #expect(try shop.get(parcels, other.id)["thingIds"] == [])
        #expect(try shop.column("id", of: parcels, ["thingIds": "null"]) == [.string(other.id)])
        try await shop.patch(parcels, record.id, ["thingIds": nil])
        #expect(try shop.count("parcels_thingIds_links") == 0)
        try await shop.delete(parcels, record.id)
    }

    @Test func `a list follows a change`() async throws {
        let ids = try await [shop.create(things, ["name": "a"]).id, shop.create(things, ["name": "b"]).id]
        let record = try await shop.create(parcels, ["thingIds": [.string(ids[0])]])
        let changed = try await shop.patch(parcels, record.id, ["thingIds": [.string(ids[1]), .string(ids[0])]])
        #expect(changed["thingIds"] == [.string(ids[1]), .string(ids[0])])
        try await shop.patch(parcels, record.id, ["thingIds": [.string(ids[1])]])
        #expect(try shop.column("id", of: parcels, ["thingIds": ids[0]]) == [])
        #expect(try shop.column("id", of: parcels, ["thingIds[in]": "\(ids[0]),\(ids[1])"]) == [.string(record.id)])
    }

    // MARK: - Secrets

    @Test func `a secret is sealed in the file and in no answer`() async throws {
        let record = try await shop.create(parcels, ["secret": " pass word ", "code": "abc"])
        #expect(record["secret"] == nil && !record.text.contains("pass word"))
        #expect(try !shop.get(parcels, record.id).text.contains("secret"))
        #expect(try !shop.list(parcels).text.contains("secret"))
        let kept = try shop.file.read { try String.fetchOne($0, sql: "SELECT secret FROM parcels") }
        #expect(kept == "sealed(parcels.secret: pass word )")
        // Left alone by a change of something else, and not sealed twice.
        try await shop.patch(parcels, record.id, ["label": "x"])
        #expect(try shop.file.read { try String.fetchOne($0, sql: "SELECT secret FROM parcels") } == kept)
        for parameters in [["secret": "x"], ["sort": "secret"], ["fields": "secret"]] as [KeyValuePairs<String, String>]
        {
            let error = await refusal { _ = try shop.list(parcels, parameters) }
            #expect(error?.faults.map(\.code) == ["unknown_field"], "\(parameters)")
        }
        let query = try ListQuery(parcels, parameters: [])
        var csv: [UInt8] = []
        try shop.file.read { db in _ = try RecordExport(query).run(db) { csv += $0 } }
        #expect(!String(decoding: csv, as: UTF8.self).contains("sec"))
        try await shop.patch(parcels, record.id, ["secret": nil])
        #expect(try shop.file.read { try String.fetchOne($0, sql: "SELECT secret FROM parcels") } == nil)
    }

    // MARK: - Filters

    @Test(arguments: [
        ("score[gt]", "1", ["5.00"]), ("score", "-2.5", ["-2.50"]), ("score[in]", "5,null", ["", "5.00"]),
        ("score[lte]", "5.00", ["-2.50", "5.00"]), ("userId", "usr_asha", ["", "-2.50", "5.00"]),
        ("data", "null", ["", "5.00"]),
        ("data[ne]", "null", ["-2.50"]), ("code[like]", "a%", ["-2.50"]),
    ])
    func `a filter compares by the type`(name: String, value: String, scores: [String]) async throws {
        try await shop.create(parcels, ["score": .number(-2.5), "data": [1], "code": "abc"])
        try await shop.create(parcels, ["score": "5", "code": "xyz"])
        try await shop.create(parcels, ["label": "x"])
        let query = try ListQuery(parcels, parameters: [(name, value), ("sort", "score")])
        let page = try JSONParser.parse(try shop.file.read { try query.page($0).json })
        #expect(page["items"]?.arrayValue?.map { $0["score"]?.stringValue ?? "" } == scores)
    }

    @Test(arguments: [
        ("data", "x"), ("data[gt]", "null"), ("thingIds[gt]", "a"), ("userId[like]", "usr%"),
        ("score", "a"), ("score", "1.005"), ("score[like]", "1%"), ("weight", "1.5"), ("country[between]", "IN"),
    ])
    func `a comparison that means nothing is refused`(name: String, value: String) async throws {
        let error = await refusal { _ = try ListQuery(parcels, parameters: [(name, value)]) }
        #expect(error?.code == "validation_failed", "\(name)")
    }

    @Test func `what was exported can be imported again`() async throws {
        let thing = try await shop.create(things, ["name": "a"]).id
        let record = try await shop.create(
            parcels,
            [
                "code": "abc", "score": "-1.25", "data": ["a,b": "\"c\""], "thingIds": [.string(thing)], "rate": 1800,
                "url": "https://acme.example/",
            ])
        let query = try ListQuery(parcels, parameters: [])
        var csv: [UInt8] = []
        try shop.file.read { db in _ = try RecordExport(query).run(db) { csv += $0 } }
        try await shop.delete(parcels, record.id)
        let url = shop.folder.appending(path: "parcels.csv")
        try Data(csv).write(to: url)
        let (catalog, context) = (shop.catalog, shop.context)
        let report = try await shop.file.write { db in
            var work = try RecordImport(parcels, catalog, ImportOptions(), context)
            return try work.run(db, file: url) { _ in }
        }
        #expect(report.created == 1)
        let back = try #require(try shop.list(parcels)["items"]?.arrayValue?.first)
        for name in ["code", "score", "data", "thingIds", "rate", "url", "userId"] {
            #expect(back[name] == record[name], "\(name)")
        }
    }
}
