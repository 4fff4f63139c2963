import ApplianceCore
import Testing

struct FixedPointTests {
    @Test(arguments: [
        ("12.5", 2, 1250, "12.50"), ("-0.05", 2, -5, "-0.05"), ("0", 3, 0, "0.000"), ("7", 0, 7, "7"),
        ("123456789012.345", 3, 123_456_789_012_345, "123456789012.345"), ("-1", 1, -10, "-1.0"),
    ])
    func `a decimal is exact both ways`(text: String, scale: Int, units: Int64, written: String) {
        #expect(FixedPoint.units(text, scale: scale) == units)
        #expect(FixedPoint.text(units, scale: scale) == written)
    }

    @Test(arguments: [
        "", "-", ".", "1.", ".5", "1.234", "1e3", "+1", " 1", "1,5", "12345678901234", "١", "--1", "1.2.3",
    ])
    func `anything else is none`(text: String) { #expect(FixedPoint.units(text, scale: 2) == nil) }
}
