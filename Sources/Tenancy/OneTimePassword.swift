import ApplianceCore
import Crypto
import Foundation

/// One-time passwords of RFC 4226 and 6238, as authenticator apps make them: SHA-1, six digits, 30 seconds. Other
/// algorithms are in the tests' vectors only, because most apps ignore what an address says of them.
struct OneTimePassword: Sendable {
    enum Limit {
        /// 160 bits, as RFC 4226 recommends.
        static let secretBytes = 20
        static let digits = 6
        static let period: Int64 = 30
        /// Steps before and behind the clock's that are accepted.
        static let drift: Int64 = 1
    }

    private let secret: [UInt8]

    init() { secret = Random.bytes(Limit.secretBytes) }

    /// Nil for what is not base 32 of at least 80 bits.
    init?(base32 text: String) {
        guard let bytes = Base32.decode(text), bytes.count >= 10 else { return nil }
        secret = bytes
    }

    var base32: String { Base32.encode(secret) }

    /// What the QR code of an enrolment says.
    func uri(account: String, issuer: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        func escaped(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: allowed) ?? "" }
        return "otpauth://totp/\(escaped(issuer)):\(escaped(account))?secret=\(base32)&issuer=\(escaped(issuer))"
    }

    static func step(at now: Instant) -> Int64 { now.seconds.floorDivided(by: Limit.period) }

    /// The step whose code this is, if it is one of now and behind `last`: a code counts once. Spaces do not matter.
    func step(of code: String, now: Instant, after last: Int64) -> Int64? {
        let given = Array(code.utf8.filter { $0 != UInt8(ascii: " ") })
        let current = Self.step(at: now)
        var found: Int64?
        // All three are made and compared in full, whichever fits.
        for step in (current - Limit.drift)...(current + Limit.drift) {
            let right = Array(Self.code(Insecure.SHA1.self, secret, counter: step, digits: Limit.digits).utf8)
            let differs = zip(given, right).reduce(UInt8(given.count == right.count ? 0 : 1)) { $0 | ($1.0 ^ $1.1) }
            if differs == 0, step > last { found = step }
        }
        return found
    }

    /// HOTP: the HMAC of the counter, cut to `digits` decimal digits (1–9).
    static func code<Hash: HashFunction>(_: Hash.Type, _ secret: [UInt8], counter: Int64, digits: Int) -> String {
        let message = (0..<8).reversed().map { UInt8(truncatingIfNeeded: counter >> ($0 * 8)) }
        let code = Array(HMAC<Hash>.authenticationCode(for: message, using: SymmetricKey(data: secret)))
        let offset = Int((code.last ?? 0) & 15)
        let number = code.dropFirst(offset).prefix(4).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } & 0x7FFF_FFFF
        let modulus = (0..<min(max(digits, 1), 9)).reduce(UInt64(1)) { power, _ in power * 10 }
        let text = String(number % modulus)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

/// RFC 4648 §6 without padding.
enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var (text, pending, bits) = ([UInt8](), 0, 0)
        for byte in bytes {
            (pending, bits) = ((pending << 8 | Int(byte)) & 0xFFFF, bits + 8)
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[pending >> bits & 31])
            }
        }
        if bits > 0 { text.append(alphabet[pending << (5 - bits) & 31]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for anything else than upper-case letters and digits of the alphabet.
    static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 200 else { return nil }
        var (bytes, pending, bits) = ([UInt8](), 0, 0)
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            (pending, bits) = ((pending << 5 | value) & 0xFFFF, bits + 5)
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> bits))
            }
        }
        return bytes
    }
}
