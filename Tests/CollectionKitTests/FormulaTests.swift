import ApplianceCore
import Storage
import Testing

@testable import CollectionKit

struct FormulaTests {
    private static let values: [String: SQLValue] = [
        "a": .integer(6), "b": .integer(-2), "large": .integer(.max), "first": .text("Asha"), "last": .text("Rao"),
        "none": .null,
    ]

    private static func value(_ source: String) throws -> SQLValue {
        try Formula(source).value { values[$0] ?? .null }
    }

    @Test(arguments: [
        ("a + b", 4), ("a - b", 8), ("a * b", -12), ("a + b * 2", 2), ("(a + b) * 2", 8), ("a - b - 1", 7), ("42", 42),
        (" a*a ", 36), ("((a))", 6),
    ])
    func `numbers are reckoned as at school`(source: String, result: Int64) throws {
        #expect(try Self.value(source) == .integer(result))
    }

    @Test func `texts are joined, and what is missing is left out`() throws {
        #expect(try Self.value(#"first & " " & last"#) == .text("Asha Rao"))
        #expect(try Self.value(#"first & none & a"#) == .text("Asha6"))
    }

    @Test func `a number that is missing leaves nothing`() throws {
        #expect(try Self.value("a + none") == .null)
        #expect(try Self.value("a * first") == .null)
    }

    @Test(arguments: ["large + 1", "large * a", "b - large"])
    func `a result that is too large is a fault`(source: String) throws {
        let formula = try Formula(source)
        #expect(throws: ValueFault.self) { try formula.value { Self.values[$0] ?? .null } }
    }

    @Test(arguments: [
        "", "a +", "* a", "(a", "a)", "a b", "\"open", "a / b", "a; DROP TABLE x", "1234567890123456", "a%b", "2x",
        String(repeating: "(", count: 9) + "a" + String(repeating: ")", count: 9),
        String(repeating: "a+", count: 100) + "a",
    ])
    func `what is no formula is refused`(source: String) {
        #expect(throws: Formula.Fault.self) { try Formula(source) }
    }

    @Test func `the fields that it reads are known`() {
        let product: Formula = "(a + b) * a"
        let text: Formula = #"first & "it's" "#
        #expect(product.fields == ["a", "b", "a"])
        #expect(text.sql == #"(coalesce("first", '') || coalesce('it''s', ''))"#)
    }
}
