import ApplianceCore

/// One field of a collection: made by a factory named for its type, refined by methods that read like its description.
///
///     .text("name", max: 200).required().searchable().personal()
///     .money("price", currency: "currency").required()
///     .choice("status", "draft", "issued").default("draft").moves(["draft": ["issued"], "issued": []])
package struct Field: Sendable {
    package let name: String
    package let type: FieldType
    package private(set) var isRequired = false
    package private(set) var uniqueness = Uniqueness.none
    /// Tells about a person: masked in logs, part of export and erasure.
    package private(set) var isPersonal = false
    /// Looked through by `?q=`.
    package private(set) var isSearchable = false
    /// May be given at creation only.
    package private(set) var isImmutable = false
    /// Cannot be changed any more once the record is in this state.
    package private(set) var frozen: StateCondition?
    package private(set) var fallback: Fallback?
    package private(set) var minimumLength = 0
    package private(set) var pattern: TextPattern?
    package private(set) var letterCase: LetterCase?
    /// To which values a choice may go from each; nil for everywhere.
    package private(set) var moves: [String: [String]]?
    /// How the value follows from other fields; nobody can set it then.
    package private(set) var formula: Formula?
    /// The roles that may read it, and those that may set it; nil for all that may read or write the record.
    package private(set) var readers: Set<Role>?
    package private(set) var writers: Set<Role>?
    /// When a sequence draws its number; at creation without.
    package private(set) var drawn: StateCondition?
    /// What people call it, where its name does not say that.
    package private(set) var label: String?
    /// The table that a reference goes to, where it is not named like its collection.
    private(set) var targetTable: String?

    package enum Uniqueness: Sendable { case none, exact, ignoringCase }

    /// What a field becomes when a new record leaves it out.
    package enum Fallback: Sendable {
        case value(SQLFallback)
        case tenantCurrency
        case now
        /// The value of another field.
        case field(String)
        /// The user who makes the record.
        case actor
        case generated(@Sendable () -> String)
    }

    package enum SQLFallback: Sendable {
        case integer(Int64)
        case text(String)
    }

    package var isUnique: Bool { uniqueness != .none }
    /// Set by the server alone.
    package var isReadOnly: Bool {
        if case .sequence = type { true } else { formula != nil }
    }
    /// Never in an answer.
    package var isWriteOnly: Bool { if case .secret = type { true } else { false } }

    init(name: String, type: FieldType) { (self.name, self.type) = (name, type) }

    // MARK: - Rules

    package func required() -> Field { with { $0.isRequired = true } }

    /// No two records have the same value; with `ignoringCase` nor one that differs in the case of ASCII letters only.
    package func unique(ignoringCase: Bool = false) -> Field {
        with { $0.uniqueness = ignoringCase ? .ignoringCase : .exact }
    }

    package func personal() -> Field { with { $0.isPersonal = true } }
    /// For everybody else the field is not there: not in answers, filters, order, figures, search, exports or history.
    package func readable(by roles: Role...) -> Field { readable(by: Set(roles)) }
    package func readable(by roles: Set<Role>) -> Field { with { $0.readers = roles } }
    /// Everybody else may look at it, if that, and not set it.
    package func writable(by roles: Role...) -> Field { writable(by: Set(roles)) }
    package func writable(by roles: Set<Role>) -> Field { with { $0.writers = roles } }
    package func searchable() -> Field { with { $0.isSearchable = true } }
    package func immutable() -> Field { with { $0.isImmutable = true } }

    /// Cannot be changed once `field`, a choice of the same record, has one of the values.
    package func immutable(once field: String, is values: String...) -> Field {
        frozen(StateCondition(field: field, values: values))
    }

    package func frozen(_ condition: StateCondition) -> Field { with { $0.frozen = condition } }

    /// At least so many characters, when there is a value at all.
    package func min(_ length: Int) -> Field { with { $0.minimumLength = length } }
    package func matching(_ pattern: TextPattern) -> Field { with { $0.pattern = pattern } }
    package func upperCase() -> Field { with { $0.letterCase = .upper } }
    package func lowerCase() -> Field { with { $0.letterCase = .lower } }

    /// Which values a choice may go to from each; a value that is not named goes nowhere.
    package func moves(_ moves: [String: [String]]) -> Field { with { $0.moves = moves } }

    package func computed(_ formula: Formula) -> Field { with { $0.formula = formula } }

    /// A sequence draws its number when `field` first has the value, not at creation.
    package func drawn(once field: String, is values: String...) -> Field {
        drawn(StateCondition(field: field, values: values))
    }

    package func drawn(_ condition: StateCondition) -> Field { with { $0.drawn = condition } }

    package func `default`(_ fallback: Fallback) -> Field { with { $0.fallback = fallback } }
    package func `default`(_ text: String) -> Field { `default`(.value(.text(text))) }
    package func `default`(_ number: Int64) -> Field { `default`(.value(.integer(number))) }
    package func `default`(_ flag: Bool) -> Field { `default`(.value(.integer(flag ? 1 : 0))) }

    package func titled(_ label: String) -> Field { with { $0.label = label } }
    package func referring(toTable table: String) -> Field { with { $0.targetTable = table } }

    private func with(_ change: (inout Field) -> Void) -> Field {
        var copy = self
        change(&copy)
        return copy
    }
}
