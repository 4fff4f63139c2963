import ApplianceCore
import Storage
import Testing

@testable import CollectionKit

/// What a stranger writes behind the question mark: refused with a reason, or answered; never a fault of the program.
struct HostileQueryTests {
    private static let names =
        things.fields.map(\.name) + [
            "id", "createdAt", "updatedAt", "version", "limit", "cursor", "sort", "q", "fields", "count", "expand",
            "group", "sum", "avg", "min", "max", "", "'", "\"", "a\u{0}b", "units[", "units]", "[gt]",
        ]
    private static let operators = [
        "", "[eq]", "[ne]", "[gt]", "[gte]", "[lt]", "[lte]", "[in]", "[like]", "[x]", "[]",
    ]
    private static let values = [
        "", "0", "-1", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e400", "NaN", "null",
        "true", "2026-02-30", "2026-11-21", "2026-11-21T02:00:00Z", "9999-12-31T23:59:59.999Z", "a,b,,c", "-createdAt",
        "name,-id", "*", "%", "_", "\\", "\"", "' OR 1=1 --", "NEAR(a b)", "a AND", "(", "name:x", "\u{0}", "\u{FEFF}",
        "é", "e\u{301}", "👩‍👩‍👧", String(repeating: "a", count: 3000), String(repeating: "a,", count: 500), "WyJpZCIsMV0",
        "exact", "small", "INR", "thg_01", "day:month", "parentId.name",
    ]

    @Test func `any parameters are refused or answered`() async throws {
        var random = SeededGenerator()
        let shop = try TestShop()
        for number in 0..<30 { try await shop.create(things, ["name": .string("n\(number)"), "units": .integer(1)]) }
        var answered = 0
        for _ in 0..<4000 {
            let parameters = (0..<Int.random(in: 1...3, using: &random)).map { _ in Self.parameter(&random) }
            do {
                let query = try ListQuery(things, parameters: parameters)
                let bytes = try shop.file.read { db in
                    query.isAggregate ? try query.aggregate(db) : try query.page(db).json
                }
                _ = try JSONParser.parse(bytes)
                answered += 1
            } catch let error as DomainError {
                #expect(error.category != .internal, "seed \(random.seed): \(parameters) \(error)")
            }
        }
        #expect(answered > 200, "seed \(random.seed)")
    }

    @Test func `a damaged cursor is refused, or leads to a page of the same list`() async throws {
        var random = SeededGenerator()
        let shop = try TestShop()
        for number in 0..<30 { try await shop.create(things, ["name": .string("n\(number)"), "units": .integer(1)]) }
        let order = [("sort", "-units,name"), ("limit", "5")]
        let first = try shop.file.read { try ListQuery(things, parameters: order).page($0) }
        let good = try #require(first.nextCursor)
        for _ in 0..<3000 {
            var cursor = Array(good.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<cursor.count, using: &random)
                cursor[index] = UInt8.random(in: 0x20...0x7E, using: &random)
            }
            do {
                let text = String(decoding: cursor, as: UTF8.self)
                let page = try shop.file.read { try ListQuery(things, parameters: order + [("cursor", text)]).page($0) }
                _ = try JSONParser.parse(page.json)
            } catch let error as DomainError {
                #expect(error.category == .invalid, "seed \(random.seed): \(error)")
            }
        }
    }

    private static func parameter(_ random: inout SeededGenerator) -> (name: String, value: String) {
        let name = (names.randomElement(using: &random) ?? "") + (operators.randomElement(using: &random) ?? "")
        var value = values.randomElement(using: &random) ?? ""
        if Bool.random(using: &random) { value += values.randomElement(using: &random) ?? "" }
        return (name, value)
    }
}
