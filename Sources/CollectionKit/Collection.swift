package import ApplianceCore
package import Storage

/// One kind of record, declared once. From this value come the table and its indexes, validation, the operations of the
/// API, CSV both ways, the OpenAPI schema and the retention purge; nothing in the engine knows a collection by name.
///
/// Every record also has `id`, `createdAt`, `updatedAt` and `version`, which nobody declares.
///
/// Immutable, and a class because every request passes it on: one reference instead of a dozen.
package final class Collection: Sendable {
    /// The table, the path (`/api/<name>`) and the word in `--collection`: a lower-case plural with dashes.
    package let name: String
    /// What ids start with: `cus` gives `cus_01k…`.
    package let idPrefix: String
    /// One record, for people: `Customer`.
    package let title: String
    /// Where the records are: named like the collection, but for those of a shop's own, which no table that a later
    /// version brings must ever meet.
    package let table: String
    /// Set for what a shop declared for itself.
    package let own: Own?
    package let fields: [Field]
    /// Each list of fields that lists are often filtered or sorted by; equality first, then order. Records that are
    /// alike in them are in the order in which they were added.
    package let indexes: [[String]]
    /// Lists of fields that no two records have the same values of. A record that lacks one of them is like no other.
    package let unique: [[String]]
    package let permissions: Permissions
    package let retention: Retention
    /// What must hold among the records beyond single fields, proved for each snapshot and restore.
    package let invariants: [DatabaseSchema.Invariant]
    /// What the plan counts each new record as, such as `tasks`; one too many is refused. Nil for what is not counted.
    package let meter: String?
    package let sql: CollectionSQL
    let rules: CollectionRules
    /// Nil when no field is searchable.
    package let search: SearchIndex?
    let grants: Grants

    package enum Limit {
        /// SQLite passes at most 127 values to a function, and a record is one call with two for each field.
        package static let fields = 55
    }

    /// What is particular about a collection that a shop declared for itself.
    package struct Own: Sendable {
        /// Many records, for people: `Repairs`.
        let heading: String
        /// Of the declaration; each change of it is the next one.
        package let version: Int64

        package init(heading: String, version: Int64) { (self.heading, self.version) = (heading, version) }
    }

    /// What the tables of shops' own collections begin with.
    package static let ownPrefix = "own_"

    /// `frozen`: once the record is in that state, no field changes any more but those named in `except` and the one
    /// that tells the state.
    package init(
        _ name: String, idPrefix: String, title: String, fields: [Field], indexes: [[String]] = [],
        unique: [[String]] = [], frozen: (once: StateCondition, except: [String])? = nil,
        permissions: Permissions = .standard, retention: Retention = .untilDeleted,
        invariants: [DatabaseSchema.Invariant] = [], meter: String? = nil, own: Own? = nil
    ) {
        let table = own == nil ? name : Self.ownPrefix + name
        (self.table, self.own) = (table, own)
        (self.invariants, self.meter) = (invariants, meter)
        if fields.count > Limit.fields { preconditionFailure("\(name) has more than \(Limit.fields) fields") }
        let fields = fields.map { field in
            guard let frozen, field.frozen == nil, field.name != frozen.once.field, !field.isReadOnly,
                !frozen.except.contains(field.name)
            else { return field }
            return field.frozen(frozen.once)
        }
        (self.name, self.idPrefix, self.title, self.fields) = (name, idPrefix, title, fields)
        (self.indexes, self.unique, self.permissions, self.retention) = (indexes, unique, permissions, retention)
        sql = CollectionSQL(name: table, fields: fields)
        fieldIndex = Dictionary(fields.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        rules = CollectionRules(fields)
        search = SearchIndex(table, fields)
        if let mistake = permissions.mistake(fields) { preconditionFailure("\(name): \(mistake)") }
        if let mistake = RecordErasure.mistake(fields) { preconditionFailure("\(name): \(mistake)") }
        grants = Grants(table, fields, search, permissions, sql)
    }

    private let fieldIndex: [String: Int]

    /// Where in `fields` a field stands.
    package func index(of field: String) -> Int? { fieldIndex[field] }

    package func field(_ name: String) -> Field? { index(of: name).map { fields[$0] } }

    /// Columns that every record has.
    static let systemColumns = ["id", "createdAt", "updatedAt", "version"]
}

/// How long records are kept before `retention-purge` removes them.
package enum Retention: Sendable, Equatable {
    /// Until somebody deletes them, such as customers until an erasure request.
    case untilDeleted
    /// Whole years since the record was made here, by the calendar in UTC. What was imported late is kept late.
    case years(Int)
    case days(Int)

    /// Records made before this instant are due; nil when none ever are.
    package func cutoff(now: Instant) -> Instant? {
        switch self {
        case .untilDeleted: return nil
        case .days(let days): return now.subtracting(.days(Int64(days)))
        case .years(let years):
            let today = LocalTime.utc.date(of: now)
            // 29 February falls back to the 28th: a day longer kept, never a day shorter.
            let day =
                CivilDate(year: today.year - years, month: today.month, day: today.day)
                ?? CivilDate(year: today.year - years, month: 2, day: 28)
            return day.map { LocalTime.utc.instant($0) }
        }
    }

    package var text: String {
        switch self {
        case .untilDeleted: "until deleted"
        case .years(let years): "\(years) years"
        case .days(let days): "\(days) days"
        }
    }
}
