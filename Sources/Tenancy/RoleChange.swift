import ApplianceCore
package import CollectionKit

/// What is asked of a role: `title`, `base`, and `collections` as a merge patch (RFC 7396), so that a collection that
/// is not named stays as it is and null closes one.
package struct RoleChange: Sendable {
    private let title: String?
    private let base: Role?
    /// By collection; nothing where it shall be closed.
    private let collections: [String: AccessLimit.Operations]
    private let catalog: CollectionCatalog

    /// Leaves what is wrong in `body.faults`.
    package init(_ body: inout InputReader, _ catalog: CollectionCatalog) {
        self.catalog = catalog
        title = body.text("title", max: CustomRole.Limit.title)
        base = body.text("base", max: 10) { name in CustomRole.bases.contains { $0.rawValue == name } }
            .flatMap(Role.init(rawValue:))
        var collections: [String: AccessLimit.Operations] = [:]
        if let given = body.member("collections") {
            if given.objectValue == nil {
                body.faults.append(
                    .init("collections", "wrong_type", "Expected an object of collections, each with a list."))
            }
            for member in given.objectValue ?? [] {
                switch Self.operations(member, catalog) {
                case .success(let operations): collections[member.name] = operations
                case .failure(let fault): body.faults.append(fault.fault)
                }
            }
        }
        self.collections = collections
    }

    private static func field(_ collection: String) -> String { "collections.\(collection.prefix(64))" }

    private struct Refusal: Error {
        let fault: DomainError.FieldFault
    }

    private static func operations(
        _ member: JSON.Member, _ catalog: CollectionCatalog
    ) -> Result<AccessLimit.Operations, Refusal> {
        func refused(_ code: String, _ message: String) -> Result<AccessLimit.Operations, Refusal> {
            .failure(Refusal(fault: .init(field(member.name), code, message)))
        }
        guard catalog[member.name] != nil else { return refused("not_found", "There is no such collection.") }
        if member.value == .null { return .success([]) }
        let items = member.value.arrayValue
        let operations = items?.compactMap { $0.stringValue.flatMap(Permissions.Operation.init(rawValue:)) }
        guard let operations, operations.count == items?.count else {
            return refused("not_a_choice", "A list of read, create, update and delete, or null.")
        }
        return .success(Set(operations))
    }

    /// The role as it is then. Throws `validation_failed` where that grants more than its base, a change of what may
    /// not be read, or nothing at all.
    func applied(to role: CustomRole) throws -> CustomRole {
        var role = role
        if let title { role.title = title }
        if let base { role.base = base }
        for (collection, operations) in collections {
            role.grants[collection] = operations.isEmpty ? nil : operations
        }
        // What a collection was called that a later version no longer has grants nothing, and is nobody's mistake.
        var faults = role.grants.sorted { $0.key < $1.key }.compactMap { name, operations in
            catalog[name].flatMap { Self.fault(role.base, operations, on: $0) }
        }
        if role.grants.isEmpty {
            faults.append(.init("collections", "required", "Name at least one collection that the role may read."))
        }
        if !faults.isEmpty { throw DomainError.invalid(faults) }
        return role
    }

    private static func fault(
        _ base: Role, _ operations: AccessLimit.Operations, on collection: Collection
    ) -> DomainError.FieldFault? {
        let beyond = Permissions.Operation.allCases.first {
            operations.contains($0) && !collection.permissions.allow($0, for: base)
        }
        if let beyond {
            return .init(
                field(collection.name), "beyond_base",
                "\(base.rawValue) may not \(beyond.rawValue) \(collection.name), and so a role based on it may not.")
        }
        guard operations.contains(.read) else {
            return .init(field(collection.name), "read_required", "What may be changed must be read too.")
        }
        return nil
    }
}
