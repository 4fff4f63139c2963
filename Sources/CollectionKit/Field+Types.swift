import ApplianceCore

extension Field {
    package static func text(_ name: String, max: Int, format: TextFormat = .line) -> Field {
        Field(name: name, type: .text(format, max: max))
    }

    package static func longText(_ name: String, max: Int = 10_000) -> Field {
        Field(name: name, type: .text(.multiline, max: max))
    }

    package static func email(_ name: String) -> Field { text(name, max: 254, format: .email) }
    package static func phone(_ name: String) -> Field { text(name, max: 20, format: .phone) }
    package static func url(_ name: String) -> Field { text(name, max: 2000, format: .url) }
    package static func country(_ name: String) -> Field { text(name, max: 2, format: .country) }
    package static func timeZone(_ name: String) -> Field { text(name, max: 64, format: .timeZone) }

    package static func integer(_ name: String, in range: ClosedRange<Int64>) -> Field {
        Field(name: name, type: .integer(range, .none))
    }

    /// A number with at most `scale` digits behind the point, such as `"12.50"`: a string in JSON, kept exactly.
    /// `range` is in whole numbers.
    package static func decimal(_ name: String, scale: Int, in range: ClosedRange<Int64>) -> Field {
        let unit = (0..<Swift.min(Swift.max(scale, 0), FixedPoint.maximumDigits)).reduce(Int64(1)) { unit, _ in
            unit * 10
        }
        let (least, leastOverflow) = range.lowerBound.multipliedReportingOverflow(by: unit)
        let (most, mostOverflow) = range.upperBound.multipliedReportingOverflow(by: unit)
        if leastOverflow || mostOverflow { preconditionFailure("\(name): too many digits") }
        return Field(name: name, type: .decimal(scale: scale, least...most))
    }

    /// Minor units of the currency that the field `currency` of the same record names.
    package static func money(_ name: String, currency: String = "currency", allowsNegative: Bool = false) -> Field {
        Field(name: name, type: .money(currency: currency, allowsNegative: allowsNegative))
    }

    /// An ISO 4217 code; the tenant's own when left out.
    package static func currency(_ name: String = "currency") -> Field {
        Field(name: name, type: .currency).default(.tenantCurrency)
    }

    /// Whole milligrams, up to ten tonnes.
    package static func weight(_ name: String) -> Field {
        Field(name: name, type: .integer(0...10_000_000_000, .milligrams))
    }

    /// Basis points: 1800 is 18 %.
    package static func rate(_ name: String, in range: ClosedRange<Int64> = 0...10_000) -> Field {
        Field(name: name, type: .integer(range, .basisPoints))
    }

    /// Whole seconds, up to ten years.
    package static func duration(_ name: String, in range: ClosedRange<Int64> = 0...315_360_000) -> Field {
        Field(name: name, type: .integer(range, .seconds))
    }

    package static func boolean(_ name: String) -> Field { Field(name: name, type: .boolean) }
    package static func date(_ name: String) -> Field { Field(name: name, type: .date) }
    package static func instant(_ name: String) -> Field { Field(name: name, type: .instant) }

    package static func choice(_ name: String, _ choices: String...) -> Field {
        choice(name, of: choices)
    }

    package static func choice(_ name: String, of choices: [String]) -> Field {
        Field(name: name, type: .choice(choices))
    }

    package static func reference(_ name: String, to collection: String, onDelete: DeleteRule = .restrict) -> Field {
        Field(name: name, type: .reference(to: collection, onDelete: onDelete))
    }

    /// Several records of a collection, in their order. One that is deleted leaves the list.
    package static func references(_ name: String, to collection: String, max: Int = 50) -> Field {
        Field(name: name, type: .references(to: collection, max: max))
    }

    /// A user of the shop; who makes the record, when left out.
    package static func user(_ name: String) -> Field { Field(name: name, type: .user).default(.actor) }

    /// An uploaded file of the shop. `accept` names types, or all of a kind (`image/*`); any when empty.
    package static func file(_ name: String, accept: String...) -> Field { file(name, of: accept) }

    package static func file(_ name: String, of accept: [String]) -> Field {
        Field(name: name, type: .file(accept: accept))
    }

    package static func json(_ name: String, maxBytes: Int = 16_384) -> Field {
        Field(name: name, type: .json(maxBytes: maxBytes))
    }

    package static func secret(_ name: String, max: Int = 1000) -> Field {
        Field(name: name, type: .secret(max: max))
    }

    package static func sequence(_ name: String, _ series: NumberSeries) -> Field {
        Field(name: name, type: .sequence(series))
    }
}

// A pattern, a formula and a series are written as text in a declaration. A mistake there is ours, and every test meets
// it; what comes from outside uses the throwing initialisers.

extension TextPattern: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) {
        do {
            try self.init(value)
        } catch {
            preconditionFailure("pattern \(value): \(error.message)")
        }
    }
}

extension Formula: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) {
        do {
            try self.init(value)
        } catch {
            preconditionFailure("formula \(value): \(error.message)")
        }
    }
}

extension NumberSeries {
    /// A year of the series begins in `firstMonth`: 4 in India.
    package init(firstMonth: Int = 1, _ pattern: String) {
        do {
            try self.init(firstMonth: firstMonth, checked: pattern)
        } catch {
            preconditionFailure("series \(pattern): \(error.message)")
        }
    }
}
