import ApplianceCore
import Testing

struct TextRulesTests {
    @Test(arguments: [
        ("Asha Rao", "Asha Rao"), ("  Asha Rao \u{3000}", "Asha Rao"), ("", ""), ("   ", ""),
        ("Cafe\u{301}", "Caf\u{E9}"), ("\u{A0}Z\u{FC}rich", "Z\u{FC}rich"), ("नमस्ते", "नमस्ते"), ("👩‍👩‍👧", "👩‍👩‍👧"),
    ])
    func `text is trimmed and composed`(text: String, clean: String) throws {
        let normalized = try #require(TextRules.normalized(text))
        #expect(Array(normalized.utf8) == Array(clean.utf8))
    }

    @Test(arguments: [
        "a\u{0}b", "a\nb", "a\tb", "a\u{1B}[31mb", "a\u{7F}b", "a\u{85}b", "a\u{9F}b",
        // Line separators, marks that turn the direction of reading, and a byte order mark.
        "a\u{2028}b", "a\u{2029}b", "a\u{202E}b", "a\u{202A}b", "a\u{2066}b", "a\u{2069}b", "\u{FEFF}a", "a\u{FFFA}b",
    ])
    func `hidden characters are refused`(text: String) {
        #expect(TextRules.normalized(text) == nil)
    }

    @Test func `several lines may have line feeds and tabs, nothing else`() {
        #expect(TextRules.normalized("one\n\ttwo\r\nthree\n", multiline: true) == "one\n\ttwo\r\nthree")
        #expect(TextRules.normalized("one\u{0}", multiline: true) == nil)
        #expect(TextRules.normalized("one\u{202E}", multiline: true) == nil)
    }

    @Test(arguments: [
        "a@b.example", "asha.rao+shop@mail.example.co.in", "o'brien@example.org", "user@xn--bcher-kva.example",
        "用户@例子.公司", "a@1.2.example",
    ])
    func `an address that a mail server could take`(address: String) {
        #expect(TextRules.isEmail(address))
    }

    @Test(arguments: [
        "", "@", "a@", "@b.example", "a@b", "a@@b.example", "a@b@c.example", "a b@c.example", "a@b c.example",
        "a@.example", "a@b..example", "a@b.example.", "a@-b.example", "a@b-.example", "a@b_c.example", "<a@b.example>",
        "a,b@c.example", "a@b.example\n", "\"a\"@b.example", "a@[127.0.0.1]",
        String(repeating: "a", count: 65) + "@b.example",
        "a@" + String(repeating: "b", count: 64) + ".example",
        "a@" + String(repeating: "b.", count: 130) + "example",
    ])
    func `an address that none could take`(address: String) {
        #expect(!TextRules.isEmail(address))
    }

    @Test(arguments: ["acme", "a1c", "123", "acme-jewellers-2", String(repeating: "a", count: 40)])
    func `a slug`(text: String) {
        #expect(TextRules.isSlug(text))
    }

    @Test(arguments: [
        "", "ab", "Acme", "-acme", "acme-", "ac--me", "ac me", "ac_me", "ac.me", "ac/me", "..", "acmé", "аcme",
        String(repeating: "a", count: 41),
    ])
    func `no slug`(text: String) {
        #expect(!TextRules.isSlug(text))
    }
}
