/// Rows whatever their order: how many, and their hashes added modulo 2¹²⁸.
struct RowSum: Equatable {
    private(set) var rows: Int64 = 0
    private var (high, low) = (UInt64(0), UInt64(0))

    /// 32 digits.
    var hexadecimal: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

    mutating func add(_ row: RowHash) {
        let (sum, overflow) = low.addingReportingOverflow(row.low)
        low = sum
        high &+= row.high &+ (overflow ? 1 : 0)
        rows += 1
    }

    private static func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
