import CAppliance
import GRDB
import Storage

/// That every record refers to one that exists, as `foreign_key_check` finds it. That looks each row up; where an index
/// begins with the column that refers, each value is looked up once.
enum ReferenceCheck {
    private static let fault = FileFault(reason: "a record refers to one that does not exist")

    /// For files whose indexes are proved beside it. Throws `FileFault`.
    static func run(_ db: Database) throws {
        let tables = try String.fetchAll(
            db, sql: "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')")
        for table in tables {
            if let sql = try queries(db, table) {
                for sql in sql where try Row.fetchOne(db, sql: sql) != nil { throw fault }
            } else {
                let sql = "PRAGMA foreign_key_check(\(table.quotedDatabaseIdentifier))"
                guard try Row.fetchOne(db, sql: sql) == nil else { throw fault }
            }
        }
    }

    /// By SQLite's own check alone.
    static func runWhole(_ db: Database) throws {
        guard try Row.fetchOne(db, sql: "PRAGMA foreign_key_check") == nil else { throw fault }
    }

    /// Each gives a row for a fault; nil where SQLite has to check the table.
    static func queries(_ db: Database, _ table: String) throws -> [String]? {
        let keys = try Row.fetchAll(db, sql: "SELECT * FROM pragma_foreign_key_list(?)", arguments: [table])
        var queries: [String] = []
        for key in keys {
            // One of several columns has rows with the same id, of which the later have another place.
            guard key["seq"] == 0, keys.filter({ $0["id"] == key["id"] as Int }).count == 1,
                let parent: String = key["table"], let to: String = key["to"], let from: String = key["from"],
                isText(db, table, from), isText(db, parent, to), try isUnique(db, parent, to)
            else { return nil }
            let sql = """
                SELECT 1 FROM (SELECT DISTINCT \(from.quotedDatabaseIdentifier) AS value
                    FROM \(table.quotedDatabaseIdentifier)) WHERE value IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM \(parent.quotedDatabaseIdentifier)
                    WHERE \(to.quotedDatabaseIdentifier) = value)
                """
            let plan = try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql).map { $0["detail"] as String }
            guard !plan.contains(where: { $0.contains("TEMP B-TREE") }) else { return nil }
            queries.append(sql)
        }
        return queries
    }

    /// Whether a column is of text, compared byte by byte: then no affinity or collation comes between two of them.
    private static func isText(_ db: Database, _ table: String, _ column: String) -> Bool {
        var (type, collation): (UnsafePointer<CChar>?, UnsafePointer<CChar>?) = (nil, nil)
        guard
            sqlite3_table_column_metadata(
                db.sqliteConnection, "main", table, column, &type, &collation, nil, nil, nil) == SQLITE_OK,
            let type, let collation
        else { return false }
        return String(cString: type).uppercased() == "TEXT" && String(cString: collation).uppercased() == "BINARY"
    }

    /// Whether an index over all rows holds the column for unique by itself. SQLite refuses other parents, in words of
    /// its own.
    private static func isUnique(_ db: Database, _ table: String, _ column: String) throws -> Bool {
        let sql = """
            SELECT i.name FROM pragma_index_list(?) AS i
            WHERE i."unique" = 1 AND i.partial = 0
            AND (SELECT count(*) FROM pragma_index_xinfo(i.name) WHERE key = 1) = 1
            AND EXISTS (SELECT 1 FROM pragma_index_xinfo(i.name)
                WHERE key = 1 AND lower(name) = lower(?) AND coll = 'BINARY')
            """
        return try Row.fetchOne(db, sql: sql, arguments: [table, column]) != nil
    }
}
