/// Who may do what with the records of a collection.
package struct Permissions: Sendable {
    package enum Operation: String, CaseIterable, Sendable { case read, create, update, delete }

    /// Which records an operation is granted on.
    package enum Scope: String, Sendable {
        case all
        /// Those that are the person's own, by the collection's `owner` field.
        case own
    }

    /// A field of type `user` that says whose a record is; needed where something is granted on `own` records.
    package let owner: String?
    private let granted: [Role: [Operation: Scope]]

    package init(owner: String? = nil, _ granted: [Role: [Operation: Scope]]) {
        (self.owner, self.granted) = (owner, granted)
    }

    /// Owners and admins do everything, staff all but delete, viewers read.
    package static let standard = Permissions([
        .owner: .everything, .admin: .everything, .staff: [.read: .all, .create: .all, .update: .all],
        .viewer: [.read: .all],
    ])

    package func scope(_ operation: Operation, for role: Role) -> Scope? { granted[role]?[operation] }
    package func allow(_ operation: Operation, for role: Role) -> Bool { scope(operation, for: role) != nil }

    /// What nobody could mean; nil when there is nothing of that kind.
    package func mistake(_ fields: [Field]) -> String? {
        let needsOwner = granted.values.contains { $0.values.contains(.own) }
        let users = fields.filter { if case .user = $0.type { true } else { false } }.map(\.name)
        if needsOwner, owner == nil { return "own records need an owner field" }
        if let owner, !users.contains(owner) { return "\(owner) is no field of type user" }
        for (role, operations) in granted where !operations.isEmpty && operations[.read] == nil {
            return "\(role.rawValue) may change what it may not read"
        }
        for field in fields {
            guard let formula = field.formula else { continue }
            for source in fields where formula.fields.contains(source.name) {
                if let readers = source.readers, !(field.readers.map { $0.isSubset(of: readers) } ?? false) {
                    return "\(field.name) tells \(source.name) to those who may not read it"
                }
            }
        }
        return nil
    }
}

extension [Permissions.Operation: Permissions.Scope] {
    package static let everything: Self = [.read: .all, .create: .all, .update: .all, .delete: .all]
}

/// What a user of a shop is there.
package enum Role: String, CaseIterable, Sendable, Codable { case owner, admin, staff, viewer }
