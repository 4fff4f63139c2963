import ApplianceCore
import CAppliance
import GRDB
import Storage

/// Whether each index holds what its table holds, found by reading both from end to end. `integrity_check` looks each
/// row up in each index instead: a thousand searches for each page that this reads once.
///
/// An index is right when its entries stand in strict order, and the sum over them is the sum over the rows of its
/// table, of a hash of 128 bits of the indexed values and the rowid that begins with a number nobody knows before.
/// Strict order lets every search find its entry and says that none is there twice; in a unique one the indexed values
/// differ too. Together with `quick_check` that is all that `integrity_check` looks for; see Decisions.
struct IndexProof {
    /// An index of whole columns over a table with rowids.
    struct Index {
        struct Column {
            /// In `SELECT *`.
            let place: Int
            let isDescending: Bool
            let folds: Bool
            /// Of affinity REAL: every number in it is one.
            let isReal: Bool
        }

        /// Which rows it is of: those in which the value at `place` of `SELECT *` is NULL, or is not.
        struct Filter {
            let place: Int
            let isNull: Bool
        }

        let name: String
        let rootPage: Int64
        let isUnique: Bool
        let columns: [Column]
        /// Nil when it is of all rows.
        let filter: Filter?
        /// A name by which the table's rowid can be asked for.
        let rowid: String
    }

    /// Those that can be compared, by table.
    let indexes: [String: [Index]]
    /// Tables that SQLite itself has to check: their indexes are of expressions, or in the table's place.
    let leftovers: [String]
    /// Before which nobody can know what entries would add up to.
    let start: RowHash

    init(_ db: Database) throws {
        let stored = try Dictionary(
            Row.fetchAll(db, sql: "SELECT name, rootpage, sql FROM sqlite_schema WHERE type = 'index'")
                .map { ($0["name"] as String, (rootPage: $0["rootpage"] as Int64, sql: $0["sql"] as String?)) },
            uniquingKeysWith: { first, _ in first })
        var indexes: [String: [Index]] = [:]
        var leftovers: [String] = []
        let tables = try Row.fetchAll(
            db,
            sql: "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')")
        for table in tables {
            let name: String = table["name"]
            let found = try Row.fetchAll(db, sql: "SELECT * FROM pragma_index_list(?)", arguments: [name])
            // Of the others the content hash does not read every value.
            let isRead = table["type"] == "table" && ContentHash.covers(name)
            if isRead, table["wr"] == 0, let plain = try Self.plain(db, name, found, stored) {
                indexes[name] = plain
            } else {
                leftovers.append(name)
            }
        }
        (self.indexes, self.leftovers) = (indexes, leftovers)
        start = RowHash(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max))
    }

    /// Nil when one of them is of another kind.
    private static func plain(
        _ db: Database, _ table: String, _ found: [Row], _ stored: [String: (rootPage: Int64, sql: String?)]
    ) throws -> [Index]? {
        let columns = try Row.fetchAll(
            db, sql: "SELECT name, hidden, type FROM pragma_table_xinfo(?)", arguments: [table])
        let names = columns.map { ($0["name"] as String).lowercased() }
        guard columns.allSatisfy({ $0["hidden"] == 0 }),
            let rowid = ["rowid", "oid", "_rowid_"].first(where: { !names.contains($0) })
        else { return nil }
        let areReal = columns.map { isReal($0["type"]) }
        var indexes: [Index] = []
        for index in found {
            let name: String = index["name"]
            guard let stored = stored[name], let columns = try plainColumns(db, name, areReal) else { return nil }
            var filter: Index.Filter?
            if index["partial"] == 1 {
                filter = stored.sql.flatMap { IndexFilterText($0)?.filter(names) }
                guard filter != nil else { return nil }
            }
            indexes.append(
                Index(
                    name: name, rootPage: stored.rootPage, isUnique: index["unique"] == 1, columns: columns,
                    filter: filter, rowid: rowid))
        }
        return indexes
    }

    /// Whether a column of the declared type has the affinity REAL (sqlite.org/datatype3.html §3.1).
    private static func isReal(_ type: String) -> Bool {
        let has = { (words: [String]) in words.contains { type.uppercased().contains($0) } }
        return has(["REAL", "FLOA", "DOUB"]) && !has(["INT", "CHAR", "CLOB", "TEXT", "BLOB"])
    }

    private static func plainColumns(
        _ db: Database, _ index: String, _ areReal: [Bool]
    ) throws -> [Index.Column]? {
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM pragma_index_xinfo(?) WHERE key = 1", arguments: [index])
        var columns: [Index.Column] = []
        for row in rows {
            let (place, order): (Int, String) = (row["cid"], row["coll"])
            // -1 is the rowid, and -2 an expression.
            guard areReal.indices.contains(place), let folds = ["BINARY": false, "NOCASE": true][order.uppercased()]
            else { return nil }
            columns.append(
                Index.Column(
                    place: place, isDescending: row["desc"] == 1, folds: folds, isReal: areReal[place]))
        }
        return columns
    }

    /// What `integrity_check` says of the tables that cannot be compared here.
    func checkLeftovers(_ db: Database) throws -> Bool {
        try leftovers.allSatisfy { table in
            try String.fetchAll(db, sql: "PRAGMA integrity_check(\(table.quotedDatabaseIdentifier))") == ["ok"]
        }
    }
}
