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
    /// An index of whole columns, none of them the rowid, over all rows of a table with rowids.
    struct Index {
        struct Column {
            /// In `SELECT *`.
            let place: Int
            let name: String
            let isDescending: Bool
            let folds: Bool
        }

        let name: String
        let table: String
        let rootPage: Int64
        let isUnique: Bool
        let columns: [Column]
        /// A name by which the table's rowid can be asked for.
        let rowid: String
    }

    /// Those that can be compared, by table.
    let indexes: [String: [Index]]
    /// Tables that SQLite itself has to check: their indexes are of expressions, of some rows, or in the table's place.
    let leftovers: [String]
    /// Before which nobody can know what entries would add up to.
    let start: RowHash

    init(_ db: Database) throws {
        let roots = try Dictionary(
            Row.fetchAll(db, sql: "SELECT name, rootpage FROM sqlite_schema WHERE type = 'index'")
                .map { ($0["name"] as String, $0["rootpage"] as Int64) }, uniquingKeysWith: { first, _ in first })
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
            if isRead, table["wr"] == 0, let plain = try Self.plain(db, name, found, roots) {
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
        _ db: Database, _ table: String, _ found: [Row], _ roots: [String: Int64]
    ) throws -> [Index]? {
        let columns = try Row.fetchAll(
            db, sql: "SELECT name, hidden, pk, type FROM pragma_table_xinfo(?)", arguments: [table])
        let names = columns.map { $0["name"] as String }
        // Of an index with such a column SQLite reads the rowid behind the entry, never the copy among the values.
        let aliases = columns.indices.filter { index in
            let (key, type): (Int, String) = (columns[index]["pk"], columns[index]["type"])
            return key > 0 && type.uppercased() == "INTEGER"
        }
        let taken = Set(names.map { $0.lowercased() })
        guard columns.allSatisfy({ $0["hidden"] == 0 }),
            let rowid = ["rowid", "oid", "_rowid_"].first(where: { !taken.contains($0) })
        else { return nil }
        var indexes: [Index] = []
        for index in found {
            let name: String = index["name"]
            guard index["partial"] == 0, let root = roots[name],
                let columns = try plainColumns(db, name, names, except: Set(aliases))
            else { return nil }
            indexes.append(
                Index(
                    name: name, table: table, rootPage: root, isUnique: index["unique"] == 1, columns: columns,
                    rowid: rowid))
        }
        return indexes
    }

    private static func plainColumns(
        _ db: Database, _ index: String, _ names: [String], except aliases: Set<Int>
    ) throws -> [Index.Column]? {
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM pragma_index_xinfo(?) WHERE key = 1", arguments: [index])
        var columns: [Index.Column] = []
        for row in rows {
            let (place, order): (Int, String) = (row["cid"], row["coll"])
            // -1 is the rowid, and -2 an expression.
            guard names.indices.contains(place), !aliases.contains(place),
                let folds = ["BINARY": false, "NOCASE": true][order.uppercased()]
            else { return nil }
            columns.append(
                Index.Column(
                    place: place, name: names[place], isDescending: row["desc"] == 1, folds: folds))
        }
        return columns
    }

    // MARK: - The entries

    /// The sum over the entries of each index, by its name; none where an index is not in strict order, or where SQLite
    /// would not read it by itself.
    func entries(_ db: Database) throws -> [String: RowSum] {
        try indexes.values.joined().reduce(into: [:]) { sums, index in sums[index.name] = try entries(db, index) }
    }

    private func entries(_ db: Database, _ index: Index) throws -> RowSum? {
        let columns = (index.columns.map(\.name) + [index.rowid]).map(\.quotedDatabaseIdentifier)
        let sql = """
            SELECT \(columns.joined(separator: ", ")) FROM \(index.table.quotedDatabaseIdentifier)
            INDEXED BY \(index.name.quotedDatabaseIdentifier)
            """
        // Values that come from the table would agree with it whatever the index says.
        let opened = try Row.fetchAll(db, sql: "EXPLAIN " + sql).filter { $0["opcode"] == "OpenRead" }
        guard opened.count == 1, opened.first?["p2"] == index.rootPage else { return nil }
        return try db.makeStatement(sql: sql).withSteps { statement, step in
            var sum = RowSum()
            var last = IndexEntry(index)
            var next = IndexEntry(index)
            while try step() {
                next.read(statement)
                if sum.rows > 0, !last.precedes(next) { return nil }
                sum.add(next.hash(from: start))
                swap(&last, &next)
            }
            return sum
        }
    }

    /// What `integrity_check` says of the tables that cannot be compared here.
    func checkLeftovers(_ db: Database) throws -> Bool {
        try leftovers.allSatisfy { table in
            try String.fetchAll(db, sql: "PRAGMA integrity_check(\(table.quotedDatabaseIdentifier))") == ["ok"]
        }
    }
}

/// A copy of one entry, so that it can be compared with the next.
private struct IndexEntry: ~Copyable {
    private let index: IndexProof.Index
    private let values: UnsafeMutableBufferPointer<RowValue>
    private var room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 16)

    init(_ index: IndexProof.Index) {
        self.index = index
        values = .allocate(capacity: index.columns.count + 1)
        values.initialize(repeating: RowValue(.null, 0))
    }

    deinit {
        values.deallocate()
        room.deallocate()
    }

    /// The indexed values and the rowid of the row that the statement stands at.
    mutating func read(_ statement: OpaquePointer) {
        var needed = 0
        for column in values.indices {
            values[column] = RowValue(statement, Int32(column))
            needed += values[column].bytes.count
        }
        if needed > room.count {
            room.deallocate()
            room = .allocate(byteCount: 2 * needed, alignment: 16)
        }
        var end = 0
        for column in values.indices {
            let value = values[column]
            guard !value.bytes.isEmpty else { continue }
            let copy = UnsafeMutableRawBufferPointer(rebasing: room[end..<end + value.bytes.count])
            copy.copyMemory(from: value.bytes)
            values[column] = RowValue(value.letter, value.word, UnsafeRawBufferPointer(copy))
            end += value.bytes.count
        }
    }

    func hash(from start: RowHash) -> RowHash {
        var hash = start
        for value in values { hash.add(value) }
        return hash
    }

    /// Whether it has to stand before `next`, and may beside it.
    borrowing func precedes(_ next: borrowing IndexEntry) -> Bool {
        var hasNull = false
        for (place, column) in index.columns.enumerated() {
            hasNull = hasNull || values[place].isNull
            let order = RowValue.order(values[place], next.values[place], folds: column.folds)
            if order != 0 { return column.isDescending ? order > 0 : order < 0 }
        }
        // SQL holds no NULL for equal to another.
        if index.isUnique, !hasNull { return false }
        let rowid = index.columns.count
        return RowValue.order(values[rowid], next.values[rowid], folds: false) < 0
    }
}
