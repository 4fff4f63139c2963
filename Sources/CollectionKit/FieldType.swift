/// What a field holds.
package enum FieldType: Sendable {
    case text(TextFormat, max: Int)
    case integer(ClosedRange<Int64>, Unit)
    /// Digits behind the point, and the range in units of the last digit.
    case decimal(scale: Int, ClosedRange<Int64>)
    /// Minor units of the currency that another field of the record names.
    case money(currency: String, allowsNegative: Bool)
    case currency
    case boolean
    case date
    case instant
    case choice([String])
    case reference(to: String, onDelete: DeleteRule)
    /// Ids of at most `max` records, each once, in their order.
    case references(to: String, max: Int)
    /// The id of a user of the shop.
    case user
    /// The id of an uploaded file of one of these types: `image/png`, or `image/*` for all of them; any when empty.
    case file(accept: [String])
    /// Any JSON of at most so many bytes.
    case json(maxBytes: Int)
    /// Sealed with the master key; can be written but not read back.
    case secret(max: Int)
    case sequence(NumberSeries)

    /// What a whole number counts.
    package enum Unit: String, Sendable {
        case none, milligrams, basisPoints = "basis points", seconds
    }

    /// The collection that it refers to.
    package var target: String? {
        switch self {
        case .reference(let target, _), .references(let target, _): target
        default: nil
        }
    }

    /// The STRICT column type.
    var columnType: String {
        switch self {
        case .integer, .decimal, .money, .boolean: "INTEGER"
        default: "TEXT"
        }
    }
}

/// What a text must look like, beyond being clean and within its length (in characters).
package enum TextFormat: String, Sendable {
    case line, multiline, email, phone
    /// Upper-case letters and digits without spaces; lower case is raised.
    case code
    /// An absolute `http` or `https` address.
    case url
    /// ISO 3166-1 alpha-2, such as `IN`.
    case country
    /// A name of the IANA database, such as `Asia/Kolkata`.
    case timeZone
}

/// Into which case letters are put before a text is kept.
package enum LetterCase: String, Sendable { case upper, lower }

/// What happens to a record when the one it refers to is deleted.
package enum DeleteRule: String, Sendable {
    case restrict = "RESTRICT"
    case cascade = "CASCADE"
    case setNull = "SET NULL"
}

/// "Once `status` is issued or paid": a choice of the same record and the values that count.
package struct StateCondition: Sendable, Equatable {
    package let field: String
    package let values: [String]

    package init(field: String, values: [String]) { (self.field, self.values) = (field, values) }
}
