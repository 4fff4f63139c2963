/// Decimal numbers as integers of their last digit: `12.50` with two digits behind the point is 1250. Exact in storage,
/// in sums and in every client.
package enum FixedPoint {
    /// Digits in all. Below 10^15 a number is exact in every client, also where numbers are doubles.
    package static let maximumDigits = 15

    /// `1250` at scale 2 is `12.50`.
    package static func text(_ units: Int64, scale: Int) -> String {
        guard scale > 0 else { return String(units) }
        let digits = String(units.magnitude)
        let padded = String(repeating: "0", count: max(0, scale + 1 - digits.utf8.count)) + digits
        return (units < 0 ? "-" : "") + padded.dropLast(scale) + "." + padded.suffix(scale)
    }

    /// `12.5` or `12` at scale 2. Nil for more digits behind the point than `scale`, other characters, or more than 15
    /// digits.
    package static func units(_ text: String, scale: Int) -> Int64? {
        var bytes = ArraySlice(text.utf8)
        let negative = bytes.first == UInt8(ascii: "-")
        if negative { bytes = bytes.dropFirst() }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, !whole.isEmpty else { return nil }
        let fraction = parts.count == 2 ? parts[1] : []
        guard parts.count == 1 || !fraction.isEmpty, fraction.count <= scale, whole.count + scale <= maximumDigits
        else { return nil }
        var value: Int64 = 0
        for byte in whole + fraction {
            guard byte.isASCIIDigit else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        for _ in fraction.count..<scale { value *= 10 }
        return negative ? -value : value
    }
}
