import ApplianceCore
import Testing

@testable import Tenancy

struct APIKeyTextTests {
    /// The vectors of `facts/totp-auth.md`.
    @Test(arguments: [
        ("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"), ("0123456789ABCDEFGHIJKLMNOPQRST", "4PMbyp"),
        ("abcdefghijklmnopqrstuvwxyzABCD", "4dNndU"),
    ])
    func `the checksum is GitHub's`(body: String, checksum: String) {
        #expect(APIKeyText.checksum(body) == checksum)
        #expect(APIKeyText("apl_\(body)\(checksum)")?.tag == String(body.suffix(8)))
    }

    @Test func `a new key has the form, names its shop, and is like no other`() throws {
        let keys = (0..<100).map { _ in APIKeyText(tenantID: "ten_1") }
        for key in keys {
            #expect(key.text.wholeMatch(of: /apl_[0-9A-Za-z]{36}/) != nil)
            #expect(APIKeyText(key.text)?.hash == key.hash)
            #expect(key.tag == APIKeyText.tag(ofTenant: "ten_1"))
            #expect(key.start.count == 10)
        }
        #expect(Set(keys.map(\.text)).count == keys.count)
        #expect(APIKeyText.tag(ofTenant: "ten_2") != APIKeyText.tag(ofTenant: "ten_1"))
    }

    @Test func `no single character can be mistyped`() throws {
        let text = Array(APIKeyText(tenantID: "ten_1").text)
        for position in 4..<text.count {
            for other in ["0", "a", "Z", "-", "é", ""] where other != String(text[position]) {
                var typed = text.map { String($0) }
                typed[position] = other
                #expect(APIKeyText(typed.joined()) == nil)
            }
        }
        for text in ["", "apl_", "apl_" + String(repeating: "0", count: 35), "aplt_" + String(text.dropFirst(4))] {
            #expect(APIKeyText(text) == nil)
        }
    }
}
