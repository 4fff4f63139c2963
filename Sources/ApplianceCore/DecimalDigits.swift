extension [UInt8] {
    /// Appends `value` in decimal digits, without the string that `String(value)` makes of it first.
    package mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var (rest, digits) = (value.magnitude, 1)
        while rest >= 10 { (rest, digits) = (rest / 10, digits + 1) }
        append(contentsOf: repeatElement(UInt8(ascii: "0"), count: digits))
        rest = value.magnitude
        withUnsafeMutableBufferPointer { bytes in
            // Backwards over the zeros just appended.
            for place in (bytes.count - digits..<bytes.count).reversed() {
                bytes[place] += UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
        }
    }
}
