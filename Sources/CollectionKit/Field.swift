import ApplianceCore

/// One field of a collection: made by a factory named for its type, refined by methods that read like its description.
///
///     .text("name", max: 200).required().searchable().personal()
///     .money("price", currency: "currency").required()
package struct Field: Sendable {
    package let name: String
    package let type: FieldType
    package private(set) var isRequired = false
    package private(set) var isUnique = false
    /// Tells about a person: masked in logs, part of export and erasure.
    package private(set) var isPersonal = false
    /// Looked through by `?q=`.
    package private(set) var isSearchable = false
    /// May be given at creation only.
    package private(set) var isImmutable = false
    package private(set) var fallback: Fallback?

    /// What a field becomes when a new record leaves it out.
    package enum Fallback: Sendable {
        case value(SQLFallback)
        case tenantCurrency
        case now
        /// The value of another field.
        case field(String)
        case generated(@Sendable () -> String)
    }

    package enum SQLFallback: Sendable {
        case integer(Int64)
        case text(String)
    }

    // MARK: - Types

    package static func text(_ name: String, max: Int, format: TextFormat = .line) -> Field {
        Field(name: name, type: .text(format, max: max))
    }

    package static func longText(_ name: String, max: Int = 10_000) -> Field {
        Field(name: name, type: .text(.multiline, max: max))
    }

    package static func email(_ name: String) -> Field { text(name, max: 254, format: .email) }
    package static func phone(_ name: String) -> Field { text(name, max: 20, format: .phone) }

    package static func integer(_ name: String, in range: ClosedRange<Int64>) -> Field {
        Field(name: name, type: .integer(range))
    }

    /// Minor units of the currency that the field `currency` of the same record names.
    package static func money(_ name: String, currency: String = "currency", allowsNegative: Bool = false) -> Field {
        Field(name: name, type: .money(currency: currency, allowsNegative: allowsNegative))
    }

    /// An ISO 4217 code; the tenant's own when left out.
    package static func currency(_ name: String = "currency") -> Field {
        Field(name: name, type: .currency).default(.tenantCurrency)
    }

    package static func boolean(_ name: String) -> Field { Field(name: name, type: .boolean) }
    package static func date(_ name: String) -> Field { Field(name: name, type: .date) }
    package static func instant(_ name: String) -> Field { Field(name: name, type: .instant) }

    package static func choice(_ name: String, _ choices: String...) -> Field {
        Field(name: name, type: .choice(choices))
    }

    package static func reference(_ name: String, to collection: String, onDelete: DeleteRule = .restrict) -> Field {
        Field(name: name, type: .reference(to: collection, onDelete: onDelete))
    }

    private init(name: String, type: FieldType) { (self.name, self.type) = (name, type) }

    // MARK: - Rules

    package func required() -> Field { with { $0.isRequired = true } }
    package func unique() -> Field { with { $0.isUnique = true } }
    package func personal() -> Field { with { $0.isPersonal = true } }
    package func searchable() -> Field { with { $0.isSearchable = true } }
    package func immutable() -> Field { with { $0.isImmutable = true } }
    package func `default`(_ fallback: Fallback) -> Field { with { $0.fallback = fallback } }
    package func `default`(_ text: String) -> Field { `default`(.value(.text(text))) }
    package func `default`(_ number: Int64) -> Field { `default`(.value(.integer(number))) }

    private func with(_ change: (inout Field) -> Void) -> Field {
        var copy = self
        change(&copy)
        return copy
    }
}

/// What a field holds.
package enum FieldType: Sendable {
    case text(TextFormat, max: Int)
    case integer(ClosedRange<Int64>)
    case money(currency: String, allowsNegative: Bool)
    case currency
    case boolean
    case date
    case instant
    case choice([String])
    case reference(to: String, onDelete: DeleteRule)

    /// The STRICT column type.
    var columnType: String {
        switch self {
        case .integer, .money, .boolean: "INTEGER"
        default: "TEXT"
        }
    }
}

/// What a text must look like, beyond being clean and within its length (in characters).
package enum TextFormat: String, Sendable {
    case line, multiline, email, phone
    /// Upper-case letters and digits without spaces; lower case is raised.
    case code
}

/// What happens to a record when the one it refers to is deleted.
package enum DeleteRule: String, Sendable {
    case restrict = "RESTRICT"
    case cascade = "CASCADE"
    case setNull = "SET NULL"
}

/// Who may do what with the records of a collection.
package struct Permissions: Sendable {
    package enum Operation: String, CaseIterable, Sendable { case read, create, update, delete }

    private let granted: [Role: Set<Operation>]

    package init(_ granted: [Role: Set<Operation>]) { self.granted = granted }

    /// Owners and admins do everything, staff all but delete, viewers read.
    package static let standard = Permissions([
        .owner: Set(Operation.allCases), .admin: Set(Operation.allCases),
        .staff: [.read, .create, .update], .viewer: [.read],
    ])

    package func allow(_ operation: Operation, for role: Role) -> Bool { granted[role]?.contains(operation) ?? false }
}

/// What a user of a shop is there.
package enum Role: String, CaseIterable, Sendable, Codable { case owner, admin, staff, viewer }
