import ApplianceCore
import GRDB
import Storage

/// The column values of a record to be written, in the order of the collection's fields, checked as a whole: all
/// faults are reported at once.
struct RecordDraft: Sendable {
    let view: CollectionView
    var collection: Collection { view.collection }
    var values: [SQLValue]
    /// What stands in the table; nil for a new record.
    let current: [SQLValue]?
    /// Which fields the input named.
    var given: [Bool]
    var faults: [DomainError.FieldFault] = []
    /// References found in the file already.
    var resolved: Set<Int> = []

    init(_ view: CollectionView) {
        (self.view, current) = (view, nil)
        values = Array(repeating: .null, count: view.fields.count)
        given = Array(repeating: false, count: view.fields.count)
    }

    /// Takes over what stands in the table, for a merge.
    init(_ view: CollectionView, current: [SQLValue]) {
        (self.view, self.current, values) = (view, current, current)
        given = Array(repeating: false, count: view.fields.count)
    }

    /// Reads the members of a JSON object. Unknown names are faults.
    mutating func take(json: JSON) throws {
        guard let members = json.objectValue else {
            throw DomainError.malformed("not_an_object", "The body must be a JSON object.")
        }
        for member in members {
            guard let index = collection.index(of: member.name), !collection.fields[index].isReadOnly else {
                let isServers =
                    Collection.systemColumns.contains(member.name) || collection.index(of: member.name) != nil
                faults.append(
                    .init(
                        String(member.name.prefix(64)), isServers ? "read_only" : "unknown_field",
                        isServers ? "Set by the server." : "There is no such field."))
                continue
            }
            let field = collection.fields[index]
            do throws(ValueFault) {
                try checkMention(index)
                try set(index, try field.value(json: merged(index, member.value)))
            } catch {
                faults.append(.init(field.name, error.code, error.message))
            }
        }
    }

    /// A field that the person may neither read nor set is not there.
    private func checkMention(_ index: Int) throws(ValueFault) {
        if !view.grant.isReadable[index], !view.grant.isWritable[index] {
            throw ValueFault("unknown_field", "There is no such field.")
        }
    }

    /// RFC 7396 goes on inside a field that holds JSON.
    private func merged(_ index: Int, _ patch: JSON) -> JSON {
        guard case .json = collection.fields[index].type, case .text(let text) = current?[index], case .object = patch,
            let before = try? JSONParser.parse(Array(text.utf8))
        else { return patch }
        return before.merged(with: patch)
    }

    mutating func set(_ index: Int, _ value: SQLValue) throws(ValueFault) {
        if collection.fields[index].isImmutable, current != nil, values[index] != value {
            throw ValueFault("immutable", "Cannot be changed once set.")
        }
        // The same again is no change: a form sends back what it got.
        if !view.grant.isWritable[index], current == nil || values[index] != value {
            throw ValueFault(Self.notPermitted, "Your role may not set this.")
        }
        values[index] = value
        given[index] = true
    }

    func value(_ field: String) -> SQLValue { collection.index(of: field).map { values[$0] } ?? .null }

    // MARK: - What follows from the values given

    /// Defaults, computed fields, and the rules that need nothing but the record itself.
    mutating func complete(_ context: RecordContext) throws {
        if current == nil { fillDefaults(context) }
        for index in collection.rules.computed { compute(index) }
        requireFields()
        for index in collection.rules.stateful { try checkState(index) }
    }

    /// Fills what was left out. A null that was given stands for "left out" too.
    private mutating func fillDefaults(_ context: RecordContext) {
        for (index, field) in collection.fields.enumerated() where values[index] == .null {
            switch field.fallback {
            case .value(.integer(let number)): values[index] = .integer(number)
            case .value(.text(let text)): values[index] = .text(text)
            case .tenantCurrency: values[index] = .text(context.currency)
            case .now: values[index] = .text(context.now.description)
            case .actor: if context.actor.kind == .user { values[index] = .text(context.actor.id) }
            case .generated(let make): values[index] = .text(make())
            case .field(let name): values[index] = value(name)
            case nil: break
            }
        }
    }

    private mutating func compute(_ index: Int) {
        let field = collection.fields[index]
        guard let formula = field.formula else { return }
        do throws(ValueFault) {
            let result = try formula.value { value($0) }
            values[index] = try field.checked(result)
        } catch {
            faults.append(.init(field.name, error.code, error.message))
        }
    }

    private mutating func requireFields() {
        for (index, field) in collection.fields.enumerated()
        where field.isRequired && values[index] == .null && !faults.contains(where: { $0.field == field.name }) {
            if case .sequence = field.type { continue }
            faults.append(.init(field.name, "required", "Must be given."))
        }
    }

    /// Moves of a choice, and what is frozen in the state that the record is in.
    private mutating func checkState(_ index: Int) throws {
        guard let current, current[index] != values[index] else { return }
        let field = collection.fields[index]
        if let frozen = field.frozen, let state = collection.index(of: frozen.field),
            case .text(let text) = current[state], frozen.values.contains(text)
        {
            faults.append(.init(field.name, "immutable", "Cannot be changed once \(frozen.field) is \(text)."))
        }
        guard let moves = field.moves, case .text(let from) = current[index] else { return }
        let to = if case .text(let text) = values[index] { text } else { "empty" }
        guard moves[from]?.contains(to) != true else { return }
        let next = moves[from] ?? []
        var conflict = DomainError.conflict(
            "invalid_transition", "\(field.name) cannot go from \(from) to \(to).",
            hint: next.isEmpty
                ? "\(from) is where it ends." : "From \(from) it can go to \(next.joined(separator: ", ")).")
        conflict.faults = [.init(field.name, "invalid_transition", "Cannot go from \(from) to \(to).")]
        throw conflict
    }

    // MARK: - What the file has to say

    /// Looks up that each record referred to exists in this shop.
    mutating func checkReferences(_ db: Database, _ context: RecordContext) throws {
        for (index, exists) in collection.rules.references
        where given[index] && values[index] != .null && !resolved.contains(index) {
            if try db.first(exists, [values[index]], { _ in true }) == nil { reportMissing(index, nil) }
        }
        for (index, exists) in collection.rules.files
        where given[index] && values[index] != .null && values[index] != current?[index] {
            let isForeign: SQLValue = .integer(context.actor.kind == .user ? 0 : 1)
            let found = try db.first(exists, [values[index], .text(context.actor.text), isForeign]) { _ in true }
            if found == nil { reportMissingFile(index) }
        }
        for (index, exists) in collection.rules.lists where given[index] {
            for id in references(index) where try db.first(exists, [.text(id)], { _ in true }) == nil {
                reportMissing(index, id)
            }
        }
    }

    private mutating func reportMissing(_ index: Int, _ id: String?) {
        let which = id.map { " \($0)" } ?? ""
        faults.append(.init(collection.fields[index].name, "not_found", "There is no such record\(which)."))
    }

    private mutating func reportMissingFile(_ index: Int) {
        let field = collection.fields[index]
        let kinds = if case .file(let accept) = field.type { accept } else { [String]() }
        let which = kinds.isEmpty ? "" : " of type \(kinds.joined(separator: ", "))"
        faults.append(.init(field.name, "not_found", "You have uploaded no such file\(which)."))
    }

    private func references(_ index: Int) -> [String] {
        guard case .text(let text) = values[index] else { return [] }
        return (try? JSONParser.parse(Array(text.utf8)))?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    static let notPermitted = "not_permitted"

    func throwFaults() throws {
        if faults.isEmpty { return }
        guard faults.contains(where: { $0.code == Self.notPermitted }) else { throw DomainError.invalid(faults) }
        var refusal = DomainError.forbidden(Self.notPermitted, "Your role does not allow this.")
        refusal.faults = faults
        throw refusal
    }

    /// Own records stay the person's own: neither made for somebody else nor handed over.
    mutating func checkOwner(_ operation: Permissions.Operation) {
        guard !view.reaches(values, operation), let owner = view.grant.owner else { return }
        faults.append(
            .init(collection.fields[owner].name, Self.notPermitted, "Your role allows your own records only."))
    }

    /// Draws numbers and seals secrets: last, when nothing can be wrong with the record any more.
    mutating func finish(_ db: Database, _ context: RecordContext) throws {
        for index in collection.rules.sequences where values[index] == .null {
            let field = collection.fields[index]
            guard case .sequence(let series) = field.type, isDue(field) else { continue }
            values[index] = .text(try series.draw(db, collection: collection.name, field: field.name, context))
        }
        for index in collection.rules.secrets where given[index] {
            guard case .text(let plain) = values[index] else { continue }
            guard let sealer = context.sealer else { throw DomainError.internal("no sealer for \(collection.name)") }
            values[index] = .text(try sealer.seal(plain, "\(collection.name).\(collection.fields[index].name)"))
        }
    }

    private func isDue(_ field: Field) -> Bool {
        guard let condition = field.drawn else { return current == nil }
        return if case .text(let state) = value(condition.field) { condition.values.contains(state) } else { false }
    }
}

extension Field {
    /// A computed value within the limits of the field's type.
    func checked(_ value: SQLValue) throws(ValueFault) -> SQLValue {
        switch (type, value) {
        case (_, .null): return .null
        case (.integer(let range, _), .integer(let number)), (.decimal(_, let range), .integer(let number)):
            return try Self.integer(number, range)
        case (.money(_, let allowsNegative), .integer(let number)): return try Self.money(number, allowsNegative)
        case (.text(let format, let max), .text(let text)): return try self.text(text, format, max: max)
        default: throw ValueFault("wrong_type", "The formula does not give \(type.expectation).")
        }
    }
}
