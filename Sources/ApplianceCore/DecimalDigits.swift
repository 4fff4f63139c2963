extension [UInt8] {
    /// The digits of `Int64.min` and its sign.
    private static let longest = 20

    /// Appends `value` in decimal digits, without the string that `String(value)` makes of it first.
    package mutating func append(decimal value: Int64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.longest) { digits in
            var (rest, place) = (value.magnitude, digits.count)
            repeat {
                place -= 1
                digits[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if value < 0 {
                place -= 1
                digits[place] = UInt8(ascii: "-")
            }
            append(contentsOf: UnsafeBufferPointer(rebasing: digits[place...]))
        }
    }
}
