package import ApplianceCore
package import GRDB
import Storage

/// What becomes of the records when a shop changes a collection of its own: looked at first (`plan`), then done
/// (`apply`), both by the same rules, and the latter in one transaction.
package struct OwnMigration: Sendable {
    let from: Collection?
    let to: Collection
    /// The former names of fields, by their new ones.
    let renamed: [String: String]
    let order: [String: Int]

    /// `from`: nil for a new collection. `renamed` names fields of `from` only, each once.
    package init(from: Collection?, to: Collection, renamed: [String: String] = [:]) {
        (self.from, self.to, self.renamed) = (from, to, renamed)
        order = Dictionary(to.fields.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// What a change does, and why it cannot be.
    package struct Plan: Sendable {
        /// `{"step": "addField", "field": "colour", "records": 12}`: how many records it touches.
        package private(set) var steps: [JSON] = []
        package internal(set) var refused: [DomainError.FieldFault] = []
        /// All there are.
        package let records: Int64

        mutating func add(_ step: String, _ field: String? = nil, _ records: Int64 = 0, from: String? = nil) {
            let members: [JSON.Member] = [
                .init("step", .string(step)), .init("field", JSON(field)), .init("from", JSON(from)),
                .init("records", .integer(records)),
            ]
            steps.append(.object(members.filter { $0.value != .null }))
        }

        package var json: JSON {
            let refusals = refused.map { fault -> JSON in
                ["field": .string(fault.field), "code": .string(fault.code), "message": .string(fault.message)]
            }
            return ["steps": .array(steps), "refused": .array(refusals), "records": .integer(records)]
        }
    }

    func former(_ field: Field) -> Field? { from?.field(renamed[field.name] ?? field.name) }

    var added: [Field] { to.fields.filter { former($0) == nil } }
    var dropped: [Field] {
        let kept = Set(to.fields.compactMap { former($0)?.name })
        return from?.fields.filter { !kept.contains($0.name) } ?? []
    }
    /// In an order in which no name is taken when it is given.
    var moved: [(from: String, to: String)] {
        renamed.sorted { $0.key < $1.key }.map { ($0.value, $0.key) }.filter { $0.0 != $0.1 }
    }

    // MARK: - Looking

    /// Reads all records for what became stricter; nothing else.
    package func plan(_ db: Database) throws -> Plan {
        guard let from else {
            var plan = Plan(records: 0)
            plan.add("create")
            return plan
        }
        let records = try Self.count(db, "SELECT count(*) FROM \(from.sql.table)")
        var plan = Plan(records: records)
        for field in dropped {
            let column = CollectionSQL.quoted(field.name)
            let filled = try Self.count(db, "SELECT count(*) FROM \(from.sql.table) WHERE \(column) IS NOT NULL")
            plan.add("dropField", field.name, filled)
        }
        for (old, new) in moved {
            plan.add("renameField", new, records, from: old)
            guard to.field(new)?.isWriteOnly == true else { continue }
            plan.refused.append(
                .init(
                    "fields[\(order[new] ?? 0)].renamedFrom", "sealed", "\(old) is sealed with its name, and keeps it.")
            )
        }
        for field in to.fields {
            let place = "fields[\(order[field.name] ?? 0)]"
            if let former = former(field) {
                try compare(former, field, place, db, &plan)
            } else {
                add(field, place, &plan)
            }
        }
        try checkUnique(db, &plan)
        try checkComputed(db, &plan)
        if Set(from.createIndexes) != Set(to.createIndexes) { plan.add("indexes", nil, records) }
        if searchable(from) != searchable(to) { plan.add("search", nil, records) }
        if from.permissions.description != to.permissions.description { plan.add("permissions") }
        return plan
    }

    private func searchable(_ collection: Collection) -> [String] {
        collection.fields.filter(\.isSearchable).map(\.name)
    }

    private func add(_ field: Field, _ place: String, _ plan: inout Plan) {
        plan.add("addField", field.name, field.constant == nil ? 0 : plan.records)
        if field.formula != nil { return }
        guard plan.records > 0 else { return }
        if field.isRequired, field.constant == nil {
            plan.refused.append(
                .init(
                    "\(place).required", "records_lack_it",
                    "\(plan.records) records have no \(field.name): give it a default, or do not require it."))
        }
        if field.isUnique, field.constant != nil, plan.records > 1 {
            plan.refused.append(
                .init("\(place).unique", "not_unique", "All records would get the same \(field.name)."))
        }
    }

    private func compare(
        _ former: Field, _ field: Field, _ place: String, _ db: Database, _ plan: inout Plan
    ) throws {
        guard field.canFollow(former) else {
            plan.refused.append(
                .init(
                    "\(place).type", "type_fixed", "The \(former.type.name) \(former.name) cannot become this.",
                    line: nil))
            return
        }
        let column = CollectionSQL.quoted(former.name)
        let table = from?.sql.table ?? ""
        if field.isRequired, !former.isRequired {
            let empty = try Self.count(db, "SELECT count(*) FROM \(table) WHERE \(column) IS NULL")
            if empty > 0, field.constant == nil {
                plan.refused.append(
                    .init("\(place).required", "records_lack_it", "\(empty) records have no \(former.name)."))
            }
            if empty > 0, field.constant != nil { plan.add("fillField", field.name, empty) }
        }
        guard former.description != field.description else { return }
        plan.add("changeField", field.name, 0)
        // What is computed is made anew.
        guard field.formula == nil, field.limitsDescription != former.limitsDescription else { return }
        var (broken, first) = (Int64(0), (id: "", message: ""))
        try db.each("SELECT id, \(column) FROM \(table) WHERE \(column) IS NOT NULL", []) { row in
            guard let message = field.faultOfStored(row.value(1)) else { return }
            if broken == 0 { first = (row.text(0) ?? "", message) }
            broken += 1
        }
        guard broken > 0 else { return }
        plan.refused.append(
            .init(place, "records_break_it", "\(broken) records break this, first \(first.id): \(first.message)"))
    }

    /// Rules of uniqueness that are new, on the records as they are.
    private func checkUnique(_ db: Database, _ plan: inout Plan) throws {
        guard let from else { return }
        var rules: [(place: String, fields: [Field])] = []
        for field in to.fields where field.isUnique && former(field).map({ $0.uniqueness != field.uniqueness }) ?? false
        {
            rules.append(("fields[\(order[field.name] ?? 0)].unique", [field]))
        }
        let known = Set(from.unique)
        for (index, names) in to.unique.enumerated() where !known.contains(names.map { renamed[$0] ?? $0 }) {
            rules.append(("unique[\(index)]", names.compactMap(to.field)))
        }
        for rule in rules {
            // One that all records lack makes none of them like another.
            let columns = rule.fields.compactMap { field in
                former(field).map { (CollectionSQL.quoted($0.name), field.uniqueness == .ignoringCase) }
            }
            guard columns.count == rule.fields.count, !columns.isEmpty else { continue }
            let filled = columns.map { "\($0.0) IS NOT NULL" }.joined(separator: " AND ")
            let groups = columns.map { $0.0 + ($0.1 ? " COLLATE NOCASE" : "") }.joined(separator: ", ")
            let twice = try Self.count(
                db,
                """
                SELECT count(*) FROM (SELECT 1 FROM \(from.sql.table) WHERE \(filled) GROUP BY \(groups)
                HAVING count(*) > 1)
                """)
            guard twice > 0 else { continue }
            plan.refused.append(.init(rule.place, "not_unique", "\(twice) values occur more than once."))
        }
    }

    static func count(_ db: Database, _ sql: String) throws -> Int64 {
        try db.first(sql) { $0.integer(0) } ?? 0
    }
}

extension Collection {
    /// Throws `collection_changed` where a shop's own collection is no longer what the request was checked against.
    func requireCurrent(_ db: Database) throws {
        guard let own else { return }
        let version = try db.first("SELECT version FROM ownCollections WHERE name = ?1", [.text(name)]) {
            $0.integer(0)
        }
        guard version == own.version else {
            throw DomainError.unavailable("collection_changed", "\(heading) was changed a moment ago.")
        }
    }

    /// Whether records of `other` are records of this one as they are.
    package func hasFields(of other: Collection) -> Bool {
        fields.map(\.description) == other.fields.map(\.description)
    }

    /// How many records there are.
    package func count(_ db: Database) throws -> Int64 {
        try db.first("SELECT count(*) FROM \(sql.table)") { $0.integer(0) } ?? 0
    }
}
