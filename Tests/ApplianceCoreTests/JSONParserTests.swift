import ApplianceCore
import Testing

struct JSONParserTests {
    private func fault(_ text: String) -> JSONParser.Fault? { fault(Array(text.utf8)) }

    private func fault(_ bytes: [UInt8]) -> JSONParser.Fault? {
        do throws(JSONParser.Fault) {
            _ = try JSONParser.parse(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ("null", JSON.null), (" true ", .bool(true)), ("\tfalse\r\n", .bool(false)), ("0", .integer(0)),
            ("-0", .integer(0)),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1.5", .number(1.5)), ("1.0", 1),
            ("1e2", 100), ("1E+2", 100), ("25e-2", .number(0.25)), ("1e-400", .number(0)),
            (#""""#, .string("")), (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{C}\n\r\t")),
            (#""\u0041\u00e9\uD83D\uDE00""#, .string("Aé😀")), (#""\u0000""#, .string("\0")), (#""😀é""#, .string("😀é")),
            ("[]", .array([])), ("[ ]", .array([])), ("{}", .object([])), ("{ }", .object([])),
            ("[1,[2],{}]", [1, [2], [:]]), (#"{"a":1,"b":{"a":2}}"#, ["a": 1, "b": ["a": 2]]),
        ] as [(String, JSON)])
    func `JSON is read`(text: String, value: JSON) throws {
        #expect(try JSONParser.parse(Array(text.utf8)) == value)
    }

    /// Told by the digits, not by the double, which would be whole for numbers with a half.
    @Test(
        arguments: [
            ("1490.0", 1490), ("1e3", 1000), ("-12.50e1", -125), ("0.0", 0), ("-0.0e-7", 0), ("0.0001e4", 1),
            ("1200e-2", 12), ("9007199254740991.0", 9_007_199_254_740_991),
            ("-9.007199254740991e15", -9_007_199_254_740_991), ("1490.5", nil), ("1490.00000000000000000001", nil),
            ("4503599627370497.5", nil), ("9007199254740990.9", nil), ("9007199254740992.0", nil), ("1e16", nil),
            ("1e-3", nil), ("1e99", nil), ("1e-99999999999999999999", nil),
        ] as [(String, Int64?)])
    func `a number is whole however it is written`(text: String, value: Int64?) throws {
        #expect(try JSONParser.parse(Array(text.utf8)).integerValue == value)
    }

    @Test(arguments: [
        "", " ", "nul", "nulL", "True", "tru", "NaN", "Infinity", "-Infinity", "undefined", "'a'", "a",
        // Numbers.
        "01", "-01", "-", "+1", "1.", ".5", "1e", "1e+", "1.e2", "0x10", "1_000", "--1", "1 2", "1e400", "-1e400",
        "1" + String(repeating: "0", count: 400), "0." + String(repeating: "1", count: 40),
        // Lists.
        "[1,]", "[,1]", "[1 2]", "[1", "[", "]", "[1}", #"{"a":1,}"#, #"{,"a":1}"#, #"{"a"}"#, #"{"a":}"#, #"{a:1}"#,
        #"{'a':1}"#, #"{1:1}"#, #"{"a":1"#, "{", "}", #"{"a" 1}"#, "[] []", "{}x", "// c\n1", "/* c */1", "1 // c",
        // Strings.
        "\"", "\"a", #""\"#, #""\x41""#, #""\u12""#, #""\u12g4""#, #""\U0041""#, "\"a\nb\"", "\"a\tb\"", "\"a\u{1}b\"",
        "\"a\u{0}b\"", "\"\\n\u{1F}\"",
        // Surrogates without their other half.
        #""\uD800""#, #""\uDC00""#, #""\uD800\uD800""#, #""\uD800x""#, #""\uD800\n""#, #""\uDE00\uD83D""#,
        #""\uD83D\u0041""#,
        // One name twice, also when one of them is escaped or composed otherwise.
        #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"":1,"":2}"#,
        // A byte order mark, and spaces that JSON does not know.
        "\u{FEFF}1", "\u{A0}1", "1\u{2028}", "1\u{C}",
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(fault(text) != nil)
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0xFF, 0x22],
            [0xEF, 0xBB, 0xBF, 0x31],
            [0xFF, 0xFE, 0x31, 0x00],
        ] as [[UInt8]])
    func `bytes that are not UTF-8 are refused`(bytes: [UInt8]) {
        #expect(fault(bytes) != nil)
    }

    @Test func `a name that occurs twice is found among many`() {
        let names = (0..<500).map { "\"n\($0)\":\($0)" }
        #expect(fault("{" + names.joined(separator: ",") + "}") == nil)
        for duplicate in [0, 15, 16, 17, 499] {
            #expect(fault("{" + (names + ["\"n\(duplicate)\":0"]).joined(separator: ",") + "}") != nil)
        }
    }

    @Test func `nesting ends at its limit`() {
        let depth = JSONParser.Limit.depth
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let text = { (count: Int) in
                String(repeating: open, count: count) + "1" + String(repeating: close, count: count)
            }
            #expect(fault(text(depth)) == nil)
            #expect(fault(text(depth + 1))?.message == "Nested deeper than \(depth)")
            #expect(fault(text(100_000)) != nil)
            #expect(fault(String(repeating: open, count: 100_000)) != nil)
        }
    }

    @Test func `the number of values ends at its limit`() {
        let limit = JSONParser.Limit.values
        #expect(fault("[" + Array(repeating: "1", count: limit - 1).joined(separator: ",") + "]") == nil)
        #expect(fault("[" + Array(repeating: "1", count: limit).joined(separator: ",") + "]") != nil)
    }

    @Test func `a fault says where`() {
        #expect(fault(#"{"a":1,}"#)?.offset == 7)
        #expect(fault("[1,2")?.message == "Unexpected end")
        #expect(fault("[1,2")?.offset == 4)
        // Also of a slice that begins elsewhere.
        let bytes = Array(#"xx[1,]"#.utf8)
        let found = #expect(throws: JSONParser.Fault.self) { try JSONParser.parse(bytes[2...]) }
        #expect(found?.offset == 3)
    }
}
