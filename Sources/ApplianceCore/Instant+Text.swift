extension Instant: CustomStringConvertible, LosslessStringConvertible {
    /// `YYYY-MM-DDTHH:MM:SS.sssZ`, 24 bytes.
    package var description: String {
        let days = milliseconds.floorDivided(by: 86_400_000)
        let inDay = Int(milliseconds - days * 86_400_000)
        let date = CivilDate(daysSince1970: Int(days))
        return String(unsafeUninitializedCapacity: 24) { bytes in
            date.write(into: bytes)
            bytes[10] = UInt8(ascii: "T")
            bytes.writeDigits(inDay / 3_600_000, at: 11, count: 2)
            bytes[13] = UInt8(ascii: ":")
            bytes.writeDigits(inDay / 60_000 % 60, at: 14, count: 2)
            bytes[16] = UInt8(ascii: ":")
            bytes.writeDigits(inDay / 1000 % 60, at: 17, count: 2)
            bytes[19] = UInt8(ascii: ".")
            bytes.writeDigits(inDay % 1000, at: 20, count: 3)
            bytes[23] = UInt8(ascii: "Z")
            return 24
        }
    }

    /// Parses RFC 3339: `T` or a space between date and time, one to nine decimals (cut to milliseconds), `Z` or an
    /// offset. Refuses impossible dates, 24:00, leap seconds and years outside 0001–9999.
    package init?(_ text: String) {
        guard let instant = Self.parse(Array(text.utf8)) else { return nil }
        self = instant
    }

    private static func parse(_ bytes: [UInt8]) -> Instant? {
        guard bytes.count >= 20, bytes.count <= 35,
            let date = CivilDate(bytes: bytes[0..<10]),
            [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(bytes[10]),
            let hour = digits(bytes[11..<13]), hour < 24, bytes[13] == UInt8(ascii: ":"),
            let minute = digits(bytes[14..<16]), minute < 60, bytes[16] == UInt8(ascii: ":"),
            let second = digits(bytes[17..<19]), second < 60
        else { return nil }
        var position = 19
        var fraction = 0
        if bytes[position] == UInt8(ascii: ".") {
            guard let (value, end) = decimals(bytes, from: position + 1) else { return nil }
            (fraction, position) = (value, end)
        }
        guard let offset = offsetMinutes(bytes[position...]) else { return nil }
        let local = Int64(date.daysSince1970) * 86_400_000 + Int64(hour * 3_600_000 + minute * 60_000 + second * 1000)
        let milliseconds = local + Int64(fraction) - Int64(offset) * 60_000
        guard milliseconds >= earliest.milliseconds, milliseconds <= latest.milliseconds else { return nil }
        return Instant(milliseconds: milliseconds)
    }

    /// Milliseconds from one to nine decimals, and the index behind the last.
    private static func decimals(_ bytes: [UInt8], from start: Int) -> (milliseconds: Int, end: Int)? {
        var end = start
        while end < bytes.count, bytes[end].isASCIIDigit { end += 1 }
        guard end > start, end - start <= 9, end < bytes.count else { return nil }
        var milliseconds = 0
        for index in start..<start + 3 {
            milliseconds = milliseconds * 10 + (index < end ? Int(bytes[index] - UInt8(ascii: "0")) : 0)
        }
        return (milliseconds, end)
    }

    private static func offsetMinutes(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = bytes.first else { return nil }
        if first == UInt8(ascii: "Z") || first == UInt8(ascii: "z") { return bytes.count == 1 ? 0 : nil }
        let start = bytes.startIndex
        guard bytes.count == 6, first == UInt8(ascii: "+") || first == UInt8(ascii: "-"),
            let hours = digits(bytes[start + 1..<start + 3]), hours < 24, bytes[start + 3] == UInt8(ascii: ":"),
            let minutes = digits(bytes[start + 4..<start + 6]), minutes < 60
        else { return nil }
        return (first == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }
}

/// The value of a short run of ASCII digits; nil when any byte is something else.
package func digits(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard !bytes.isEmpty, bytes.count <= 9 else { return nil }
    var value = 0
    for byte in bytes {
        guard byte.isASCIIDigit else { return nil }
        value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return value
}

extension UInt8 {
    package var isASCIIDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
}

extension UnsafeMutableBufferPointer<UInt8> {
    /// Writes `value` as exactly `count` decimal digits, the high ones cut off.
    package func writeDigits(_ value: Int, at start: Int, count: Int) {
        var rest = value
        for index in stride(from: start + count - 1, through: start, by: -1) {
            self[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}
