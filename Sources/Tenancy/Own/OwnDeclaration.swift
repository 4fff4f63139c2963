package import ApplianceCore
package import CollectionKit

/// A collection as a shop declares it: JSON in the words in which every collection describes itself (`x-collection`).
///
///     {"name": "repairs", "title": "Repair", "heading": "Repairs", "fields": [
///        {"name": "item", "type": "text", "maxLength": 200, "required": true, "searchable": true},
///        {"name": "customerId", "type": "reference", "reference": "customers", "onDelete": "restrict"},
///        {"name": "state", "type": "choice", "choices": ["open", "done"], "default": "open"}],
///      "indexes": [["state"]], "unique": [], "permissions": {"staff": ["read", "create", "update"]}}
package struct OwnDeclaration: Sendable {
    package enum Limit {
        /// Collections of one shop, whatever its plan.
        package static let collections = 50
        package static let fields = 50
        /// Of a declaration as it is kept.
        package static let bytes = 32 << 10
        package static let title = 60
        package static let indexes = 6
        /// Fields of an index.
        package static let indexed = 4
    }

    package let name: String
    package let collection: Collection
    /// As it is kept and shown: without what was only said for a change.
    package let json: JSON
    /// The former names of fields, by their new ones.
    package let renamed: [String: String]

    /// What else there is in the shop.
    package struct Surroundings: Sendable {
        /// Of modules: their tables are named like them.
        let modules: CollectionCatalog
        /// What a reference may name beside the collection itself; nil for a declaration that was accepted before.
        let targets: Set<String>?
        let prefixes: Set<String>

        package init(_ modules: CollectionCatalog, targets: Set<String>?, prefixes: Set<String>) {
            (self.modules, self.targets, self.prefixes) = (modules, targets, prefixes)
        }

        func isTaken(_ name: String) -> Bool {
            targets != nil && (!OwnName.isCollection(name) || modules[name] != nil)
        }
    }

    /// Throws `validation_failed` with all that is wrong. `former`: what is to change.
    package init(_ body: JSON, version: Int64, former: OwnDeclaration? = nil, in surroundings: Surroundings) throws {
        let members = body.objectValue ?? []
        guard body.bytes.count <= Limit.bytes else {
            throw DomainError.invalid("fields", "too_long", "A declaration has at most \(Limit.bytes) bytes.")
        }
        var reader = try InputReader(body: body)
        let name =
            reader.text("name", required: former == nil, max: OwnName.Limit.length, check: OwnName.isWord)
            ?? former?.name ?? ""
        if let former, former.name != name {
            reader.faults.append(.init("name", "immutable", "A collection keeps its name; its titles may change."))
        } else if former == nil, !name.isEmpty, surroundings.isTaken(name) {
            reader.faults.append(.init("name", "reserved", "\(name) means something else already."))
        }
        let heading = reader.text("heading", max: Limit.title) ?? name.prefix(1).uppercased() + name.dropFirst()
        let title = reader.text("title", max: Limit.title) ?? heading
        let givenPrefix = reader.text("idPrefix", max: 8, check: OwnName.isPrefix)
        if let givenPrefix, givenPrefix != former?.collection.idPrefix {
            if former != nil {
                reader.faults.append(.init("idPrefix", "immutable", "Ids that were given begin as they do."))
            } else if surroundings.prefixes.contains(givenPrefix) {
                reader.faults.append(.init("idPrefix", "not_unique", "Other ids begin with \(givenPrefix)."))
            }
        }
        let idPrefix =
            former?.collection.idPrefix ?? givenPrefix ?? OwnName.prefix(name, taken: surroundings.prefixes)
        var fields = OwnFields(own: name, in: surroundings, former: former?.collection)
        fields.read(reader.member("fields"))
        reader.faults += fields.faults
        let names = Set(fields.fields.map(\.name))
        let indexes = Self.lists("indexes", &reader, names)
        let unique = Self.lists("unique", &reader, names)
        Self.checkUnique(unique, fields.fields, &reader)
        let frozen = Self.frozen(fields, &reader)
        let permissions = Self.permissions(fields.fields, &reader)
        try reader.finish()

        (self.name, renamed) = (name, fields.renamed)
        collection = Collection(
            name, idPrefix: idPrefix, title: title, fields: fields.fields, indexes: indexes, unique: unique,
            frozen: frozen, permissions: permissions, own: .init(heading: heading, version: version))
        json = Self.kept(members, name: name, idPrefix: idPrefix, title: title, heading: heading)
    }

    private static func kept(
        _ members: [JSON.Member], name: String, idPrefix: String, title: String, heading: String
    ) -> JSON {
        let head: JSON = [
            "name": .string(name), "title": .string(title), "heading": .string(heading), "idPrefix": .string(idPrefix),
        ]
        let rest = members.filter { head[$0.name] == nil && $0.value != .null }.map { member -> JSON.Member in
            guard member.name == "fields" else { return member }
            let fields = member.value.arrayValue?.map { field -> JSON in
                .object((field.objectValue ?? []).filter { $0.name != "renamedFrom" && $0.value != .null })
            }
            return .init("fields", .array(fields ?? []))
        }
        return .object((head.objectValue ?? []) + rest)
    }

    /// Lists of names of fields, such as `indexes`.
    private static func lists(_ member: String, _ reader: inout InputReader, _ names: Set<String>) -> [[String]] {
        guard let value = reader.member(member) else { return [] }
        let lists = value.arrayValue?.map { list in list.arrayValue?.map { $0.stringValue ?? "" } ?? [] } ?? [[]]
        if lists.count > Limit.indexes {
            reader.faults.append(.init(member, "too_many", "At most \(Limit.indexes)."))
        }
        for (index, list) in lists.enumerated() {
            guard (1...Limit.indexed).contains(list.count), Set(list).count == list.count,
                list.allSatisfy(names.contains), lists.firstIndex(of: list) == index
            else {
                reader.faults.append(
                    .init(
                        "\(member)[\(index)]", "not_valid",
                        "Between 1 and \(Limit.indexed) names of fields, each once, and no list twice."))
                continue
            }
        }
        return lists
    }
}
