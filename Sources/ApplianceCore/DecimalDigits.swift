/// Decimal digits as bytes, without the string that `String(value)` makes of them first.
package enum DecimalDigits {
    /// The digits of `Int64.min` and its sign.
    package static let longest = 20

    /// Writes `value` so that it ends before `place`, and moves `place` to its first byte. There are `longest` bytes of
    /// room or as many as `value` has.
    package static func write(_ value: Int64, to text: UnsafeMutableBufferPointer<UInt8>, before place: inout Int) {
        var rest = value.magnitude
        repeat {
            place -= 1
            text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        if value < 0 {
            place -= 1
            text[place] = UInt8(ascii: "-")
        }
    }
}

extension [UInt8] {
    package mutating func append(decimal value: Int64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: DecimalDigits.longest) { digits in
            var place = digits.count
            DecimalDigits.write(value, to: digits, before: &place)
            append(contentsOf: UnsafeBufferPointer(rebasing: digits[place...]))
        }
    }
}
