package import ApplianceCore

/// What stands in the OpenAPI document as `x-collection` beside a collection's path: all that a page needs to draw its
/// list, form and filters without knowing it. `Collections.md` describes the members.
extension Collection {
    package var description: JSON {
        [
            "name": .string(name), "title": .string(heading), "singular": .string(title),
            "idPrefix": .string(idPrefix), "retention": .string(retention.text),
            "searchable": .bool(fields.contains(where: \.isSearchable)),
            "titleField": JSON(titleField), "permissions": permissions.description, "own": permissions.ownDescription,
            "ownerField": JSON(permissions.owner),
            "indexes": .array(indexes.map { .array($0.map { .string($0) }) }),
            "unique": .array(unique.map { .array($0.map { .string($0) }) }),
            "fields": .array(fields.map(\.description)),
        ]
    }

    /// Many records, for people: `license-policies` becomes `License policies`.
    package var heading: String { own?.heading ?? derivedHeading }

    private var derivedHeading: String { name.prefix(1).uppercased() + name.dropFirst().replacing("-", with: " ") }

    /// What a record is called where there is room for one field: its number, its name, or the first text that it has.
    private var titleField: String? {
        let texts = fields.filter { field in
            switch field.type {
            case .text(.multiline, _): false
            case .text, .sequence: true
            default: false
            }
        }
        let number = texts.first { if case .sequence = $0.type { true } else { false } }
        let named = texts.first { $0.name == "name" || $0.name == "title" }
        return (number ?? named ?? texts.first(where: \.isRequired) ?? texts.first)?.name
    }
}

extension Permissions {
    /// `{"owner": ["read", "create", "update", "delete"], …}`
    package var description: JSON {
        .object(
            Role.allCases.map { role in
                let allowed = Operation.allCases.filter { allow($0, for: role) }
                return .init(role.rawValue, .array(allowed.map { .string($0.rawValue) }))
            })
    }

    /// What each role may do with its own records only: `{"staff": ["update", "delete"]}`.
    var ownDescription: JSON {
        .object(
            Role.allCases.compactMap { role in
                let own = Operation.allCases.filter { scope($0, for: role) == .own }
                return own.isEmpty ? nil : .init(role.rawValue, .array(own.map { .string($0.rawValue) }))
            })
    }

    /// `{"owner": "all", "staff": "own"}`: who may do that, with which records.
    func description(of operation: Operation) -> JSON {
        .object(
            Role.allCases.compactMap { role in
                scope(operation, for: role).map { .init(role.rawValue, .string($0.rawValue)) }
            })
    }
}

/// A role that a shop defined, as one collection meets it: of what its base may do there, these operations.
package struct NarrowedRole: Sendable {
    let name: String
    let base: Role
    private let operations: Set<Permissions.Operation>

    package init(name: String, base: Role, operations: Set<Permissions.Operation>) {
        (self.name, self.base, self.operations) = (name, base, operations)
    }

    func scope(_ operation: Permissions.Operation, _ permissions: Permissions) -> Permissions.Scope? {
        operations.contains(operation) ? permissions.scope(operation, for: base) : nil
    }
}

extension Collection {
    /// Who may do what, for people: each operation by role, and each field that not everybody may read and set. `own`:
    /// the roles beside those that every shop has.
    package func permissionMatrix(_ own: [NarrowedRole]) -> JSON {
        let operations = Permissions.Operation.allCases.map { operation in
            let narrowed = own.compactMap { role in
                role.scope(operation, permissions).map { JSON.Member(role.name, .string($0.rawValue)) }
            }
            let known = permissions.description(of: operation).objectValue ?? []
            return JSON.Member(operation.rawValue, .object(known + narrowed))
        }
        let fields = fields.filter { $0.readers != nil || $0.writers != nil }.map { field -> JSON in
            let all = Set(Role.allCases)
            let readers = (field.readers ?? all).filter { permissions.allow(.read, for: $0) }
            let writers = (field.writers ?? all).filter {
                !field.isReadOnly && (permissions.allow(.create, for: $0) || permissions.allow(.update, for: $0))
            }
            func list(_ roles: Set<Role>, _ operations: Set<Permissions.Operation>) -> JSON {
                let narrowed = own.filter { role in
                    roles.contains(role.base) && operations.contains { role.scope($0, permissions) != nil }
                }
                return .array((Field.list(roles).arrayValue ?? []) + narrowed.map { .string($0.name) })
            }
            return [
                "name": .string(field.name), "title": .string(field.title), "read": list(readers, [.read]),
                "write": list(writers, [.create, .update]),
            ]
        }
        return [
            "name": .string(name), "title": .string(heading), "ownerField": JSON(permissions.owner),
            "operations": .object(operations), "fields": .array(fields),
        ]
    }
}

extension Field {
    var description: JSON {
        var members: [JSON.Member] = [
            .init("name", .string(name)), .init("title", .string(title)), .init("type", .string(type.name)),
            .init("required", .bool(isRequired && fallback == nil)),
        ]
        for (word, isSet) in [
            ("readOnly", isReadOnly), ("writeOnly", isWriteOnly), ("immutable", isImmutable), ("unique", isUnique),
            ("personal", isPersonal), ("searchable", isSearchable), ("sortable", type.isSortable),
        ] where isSet { members.append(.init(word, true)) }
        if let readers { members.append(.init("readableBy", Self.list(readers))) }
        if let writers { members.append(.init("writableBy", Self.list(writers))) }
        if let frozen { members.append(.init("frozen", frozen.description)) }
        if let drawn { members.append(.init("drawn", drawn.description)) }
        if let formula { members.append(.init("formula", .string(formula.source))) }
        if let initial { members.append(.init("default", initial)) }
        if let moves {
            let sorted = moves.sorted { $0.key < $1.key }
            members.append(
                .init("moves", .object(sorted.map { .init($0.key, .array($0.value.map { .string($0) })) })))
        }
        members.append(.init("filters", .array(type.comparisons.map { .string($0.rawValue) })))
        return .object(members + limits)
    }

    static func list(_ roles: Set<Role>) -> JSON {
        .array(Role.allCases.filter(roles.contains).map { .string($0.rawValue) })
    }

    /// `unitPrice` becomes `Unit price`; `customerId` becomes `Customer`.
    var title: String { label ?? derivedTitle }

    private var derivedTitle: String {
        var stem = name
        switch type {
        case .reference, .user: if stem.hasSuffix("Id"), stem.count > 2 { stem.removeLast(2) }
        case .references: if stem.hasSuffix("Ids"), stem.count > 3 { stem = stem.dropLast(3) + "s" }
        default: break
        }
        var words = ""
        for character in stem {
            words += character.isUppercase ? " " + character.lowercased() : String(character)
        }
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    /// What a form shows in an empty field, where that is known before.
    private var initial: JSON? {
        switch (fallback, type) {
        case (.value(.integer(let number)), .boolean): .bool(number != 0)
        case (.value(.integer(let number)), .decimal(let scale, _)): .string(FixedPoint.text(number, scale: scale))
        case (.value(.integer(let number)), _): .integer(number)
        case (.value(.text(let text)), _): .string(text)
        default: nil
        }
    }

    var limits: [JSON.Member] {
        var members: [JSON.Member] = []
        switch type {
        case .text(_, let max), .secret(let max): members.append(.init("maxLength", JSON(max)))
        case .integer(let range, let unit):
            members += [.init("minimum", .integer(range.lowerBound)), .init("maximum", .integer(range.upperBound))]
            if unit != .none { members.append(.init("unit", .string(unit.rawValue))) }
        case .decimal(let scale, let range):
            members += [
                .init("scale", JSON(scale)),
                .init("minimum", .string(FixedPoint.text(range.lowerBound, scale: scale))),
                .init("maximum", .string(FixedPoint.text(range.upperBound, scale: scale))),
            ]
        case .money(let currency, let allowsNegative):
            members += [.init("currency", .string(currency)), .init("allowsNegative", .bool(allowsNegative))]
        case .choice(let choices): members.append(.init("choices", .array(choices.map { .string($0) })))
        case .reference(let target, let rule):
            members += [.init("reference", .string(target)), .init("onDelete", .string(rule.rawValue.lowercased()))]
        case .references(let target, let max):
            members += [.init("reference", .string(target)), .init("maxItems", JSON(max))]
        case .file(let accept): members.append(.init("accept", .array(accept.map { .string($0) })))
        case .json(let maxBytes): members.append(.init("maxBytes", JSON(maxBytes)))
        case .sequence(let series):
            members.append(.init("series", .string(series.pattern)))
            if series.firstMonth != 1 { members.append(.init("firstMonth", JSON(series.firstMonth))) }
        case .currency, .boolean, .date, .instant, .user: break
        }
        if minimumLength > 0 { members.append(.init("minLength", JSON(minimumLength))) }
        if let pattern { members.append(.init("pattern", .string("^\(pattern.source)$"))) }
        if let letterCase { members.append(.init("case", .string(letterCase.rawValue))) }
        return members
    }
}

extension StateCondition {
    var description: JSON {
        ["field": .string(field), "values": .array(values.map { .string($0) })]
    }
}

extension FieldType {
    /// The type's word, for the page and for people.
    var name: String {
        switch self {
        case .text(let format, _): format == .line ? "text" : format.rawValue
        case .integer(_, .none): "integer"
        case .integer(_, .milligrams): "weight"
        case .integer(_, .basisPoints): "rate"
        case .integer(_, .seconds): "duration"
        case .decimal: "decimal"
        case .money: "money"
        case .currency: "currency"
        case .boolean: "boolean"
        case .date: "date"
        case .instant: "instant"
        case .choice: "choice"
        case .reference: "reference"
        case .references: "references"
        case .user: "user"
        case .file: "file"
        case .json: "json"
        case .secret: "secret"
        case .sequence: "sequence"
        }
    }
}
