/// What an operator may do. Each route for operators declares which of these it needs.
package enum OperatorRight: String, Sendable, CaseIterable {
    /// Look at everything about shops and the machine, but not into a shop.
    case view
    /// Move shops through their lives: trial, subscription, cancellation.
    case billing
    /// Act inside a shop, and see to alerts.
    case support
    /// Everything else: shops, backups, restores, settings, operators.
    case manage

    package var text: String {
        switch self {
        case .view: "Look at shops, backups, alerts and figures"
        case .billing: "Extend, convert, renew, suspend and cancel shops"
        case .support: "Act inside a shop, and acknowledge alerts"
        case .manage: "Create and delete shops, back up and restore, change settings and operators, read messages"
        }
    }
}

/// What an operator is to the appliance.
package enum OperatorRole: String, Sendable, CaseIterable {
    case owner
    /// Looks, and acts inside shops without changing anything.
    case support
    /// Looks, and sees to subscriptions.
    case billing

    package var rights: Set<OperatorRight> {
        switch self {
        case .owner: Set(OperatorRight.allCases)
        case .support: [.view, .support]
        case .billing: [.view, .billing]
        }
    }

    package func may(_ right: OperatorRight) -> Bool { rights.contains(right) }

    /// Whether it may change records when it acts inside a shop.
    package var writesInShops: Bool { self == .owner }
}
