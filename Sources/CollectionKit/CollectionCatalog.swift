import ApplianceCore

/// All collections that this server knows, with the module that each belongs to.
package struct CollectionCatalog: Sendable {
    package struct Entry: Sendable {
        package let collection: Collection
        /// The module's id; nil for what every tenant has.
        package let module: String?
    }

    package let entries: [Entry]
    private let byName: [String: Int]

    /// Modules in their order. It is a mistake of ours, not of the world, when two declare the same name.
    package init(_ modules: [(id: String?, collections: [Collection])]) {
        let entries = modules.flatMap { module in
            module.collections.map { Entry(collection: $0, module: module.id) }
        }
        byName = Dictionary(
            entries.enumerated().map { ($1.collection.name, $0) }, uniquingKeysWith: { first, _ in first })
        precondition(byName.count == entries.count, "two collections have the same name")
        self.entries = entries
    }

    private init(_ entries: [Entry]) {
        self.entries = entries
        byName = Dictionary(
            entries.enumerated().map { ($1.collection.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// This catalogue with what a shop declared for itself. What a module calls so already stays the module's.
    package func adding(_ own: [Collection]) -> CollectionCatalog {
        let free = own.filter { byName[$0.name] == nil }
        return free.isEmpty ? self : CollectionCatalog(entries + free.map { Entry(collection: $0, module: nil) })
    }

    package subscript(_ name: String) -> Collection? { entry(name)?.collection }
    package func entry(_ name: String) -> Entry? { byName[name].map { entries[$0] } }
    package var collections: [Collection] { entries.map(\.collection) }
}
