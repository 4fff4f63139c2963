package import ApplianceCore
package import CollectionKit

/// What a user is in a shop: one of the roles that every shop has, or one that the shop defined for itself.
package struct ShopRole: Sendable, Equatable {
    package let name: String
    /// Which fields it sees, and what it may do at most.
    package let base: Role
    /// What is left of the base; nil for a role that every shop has.
    package let limit: AccessLimit?

    package init(_ role: Role) { (name, base, limit) = (role.rawValue, role, nil) }
    package init(_ own: CustomRole) { (name, base, limit) = (own.name, own.base, AccessLimit(own)) }

    package static let owner = ShopRole(.owner)
    package static let admin = ShopRole(.admin)
    package static let staff = ShopRole(.staff)
    package static let viewer = ShopRole(.viewer)

    /// For people.
    package var title: String { limit?.role?.title ?? name }

    /// Whether its people manage the shop: its users, roles, keys, settings and log.
    package var isManager: Bool { self == .owner || self == .admin }

    /// `collection`: nil where more than one is meant.
    package func may(_ operation: Permissions.Operation, _ permissions: Permissions, collection: String?) -> Bool {
        permissions.allow(operation, for: base) && (limit?.allows(operation, collection) ?? true)
    }
}

/// A role that a shop defined. A built-in role says which fields it sees, whose records, and what it may do at most; of
/// that it has on each collection what it names. A collection that it does not name is closed to it, also one that a
/// later version brings. It never manages the shop, whatever it is based on.
package struct CustomRole: Sendable, Equatable {
    package enum Limit {
        /// Roles of one shop.
        package static let count = 40
        /// Characters of a name, beside what a slug is.
        static let name = 20
        static let title = 100
    }

    package static let bases: [Role] = [.admin, .staff, .viewer]
    /// What somebody is called who has no role of the shop's own; none may pretend to that.
    private static let reservedNames = Set(Role.allCases.map(\.rawValue) + ["operator", "key", "system"])

    package let name: String
    package var title: String
    package var base: Role
    /// By collection, none of them empty.
    package var grants: [String: AccessLimit.Operations]

    /// A slug of up to 20 characters that means nothing else yet.
    package static func isName(_ text: String) -> Bool {
        TextRules.isSlug(text) && text.utf8.count <= Limit.name && !reservedNames.contains(text)
    }

    package var json: JSON {
        [
            "name": .string(name), "title": .string(title), "base": .string(base.rawValue),
            "collections": collectionsJSON,
        ]
    }

    /// `{"customers": ["read", "create"], "products": ["read"]}`
    var collectionsJSON: JSON {
        .object(
            grants.sorted { $0.key < $1.key }.map { collection, operations in
                .init(collection, .array(Self.ordered(operations).map { .string($0.rawValue) }))
            })
    }

    private static func ordered(_ operations: AccessLimit.Operations) -> [Permissions.Operation] {
        Permissions.Operation.allCases.filter(operations.contains)
    }
}

/// As it is stored: `customers:read,create products:read`.
extension CustomRole {
    var grantsText: String {
        grants.sorted { $0.key < $1.key }.map { collection, operations in
            "\(collection):\(Self.ordered(operations).map(\.rawValue).joined(separator: ","))"
        }.joined(separator: " ")
    }

    /// What cannot be read grants nothing.
    static func grants(text: String) -> [String: AccessLimit.Operations] {
        var grants: [String: AccessLimit.Operations] = [:]
        for part in text.split(separator: " ") {
            let sides = part.split(separator: ":", maxSplits: 1).map(String.init)
            guard sides.count == 2 else { continue }
            let operations = sides[1].split(separator: ",").compactMap { Permissions.Operation(rawValue: String($0)) }
            if !operations.isEmpty { grants[sides[0]] = Set(operations) }
        }
        return grants
    }
}
