package import ApplianceCore
import Storage

/// What fields are asked for by those that a shop declares for itself.
extension Field {
    /// The field with a default as JSON has it; the fault, where it is no value of the field.
    package func `default`(json: JSON) -> (field: Field, fault: (code: String, message: String)?) {
        if case .instant = type, json == "now" { return (`default`(.now), nil) }
        do {
            switch try value(json: json) {
            case .null: return (self, ("required", "A default is a value."))
            case .integer(let number): return (`default`(number), nil)
            case .text(let text): return (`default`(text), nil)
            }
        } catch {
            return (self, (error.code, error.message))
        }
    }

    /// The default, where it is the same for every record.
    var constant: SQLValue? {
        switch fallback {
        case .value(.integer(let number)): .integer(number)
        case .value(.text(let text)): .text(text)
        case .tenantCurrency, .now, .field, .actor, .generated, nil: nil
        }
    }

    /// Whether what stands in the column of `former` can stay where it is: texts may get another form, whole numbers
    /// another unit; each value is then looked at.
    func canFollow(_ former: Field) -> Bool {
        switch (former.type, type) {
        case (.text, .text), (.text, .choice), (.choice, .text), (.choice, .choice), (.integer, .integer),
            (.currency, .currency), (.boolean, .boolean), (.date, .date), (.instant, .instant), (.user, .user),
            (.json, .json), (.secret, .secret), (.sequence, .sequence):
            true
        case (.decimal(let old, _), .decimal(let new, _)): old == new
        case (.money(let old, _), .money(let new, _)): old == new
        case (.reference(let old, let rule), .reference(let new, let newRule)): old == new && rule == newRule
        case (.references(let old, _), .references(let new, _)): old == new
        // One that is accepted stays accepted.
        case (.file(let old), .file(let new)): new.isEmpty || !old.isEmpty && Set(old).isSubset(of: new)
        default: false
        }
    }

    /// What is wrong with a value that is in the column already.
    func faultOfStored(_ stored: SQLValue) -> String? {
        do {
            let json: JSON
            switch (type, stored) {
            case (_, .null), (.boolean, _), (.user, _), (.reference, _), (.file, _): return nil
            // What is sealed is not looked at, and what was drawn stays as it was.
            case (.secret, _), (.sequence, _): return nil
            case (.references(_, let max), .text(let text)):
                let ids = try JSONParser.parse(Array(text.utf8)).arrayValue ?? []
                return ids.count <= max ? nil : "At most \(max) records."
            case (.json(let max), .text(let text)):
                return text.utf8.count <= max ? nil : "At most \(max) bytes."
            case (.decimal(let scale, _), .integer(let units)): json = .string(FixedPoint.text(units, scale: scale))
            case (_, .integer(let number)): json = .integer(number)
            case (_, .text(let text)): json = .string(text)
            }
            return try value(json: json) == stored ? nil : "It is written otherwise."
        } catch {
            return (error as? ValueFault)?.message ?? "It is no value of the field."
        }
    }

    /// What its values must be like.
    var limitsDescription: JSON { .object([.init("type", .string(type.name))] + limits) }
}
