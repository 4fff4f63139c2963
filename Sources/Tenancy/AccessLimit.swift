package import CollectionKit

/// Narrows what a role allows with records. Made once for a credential and shared by its requests, so that asking costs
/// a comparison or two.
package final class AccessLimit: Sendable, Equatable {
    package typealias Operations = Set<Permissions.Operation>

    /// On every collection.
    private let everywhere: Operations
    private let byCollection: [String: Operations]
    /// Whether it is an API key's.
    let isKey: Bool

    init(everywhere: Operations, byCollection: [String: Operations], isKey: Bool) {
        (self.everywhere, self.byCollection, self.isKey) = (everywhere, byCollection, isKey)
    }

    /// `collection`: nil where more than one is meant.
    func allows(_ operation: Permissions.Operation, _ collection: String?) -> Bool {
        if everywhere.contains(operation) { return true }
        guard let collection else { return false }
        return byCollection[collection]?.contains(operation) ?? false
    }

    package static func == (a: AccessLimit, b: AccessLimit) -> Bool {
        (a.everywhere, a.isKey) == (b.everywhere, b.isKey) && a.byCollection == b.byCollection
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
        return AccessLimit(everywhere: everywhere, byCollection: byCollection, isKey: true)
    }
}
