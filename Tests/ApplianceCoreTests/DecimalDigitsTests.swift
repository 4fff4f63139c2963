import ApplianceCore
import Testing

@Suite struct DecimalDigitsTests {
    @Test(arguments: [0, 1, -1, 9, 10, 99, 100, 12_345, -60_000_000, .max, .min] as [Int64])
    func `digits are those of the number's own text`(_ number: Int64) {
        var bytes = Array("n=".utf8)
        bytes.append(decimal: number)
        #expect(String(decoding: bytes, as: UTF8.self) == "n=\(number)")
    }
}
