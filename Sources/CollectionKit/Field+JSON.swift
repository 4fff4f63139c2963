import ApplianceCore
import Foundation
import Storage

/// A fault of a value, without the field's name, which the caller knows.
struct ValueFault: Error {
    let code: String
    let message: String

    init(_ code: String, _ message: String) { (self.code, self.message) = (code, message) }
}

extension Field {
    /// The column value for a JSON value. Null is for the caller to judge.
    func value(json: JSON) throws(ValueFault) -> SQLValue {
        switch (type, json) {
        case (_, .null): return .null
        case (.text(let format, let max), .string(let text)): return try self.text(text, format, max: max)
        case (.integer(let range, _), .integer(let number)): return try Self.integer(number, range)
        case (.decimal(let scale, let range), let json): return try Self.decimal(json, scale, range)
        case (.money(_, let allowsNegative), .integer(let number)): return try Self.money(number, allowsNegative)
        case (.currency, .string(let text)): return try Self.currency(text)
        case (.boolean, .bool(let flag)): return .integer(flag ? 1 : 0)
        case (.date, .string(let text)): return try Self.date(text)
        case (.instant, .string(let text)): return try Self.instant(text)
        case (.choice(let choices), .string(let text)): return try Self.choice(text, choices)
        case (.reference, .string(let text)), (.user, .string(let text)), (.file, .string(let text)):
            return try Self.reference(text)
        case (.references(_, let max), .array(let ids)): return try Self.references(ids, max: max)
        case (.json(let maxBytes), let json): return try Self.json(json, maxBytes: maxBytes)
        case (.secret(let max), .string(let text)): return try Self.secret(text, max: max)
        default: throw ValueFault("wrong_type", "Expected \(type.expectation).")
        }
    }

    /// A text in its one form: clean, in its case, of its format, length and pattern. Empty is null.
    func text(_ text: String, _ format: TextFormat, max: Int) throws(ValueFault) -> SQLValue {
        let value = try Self.text(text, format, max: max)
        guard minimumLength > 0 || letterCase != nil || pattern != nil, case .text(var clean) = value else {
            return value
        }
        switch letterCase {
        case .upper: clean = clean.uppercased()
        case .lower: clean = clean.lowercased()
        case nil: break
        }
        // A change of case can make a text longer (ß, ŉ), so it is measured again.
        let length = clean.unicodeScalars.count
        guard length <= max else { throw ValueFault("too_long", "At most \(max) characters.") }
        guard length >= minimumLength else { throw ValueFault("too_short", "At least \(minimumLength) characters.") }
        if let pattern, !pattern.matches(clean) {
            throw ValueFault("pattern_mismatch", "Not of the form \(pattern.source).")
        }
        return .text(clean)
    }

    private static func text(_ text: String, _ format: TextFormat, max: Int) throws(ValueFault) -> SQLValue {
        guard let clean = TextRules.normalized(text, multiline: format == .multiline) else {
            throw ValueFault("control_characters", "Control characters are not allowed.")
        }
        guard clean.utf8.count <= max || clean.unicodeScalars.count <= max else {
            throw ValueFault("too_long", "At most \(max) characters.")
        }
        if clean.isEmpty { return .null }
        switch format {
        case .line, .multiline: return .text(clean)
        case .email:
            guard TextRules.isEmail(clean) else { throw ValueFault("not_an_email", "Not an e-mail address.") }
            return .text(clean)
        case .phone:
            guard isPhone(clean) else { throw ValueFault("not_a_phone", "Not a phone number.") }
            return .text(clean)
        case .code:
            let upper = clean.uppercased()
            guard upper.utf8.allSatisfy({ $0.isASCIIDigit || (0x41...0x5A).contains($0) }) else {
                throw ValueFault("not_a_code", "Only letters A–Z and digits.")
            }
            return .text(upper)
        case .url:
            guard isURL(clean) else { throw ValueFault("not_a_url", "Not an http or https address.") }
            return .text(clean)
        case .country:
            guard Country.codes.contains(clean.uppercased()) else {
                throw ValueFault("not_a_country", "Not an ISO 3166 country code of two letters.")
            }
            return .text(clean.uppercased())
        case .timeZone:
            guard LocalTime(clean) != nil, clean.contains("/") || clean == "UTC" else {
                throw ValueFault("not_a_time_zone", "Not a time zone such as Asia/Kolkata.")
            }
            return .text(clean)
        }
    }

    private static func isPhone(_ text: String) -> Bool {
        let digits = text.filter { !" -().".contains($0) }
        return (5...16).contains(digits.count) && digits.drop { $0 == "+" }.allSatisfy(\.isASCIIDigit)
            && digits.filter { $0 == "+" }.count <= 1
    }

    /// Other schemes (`javascript:`, `data:`) would run where somebody shows the address as a link.
    private static func isURL(_ text: String) -> Bool {
        guard !text.contains(where: \.isWhitespace), let url = URL(string: text), let host = url.host(),
            ["http", "https"].contains(url.scheme?.lowercased())
        else { return false }
        return !host.isEmpty && url.user() == nil && url.password() == nil
    }

    static func integer(_ number: Int64, _ range: ClosedRange<Int64>) throws(ValueFault) -> SQLValue {
        guard range.contains(number) else {
            throw ValueFault("out_of_range", "Between \(range.lowerBound) and \(range.upperBound).")
        }
        return .integer(number)
    }

    /// A string, or a number: the shortest digits that mean a double are those that somebody wrote, up to 15 of them.
    private static func decimal(_ json: JSON, _ scale: Int, _ range: ClosedRange<Int64>) throws(ValueFault) -> SQLValue
    {
        switch json {
        case .string(let text): return try decimal(text, scale, range)
        case .integer(let number): return try decimal(String(number), scale, range)
        case .number(let number): return try decimal(String(number), scale, range)
        default: throw ValueFault("wrong_type", "Expected a decimal number, such as \"12.50\".")
        }
    }

    static func decimal(_ text: String, _ scale: Int, _ range: ClosedRange<Int64>) throws(ValueFault) -> SQLValue {
        guard let units = FixedPoint.units(text, scale: scale) else {
            throw ValueFault("not_a_decimal", "A number with at most \(scale) digits behind the point.")
        }
        guard range.contains(units) else {
            let least = FixedPoint.text(range.lowerBound, scale: scale)
            throw ValueFault(
                "out_of_range", "Between \(least) and \(FixedPoint.text(range.upperBound, scale: scale)).")
        }
        return .integer(units)
    }

    /// Below 10^15 minor units, so that sums of millions of records stay exact in every client.
    static func money(_ number: Int64, _ allowsNegative: Bool) throws(ValueFault) -> SQLValue {
        try integer(number, (allowsNegative ? -999_999_999_999_999 : 0)...999_999_999_999_999)
    }

    static func currency(_ text: String) throws(ValueFault) -> SQLValue {
        guard let currency = Currency(text) else {
            throw ValueFault("not_a_currency", "Not an ISO 4217 currency code.")
        }
        return .text(currency.code)
    }

    static func date(_ text: String) throws(ValueFault) -> SQLValue {
        guard let date = CivilDate(text) else { throw ValueFault("not_a_date", "Not a date (YYYY-MM-DD).") }
        return .text(date.description)
    }

    static func instant(_ text: String) throws(ValueFault) -> SQLValue {
        guard let instant = Instant(text) else {
            throw ValueFault("not_a_time", "Not a time (RFC 3339, such as 2026-11-21T02:00:00Z).")
        }
        return .text(instant.description)
    }

    static func choice(_ text: String, _ choices: [String]) throws(ValueFault) -> SQLValue {
        guard choices.contains(text) else {
            throw ValueFault("not_a_choice", "One of \(choices.joined(separator: ", ")).")
        }
        return .text(text)
    }

    static func reference(_ text: String) throws(ValueFault) -> SQLValue {
        guard text.utf8.count <= 64, let clean = TextRules.normalized(text) else {
            throw ValueFault("not_an_id", "Not an id.")
        }
        return .text(clean)
    }

    /// Kept as a JSON array of the ids.
    private static func references(_ ids: [JSON], max: Int) throws(ValueFault) -> SQLValue {
        guard ids.count <= max else { throw ValueFault("too_many", "At most \(max) records.") }
        var seen: Set<String> = []
        for id in ids {
            guard case .string(let text) = id, case .text(let clean) = try reference(text), clean == text else {
                throw ValueFault("not_an_id", "A list of ids.")
            }
            guard seen.insert(text).inserted else { throw ValueFault("twice", "\(text.prefix(64)) occurs twice.") }
        }
        return .text(JSON.array(ids).text)
    }

    private static func json(_ json: JSON, maxBytes: Int) throws(ValueFault) -> SQLValue {
        let bytes = json.bytes
        guard bytes.count <= maxBytes else { throw ValueFault("too_long", "At most \(maxBytes) bytes of JSON.") }
        return .text(String(decoding: bytes, as: UTF8.self))
    }

    /// Kept as it is, because spaces may belong to a password; sealed when everything else is valid.
    private static func secret(_ text: String, max: Int) throws(ValueFault) -> SQLValue {
        guard text.unicodeScalars.count <= max else { throw ValueFault("too_long", "At most \(max) characters.") }
        return text.isEmpty ? .null : .text(text)
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}

extension FieldType {
    /// For "Expected …".
    var expectation: String {
        switch self {
        case .text, .currency, .choice, .secret: "a string"
        case .integer: "a whole number"
        case .decimal: "a decimal number, such as \"12.50\""
        case .money: "a whole number of minor units"
        case .boolean: "true or false"
        case .date: "a date as a string"
        case .instant: "a time as a string"
        case .reference, .user, .file: "an id as a string"
        case .references: "a list of ids"
        case .json: "JSON"
        case .sequence: "nothing: the server sets it"
        }
    }
}
