import ApplianceCore

/// Writes RFC 4180 with CRLF, and keeps spreadsheets from running a cell as a formula.
package enum CSVWriter {
    package static func append(_ cells: [String], to out: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            append(cell, to: &out)
        }
        out.append(contentsOf: [UInt8(ascii: "\r"), UInt8(ascii: "\n")])
    }

    private static func append(_ cell: String, to out: inout [UInt8]) {
        let needsQuotes = cell.utf8.contains { byte in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "\r"), UInt8(ascii: "\n"): true
            default: false
            }
        }
        guard needsQuotes else { return out.append(contentsOf: cell.utf8) }
        out.append(UInt8(ascii: "\""))
        for byte in cell.utf8 {
            if byte == UInt8(ascii: "\"") { out.append(byte) }
            out.append(byte)
        }
        out.append(UInt8(ascii: "\""))
    }

    /// A text that a spreadsheet would take for a formula gets an apostrophe in front. Phone numbers and negative
    /// numbers begin with a sign and a digit and stay as they are.
    static func guarded(_ text: String) -> String { isRisky(text) ? "'" + text : text }

    /// Undoes `guarded`, so that an export can be imported again.
    static func unguarded(_ text: String) -> String {
        text.hasPrefix("'") && isRisky(String(text.dropFirst())) ? String(text.dropFirst()) : text
    }

    private static func isRisky(_ text: String) -> Bool {
        // Apostrophes in front are looked through, so that a text that has one of its own comes back with it.
        let bytes = text.utf8.drop { $0 == UInt8(ascii: "'") }
        guard let first = bytes.first else { return false }
        switch first {
        case UInt8(ascii: "="), UInt8(ascii: "@"), 0x09: return true
        case UInt8(ascii: "+"), UInt8(ascii: "-"): return !(bytes.dropFirst().first?.isASCIIDigit ?? false)
        default: return false
        }
    }
}
