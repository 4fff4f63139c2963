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
