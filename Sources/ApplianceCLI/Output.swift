import ApplianceCore
import Foundation

/// What commands print: JSON, or short aligned lines.
enum Output {
    static func print(_ json: JSON) { Swift.print(json.text) }

    /// Rows under a heading, columns aligned to their longest cell.
    static func table(_ heading: [String], _ rows: [[String]]) {
        let all = [heading] + rows
        let widths = heading.indices.map { column in all.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        for row in all {
            let cells = row.enumerated().map { index, cell in
                cell + String(repeating: " ", count: max(0, widths[index] - cell.count))
            }
            Swift.print(cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces))
        }
    }

    /// Names and values below each other.
    static func facts(_ facts: [(String, String)]) {
        let width = facts.map(\.0.count).max() ?? 0
        for (name, value) in facts {
            Swift.print(name + String(repeating: " ", count: width - name.count + 2) + value)
        }
    }

    /// A member as text; an empty text for null.
    static func text(_ json: JSON, _ name: String) -> String {
        switch json[name] {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .bool(let flag): flag ? "yes" : "no"
        case .array(let items): items.compactMap(\.stringValue).joined(separator: ",")
        default: ""
        }
    }

    /// `1 shop`, `2 shops`.
    static func count(_ number: Int64?, _ thing: String) -> String {
        "\(number ?? 0) \(thing)\(number == 1 ? "" : "s")"
    }

    static func bytes(_ count: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var (value, unit) = (Double(count), 0)
        while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
        return unit == 0 ? "\(count) B" : String(format: "%.1f %@", value, units[unit])
    }

    static func error(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    /// True after the person typed exactly `expected`. Without a terminal nobody can be asked.
    static func confirm(_ question: String, expected: String) throws -> Bool {
        guard isatty(STDIN_FILENO) == 1 else {
            throw DomainError(.invalid, "usage", "This replaces data: say --yes, or run it in a terminal.")
        }
        Swift.print("\(question) Type \(expected) to go on: ", terminator: "")
        fflush(nil)
        return readLine(strippingNewline: true) == expected
    }
}
