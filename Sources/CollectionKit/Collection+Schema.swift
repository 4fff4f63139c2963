import ApplianceCore
package import GRDB
import Storage

/// From declarations to tables, and from an older declaration's table to the newer one's.
package enum CollectionSchema {
    /// What every tenant file has before any collection; `collections` remembers the declarations applied.
    package static let baseSQL = """
        CREATE TABLE collections (name TEXT PRIMARY KEY NOT NULL, declaration TEXT NOT NULL) STRICT;
        """

    /// Makes missing tables, columns and indexes. Unchanged declarations cost one small read.
    package static func synchronize(_ db: Database, _ collections: [Collection]) throws {
        let applied = try Dictionary(
            db.all("SELECT name, declaration FROM collections") { ($0.text(0) ?? "", $0.text(1) ?? "") },
            uniquingKeysWith: { first, _ in first })
        for collection in collections where applied[collection.name] != collection.declaration {
            if applied[collection.name] == nil {
                try db.execute(sql: collection.createTable)
            } else {
                try addColumns(db, collection)
            }
            for index in collection.createIndexes { try db.execute(sql: index) }
            try db.run(
                "INSERT OR REPLACE INTO collections VALUES (?1, ?2)",
                [.text(collection.name), .text(collection.declaration)])
        }
    }

    private static func addColumns(_ db: Database, _ collection: Collection) throws {
        let present = try Set(
            db.all("SELECT name FROM pragma_table_info(?1)", [.text(collection.name)]) { $0.text(0) ?? "" })
        for field in collection.fields where !present.contains(field.name) {
            try db.execute(sql: "ALTER TABLE \(collection.sql.table) ADD COLUMN \(field.columnDefinition)")
        }
    }
}

extension Collection {
    /// The DDL as one text: what changes when the shape of the table does.
    var declaration: String { ([createTable] + createIndexes).joined(separator: "\n") }

    var createTable: String {
        let columns =
            ["id TEXT PRIMARY KEY NOT NULL"] + fields.map(\.columnDefinition)
            + ["createdAt TEXT NOT NULL", "updatedAt TEXT NOT NULL", "version INTEGER NOT NULL"]
        return "CREATE TABLE \(sql.table) (\n    \(columns.joined(separator: ",\n    "))\n) STRICT"
    }

    /// `id` ends each index, so that a keyset page is one range of it and needs no sort.
    var createIndexes: [String] {
        let unique = fields.filter(\.isUnique).map { index([$0.name], unique: true) }
        let references = fields.filter { field in
            if case .reference = field.type { !indexes.contains { $0.first == field.name } } else { false }
        }
        return unique + references.map { index([$0.name, "id"]) } + indexes.map { index($0 + ["id"]) }
            + (retention == .untilDeleted ? [] : [index(["createdAt", "id"])])
    }

    private func index(_ columns: [String], unique: Bool = false) -> String {
        let indexName = CollectionSQL.quoted("\(name)_\(columns.joined(separator: "_"))")
        let list = columns.map(CollectionSQL.quoted).joined(separator: ", ")
        return "CREATE \(unique ? "UNIQUE " : "")INDEX IF NOT EXISTS \(indexName) ON \(sql.table) (\(list))"
    }
}

extension Field {
    /// NOT NULL is left to validation, because a column added later starts empty; references are the schema's.
    var columnDefinition: String {
        let column = "\(CollectionSQL.quoted(name)) \(type.columnType)"
        guard case .reference(let target, let rule) = type else { return column }
        return column + " REFERENCES \(CollectionSQL.quoted(target)) (id) ON DELETE \(rule.rawValue)"
    }
}
