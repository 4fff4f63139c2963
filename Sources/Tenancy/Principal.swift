package import ApplianceCore
package import CollectionKit

/// Who is asking: an operator, or a user of one shop.
package struct Principal: Sendable, Equatable {
    package enum Standing: Sendable, Equatable {
        case `operator`(OperatorRole)
        case user(tenant: String, role: Role)
    }

    package let id: String
    package let email: String
    package let name: String
    package let standing: Standing
    package let sessionID: String
    package let expiresAt: Instant
    /// What narrows the role: an API key's scopes, or what a role of the shop's own leaves of it.
    package var limit: AccessLimit?

    /// The person at the command line, through the control socket: whoever can open that runs the appliance.
    package static let commandLine = Principal(
        id: "cli", email: "", name: "Command line", standing: .operator(.owner), sessionID: "", expiresAt: .latest)

    package var isOperator: Bool { operatorRole != nil }
    /// Nil for the user of a shop.
    package var operatorRole: OperatorRole? { if case .operator(let role) = standing { role } else { nil } }
    /// The shop that the credential belongs to; nil for an operator.
    package var tenantID: String? { if case .user(let tenant, _) = standing { tenant } else { nil } }

    /// Whether a program asks, with a key of the shop.
    package var isKey: Bool { limit?.isKey ?? false }

    /// May this person do that with records of a collection? An operator who acts inside a shop may do everything.
    package func may(_ operation: Permissions.Operation, _ collection: Collection) -> Bool {
        may(operation, collection.permissions, collection: collection.name)
    }

    /// `collection`: nil where more than one is meant.
    package func may(
        _ operation: Permissions.Operation, _ permissions: Permissions, collection: String? = nil
    ) -> Bool {
        switch standing {
        case .operator: true
        case .user(_, let role):
            permissions.allow(operation, for: role) && (limit?.allows(operation, collection) ?? true)
        }
    }

    /// The collection as this person meets it.
    package func view(of collection: Collection) -> CollectionView {
        switch standing {
        case .operator: CollectionView(collection)
        case .user(_, let role): CollectionView(collection, role: role, user: id)
        }
    }

    /// Owners and admins of a shop, and operators, manage its people; a role of the shop's own never does.
    package var managesUsers: Bool {
        switch standing {
        case .operator: true
        case .user(_, let role): limit == nil && (role == .owner || role == .admin)
        }
    }

    package var actor: Actor { Actor(isOperator ? .operator : isKey ? .key : .user, id) }

    package var json: JSON {
        let json: JSON = ["id": .string(id), "email": .string(email), "name": .string(name)]
        return switch standing {
        case .user(_, let role):
            if let own = limit?.role {
                json.adding([
                    "role": .string(own.name), "roleTitle": .string(own.title), "baseRole": .string(role.rawValue),
                    "may": own.collectionsJSON,
                ])
            } else {
                json.adding(["role": .string(role.rawValue)])
            }
        case .operator(let role): json.adding(["role": "operator", "operatorRole": .string(role.rawValue)])
        }
    }
}
