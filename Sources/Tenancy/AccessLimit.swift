package import CollectionKit

/// Narrows what a role allows with records. Made once for a credential and shared by its requests, so that asking costs
/// a comparison or two.
package final class AccessLimit: Sendable, Equatable {
    package typealias Operations = Set<Permissions.Operation>

    /// On every collection.
    private let everywhere: Operations
    private let byCollection: [String: Operations]
    /// With what is of no one collection, such as a batch, an upload or the stream of events.
    private let across: Operations
    /// Whether it is an API key's.
    let isKey: Bool
    /// The shop's own role that it makes up; nil for a key's.
    package let role: CustomRole?

    /// A key's. What spans collections needs a right on all of them.
    init(everywhere: Operations, byCollection: [String: Operations]) {
        (self.everywhere, self.byCollection, across) = (everywhere, byCollection, everywhere)
        (isKey, role) = (true, nil)
    }

    /// A person's. What spans collections is open to whoever has the right on any of them, because it asks again for
    /// each that it touches: without it the page would have neither news nor uploads.
    init(_ role: CustomRole) {
        var across = role.grants.values.reduce(into: Operations()) { $0.formUnion($1) }
        // Who changes records uploads what they will name, and may send several changes at once.
        if across.contains(.update) { across.insert(.create) }
        (everywhere, byCollection, self.across) = ([], role.grants, across)
        (isKey, self.role) = (false, role)
    }

    /// `collection`: nil where more than one is meant.
    func allows(_ operation: Permissions.Operation, _ collection: String?) -> Bool {
        guard let collection else { return across.contains(operation) }
        return everywhere.contains(operation) || byCollection[collection]?.contains(operation) ?? false
    }

    package static func == (a: AccessLimit, b: AccessLimit) -> Bool {
        (a.everywhere, a.isKey, a.role) == (b.everywhere, b.isKey, b.role) && a.byCollection == b.byCollection
    }
}

/// What a key may do: `read`, `write` (which includes reading), or one of them on one collection: `customers:read`.
package struct KeyScopes: Sendable, Equatable {
    private enum Limit {
        static let count = 40
    }

    private static let operations: [String: AccessLimit.Operations] = [
        "read": [.read], "write": [.read, .create, .update, .delete],
    ]

    package let names: [String]

    /// Nil when one of them means nothing. `collections`: those there are.
    package init?(_ names: [String], collections: Set<String>) {
        let isKnown = names.allSatisfy { name in
            let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard let verb = parts.last, Self.operations[verb] != nil else { return false }
            return parts.count == 1 || parts.count == 2 && collections.contains(parts[0])
        }
        guard isKnown, (1...Limit.count).contains(names.count) else { return nil }
        self.names = names
    }

    init(text: String) { names = text.split(separator: " ").map(String.init) }

    var text: String { names.joined(separator: " ") }

    var limit: AccessLimit {
        var (everywhere, byCollection): (AccessLimit.Operations, [String: AccessLimit.Operations]) = ([], [:])
        for name in names {
            let parts = name.split(separator: ":").map(String.init)
            guard let verb = parts.last, let granted = Self.operations[verb] else { continue }
            if parts.count == 1 {
                everywhere.formUnion(granted)
            } else {
                byCollection[parts[0], default: []].formUnion(granted)
            }
        }
        return AccessLimit(everywhere: everywhere, byCollection: byCollection)
    }
}
