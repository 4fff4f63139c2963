import Storage

/// What one role may do with the records and fields of a collection, worked out once: roles that may do the same share
/// one. Immutable, and a class so that each request passes on a reference.
package final class Grant: Sendable {
    /// The texts whose answers hold the readable fields only.
    let sql: CollectionSQL
    let scopes: [Permissions.Operation: Permissions.Scope]
    /// The index of the field that says whose a record is.
    let owner: Int?
    /// By the index of the field.
    let isReadable: [Bool]
    let isWritable: [Bool]
    /// Nil when nothing that the role may read is searchable.
    let search: SearchIndex.Scope?

    init(
        _ name: String, _ fields: [Field], _ search: SearchIndex?, role: Role?, permissions: Permissions,
        complete: CollectionSQL
    ) {
        func includes(_ roles: Set<Role>?) -> Bool { roles.map { roles in role.map(roles.contains) ?? true } ?? true }
        isReadable = fields.map { includes($0.readers) }
        isWritable = fields.map { includes($0.writers) }
        owner = permissions.owner.flatMap { owner in fields.firstIndex { $0.name == owner } }
        scopes =
            role.map { role in
                let granted = Permissions.Operation.allCases.compactMap { operation in
                    permissions.scope(operation, for: role).map { (operation, $0) }
                }
                return Dictionary(granted, uniquingKeysWith: { first, _ in first })
            } ?? .everything
        let readable = zip(fields, isReadable).filter(\.1).map(\.0)
        sql = readable.count == fields.count ? complete : CollectionSQL(name: name, fields: fields, readable: readable)
        self.search = search.flatMap { $0.scope(readable) }
    }

    func isOwn(_ operation: Permissions.Operation) -> Bool { scopes[operation] == .own }
}

/// A collection as one person meets it: everything that is asked or changed through it stays within what their role may
/// read and write, and within their own records where only those are theirs. What may not be read is not there.
package struct CollectionView: Sendable {
    package let collection: Collection
    let grant: Grant
    /// Whose own records are meant.
    let user: String

    /// With every right: an operator, a job, the command line.
    package init(_ collection: Collection) {
        (self.collection, grant, user) = (collection, collection.grants.complete, "")
    }

    package init(_ collection: Collection, role: Role, user: String) {
        (self.collection, grant, self.user) = (collection, collection.grants[role], user)
    }

    var sql: CollectionSQL { grant.sql }
    var fields: [Field] { collection.fields }

    /// Every field of every record.
    var seesAll: Bool { grant.scopes[.read] == .all && grant.isReadable.allSatisfy { $0 } }

    func isReadable(_ name: String) -> Bool { collection.index(of: name).map { grant.isReadable[$0] } ?? true }

    /// The type of a field that may be asked for; nil where there is none, or none for this person.
    func column(_ name: String) -> FieldType? { isReadable(name) ? collection.column(name) : nil }

    /// The column that must hold the person's id for `operation`; nil where it is granted on all records.
    func ownColumn(_ operation: Permissions.Operation) -> String? {
        guard grant.isOwn(operation), let owner = grant.owner else { return nil }
        return CollectionSQL.quoted(fields[owner].name)
    }

    /// Whether the record with these values is in reach of `operation`.
    func reaches(_ values: [SQLValue], _ operation: Permissions.Operation) -> Bool {
        guard grant.isOwn(operation), let owner = grant.owner else { return true }
        return values[owner] == .text(user)
    }
}

/// The grants of a collection by role.
struct Grants: Sendable {
    /// Every right on every field.
    let complete: Grant
    private let owner, admin, staff, viewer: Grant

    init(_ name: String, _ fields: [Field], _ search: SearchIndex?, _ permissions: Permissions, _ sql: CollectionSQL) {
        func grant(_ role: Role?) -> Grant {
            Grant(name, fields, search, role: role, permissions: permissions, complete: sql)
        }
        complete = grant(nil)
        (owner, admin, staff, viewer) = (grant(.owner), grant(.admin), grant(.staff), grant(.viewer))
    }

    subscript(_ role: Role) -> Grant {
        switch role {
        case .owner: owner
        case .admin: admin
        case .staff: staff
        case .viewer: viewer
        }
    }
}
