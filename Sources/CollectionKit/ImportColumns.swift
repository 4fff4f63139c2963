import ApplianceCore
import GRDB
import Storage

/// The header of a file, resolved: which cell fills which field, and how.
struct ImportColumns {
    struct Target {
        let column: String
        /// Which cell; nil for a constant.
        let cell: Int?
        let constant: String?
        let field: Int
        /// For `customerId.externalId`: finds the id by a unique field of the other collection.
        let lookupSQL: String?
        /// Whose records may be found so; nil for everybody's.
        var owner: String?
    }

    let count: Int
    /// Money comes last, because its decimals depend on the row's currency.
    let targets: [Target]
    let ignored: [String]
    private let collection: Collection

    init(
        _ header: [String], _ view: CollectionView, _ targetViews: Expansion.Targets, _ options: ImportOptions
    ) throws {
        count = header.count
        let collection = view.collection
        self.collection = collection
        var faults: [DomainError.FieldFault] = []
        var targets: [Target] = []
        var ignored: [String] = []
        func add(_ column: String, cell: Int?, constant: String? = nil, to field: String) {
            do throws(ValueFault) {
                targets.append(try Self.target(column, cell, constant, field, view, targetViews))
            } catch {
                faults.append(.init(column, error.code, error.message, line: constant == nil ? 1 : nil))
            }
        }
        for (cell, raw) in header.enumerated() {
            let column = TextRules.normalized(raw) ?? ""
            let fields = options.map.filter { $0.column == column }.map(\.field)
            if !fields.isEmpty {
                for field in fields { add(column, cell: cell, to: field) }
            } else if Collection.systemColumns.contains(column) || collection.field(column)?.isReadOnly == true {
                continue
            } else if options.map.isEmpty || collection.index(of: String(column.prefix { $0 != "." })) != nil {
                add(column, cell: cell, to: column)
            } else {
                ignored.append(column)
            }
        }
        for missing in options.map where !header.contains(where: { TextRules.normalized($0) == missing.column }) {
            faults.append(.init(missing.column, "no_such_column", "The file has no column of this name.", line: 1))
        }
        for (field, value) in options.constants { add(field, cell: nil, constant: value, to: field) }
        for (field, uses) in Dictionary(grouping: targets, by: \.field) where uses.count > 1 {
            faults.append(.init(collection.fields[field].name, "twice", "Two columns fill this field.", line: 1))
        }
        if let upsertIndex = options.upsert.flatMap({ collection.index(of: $0) }),
            !targets.contains(where: { $0.field == upsertIndex })
        {
            faults.append(.init("upsert", "required", "No column fills the field to update by.", line: 1))
        }
        if !faults.isEmpty { throw DomainError.invalid(faults) }
        self.ignored = ignored
        self.targets = targets.sorted { !collection.fields[$0.field].isMoney && collection.fields[$1.field].isMoney }
    }

    private static func target(
        _ column: String, _ cell: Int?, _ constant: String?, _ path: String, _ view: CollectionView,
        _ targets: Expansion.Targets
    ) throws(ValueFault) -> Target {
        let collection = view.collection
        let parts = path.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.first, let index = collection.index(of: name),
            view.grant.isReadable[index] || view.grant.isWritable[index]
        else {
            throw ValueFault("unknown_field", "\(collection.name) has no field \(path.prefix(64)).")
        }
        guard !collection.fields[index].isReadOnly else { throw ValueFault("read_only", "Set by the server.") }
        guard parts.count == 2, let key = parts.last else {
            return Target(column: column, cell: cell, constant: constant, field: index, lookupSQL: nil)
        }
        guard case .reference(let name, _) = collection.fields[index].type, let other = targets(name),
            other.column(key) != nil, let field = other.collection.field(key), field.isUnique
        else {
            throw ValueFault("not_a_reference", "\(path.prefix(64)) is not a unique field of a record referred to.")
        }
        var sql = "SELECT id FROM \(other.sql.table) WHERE \(CollectionSQL.equals(field, "?1"))"
        var target = Target(column: column, cell: cell, constant: constant, field: index, lookupSQL: sql)
        if let own = other.ownColumn(.read) {
            sql += " AND \(own) = ?2"
            target = Target(
                column: column, cell: cell, constant: constant, field: index, lookupSQL: sql, owner: other.user)
        }
        return target
    }

    func column(of field: String) -> String {
        targets.first { collection.fields[$0.field].name == field }?.column ?? field
    }

    /// Puts one cell into the draft. An empty cell leaves the field out.
    func fill(
        _ draft: inout RecordDraft, _ target: Target, _ row: borrowing CSVParser.Row, _ db: Database,
        _ context: RecordContext
    ) throws(ValueFault) {
        guard let text = target.constant ?? target.cell.flatMap({ row.text($0) }) else {
            throw ValueFault("not_utf8", "The cell is not UTF-8.")
        }
        guard !text.isEmpty else { return }
        let field = draft.collection.fields[target.field]
        let value: SQLValue
        if let sql = target.lookupSQL {
            value = try Self.lookup(db, sql, [text] + [target.owner].compactMap { $0 })
            draft.resolved.insert(target.field)
        } else {
            value = try field.value(cell: text, in: draft, context)
        }
        // Spaces alone are empty too.
        if value != .null { try draft.set(target.field, value) }
    }

    private static func lookup(_ db: Database, _ sql: String, _ values: [String]) throws(ValueFault) -> SQLValue {
        let found = try? db.first(sql, values.map { .text($0) }) { $0.value(0) }
        guard let found else {
            throw ValueFault("not_found", "There is no record with \((values.first ?? "").prefix(64)).")
        }
        return found
    }
}

extension Field {
    var isMoney: Bool { if case .money = type { true } else { false } }

    /// CSV is for people: money in major units, `true`/`yes`/`1`, a day where an instant is wanted.
    func value(cell text: String, in draft: RecordDraft, _ context: RecordContext) throws(ValueFault) -> SQLValue {
        switch type {
        case .text(let format, let max):
            return try self.text(CSVWriter.unguarded(text), format, max: max)
        case .integer(let range, _):
            guard text.utf8.count <= 20, let number = Int64(text) else {
                throw ValueFault("not_a_number", "\"\(text.prefix(40))\" is not a whole number.")
            }
            return try Self.integer(number, range)
        case .decimal(let scale, let range): return try Self.decimal(text, scale, range)
        case .money(let currencyField, let allowsNegative):
            let given = draft.value(currencyField)
            let code = if case .text(let code) = given { code } else { context.currency }
            guard let currency = Currency(code), let minor = currency.minor(fromMajor: text) else {
                throw ValueFault("not_an_amount", "\"\(text.prefix(40))\" is not an amount in \(code).")
            }
            return try Self.money(minor, allowsNegative)
        case .currency: return try Self.currency(text)
        case .boolean:
            switch text.lowercased() {
            case "true", "yes", "1": return .integer(1)
            case "false", "no", "0": return .integer(0)
            default: throw ValueFault("not_a_boolean", "\"\(text.prefix(40))\" is neither true nor false.")
            }
        case .date: return try Self.date(text)
        case .instant:
            // A shop's books name days: the day begins at midnight where the shop is.
            if let date = CivilDate(text) { return .text(context.timeZone.instant(date).description) }
            return try Self.instant(text)
        case .choice(let choices): return try Self.choice(text, choices)
        case .reference, .user, .file: return try Self.reference(text)
        case .references:
            let ids = text.split(separator: " ").map { JSON.string(String($0)) }
            return try value(json: .array(ids))
        case .json:
            guard text.utf8.count <= CSVParser.Limit.row, let json = try? JSONParser.parse(Array(text.utf8)) else {
                throw ValueFault("not_json", "The cell is not JSON.")
            }
            return try value(json: json)
        case .secret: return try value(json: .string(text))
        case .sequence: throw ValueFault("read_only", "Set by the server.")
        }
    }
}
