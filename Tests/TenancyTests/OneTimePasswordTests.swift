import ApplianceCore
import Crypto
import Testing

@testable import Tenancy

/// The vectors of RFC 4226 and RFC 6238.
struct OneTimePasswordTests {
    private static func key(_ length: Int) -> [UInt8] {
        (0..<length).map { Array("1234567890".utf8)[$0 % 10] }
    }

    @Test(
        arguments: [
            (59, "94287082", "46119246", "90693936"), (1_111_111_109, "07081804", "68084774", "25091201"),
            (1_111_111_111, "14050471", "67062674", "99943326"), (1_234_567_890, "89005924", "91819424", "93441116"),
            (2_000_000_000, "69279037", "90698825", "38618901"), (20_000_000_000, "65353130", "77737706", "47863826"),
        ] as [(Int64, String, String, String)])
    func `codes of eight digits`(unix: Int64, sha1: String, sha256: String, sha512: String) {
        let counter = OneTimePassword.step(at: Instant(seconds: unix))
        #expect(OneTimePassword.code(Insecure.SHA1.self, Self.key(20), counter: counter, digits: 8) == sha1)
        #expect(OneTimePassword.code(SHA256.self, Self.key(32), counter: counter, digits: 8) == sha256)
        #expect(OneTimePassword.code(SHA512.self, Self.key(64), counter: counter, digits: 8) == sha512)
    }

    @Test func `codes by counter`() {
        let codes = (0..<10).map {
            OneTimePassword.code(Insecure.SHA1.self, Self.key(20), counter: Int64($0), digits: 6)
        }
        let expected = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
        ]
        #expect(codes == expected)
    }

    @Test(arguments: [(59, "287082"), (1_111_111_109, "081804"), (1_795_046_400, "158621")] as [(Int64, String)])
    func `a code of six digits is accepted, with spaces too`(unix: Int64, code: String) throws {
        let password = try #require(OneTimePassword(base32: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))
        let now = Instant(seconds: unix)
        let step = OneTimePassword.step(at: now)
        #expect(password.step(of: code, now: now, after: 0) == step)
        #expect(password.step(of: "\(code.prefix(3)) \(code.suffix(3))", now: now, after: 0) == step)
        // The same code once more, and one that is a digit short or long.
        #expect(password.step(of: code, now: now, after: step) == nil)
        for wrong in [String(code.dropFirst()), code + "0", "", "000000", "abcdef"] where wrong != code {
            #expect(password.step(of: wrong, now: now, after: 0) == nil)
        }
    }

    @Test func `a clock may be one step off, and no more`() throws {
        let password = try #require(OneTimePassword(base32: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))
        let (code, made) = ("081804", Int64(1_111_111_109))
        let accepted = [-60, -30, 0, 30, 60].map { seconds in
            password.step(of: code, now: Instant(seconds: made + seconds), after: 0) != nil
        }
        #expect(accepted == [false, true, true, true, false])
    }

    @Test func `a secret is written in base 32`() throws {
        #expect(Base32.encode(Self.key(20)) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
        for count in 0..<40 {
            let bytes = Random.bytes(count)
            #expect(Base32.decode(Base32.encode(bytes)) == bytes)
        }
        for text in ["GEZDGNBV1", "gezdgnbv", "GEZ=", "short"] { #expect(OneTimePassword(base32: text) == nil) }
        #expect(OneTimePassword().base32.count == 32)
    }

    @Test func `the address for the app names account and issuer`() throws {
        let password = try #require(OneTimePassword(base32: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))
        #expect(
            password.uri(account: "asha@example.com", issuer: "Asha & Söhne")
                == "otpauth://totp/Asha%20%26%20S%C3%B6hne:asha%40example.com"
                + "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Asha%20%26%20S%C3%B6hne")
    }
}
