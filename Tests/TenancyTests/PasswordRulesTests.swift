import Testing

@testable import Tenancy

struct PasswordRulesTests {
    private func code(_ password: String, not names: [String] = []) -> String? {
        PasswordRules.fault(password, not: names)?.code
    }

    @Test(arguments: ["fourteen chars", "", "short", "äöü"]) func `a short one is refused`(password: String) {
        #expect(code(password) == "too_short")
    }

    @Test func `length counts characters and not bytes`() {
        #expect(code("पासवर्ड है यह लंबा") == nil)
        // 14 code points after NFC, 15 before.
        #expect(code("cafe\u{301} au lait 1") == "too_short")
        #expect(code("cafe\u{301} au lait 12") == nil)
    }

    @Test(arguments: [
        "correct horse battery staple", "              all spaces but this", "exactly fifteen", "日本語のとても長い合言葉でございます",
    ])
    func `a sentence is fine, without digits or symbols`(password: String) { #expect(code(password) == nil) }

    @Test func `256 characters are the most`() {
        let text = String(repeating: "abcdefgh qrst x ", count: 16)
        #expect(code(text) == nil)
        #expect(code(text + "y") == "too_long")
    }

    @Test(arguments: [
        "aaaaaaaaaaaaaaaaaaaa", "abababababababab", "123456789012345", "1234567890123456789", "abcdefghijklmnop",
        "AaAaAaAaAaAaAaAa",
    ])
    func `what everybody tries is refused`(password: String) { #expect(code(password) == "too_common") }

    @Test func `the account's own names are refused`() {
        let names = ["acme", "Acme Jewellers Ltd", "owner@acme.example"]
        #expect(code("OWNER@acme.example", not: names) == "too_common")
        #expect(code("acme jewellers ltd", not: names) == "too_common")
        #expect(code("acme jewellers ltd!", not: names) == nil)
    }

    @Test func `a NUL is refused`() { #expect(code("correct horse\u{0} battery") == "control_characters") }
}
