import CollectionKit
import Testing

struct TextPatternTests {
    @Test(arguments: [
        ("[0-9A-Z]{6}", "AZ4524 1A2B3C ABCDEF 123456", "AZ452 AZ45244 AZ-524 ÄZ4524 az4524"),
        (#"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]"#, "27AAPFU0939F1ZV", "27AAPFU0939F1YV 27AAPFU0939F1Z X"),
        ("[a-z][a-z0-9-]*", "a open-code x1", "1a -a A a_b"),
        (#"\d{4,8}"#, "7113 71131910", "711 711319101"),
        ("a?b+c*", "b ab bbb abccc", "a ac c aab"),
        ("a{0}b", "b", "ab"), ("x{2,}", "xx xxxxx", "x"), (#"\[\\\]"#, #"[\]"#, "[]"), ("[a\\-]+", "a-a", "b"),
        ("नम+", "नमम", "न"), ("a?a?a?aaa", "aaa aaaaaa", "aa aaaaaaa"),
    ])
    func `a pattern means the whole text`(pattern: String, matching: String, other: String) throws {
        let pattern = try TextPattern(pattern)
        for text in matching.split(separator: " ") { #expect(pattern.matches(String(text)), "\(text)") }
        for text in other.split(separator: " ") { #expect(!pattern.matches(String(text)), "\(text)") }
        #expect(!pattern.matches("\n"))
    }

    @Test(arguments: [
        "(a)", "a|b", "^a", "a$", ".", "*", "a**", "[", "[a", "[]", "[^a]", "[z-a]", "a{", "a{2", "a{,3}", "a{3,2}",
        "a{999}",
        "a{200}b{200}", #"\"#, #"\w"#, #"\1"#, "]", "}", "[a-", String(repeating: "a", count: 201),
    ])
    func `what is not of the language is refused`(source: String) {
        #expect(throws: TextPattern.Fault.self) { try TextPattern(source) }
    }

    @Test func `an empty pattern means the empty text`() {
        let pattern: TextPattern = ""
        #expect(pattern.matches("") && !pattern.matches("a"))
    }

    /// What takes a backtracking matcher years: doubling the text doubles the time.
    @Test func `no text is slow`() throws {
        let pattern = try TextPattern(String(repeating: "a*", count: 99) + "b")
        let text = String(repeating: "a", count: 5000)
        let clock = ContinuousClock()
        var matches = true
        let took = clock.measure { matches = pattern.matches(text) }
        #expect(!matches)
        #expect(took < .seconds(10))
    }
}
