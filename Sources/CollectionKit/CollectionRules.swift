/// Which fields have which rule, looked up once for all records: a write looks only at rules that there are.
struct CollectionRules: Sendable {
    let computed: [Int]
    /// All fields in the order of their names, as canonical JSON has them.
    let sorted: [Int]
    /// Fields with moves, or frozen in a state.
    let stateful: [Int]
    let sequences: [Int]
    let secrets: [Int]
    /// What must exist, and the statement that asks for one id.
    let references: [(index: Int, exists: String)]
    /// Files: of a type that the field takes, and either public, of the person (`?2`), or attached by somebody who is
    /// no user of the shop (`?3`): nobody gets to see another's private file by naming it.
    let files: [(index: Int, exists: String)]
    /// The same for lists.
    let lists: [(index: Int, exists: String)]

    init(_ fields: [Field]) {
        func indices(_ isIn: (Field) -> Bool) -> [Int] { fields.indices.filter { isIn(fields[$0]) } }
        sorted = fields.indices.sorted { fields[$0].name.utf8.lexicographicallyPrecedes(fields[$1].name.utf8) }
        computed = indices { $0.formula != nil }
        stateful = indices { $0.moves != nil || $0.frozen != nil }
        sequences = indices { if case .sequence = $0.type { true } else { false } }
        secrets = indices(\.isWriteOnly)
        references = fields.enumerated().compactMap { index, field in
            switch field.type {
            case .reference(let target, _): (index, Self.exists(field.targetTable ?? target))
            case .user: (index, Self.exists("users"))
            default: nil
            }
        }
        files = fields.enumerated().compactMap { index, field in
            if case .file(let accept) = field.type { (index, Self.fileExists(accept)) } else { nil }
        }
        lists = fields.enumerated().compactMap { index, field in
            if case .references(let target, _) = field.type {
                (index, Self.exists(field.targetTable ?? target))
            } else {
                nil
            }
        }
    }

    private static func fileExists(_ accept: [String]) -> String {
        let types = accept.map { type in
            type.hasSuffix("/*") ? "type GLOB '\(type)'" : "type = '\(type)'"
        }
        let kinds = types.isEmpty ? "" : " AND (\(types.joined(separator: " OR ")))"
        return "SELECT 1 FROM files WHERE id = ?1 AND (isPublic = 1 OR createdBy = ?2 OR ?3 = 1)\(kinds)"
    }

    private static func exists(_ table: String) -> String {
        "SELECT 1 FROM \(CollectionSQL.quoted(table)) WHERE id = ?1"
    }
}
