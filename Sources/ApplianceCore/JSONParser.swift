/// A strict RFC 8259 parser for bytes from outside: UTF-8 without BOM, no trailing commas, no duplicate names, no lone
/// surrogates, bounded depth and size. Foundation's decoders accept all of these, and keep the first of two equal names
/// where most other parsers keep the last.
package struct JSONParser {
    package enum Limit {
        /// Nested arrays and objects.
        package static let depth = 32
        /// Values in one document.
        package static let values = 200_000
        /// Powers of ten that a whole number may be written with.
        fileprivate static let exponents = -100...100
        /// Of the largest whole number below 2^53.
        fileprivate static let exactDigits = 16
    }

    private static let zeroDigits = "0000000000000000"

    package struct Fault: Error, Equatable {
        package let message: String
        /// Byte offset.
        package let offset: Int
    }

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var values = 0

    package static func parse(_ bytes: [UInt8]) throws(Fault) -> JSON { try parse(bytes[...]) }

    package static func parse(_ bytes: ArraySlice<UInt8>) throws(Fault) -> JSON {
        var parser = JSONParser(bytes: bytes, position: bytes.startIndex)
        parser.skipSpace()
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.endIndex else { throw parser.fault("Unexpected text after the value") }
        return value
    }

    private init(bytes: ArraySlice<UInt8>, position: Int) { (self.bytes, self.position) = (bytes, position) }

    private func fault(_ message: String) -> Fault { Fault(message: message, offset: position - bytes.startIndex) }

    private var current: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int) throws(Fault) -> JSON {
        guard depth <= Limit.depth else { throw fault("Nested deeper than \(Limit.depth)") }
        values += 1
        guard values <= Limit.values else { throw fault("More than \(Limit.values) values") }
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case .some(let byte) where byte == UInt8(ascii: "-") || byte.isASCIIDigit: return try number()
        case .some: throw fault("Unexpected character")
        case nil: throw fault("Unexpected end")
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws(Fault) -> JSON {
        let end = position + word.utf8.count
        guard end <= bytes.endIndex, bytes[position..<end].elementsEqual(word.utf8) else {
            throw fault("Unexpected character")
        }
        position = end
        return value
    }

    private mutating func array(depth: Int) throws(Fault) -> JSON {
        position += 1
        var elements: [JSON] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            skipSpace()
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if try endOfList(UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    private mutating func object(depth: Int) throws(Fault) -> JSON {
        position += 1
        var members: [JSON.Member] = []
        var seen = Set<String>()
        skipSpace()
        if current == UInt8(ascii: "}") {
            position += 1
            return .object([])
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw fault("Expected a member name") }
            let name = try string()
            // A few members are compared one by one; a set only pays for large objects.
            let isDuplicate = members.count < 16 ? members.contains { $0.name == name } : !seen.insert(name).inserted
            guard !isDuplicate else { throw fault("The name \"\(name.prefix(40))\" occurs twice") }
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw fault("Expected a colon") }
            position += 1
            skipSpace()
            members.append(JSON.Member(name, try value(depth: depth + 1)))
            if members.count == 16 { seen = Set(members.map(\.name)) }
            skipSpace()
            if try endOfList(UInt8(ascii: "}")) { return .object(members) }
        }
    }

    /// Steps over a comma (false) or the closing byte (true).
    private mutating func endOfList(_ close: UInt8) throws(Fault) -> Bool {
        guard let byte = current else { throw fault("Unexpected end") }
        guard byte == close || byte == UInt8(ascii: ",") else { throw fault("Expected a comma or an end") }
        position += 1
        return byte == close
    }

    private mutating func number() throws(Fault) -> JSON {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        let first = position
        skipDigits()
        guard position > first, bytes[first] != UInt8(ascii: "0") || position == first + 1 else {
            throw fault("Malformed number")
        }
        var isWhole = true
        if current == UInt8(ascii: ".") {
            isWhole = false
            try skipDigitsAfterMark()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isWhole = false
            if let next = position + 1 < bytes.endIndex ? bytes[position + 1] : nil,
                next == UInt8(ascii: "+") || next == UInt8(ascii: "-")
            {
                position += 1
            }
            try skipDigitsAfterMark()
        }
        guard position - start <= 40 else { throw fault("Number too long") }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        if !isWhole, let value = Self.whole(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw fault("Number out of range") }
        return .number(value)
    }

    /// What is whole and every client keeps exactly (RFC 8259 §6), though it is written with a fraction or an exponent:
    /// `1490.0`, `1e3`. Nil for any other. Told by its digits: 4503599627370497.5 would be whole as a double.
    private static func whole(_ text: String) -> Int64? {
        let parts = text.trimmingPrefix("-").split(maxSplits: 1) { $0 == "e" || $0 == "E" }
        let halves = (parts.first ?? "").split(separator: ".")
        let digits = halves.joined(separator: "").drop { $0 == "0" }
        if digits.isEmpty { return 0 }
        let trailing = digits.reversed().prefix { $0 == "0" }.count
        let significant = digits.dropLast(trailing)
        guard let exponent = parts.count == 2 ? Int(parts[1]) : 0, Limit.exponents.contains(exponent) else {
            return nil
        }
        let zeros = exponent - (halves.count == 2 ? halves[1].count : 0) + trailing
        guard zeros >= 0, significant.count + zeros <= Limit.exactDigits,
            let number = Int64(significant + zeroDigits.prefix(zeros)), number < 1 << 53
        else { return nil }
        return text.hasPrefix("-") ? -number : number
    }

    private mutating func skipDigits() {
        while let byte = current, byte.isASCIIDigit { position += 1 }
    }

    private mutating func skipDigitsAfterMark() throws(Fault) {
        position += 1
        let first = position
        skipDigits()
        guard position > first else { throw fault("Malformed number") }
    }

    private mutating func string() throws(Fault) -> String {
        position += 1
        let start = position
        while let byte = current {
            if byte == UInt8(ascii: "\"") {
                let text = try checked(bytes[start..<position])
                position += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw fault("Control character in a string") }
            position += 1
        }
        throw fault("Unexpected end in a string")
    }

    private func checked(_ slice: ArraySlice<UInt8>) throws(Fault) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw fault("Not UTF-8") }
        return text
    }

    /// Goes on behind the first backslash of a string that began at `start`.
    private mutating func escapedString(from start: Int) throws(Fault) -> String {
        var out = Array(bytes[start..<position])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                let text = try checked(out[...])
                position += 1
                return text
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &out)
            default:
                guard byte >= 0x20 else { throw fault("Control character in a string") }
                out.append(byte)
                position += 1
            }
        }
        throw fault("Unexpected end in a string")
    }

    private mutating func escape(into out: inout [UInt8]) throws(Fault) {
        guard let byte = current else { throw fault("Unexpected end in a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"): out.append(contentsOf: Array(String(try unicodeEscape()).utf8))
        default: throw fault("Unknown escape")
        }
    }

    private mutating func unicodeEscape() throws(Fault) -> Character {
        var value = try fourHexDigits()
        if (0xD800..<0xDC00).contains(value) {
            guard position + 1 < bytes.endIndex, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            else { throw fault("Lone surrogate") }
            position += 2
            let low = try fourHexDigits()
            guard (0xDC00..<0xE000).contains(low) else { throw fault("Lone surrogate") }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw fault("Lone surrogate") }
        return Character(scalar)
    }

    private mutating func fourHexDigits() throws(Fault) -> UInt32 {
        guard position + 4 <= bytes.endIndex else { throw fault("Malformed escape") }
        var value: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw fault("Malformed escape")
            }
            value = value << 4 | UInt32(digit)
        }
        position += 4
        return value
    }
}
