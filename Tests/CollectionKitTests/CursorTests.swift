import ApplianceCore
import CollectionKit
import Foundation
import GRDB
import Storage
import Testing

/// Pages follow one another by what the last record was, not by counting.
struct CursorTests {
    private static let long = Collection(
        "longs", idPrefix: "lng", title: "Long", fields: (1...4).map { .text("t\($0)", max: 500) })

    private let shop: TestShop
    private let longShop: TestShop

    init() throws {
        shop = try TestShop()
        longShop = try TestShop([Self.long])
    }

    /// One record as the model knows it; names are its identity.
    private struct Entry {
        let id: String
        let values: [String: JSON]

        init(_ record: JSON) throws {
            id = try record.id
            values = Dictionary((record.objectValue ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { a, _ in a })
        }
    }

    @Test func `every record comes exactly once, in order, whatever is inserted or deleted meanwhile`() async throws {
        var random = SeededGenerator()
        var model: [String: Entry] = [:]
        for _ in 0..<60 { try await Self.insert(shop, &model, &random) }
        for round in 0..<40 {
            let sort = Self.randomSort(&random)
            let isChanging = round % 2 == 1
            var stable = Set(model.keys)
            var walked: [Entry] = []
            var cursor: String?
            repeat {
                var parameters = [("sort", sort), ("limit", String(Int.random(in: 1...7, using: &random)))]
                if let cursor { parameters.append(("cursor", cursor)) }
                let query = try ListQuery(things, parameters: parameters)
                let page = try shop.file.read { try query.page($0) }
                let items = try #require(try JSONParser.parse(page.json)["items"]?.arrayValue)
                walked += try items.map(Entry.init)
                cursor = page.nextCursor
                guard isChanging else { continue }
                try await Self.insert(shop, &model, &random)
                if let victim = model.keys.sorted().randomElement(using: &random) {
                    try await shop.delete(things, victim)
                    model[victim] = nil
                    stable.remove(victim)
                }
            } while cursor != nil
            let note: Comment = "seed \(random.seed), round \(round), sort \(sort)"
            let ids = walked.map(\.id)
            #expect(Set(ids).count == ids.count, note)
            #expect(stable.isSubset(of: ids), note)
            #expect(ids == walked.sorted { Self.isBefore($0, $1, sort) }.map(\.id), note)
            if !isChanging { #expect(ids == model.values.sorted { Self.isBefore($0, $1, sort) }.map(\.id), note) }
        }
    }

    private static func insert(
        _ shop: TestShop, _ model: inout [String: Entry], _ random: inout SeededGenerator
    ) async throws {
        // Few values, so that many records share them, and nulls among them.
        var members = [JSON.Member("name", .string(String("abAé".randomElement(using: &random) ?? "a")))]
        if Bool.random(using: &random) { members.append(.init("units", .integer(.random(in: -2...2, using: &random)))) }
        if Bool.random(using: &random) { members.append(.init("isOpen", .bool(.random(using: &random)))) }
        if Bool.random(using: &random) {
            members.append(.init("day", .string("2026-11-0\(Int.random(in: 1...3, using: &random))")))
        }
        let entry = try Entry(await shop.create(things, .object(members)))
        model[entry.id] = entry
    }

    private static func randomSort(_ random: inout SeededGenerator) -> String {
        let keys = ["name", "units", "isOpen", "day", "rank", "createdAt", "id"].shuffled(using: &random)
        return keys.prefix(Int.random(in: 1...3, using: &random))
            .map { (Bool.random(using: &random) ? "-" : "") + $0 }.joined(separator: ",")
    }

    /// The order as the contract says it: nulls first, texts by their bytes; `id` at last in the last key's direction.
    private static func isBefore(_ a: Entry, _ b: Entry, _ sort: String) -> Bool {
        var keys = sort.split(separator: ",").map(String.init)
        if !keys.contains(where: { $0.hasSuffix("id") }) {
            keys.append(keys.last?.hasPrefix("-") == true ? "-id" : "id")
        }
        for key in keys {
            let name = key.hasPrefix("-") ? String(key.dropFirst()) : key
            let (left, right) = key.hasPrefix("-") ? (b, a) : (a, b)
            let (x, y) = (rank(left.values[name]), rank(right.values[name]))
            if x != y { return x.lexicographicallyPrecedes(y) }
        }
        return false
    }

    private static func rank(_ value: JSON?) -> [Int64] {
        switch value {
        case .integer(let number): [1, number]
        case .bool(let flag): [1, flag ? 1 : 0]
        case .string(let text): [1] + text.utf8.map(Int64.init)
        default: [0]
        }
    }

    @Test(arguments: [
        "", "x", "bm90IGpzb24", "W10", "WyItaWQiXQ", "WyItaWQiLHt9XQ", "WyItaWQiLG51bGxd", "WyItaWQiLDEuNV0", "!!!!",
        "%00",
    ])
    func `what is no cursor is refused`(text: String) throws {
        let error = #expect(throws: DomainError.self) { try ListQuery(things, parameters: [("cursor", text)]) }
        #expect(error?.faultList == ["cursor not_a_cursor"])
    }

    @Test func `a cursor of another order is refused`() async throws {
        for name in ["a", "b"] { try await shop.create(things, ["name": .string(name)]) }
        let cursor = try #require(try shop.list(things, ["sort": "name", "limit": "1"])["nextCursor"]?.stringValue)
        for sort in ["-name", "name,-id", "units", "-id"] {
            let error = await refusal { _ = try shop.list(things, ["sort": sort, "cursor": cursor]) }
            #expect(error?.faultList == ["cursor not_a_cursor"])
        }
        #expect(try shop.column("name", of: things, ["sort": "name", "cursor": cursor]) == ["b"])
    }

    @Test func `a page of exactly all records is the last`() async throws {
        for name in ["a", "b", "c"] { try await shop.create(things, ["name": .string(name)]) }
        #expect(try shop.list(things, ["limit": "3"])["nextCursor"] == .null)
        #expect(try shop.list(things, ["limit": "2"])["nextCursor"]?.stringValue != nil)
    }

    @Test func `a cursor holds the longest texts that can be sorted by`() async throws {
        let text = JSON.string(String(repeating: "\u{1F600}", count: 500))
        for _ in 0..<2 { try await longShop.create(Self.long, ["t1": text, "t2": text, "t3": text, "t4": text]) }
        let first = try longShop.list(Self.long, ["sort": "t1,t2,t3,t4", "limit": "1"])
        let cursor = try #require(first["nextCursor"]?.stringValue)
        let second = try longShop.list(Self.long, ["sort": "t1,t2,t3,t4", "limit": "1", "cursor": cursor])
        #expect(second["items"]?.arrayValue?.count == 1)
        #expect(second["nextCursor"] == .null)
    }
}
