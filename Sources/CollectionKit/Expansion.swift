import Storage

/// Records that a record refers to, put into the answer beside it: `?expand=customerId` adds
/// `"expand":{"customerId":{…}}`. One statement all the same.
package struct Expansion: Sendable {
    package enum Limit {
        package static let fields = 5
    }

    /// Finds the collection of a name, where the person may read it; nil otherwise.
    package typealias Targets = @Sendable (String) -> CollectionView?

    private let parts: [(field: String, target: CollectionView)]

    init(_ text: String, _ collection: CollectionView, _ targets: Targets) throws(ValueFault) {
        var parts: [(field: String, target: CollectionView)] = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            guard case .reference(let other, _) = collection.column(name) else {
                throw ValueFault("not_a_reference", "\(name.prefix(64)) refers to no record.")
            }
            guard let target = targets(other) else {
                throw ValueFault("not_permitted", "Your role or plan does not let you read \(other).")
            }
            guard !parts.contains(where: { $0.field == name }) else {
                throw ValueFault("twice", "\(name) occurs twice.")
            }
            parts.append((name, target))
        }
        guard parts.count <= Limit.fields else { throw ValueFault("too_many", "At most \(Limit.fields) fields.") }
        self.parts = parts
    }

    /// `json` with the records inside. The table that is looked into gets another name, because it may be the same.
    /// A record that is not in reach is null.
    func sql(_ json: String, of table: String, bind: (SQLValue) -> String) -> String {
        let members = parts.map { part in
            let own =
                part.target.ownColumn(.read).map { " AND expanded.\($0) = \(bind(.text(part.target.user)))" } ?? ""
            return """
                '\(part.field)', (SELECT json(\(part.target.sql.json)) FROM \(part.target.sql.table) AS expanded \
                WHERE expanded.id = \(table).\(CollectionSQL.quoted(part.field))\(own))
                """
        }
        return "json_insert(\(json), '$.expand', json_object(\(members.joined(separator: ", "))))"
    }
}
