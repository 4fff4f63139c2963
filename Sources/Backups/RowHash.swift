/// A number of 128 bits for the values of a row, in their order. Not cryptographic: it has to be fast, because it sees
/// every value of every backup.
///
/// Two words `high` and `low` begin as the first and second constant; each pair (x, y) makes them
/// `fold(high ^ x, y ^ third) + low` and `fold(low ^ y, x ^ fourth) ^ high`, modulo 2⁶⁴, where `fold` is the upper word
/// of the 128-bit product exclusive-or the lower. A number is the pair (its letter, its 64 bits); a text or a blob is
/// (its letter, its length in bytes) and then its bytes in pairs of little-endian words, filled up with zeros.
struct RowHash {
    enum Letter: UInt8 {
        case integer = 0x69
        case real = 0x72
        case null = 0x6E
        case text = 0x74
        case blob = 0x62
    }

    /// Digits of π behind its point.
    private static let constants: (UInt64, UInt64, UInt64, UInt64) = (
        0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344, 0xA409_3822_299F_31D0, 0x082E_FA98_EC4E_6C89
    )

    private(set) var high = constants.0
    private(set) var low = constants.1

    init() {}

    /// Begins with other numbers than the two constants.
    init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    mutating func add(_ letter: Letter, _ bits: UInt64) { mix(UInt64(letter.rawValue), bits) }

    mutating func add(_ letter: Letter, _ text: String) {
        var text = text
        text.withUTF8 { add(letter, UnsafeRawBufferPointer($0)) }
    }

    mutating func add(_ letter: Letter, _ bytes: UnsafeRawBufferPointer) {
        mix(UInt64(letter.rawValue), UInt64(bytes.count))
        var offset = 0
        while offset + 16 <= bytes.count {
            mix(Self.word(bytes, offset), Self.word(bytes, offset + 8))
            offset += 16
        }
        guard offset < bytes.count else { return }
        var rest: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &rest) { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset...])) }
        mix(UInt64(littleEndian: rest.0), UInt64(littleEndian: rest.1))
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    private static func fold(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let product = one.multipliedFullWidth(by: other)
        return product.high ^ product.low
    }

    private mutating func mix(_ first: UInt64, _ second: UInt64) {
        (high, low) = (
            Self.fold(high ^ first, second ^ Self.constants.2) &+ low,
            Self.fold(low ^ second, first ^ Self.constants.3) ^ high
        )
    }
}
