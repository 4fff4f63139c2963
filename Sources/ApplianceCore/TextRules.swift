import Foundation

/// How text from outside becomes text we keep: NFC, trimmed, without control characters.
package enum TextRules {
    /// Nil when the text has a control character; `multiline` allows tab and line feeds.
    package static func normalized(_ text: String, multiline: Bool = false) -> String? {
        var isASCII = true
        for byte in text.utf8 {
            if byte < 0x20 {
                guard multiline, byte == 0x0A || byte == 0x09 || byte == 0x0D else { return nil }
            } else if byte == 0x7F {
                return nil
            } else if byte > 0x7F {
                isASCII = false
            }
        }
        if isASCII { return trimmed(text) }
        // C1 controls, line and paragraph separators, and the marks that reorder or hide what a person reads.
        for scalar in text.unicodeScalars where isHidden(scalar.value) { return nil }
        return trimmed(text.precomposedStringWithCanonicalMapping)
    }

    private static func isHidden(_ value: UInt32) -> Bool {
        switch value {
        case 0x80...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFF9...0xFFFB: true
        default: false
        }
    }

    private static func trimmed(_ text: String) -> String {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last else { return text }
        if first > 0x20, first < 0x80, last > 0x20, last < 0x80 { return text }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The shape of an address that a mail server could take: one `@`, no spaces, a dot in the domain; ≤ 254 bytes.
    package static func isEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= 254, parts.count == 2, let local = parts.first, let domain = parts.last,
            !local.isEmpty, local.utf8.count <= 64, !text.contains(where: \.isWhitespace)
        else { return false }
        let labels = domain.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2 && labels.allSatisfy(isDomainLabel)
            && !text.contains { "<>()[]\\,;:\"".contains($0) }
    }

    private static func isDomainLabel(_ label: Substring) -> Bool {
        !label.isEmpty && label.utf8.count <= 63 && !label.hasPrefix("-") && !label.hasSuffix("-")
            && label.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" }
    }

    /// A tenant's name in addresses: 3–40 of `a-z`, `0-9` and single inner dashes.
    package static func isSlug(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (3...40).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else {
            return false
        }
        return !text.contains("--")
            && bytes.allSatisfy { $0 == UInt8(ascii: "-") || $0.isASCIIDigit || (0x61...0x7A).contains($0) }
    }
}
