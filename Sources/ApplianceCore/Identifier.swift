import Foundation
import Synchronization

/// Makes record ids: a type prefix, an underscore and a ULID (`cus_01K…`): 48 bits of milliseconds, 80 random bits, in
/// lower-case Crockford base 32. Ids made within one millisecond count upwards, so ids sort by creation.
package final class IdentifierSource: Sendable {
    private struct State {
        var milliseconds: UInt64 = 0
        var high: UInt64 = 0
        var low: UInt64 = 0
    }

    private let state = Mutex(State())
    private let time: TimeSource

    package init(time: TimeSource) { self.time = time }

    package func next(_ prefix: String) -> String {
        let now = UInt64(max(0, time.now().milliseconds))
        let (milliseconds, high, low) = state.withLock { state in
            // A clock set back does not make ids go back.
            if now > state.milliseconds {
                state.milliseconds = now
                state.high = UInt64.random(in: 0..<(1 << 39))
                state.low = UInt64.random(in: 0..<(1 << 40))
            } else {
                state.low += 1
                if state.low == 1 << 40 { (state.low, state.high) = (0, state.high + 1) }
            }
            return (state.milliseconds, state.high, state.low)
        }
        return prefix + "_" + Self.ulid(milliseconds: milliseconds, high: high, low: low)
    }

    /// 26 characters: 10 for the time, 8 for each half of the random part.
    private static func ulid(milliseconds: UInt64, high: UInt64, low: UInt64) -> String {
        String(unsafeUninitializedCapacity: 26) { bytes in
            for (value, range) in [(milliseconds, 0..<10), (high, 10..<18), (low, 18..<26)] {
                var rest = value
                for index in range.reversed() {
                    bytes[index] = alphabet[Int(rest & 31)]
                    rest >>= 5
                }
            }
            return 26
        }
    }

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}

/// Bytes from the operating system's random source, for keys and tokens.
package enum Random {
    package static func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// `bytes` random bytes in base64url without padding.
    package static func token(bytes count: Int = 32) -> String { Base64URL.encode(bytes(count)) }
}

/// RFC 4648 §5 without padding.
package enum Base64URL {
    package static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: (bytes.count * 4 + 2) / 3) { text in
            var (pending, bits, end) = (0, 0, 0)
            for byte in bytes {
                (pending, bits) = ((pending << 8 | Int(byte)) & 0xFFFF, bits + 8)
                while bits >= 6 {
                    bits -= 6
                    text[end] = alphabet[pending >> bits & 63]
                    end += 1
                }
            }
            guard bits > 0 else { return end }
            text[end] = alphabet[pending << (6 - bits) & 63]
            return end + 1
        }
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The bytes of exactly what `encode` makes of them; nil for any other text: padding, another alphabet, bits behind
    /// the end.
    package static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count * 3 / 4)
        var (pending, bits): (UInt32, Int) = (0, 0)
        for character in text.utf8 {
            guard let value = value(character) else { return nil }
            (pending, bits) = ((pending << 6 | value) & 0xFFFF, bits + 6)
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
        }
        let isWhole = bits < 6 && pending & ((1 << UInt32(bits)) - 1) == 0
        return isWhole ? bytes : nil
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}

extension Swift.Collection<UInt8> {
    /// Two lower-case hexadecimal digits a byte.
    package var hexadecimal: String {
        func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }
        return String(unsafeUninitializedCapacity: 2 * count) { digits in
            var end = 0
            for byte in self {
                digits[end] = digit(byte >> 4)
                digits[end + 1] = digit(byte & 15)
                end += 2
            }
            return end
        }
    }
}
