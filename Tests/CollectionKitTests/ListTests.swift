import ApplianceCore
import Storage
import Testing

@testable import CollectionKit

struct ListTests {
    private let shop: TestShop

    init() throws { shop = try TestShop() }

    /// Five things, made in this order.
    private static func fill(_ shop: TestShop) async throws {
        for body in [
            ["name": "a", "units": 1, "isOpen": true, "day": "2026-01-01", "size": "small", "code": "A1"],
            [
                "name": "b", "units": 2, "isOpen": false, "day": "2026-02-01", "size": "large",
                "moment": "2026-11-20T12:00:00Z",
            ],
            [
                "name": "c", "units": 2, "day": "2026-03-01", "moment": "2026-11-21T00:00:00Z",
                "story": "100% wool_thread",
            ],
            ["name": "d", "story": "1000 wool threads", "moment": "2026-11-22T00:00:00Z"],
            ["name": "E", "units": -7, "isOpen": true, "story": "back\\slash", "code": "E5"],
        ] as [JSON] {
            try await shop.create(things, body)
        }
        try await shop.index()
    }

    @Test(arguments: [
        ("units", "2", "bc"), ("units[ne]", "2", "adE"), ("units[gt]", "1", "bc"), ("units[gte]", "1", "abc"),
        ("units[lt]", "2", "aE"), ("units[lte]", "2", "abcE"), ("units[in]", "1,-7", "aE"), ("units", "null", "d"),
        ("units[ne]", "null", "abcE"), ("units[eq]", "1", "a"), ("units[in]", "99", ""),
        ("isOpen", "true", "aE"), ("isOpen", "false", "b"), ("isOpen", "null", "cd"), ("isOpen[ne]", "true", "bcd"),
        ("day[gte]", "2026-02-01", "bc"), ("day", "2026-01-01", "a"), ("size", "large", "b"),
        ("size[in]", "small,large", "abcdE"),
        // A day stands for its first instant in UTC.
        ("moment[gte]", "2026-11-21", "cd"), ("moment[lt]", "2026-11-21", "b"),
        ("moment", "2026-11-20T17:30:00+05:30", "b"),
        ("name", "a", "a"), ("name", "A", ""), ("name[gt]", "b", "cd"), ("name[like]", "e", "E"),
        ("story[like]", "%wool%", "cd"),
        ("story[like]", "1__% wool%", "cd"), ("code[in]", "A1,E5,X", "aE"), ("version", "1", "abcdE"),
        ("version[gt]", "1", ""),
        ("createdAt[lte]", "2026-11-21T02:00:00.250Z", "abcdE"), ("id[in]", "x,y", ""),
        ("q", "WOOL", "cd"), ("q", "%", ""), ("q", "_", ""), ("q", "100%", "cd"), ("q", "\\", ""),
        ("q", "nothing", ""), ("q", "ool", ""), ("q", "wo 100", "cd"), ("q", "100 nothing", ""),
        ("q", "  a  ", "a"), ("q", "", "abcdE"),
    ])
    func `a filter finds what it says`(name: String, value: String, expected: String) async throws {
        try await Self.fill(shop)
        let query = try ListQuery(things, parameters: [(name, value), ("sort", "id")])
        let page = try JSONParser.parse(try shop.file.read { try query.page($0).json })
        let found = page["items"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        #expect(found.joined() == expected)
        #expect(try shop.file.read { try query.total($0) } == Int64(expected.count))
    }

    @Test func `filters and a search are all to hold`() async throws {
        try await Self.fill(shop)
        #expect(try shop.column("name", of: things, ["units[gte]": "1", "units[lt]": "2"]) == ["a"])
        #expect(try shop.column("name", of: things, ["q": "wool", "units": "2"]) == ["c"])
    }

    @Test(arguments: [
        ("name", "Eabcd"), ("-name", "dcbaE"), ("units", "dEabc"), ("-units", "cbaEd"), ("units,-name", "dEacb"),
        ("-units,name", "bcaEd"), ("isOpen,units", "dcbEa"), ("-isOpen,-units", "aEbcd"), ("size,-id", "bEdca"),
        ("id", "abcde"), ("-id", "Edcba"), ("createdAt,id", "abcdE"), ("day,units,name", "dEa" + "bc"),
    ])
    func `records are in order, the empty before the rest`(sort: String, expected: String) async throws {
        try await Self.fill(shop)
        let names = try shop.column("name", of: things, ["sort": sort]).compactMap(\.stringValue)
        #expect(names.joined().lowercased() == expected.lowercased(), "\(sort): \(names)")
    }

    @Test func `the newest come first unless an order is asked for`() async throws {
        try await Self.fill(shop)
        #expect(try shop.column("name", of: things) == ["E", "d", "c", "b", "a"])
    }

    @Test func `only the fields asked for are sent`() async throws {
        try await Self.fill(shop)
        let items = try shop.list(things, ["fields": "name,isOpen,version", "sort": "name", "limit": "2"])["items"]
        #expect(
            items == [
                ["name": "E", "isOpen": true, "version": 1], ["name": "a", "isOpen": true, "version": 1],
            ])
    }

    @Test func `a count is exact and ignores the page`() async throws {
        try await Self.fill(shop)
        let page = try shop.list(things, ["count": "exact", "limit": "1", "units[gte]": "1"])
        #expect(page["total"] == 3)
        #expect(try shop.list(things)["total"] == nil)
        let cursor = try #require(page["nextCursor"]?.stringValue)
        let next = try shop.list(things, ["count": "exact", "limit": "1", "units[gte]": "1", "cursor": cursor])
        #expect(next["total"] == 3)
    }

    @Test(arguments: [
        ("limit", "0", "out_of_range"), ("limit", "201", "out_of_range"), ("limit", "-1", "out_of_range"),
        ("limit", "ten", "out_of_range"), ("limit", "99999999999999999999", "out_of_range"),
        ("sort", "colour", "unknown_field"),
        ("sort", "", "unknown_field"), ("sort", "name,-name", "twice"),
        ("sort", "name,units,day,moment,code", "too_many"),
        ("sort", "story", "wrong_type"), ("fields", "colour", "unknown_field"), ("fields", "", "not_a_list"),
        ("fields", "name,name", "not_a_list"), ("count", "about", "not_a_choice"), ("colour", "red", "unknown_field"),
        ("units[between]", "1", "unknown_operator"), ("colour[gt]", "1", "unknown_field"),
        ("units", "1.5", "wrong_type"),
        ("isOpen", "yes", "wrong_type"), ("day", "2026-02-30", "not_a_date"), ("moment", "noon", "not_a_time"),
        ("size", "medium", "not_a_choice"), ("units[like]", "1%", "wrong_type"), ("name[like]", "", "required"),
        ("name", "a\u{0}", "control_characters"), ("q", "a\u{0}", "not_a_search"),
        ("q", String(repeating: "x", count: 101), "not_a_search"),
        ("units[in]", Array(repeating: "1", count: 101).joined(separator: ","), "too_many"),
    ])
    func `a parameter that means nothing is refused by name`(name: String, value: String, code: String) throws {
        let error = #expect(throws: DomainError.self) { try ListQuery(things, parameters: [(name, value)]) }
        #expect(error?.category == .invalid)
        #expect(error?.faultList == ["\(name) \(code)"])
    }

    @Test func `all faults of a query are told at once, and filters are limited`() throws {
        let error = #expect(throws: DomainError.self) {
            try ListQuery(things, parameters: [("limit", "0"), ("colour", "red"), ("sort", "none")])
        }
        #expect(error?.faultList == ["limit out_of_range", "colour unknown_field", "sort unknown_field"])
        let many = (0...ListQuery.Limit.filters).map { _ in ("name", "x") }
        #expect(throws: DomainError.self) { try ListQuery(things, parameters: many) }
    }
}
