package import CollectionKit

/// What a business module is: a name, what it is for, and the collections that it declares. The one page its author
/// reads. A module depends on ModuleKit and what lies below it, never on another module; the server gets it by one line
/// in `AllModules.swift`.
package struct Module: Sendable {
    /// Lower case; what `--modules` and a tenant's `modules` name.
    package let id: String
    package let title: String
    /// Every tenant has it, without asking for it.
    package let isAlwaysOn: Bool
    package let collections: [Collection]

    package init(_ id: String, title: String, isAlwaysOn: Bool = false, collections: [Collection]) {
        (self.id, self.title, self.isAlwaysOn, self.collections) = (id, title, isAlwaysOn, collections)
    }
}
