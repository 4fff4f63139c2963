import ApplianceCore
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
        case (.text(let format, let max), .string(let text)): return try Self.text(text, format, max: max)
        case (.integer(let range), .integer(let number)): return try Self.integer(number, range)
        case (.money(_, let allowsNegative), .integer(let number)): return try Self.money(number, allowsNegative)
        case (.currency, .string(let text)): return try Self.currency(text)
        case (.boolean, .bool(let flag)): return .integer(flag ? 1 : 0)
        case (.date, .string(let text)): return try Self.date(text)
        case (.instant, .string(let text)): return try Self.instant(text)
        case (.choice(let choices), .string(let text)): return try Self.choice(text, choices)
        case (.reference, .string(let text)): return try Self.reference(text)
        default: throw ValueFault("wrong_type", "Expected \(type.expectation).")
        }
    }

    static func text(_ text: String, _ format: TextFormat, max: Int) throws(ValueFault) -> SQLValue {
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
            let digits = clean.filter { !" -().".contains($0) }
            guard (5...16).contains(digits.count), digits.drop(while: { $0 == "+" }).allSatisfy(\.isASCIIDigit),
                digits.filter({ $0 == "+" }).count <= 1
            else { throw ValueFault("not_a_phone", "Not a phone number.") }
            return .text(clean)
        case .code:
            let upper = clean.uppercased()
            guard upper.utf8.allSatisfy({ $0.isASCIIDigit || (0x41...0x5A).contains($0) }) else {
                throw ValueFault("not_a_code", "Only letters A–Z and digits.")
            }
            return .text(upper)
        }
    }

    static func integer(_ number: Int64, _ range: ClosedRange<Int64>) throws(ValueFault) -> SQLValue {
        guard range.contains(number) else {
            throw ValueFault("out_of_range", "Between \(range.lowerBound) and \(range.upperBound).")
        }
        return .integer(number)
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
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}

extension FieldType {
    /// For "Expected …".
    var expectation: String {
        switch self {
        case .text, .currency, .choice: "a string"
        case .integer: "a whole number"
        case .money: "a whole number of minor units"
        case .boolean: "true or false"
        case .date: "a date as a string"
        case .instant: "a time as a string"
        case .reference: "an id as a string"
        }
    }
}
