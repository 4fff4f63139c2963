import ApplianceCore
import Storage

/// How an API key is written: `apl_`, 30 characters of base 62, and their CRC-32 as six more. Typing errors are found
/// without asking a file, and scanners of leaked secrets can tell a key from noise.
///
/// 22 of the 30 are random (131 bits); the last eight say which shop the key is of: no list of all keys is needed.
struct APIKeyText: Sendable {
    static let prefix = "apl_"
    private static let randomLength = 22
    private static let tagLength = 8
    private static let checksumLength = 6
    /// The random characters that are shown to tell keys apart.
    private static let shownLength = 6
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    let text: String

    /// A new key of a shop.
    init(tenantID: String) {
        var generator = SystemRandomNumberGenerator()
        let random = (0..<Self.randomLength).map { _ in
            Self.alphabet[Int(UInt8.random(in: 0..<62, using: &generator))]
        }
        let body = String(decoding: random, as: UTF8.self) + Self.tag(ofTenant: tenantID)
        text = Self.prefix + body + Self.checksum(body)
    }

    /// Nil for what cannot be a key.
    init?(_ text: String) {
        let bytes = text.utf8.dropFirst(Self.prefix.utf8.count)
        let bodyLength = Self.randomLength + Self.tagLength
        guard text.hasPrefix(Self.prefix), bytes.count == bodyLength + Self.checksumLength,
            bytes.allSatisfy({ Self.alphabet.contains($0) }),
            Self.checksum(String(decoding: bytes.prefix(bodyLength), as: UTF8.self))
                == String(decoding: bytes.suffix(Self.checksumLength), as: UTF8.self)
        else { return nil }
        self.text = text
    }

    var hash: String { Digest.of(Array(text.utf8)) }
    /// What is kept to recognize it by.
    var start: String { String(text.prefix(Self.prefix.utf8.count + Self.shownLength)) }
    var tag: String { String(text.dropLast(Self.checksumLength).suffix(Self.tagLength)) }

    /// Eight characters that stand for a shop's id, and tell nothing of it.
    static func tag(ofTenant id: String) -> String {
        let number = Digest.raw("api key \(id)").prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return base62(number, length: tagLength)
    }

    static func checksum(_ body: String) -> String { base62(UInt64(crc32(body)), length: checksumLength) }

    /// The last `length` digits, zeros in front.
    private static func base62(_ number: UInt64, length: Int) -> String {
        var (rest, digits) = (number, [UInt8]())
        for _ in 0..<length {
            digits.append(alphabet[Int(rest % 62)])
            rest /= 62
        }
        return String(decoding: digits.reversed(), as: UTF8.self)
    }

    /// CRC-32 of IEEE 802.3, bit by bit: a key has thirty bytes.
    private static func crc32(_ text: String) -> UInt32 {
        ~text.utf8.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
    }
}
