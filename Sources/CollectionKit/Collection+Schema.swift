import ApplianceCore
package import GRDB
import Storage

/// From declarations to tables, and from an older declaration's table to the newer one's.
package enum CollectionSchema {
    /// What every tenant file has before any collection; `collections` remembers the declarations applied.
    package static let baseSQL = """
        CREATE TABLE collections (name TEXT PRIMARY KEY NOT NULL, declaration TEXT NOT NULL) STRICT;
        """

    /// What came to every tenant file later.
    package static let secondSQL = NumberSeries.baseSQL + Idempotency.baseSQL

    /// Makes missing tables, columns and indexes, in as many files as there are. Unchanged declarations cost one small
    /// read: their texts are made once, for all files.
    package static func synchronizer(_ collections: [Collection]) -> @Sendable (Database) throws -> Void {
        let declared = collections.map { ($0, $0.declaration) }
        return { db in try synchronize(db, declared) }
    }

    private static func synchronize(_ db: Database, _ declared: [(Collection, String)]) throws {
        let applied = try Dictionary(
            db.all("SELECT name, declaration FROM collections") { ($0.text(0) ?? "", $0.text(1) ?? "") },
            uniquingKeysWith: { first, _ in first })
        if declared.contains(where: { applied[$0.name] != $1 }) { try exchangeIndexes(db) }
        for (collection, declaration) in declared where applied[collection.name] != declaration {
            if applied[collection.name] == nil {
                try db.execute(sql: collection.createTable)
            } else {
                try addColumns(db, collection)
            }
            for index in collection.createIndexes { try db.execute(sql: index) }
            for statement in collection.createLinks + collection.createFileUses { try db.execute(sql: statement) }
            try SearchIndex.synchronize(db, collection)
            try db.run(
                "INSERT OR REPLACE INTO collections VALUES (?1, ?2)",
                [.text(collection.name), .text(declaration)])
        }
        try SearchIndex.adopt(db, declared.map(\.0))
    }

    /// An older version ended the indexes of all collections, a shop's own among them, with the id. They are twice as
    /// long, and in the order of lists no longer. Only what that version wrote is exchanged: the file may come from
    /// elsewhere.
    private static func exchangeIndexes(_ db: Database) throws {
        let named = try db.all(
            "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'index' AND name GLOB '*_id'"
        ) { (name: $0.text(0) ?? "", table: $0.text(1) ?? "", sql: $0.text(2) ?? "") }
        for (name, table, sql) in named {
            let columns = try db.all("SELECT name FROM pragma_index_info(?1) ORDER BY seqno", [.text(name)]) {
                $0.text(0) ?? ""
            }
            let place = "\(CollectionSQL.quoted(name)) ON \(CollectionSQL.quoted(table))"
            guard columns.count > 1, columns.last == "id", sql == "CREATE INDEX \(place) (\(Collection.list(columns)))"
            else { continue }
            try db.execute(sql: "DROP INDEX \(CollectionSQL.quoted(name))")
            let isOfFiles = try db.first(
                "SELECT 1 FROM pragma_foreign_key_list(?1) WHERE \"table\" = 'files' AND \"from\" = ?2",
                [.text(table), .text(columns[0])]
            ) { _ in true }
            let kept = Array(columns.dropLast())
            try db.execute(
                sql: kept.count == 1 && isOfFiles == true
                    ? Collection.partialIndex(kept[0], on: table) : Collection.index(kept, on: table))
        }
    }

    private static func addColumns(_ db: Database, _ collection: Collection) throws {
        let present = try Set(
            db.all("SELECT name FROM pragma_table_info(?1)", [.text(collection.name)]) { $0.text(0) ?? "" })
        for field in collection.fields where !present.contains(field.name) {
            try db.execute(sql: "ALTER TABLE \(collection.sql.table) ADD COLUMN \(field.columnDefinition)")
            // Records that were there before have the computed value too.
            guard let formula = field.formula else { continue }
            let column = CollectionSQL.quoted(field.name)
            let wanted = field.type.columnType.lowercased()
            try db.execute(
                sql: """
                    UPDATE \(collection.sql.table) SET \(column) = \(formula.sql)
                    WHERE typeof(\(formula.sql)) = '\(wanted)'
                    """)
        }
    }
}

extension Collection {
    /// The DDL as one text: what changes when the shape of the table does.
    var declaration: String {
        let tables = [createTable] + createIndexes + createLinks + createFileUses
        return (tables + [search?.createTable].compactMap { $0 }).joined(separator: "\n")
    }

    var createTable: String {
        let columns =
            ["id TEXT PRIMARY KEY NOT NULL"] + fields.map(\.columnDefinition)
            + ["createdAt TEXT NOT NULL", "updatedAt TEXT NOT NULL", "version INTEGER NOT NULL"]
        return "CREATE TABLE \(sql.table) (\n    \(columns.joined(separator: ",\n    "))\n) STRICT"
    }

    /// SQLite ends each index with the row's number, and so does each order of a list: a keyset page is one range of an
    /// index and needs no sort. With the id at the end an index would be twice as long.
    var createIndexes: [String] {
        let uniqueFields = fields.filter(\.isUnique).map { field in
            field.uniqueness == .exact
                ? uniqueIndex([field.name]) : uniqueIndex([field.name], collation: "NOCASE")
        }
        let references = fields.filter { field in
            switch field.type {
            case .reference, .user: !indexes.contains { $0.first == field.name }
            default: false
            }
        }
        let due = retention == .untilDeleted ? [] : [["createdAt"]]
        return uniqueFields + unique.map { uniqueIndex($0) }
            + references.map { Self.index([$0.name], on: table) }
            + soleFiles.map { Self.partialIndex($0, on: table) }
            + (indexes + due).map { Self.index($0, on: table) }
    }

    /// Fields of files that no declared index begins with. Most records have no file: their index has only those that
    /// do, which serves whoever asks for the records of a file, and SQLite when a file is deleted.
    private var soleFiles: [String] {
        fields.filter { field in
            guard case .file = field.type else { return false }
            return !indexes.contains { $0.first == field.name }
        }.map(\.name)
    }

    /// Ends the names of indexes that are not unique. No field has it, so no unique one is called the same.
    private static let end = "rowid"

    fileprivate static func index(_ columns: [String], on table: String) -> String {
        create("INDEX", [table] + columns + [end], on: table, list(columns))
    }

    fileprivate static func partialIndex(_ column: String, on table: String) -> String {
        create("INDEX", [table, column, end, "present"], on: table, list([column]))
            + " WHERE \(CollectionSQL.quoted(column)) IS NOT NULL"
    }

    private func uniqueIndex(_ columns: [String], collation: String? = nil) -> String {
        Self.create(
            "UNIQUE INDEX", [table] + columns + [collation?.lowercased()].compactMap(\.self), on: table,
            Self.list(columns, collation))
    }

    fileprivate static func list(_ columns: [String], _ collation: String? = nil) -> String {
        let suffix = collation.map { " COLLATE \($0)" } ?? ""
        return columns.map { CollectionSQL.quoted($0) + suffix }.joined(separator: ", ")
    }

    private static func create(_ kind: String, _ words: [String], on table: String, _ list: String) -> String {
        let name = CollectionSQL.quoted(words.joined(separator: "_"))
        return "CREATE \(kind) IF NOT EXISTS \(name) ON \(CollectionSQL.quoted(table)) (\(list))"
    }

    /// A list of references is a JSON array in its column, and one row for each of its records in a table of its own,
    /// which lets SQLite see to it that they exist, and finds the lists that a record is in. Triggers keep both alike,
    /// whoever writes. While `trusted_schema` is off, JSON functions may not stand in a trigger; ids need no escapes.
    var createLinks: [String] {
        fields.flatMap { field -> [String] in
            guard case .references(let target, _) = field.type else { return [] }
            let (link, list) = (CollectionSQL.links(table, field.name), CollectionSQL.quoted(field.name))
            let targetTable = CollectionSQL.quoted(field.targetTable ?? target)
            func trigger(_ suffix: String) -> String { CollectionSQL.quoted("\(table)_\(field.name)_\(suffix)") }
            let add = """
                INSERT OR IGNORE INTO \(link) SELECT NEW.id, value FROM json_each(coalesce(NEW.\(list), '[]'))
                """
            return [
                """
                CREATE TABLE IF NOT EXISTS \(link) (
                    recordId TEXT NOT NULL REFERENCES \(sql.table) (id) ON DELETE CASCADE,
                    targetId TEXT NOT NULL REFERENCES \(targetTable) (id) ON DELETE CASCADE,
                    PRIMARY KEY (targetId, recordId)) STRICT, WITHOUT ROWID
                """,
                "CREATE INDEX IF NOT EXISTS \(trigger("records")) ON \(link) (recordId)",
                """
                CREATE TRIGGER IF NOT EXISTS \(trigger("created")) AFTER INSERT ON \(sql.table) BEGIN
                    \(add);
                END
                """,
                """
                CREATE TRIGGER IF NOT EXISTS \(trigger("changed")) AFTER UPDATE OF \(list) ON \(sql.table)
                WHEN NEW.\(list) IS NOT OLD.\(list) BEGIN
                    DELETE FROM \(link) WHERE recordId = NEW.id
                        AND targetId NOT IN (SELECT value FROM json_each(coalesce(NEW.\(list), '[]')));
                    \(add);
                END
                """,
                """
                CREATE TRIGGER IF NOT EXISTS \(trigger("left")) AFTER DELETE ON \(link) BEGIN
                    UPDATE \(sql.table) SET \(list) = (
                        SELECT '[' || coalesce(group_concat('"' || value || '"'), '') || ']'
                        FROM json_each(\(sql.table).\(list)) WHERE value <> OLD.targetId)
                    WHERE id = OLD.recordId AND \(list) IS NOT NULL
                        AND EXISTS (SELECT 1 FROM json_each(\(sql.table).\(list)) WHERE value = OLD.targetId);
                END
                """,
            ]
        }
    }
}

extension Field {
    /// NOT NULL is left to validation, because a column added later starts empty; references are the schema's.
    var columnDefinition: String {
        let column = "\(CollectionSQL.quoted(name)) \(type.columnType)"
        if case .file = type { return column + " REFERENCES files (id) ON DELETE RESTRICT" }
        guard case .reference(let target, let rule) = type else { return column }
        let table = CollectionSQL.quoted(targetTable ?? target)
        return column + " REFERENCES \(table) (id) ON DELETE \(rule.rawValue)"
    }
}
