import ApplianceCore
import Foundation
import Storage

/// Where a page ended: the sort keys' values of its last record, so that the next page starts right behind it whatever
/// was inserted or deleted meanwhile. Bound to the order and, in a list of the past, to its time. Opaque to clients:
/// base64url of a JSON array.
struct ListCursor: Sendable {
    let values: [SQLValue]

    /// Characters: four sort keys of the longest texts of one line.
    private static let maximumLength = 16_000

    init(values: [SQLValue]) { self.values = values }

    /// Refuses a cursor that was made for another order.
    init(_ text: String, sort: [ListQuery.SortKey], at: Instant? = nil) throws(ValueFault) {
        let invalid = ValueFault("not_a_cursor", "Not a cursor of this list and order.")
        guard text.utf8.count <= Self.maximumLength, let data = Self.decode(text),
            let json = try? JSONParser.parse(Array(data)), let parts = json.arrayValue,
            parts.count == sort.count + 1, parts.first == .string(Self.signature(sort, at))
        else { throw invalid }
        values = try zip(parts.dropFirst(), sort).map { part, key throws(ValueFault) in
            switch part {
            case .null where key.isNullable: .null
            case .integer(let number): .integer(number)
            case .string(let text): .text(text)
            default: throw invalid
            }
        }
    }

    func text(sort: [ListQuery.SortKey], at: Instant? = nil) -> String {
        let parts = values.map { value -> JSON in
            switch value {
            case .null: .null
            case .integer(let number): .integer(number)
            case .text(let text): .string(text)
            }
        }
        return Base64URL.encode(JSON.array([.string(Self.signature(sort, at))] + parts).bytes)
    }

    private static func signature(_ sort: [ListQuery.SortKey], _ at: Instant?) -> String {
        let order = sort.map { ($0.descending ? "-" : "") + $0.column }.joined(separator: ",")
        return at.map { "\(order)@\($0)" } ?? order
    }

    private static func decode(_ text: String) -> Data? {
        var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        return Data(base64Encoded: base64)
    }
}
