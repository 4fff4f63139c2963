import Storage

/// The SQL texts of a collection, made once. Names come from declarations and are quoted; values are always bound.
package struct CollectionSQL: Sendable {
    let table: String
    /// `json_object(…)` over a whole record, as clients see it.
    let json: String
    /// Parameters: id, the fields in order, the instant (created and updated). Returns the JSON and the version.
    let insert: String
    /// As `insert`, without an answer, for imports.
    let insertSilently: String
    /// Parameters: the fields in order, updatedAt, id. Returns the JSON and the version.
    let update: String
    /// Parameter: id. Returns the JSON and the version.
    let get: String
    /// Parameter: id. Returns the fields in order, then the version.
    let values: String
    /// Parameter: id.
    let delete: String

    /// Answers hold the `readable` fields; nil for all.
    init(name: String, fields: [Field], readable: [Field]? = nil) {
        table = Self.quoted(name)
        json = Self.jsonObject((readable ?? fields).map { ($0.name, $0.type) })
        let columns = fields.map { Self.quoted($0.name) }
        let count = columns.count
        let all = (["id"] + columns + ["createdAt", "updatedAt", "version"]).joined(separator: ", ")
        let parameters = (["?1"] + (0..<count).map { "?\($0 + 2)" } + ["?\(count + 2)", "?\(count + 2)", "1"])
        insertSilently = "INSERT INTO \(table) (\(all)) VALUES (\(parameters.joined(separator: ", ")))"
        insert = insertSilently + " RETURNING \(json), version"
        let assignments =
            columns.enumerated().map { "\($1) = ?\($0 + 1)" } + [
                "updatedAt = ?\(count + 1)", "version = version + 1",
            ]
        update =
            "UPDATE \(table) SET \(assignments.joined(separator: ", ")) WHERE id = ?\(count + 2)"
            + " RETURNING \(json), version"
        get = "SELECT \(json), version FROM \(table) WHERE id = ?1"
        values = "SELECT \((columns + ["version"]).joined(separator: ", ")) FROM \(table) WHERE id = ?1"
        delete = "DELETE FROM \(table) WHERE id = ?1"
    }

    /// The table that says which records a list of references holds.
    static func links(_ collection: String, _ field: String) -> String { quoted("\(collection)_\(field)_links") }

    /// Looked for first, because every list quotes the fields it sorts and filters by, and none holds a quote.
    static func quoted(_ name: String) -> String {
        name.utf8.contains(UInt8(ascii: "\"")) ? "\"\(name.replacing("\"", with: "\"\""))\"" : "\"\(name)\""
    }

    /// `json_object('id', id, …)`; `columns` nil means every column of the record.
    static func jsonObject(_ fields: [(name: String, type: FieldType)]) -> String {
        let parts =
            ["'id', id"]
            + fields.compactMap { field in
                // What is sealed stays in the file.
                if case .secret = field.type { nil } else { "'\(field.name)', \(jsonValue(field.name, field.type))" }
            } + [
                "'createdAt', createdAt", "'updatedAt', updatedAt", "'version', version",
            ]
        return "json_object(\(parts.joined(separator: ", ")))"
    }

    static func jsonValue(_ name: String, _ type: FieldType) -> String {
        let column = quoted(name)
        switch type {
        case .boolean: return "json(CASE \(column) WHEN 0 THEN 'false' WHEN 1 THEN 'true' ELSE 'null' END)"
        case .references, .json: return "json(\(column))"
        case .decimal(let scale, _) where scale > 0: return decimal(column, scale)
        case .decimal: return "CAST(\(column) AS TEXT)"
        default: return column
        }
    }

    /// The text of a number that counts units of its last digit.
    static func decimal(_ column: String, _ scale: Int) -> String {
        let unit = "1" + String(repeating: "0", count: scale)
        // Not "IS NOT NULL": SQLite 3.40 takes a null for a value there when the expression stands in RETURNING.
        return """
            CASE typeof(\(column)) WHEN 'integer' THEN printf('%s%d.%0\(scale)d',
            CASE WHEN \(column) < 0 THEN '-' ELSE '' END, abs(\(column)) / \(unit), abs(\(column)) % \(unit)) END
            """
    }

    /// Finds the record that a unique field's value belongs to.
    static func equals(_ field: Field, _ parameter: String) -> String {
        quoted(field.name) + " = " + parameter + (field.uniqueness == .ignoringCase ? " COLLATE NOCASE" : "")
    }
}
