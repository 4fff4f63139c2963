import ApplianceCore
package import Hummingbird

/// The parameters of a request's query, decoded strictly: malformed escapes and bytes that are not UTF-8 are a 400.
package enum QueryString {
    package enum Limit {
        static let parameters = 100
        static let bytes = 16_384
    }

    package static func parameters(of request: Request) throws -> [(name: String, value: String)] {
        guard let query = request.uri.query, !query.isEmpty else { return [] }
        guard query.utf8.count <= Limit.bytes else { throw malformed }
        let pairs = query.utf8.split(separator: UInt8(ascii: "&"))
        guard pairs.count <= Limit.parameters else { throw malformed }
        return try pairs.map { pair in
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (try decoded(parts[0]), parts.count > 1 ? try decoded(parts[1]) : "")
        }
    }

    private static let malformed = DomainError.malformed("query_malformed", "The query of the address is malformed.")

    private static func decoded(_ bytes: Substring.UTF8View.SubSequence) throws -> String {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"): out.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(hexValue), let low = iterator.next().flatMap(hexValue) else {
                    throw malformed
                }
                out.append(high << 4 | low)
            default: out.append(byte)
            }
        }
        guard let text = String(validating: out, as: UTF8.self) else { throw malformed }
        return text
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
