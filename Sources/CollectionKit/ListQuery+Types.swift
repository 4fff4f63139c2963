import ApplianceCore
import Storage

extension Collection {
    /// The type of a declared field or of one that every record has. Secrets are no columns that anybody may ask for.
    func column(_ name: String) -> FieldType? {
        switch name {
        case "id": .text(.line, max: 64)
        case "createdAt", "updatedAt": .instant
        case "version": .integer(0...Int64.max, .none)
        default: field(name).flatMap { $0.isWriteOnly ? nil : $0.type }
        }
    }
}

extension FieldType {
    /// What makes sense for values of the type. For a list of references, equal means "has this one".
    var comparisons: [ListQuery.Filter.Comparison] {
        switch self {
        case .text, .sequence: [.equal, .notEqual, .oneOf, .greater, .greaterOrEqual, .less, .lessOrEqual, .like]
        case .integer, .decimal, .money, .date, .instant:
            [.equal, .notEqual, .oneOf, .greater, .greaterOrEqual, .less, .lessOrEqual]
        case .currency, .boolean, .choice, .reference, .references, .user, .file: [.equal, .notEqual, .oneOf]
        // Whether there is one.
        case .json: [.equal, .notEqual]
        case .secret: []
        }
    }

    var isSortable: Bool {
        switch self {
        case .text(.multiline, _), .references, .json, .secret, .file: false
        default: true
        }
    }

    /// The column value that a query parameter means. `null` stands for an empty field.
    func value(parameter text: String) throws(ValueFault) -> SQLValue {
        if text == "null" { return .null }
        switch self {
        case .integer, .money:
            guard text.utf8.count <= 20, let number = Int64(text) else {
                throw ValueFault("wrong_type", "Expected a whole number.")
            }
            return .integer(number)
        case .decimal(let scale, _):
            guard let units = FixedPoint.units(text, scale: scale) else {
                throw ValueFault("wrong_type", "Expected a number with at most \(scale) digits behind the point.")
            }
            return .integer(units)
        case .boolean:
            guard text == "true" || text == "false" else { throw ValueFault("wrong_type", "Expected true or false.") }
            return .integer(text == "true" ? 1 : 0)
        case .instant:
            // A day stands for its first instant in UTC.
            if let date = CivilDate(text) { return .text(LocalTime.utc.instant(date).description) }
            return try Field.instant(text)
        case .date: return try Field.date(text)
        case .choice(let choices): return try Field.choice(text, choices)
        case .json, .secret: throw ValueFault("wrong_type", "Only null can be asked for.")
        case .text, .currency, .reference, .references, .user, .file, .sequence:
            guard text.utf8.count <= 1000, let clean = TextRules.normalized(text, multiline: true) else {
                throw ValueFault("control_characters", "Control characters are not allowed.")
            }
            return .text(clean)
        }
    }
}
