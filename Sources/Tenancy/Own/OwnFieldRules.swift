import ApplianceCore
import CollectionKit
import Storage

/// What must be true of a field, and who may do what with it.
extension OwnFields {
    func refined(_ field: Field, _ reader: inout InputReader) -> Field {
        var field = field
        if case .text(_, let max) = field.type { field = shaped(field, max: max, &reader) }
        if case .choice(let choices) = field.type { field = moving(field, choices, &reader) }
        if reader.flag("required") == true { field = field.required() }
        if reader.flag("personal") == true { field = field.personal() }
        if reader.flag("immutable") == true { field = field.immutable() }
        if let condition = condition("frozen", &reader) { field = field.frozen(condition) }
        if case .sequence = field.type, let condition = condition("drawn", &reader) { field = field.drawn(condition) }
        if let roles = roles("readableBy", &reader) { field = field.readable(by: roles) }
        if let roles = roles("writableBy", &reader) { field = field.writable(by: roles) }
        switch reader.member("unique") {
        case .bool(true)?: field = field.unique()
        case .string("ignoringCase")?: field = field.unique(ignoringCase: true)
        case .bool(false)?, nil: break
        default: reader.faults.append(.init("unique", "not_a_choice", "True, false or \"ignoringCase\"."))
        }
        if reader.flag("searchable") == true {
            switch field.type {
            case .text, .choice: field = field.searchable()
            default: reader.faults.append(.init("searchable", "not_valid", "Texts and choices are searched."))
            }
        }
        if field.isRequired, case .reference(_, .setNull) = field.type {
            reader.faults.append(.init("onDelete", "contradiction", "What is required cannot be emptied."))
        }
        if let value = reader.member("default") {
            let (changed, fault) = field.default(json: value)
            field = changed
            switch field.type {
            case .reference, .references, .user, .currency, .json, .file, .secret, .sequence:
                reader.faults.append(.init("default", "not_valid", "Fields of this type have no default."))
            default: if let fault { reader.faults.append(.init("default", fault.code, fault.message)) }
            }
        }
        return computed(field, &reader)
    }

    private func shaped(_ field: Field, max: Int, _ reader: inout InputReader) -> Field {
        var field = field
        if let least = reader.integer("minLength", in: 0...Int64(max)) { field = field.min(Int(least)) }
        if let text = reader.text("pattern", max: Limit.pattern) {
            do {
                field = field.matching(try TextPattern(Self.unanchored(text)))
            } catch {
                reader.faults.append(.init("pattern", "not_valid", error.message))
            }
        }
        switch reader.text("case", max: 5) {
        case "upper"?: field = field.upperCase()
        case "lower"?: field = field.lowerCase()
        case nil: break
        default: reader.faults.append(.init("case", "not_a_choice", "One of upper, lower."))
        }
        return field
    }

    /// As descriptions show a pattern: `^…$`.
    private static func unanchored(_ text: String) -> String {
        guard text.hasPrefix("^"), text.hasSuffix("$"), text.count >= 2 else { return text }
        return String(text.dropFirst().dropLast())
    }

    private func moving(_ field: Field, _ choices: [String], _ reader: inout InputReader) -> Field {
        guard let value = reader.member("moves") else { return field }
        let lists = (value.objectValue ?? []).map { ($0.name, $0.value.arrayValue?.map(\.stringValue) ?? [nil]) }
        guard value.objectValue != nil,
            lists.allSatisfy({ from, to in
                choices.contains(from) && to.allSatisfy { $0.map(choices.contains) ?? false }
                    && Set(to).count == to.count
            })
        else {
            reader.faults.append(
                .init("moves", "not_valid", "An object: from each choice a list of those that it may go to."))
            return field
        }
        return field.moves(
            Dictionary(lists.map { ($0, $1.compactMap { $0 }) }, uniquingKeysWith: { first, _ in first }))
    }

    /// `{"field": "state", "values": ["done"]}`
    func condition(_ member: String, _ reader: inout InputReader) -> StateCondition? {
        guard let value = reader.member(member) else { return nil }
        var inner = InputReader(value.objectValue ?? [])
        let field = inner.text("field", required: true, max: OwnName.Limit.length)
        let values = inner.texts("values", allowed: nil)
        do {
            try inner.finish()
        } catch {
            reader.faults += DomainError(any: error).faults.map { .init("\(member).\($0.field)", $0.code, $0.message) }
            return nil
        }
        guard let field, let values, !values.isEmpty else {
            reader.faults.append(.init("\(member).values", "required", "A list of choices of that field."))
            return nil
        }
        return StateCondition(field: field, values: values)
    }

    /// Owners are always among them: nobody could change the declaration back otherwise.
    private func roles(_ member: String, _ reader: inout InputReader) -> Set<Role>? {
        guard let names = reader.texts(member, allowed: Role.allCases.map(\.rawValue)) else { return nil }
        guard names.contains(Role.owner.rawValue) else {
            reader.faults.append(.init(member, "owner_required", "Owners are among them."))
            return nil
        }
        return Set(names.compactMap { Role(rawValue: $0) })
    }

    private func computed(_ field: Field, _ reader: inout InputReader) -> Field {
        if let text = reader.text("formula", max: Formula.Limit.length) {
            do {
                return refusingRules(field.computed(try Formula(text)), "What is computed", &reader)
            } catch {
                reader.faults.append(.init("formula", "not_valid", error.message))
                return field
            }
        }
        switch field.type {
        case .sequence: return refusingRules(field, "A sequence", &reader)
        case .secret where field.isUnique:
            reader.faults.append(.init("unique", "contradiction", "What is sealed cannot be compared."))
            return field
        default: return field
        }
    }

    /// Rules for what people set, of a field that the server sets.
    private func refusingRules(_ field: Field, _ what: String, _ reader: inout InputReader) -> Field {
        let set: [(String, Bool)] = [
            ("required", field.isRequired), ("unique", field.isUnique), ("default", field.fallback != nil),
            ("immutable", field.isImmutable), ("frozen", field.frozen != nil), ("writableBy", field.writers != nil),
        ]
        for (rule, isSet) in set where isSet {
            reader.faults.append(.init(rule, "contradiction", "\(what) is set by the server alone."))
        }
        return field
    }

    // MARK: - Among the others

    /// What is wrong with a field beside the others.
    func faultsAmong(_ index: Int) -> [DomainError.FieldFault] {
        let field = fields[index]
        var faults: [DomainError.FieldFault] = []
        if case .money(let currency, _) = field.type, !isCurrency(currency) {
            faults.append(.init("currency", "not_found", "Money needs a field of type currency: \(currency)."))
        }
        for (member, condition) in [("frozen", field.frozen), ("drawn", field.drawn)] {
            guard let condition, let message = mistake(condition) else { continue }
            faults.append(.init(member, "not_valid", message))
        }
        guard let formula = field.formula else { return faults }
        if let message = formula.mistake(giving: field, among: fields) {
            faults.append(.init("formula", "not_valid", message))
        }
        let sources = fields.filter { formula.fields.contains($0.name) }
        if let source = field.personalSource(among: fields) {
            faults.append(
                .init("personal", "required", "It tells \(source.name), which is personal: it has to be so too."))
        }
        for source in sources {
            guard let readers = source.readers, !(field.readers.map { $0.isSubset(of: readers) } ?? false) else {
                continue
            }
            faults.append(
                .init("readableBy", "required", "It tells \(source.name) to those who may not read that."))
            break
        }
        return faults
    }

    /// What is wrong with a condition; nil when nothing is.
    func mistake(_ condition: StateCondition) -> String? {
        guard let field = fields.first(where: { $0.name == condition.field }), case .choice(let choices) = field.type
        else { return "There is no choice \(condition.field)." }
        return condition.values.allSatisfy(choices.contains) ? nil : "\(condition.field) has no such choice."
    }

    private func isCurrency(_ name: String) -> Bool {
        fields.contains { field in
            if case .currency = field.type { field.name == name } else { false }
        }
    }
}
