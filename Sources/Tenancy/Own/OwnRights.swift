import ApplianceCore
import CollectionKit

/// What a declaration says of whole records: who may do what with them, and when they cannot be changed any more.
extension OwnDeclaration {
    /// What staff and viewers may do; owners and admins may everything. `own` names what they may do with their own
    /// records only, and `ownerField` the field that says whose a record is.
    static func permissions(_ fields: [Field], _ reader: inout InputReader) -> Permissions {
        let (all, own) = (roles("permissions", &reader), roles("own", &reader))
        let owner = reader.text("ownerField", max: OwnName.Limit.length)
        var granted: [Role: [Permissions.Operation: Permissions.Scope]] = [.owner: .everything, .admin: .everything]
        for (role, operations) in all ?? standard {
            guard operations.isEmpty || operations.contains(.read) else {
                reader.faults.append(
                    .init("permissions.\(role.rawValue)", "read_required", "What may be changed must be read too."))
                continue
            }
            granted[role] = Dictionary(operations.map { ($0, .all) }, uniquingKeysWith: { first, _ in first })
        }
        for (role, operations) in own ?? [] {
            for operation in operations where granted[role]?[operation] == nil {
                reader.faults.append(
                    .init(
                        "own.\(role.rawValue)", "contradiction",
                        "\(role.rawValue) may not \(operation.rawValue) at all, by permissions."))
            }
            for operation in operations { granted[role]?[operation] = .own }
        }
        let isNarrowed = own?.contains { !$0.operations.isEmpty } ?? false
        if let owner {
            let isUser = fields.contains { field in
                if case .user = field.type { field.name == owner } else { false }
            }
            if !isUser {
                reader.faults.append(.init("ownerField", "not_found", "There is no field \(owner) of type user."))
            }
        } else if isNarrowed {
            reader.faults.append(.init("ownerField", "required", "It says whose a record is."))
        }
        return Permissions(owner: owner, granted)
    }

    private typealias Line = (role: Role, operations: [Permissions.Operation])

    private static let standard: [Line] = [.staff, .viewer].map { role in
        (role, Permissions.Operation.allCases.filter { Permissions.standard.allow($0, for: role) })
    }

    /// `{"staff": ["read", "create"], "viewer": ["read"]}`; nil where nothing is said.
    private static func roles(_ member: String, _ reader: inout InputReader) -> [Line]? {
        guard let value = reader.member(member) else { return nil }
        if value.objectValue == nil {
            reader.faults.append(.init(member, "wrong_type", "Expected an object of roles, each with a list."))
        }
        var lines: [Line] = []
        for item in value.objectValue ?? [] {
            let field = "\(member).\(item.name.prefix(40))"
            guard let role = Role(rawValue: item.name), role == .staff || role == .viewer else {
                reader.faults.append(
                    .init(field, "unknown_field", "One of staff, viewer: owners and admins may everything."))
                continue
            }
            let operations = item.value.arrayValue?.map { $0.stringValue.flatMap(Permissions.Operation.init) }
            guard let operations, operations.count <= 8, !operations.contains(nil) else {
                reader.faults.append(.init(field, "not_a_choice", "A list of read, create, update and delete."))
                continue
            }
            lines.append((role, operations.compactMap { $0 }))
        }
        return lines
    }

    /// `{"field": "state", "values": ["done"], "except": ["note"]}`: then no other field changes any more.
    static func frozen(_ fields: OwnFields, _ reader: inout InputReader) -> (once: StateCondition, except: [String])? {
        guard let value = reader.member("frozen") else { return nil }
        let members = (value.objectValue ?? []).filter { $0.name != "except" }
        var inner = InputReader([.init("frozen", .object(members))])
        let condition = fields.condition("frozen", &inner)
        reader.faults += inner.faults
        guard let condition else { return nil }
        if let message = fields.mistake(condition) { reader.faults.append(.init("frozen", "not_valid", message)) }
        let given = value["except"] ?? []
        let except = given == .null ? [] : given.arrayValue?.map(\.stringValue) ?? [nil]
        let names = Set(fields.fields.map(\.name))
        guard except.allSatisfy({ $0.map(names.contains) ?? false }) else {
            reader.faults.append(.init("frozen.except", "not_found", "A list of names of fields."))
            return nil
        }
        return (condition, except.compactMap { $0 })
    }

    /// What is sealed, computed or a list cannot be compared as a whole.
    static func checkUnique(_ lists: [[String]], _ fields: [Field], _ reader: inout InputReader) {
        for (index, names) in lists.enumerated() {
            let wrong = fields.first { field in
                guard names.contains(field.name) else { return false }
                switch field.type {
                case .secret, .json, .references: return true
                default: return field.formula != nil
                }
            }
            if let wrong {
                reader.faults.append(
                    .init("unique[\(index)]", "contradiction", "\(wrong.name) is no field to tell records apart by."))
            }
        }
    }
}
