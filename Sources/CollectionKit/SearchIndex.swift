import ApplianceCore
package import GRDB
package import Storage

/// The full-text index of a collection's searchable fields: an FTS5 table that keeps words and no texts, in the shop's
/// own file.
///
/// New records are taken into it many at a time: FTS5 writes a segment for each transaction, however small.
/// `search_state` says up to which row an index goes; what lies behind it is taken in before somebody searches
/// (`catchUp`), or once a transaction has written enough. What the index knows already is changed in the transaction
/// of the change.
///
/// SQLite before 3.42 lets no trigger write to an FTS5 table while `trusted_schema` is off. So triggers that live in
/// the writer's connection only note which indexed rows change, whoever changes them, and `update` goes through the
/// notes before the commit: once for all writes that share it. They are there for each index that knows a row: of the
/// others nothing is to be noted, and to make them for all would be half of what the first write to a shop costs.
/// SQLite gives the numbers behind the last row again, so an index never goes further than its last row: with each row
/// that is deleted its end moves back at once.
package struct SearchIndex: Sendable {
    let table: String
    private let name: String
    private let collection: String
    private let columns: String
    private let fields: [String]

    /// Notes of the transaction under way, of all collections.
    private static let notes = "temp.search_changes"
    /// Changed rows, of whatever table, after which new records are taken in without anybody searching: a search then
    /// never waits for more than a few milliseconds.
    private static let stride = 4096

    /// In every shop's file.
    package static let baseSQL = """
        CREATE TABLE search_state (collection TEXT PRIMARY KEY NOT NULL, indexedTo INTEGER NOT NULL)
            STRICT, WITHOUT ROWID;
        """

    /// Nil for a collection of which nothing is searchable.
    init?(_ collection: String, _ fields: [Field]) {
        let searchable = fields.filter(\.isSearchable).map(\.name)
        guard !searchable.isEmpty else { return nil }
        (self.collection, self.fields) = (collection, searchable)
        name = Self.name(collection)
        table = CollectionSQL.quoted(name)
        columns = searchable.map(CollectionSQL.quoted).joined(separator: ", ")
    }

    private static func name(_ collection: String) -> String { "\(collection)_search" }

    // MARK: - The index in the file

    /// Case does not count, nor do the diacritics of Latin letters. Marks are parts of words, as the scripts of India
    /// need it. Without `docsize`, which only ranking needs, a change writes a page less.
    var createTable: String {
        """
        CREATE VIRTUAL TABLE \(table) USING fts5(\(columns), content=\(CollectionSQL.quoted(collection)), \
        columnsize=0, tokenize="unicode61 remove_diacritics 2 categories 'L* N* Co M*'")
        """
    }

    /// Whether `object` is an index that some version of ours made: its columns may have been others.
    package static func isOurs(_ object: DatabaseSchema.Object) -> Bool { SearchIndex(object) != nil }

    /// The index that an object of a file is; nil for any other.
    private init?(_ object: DatabaseSchema.Object) {
        guard object.type == "table", object.name.hasSuffix("_search"),
            let start = object.sql.firstRange(of: "fts5("), let end = object.sql.firstRange(of: ", content="),
            start.upperBound < end.lowerBound
        else { return nil }
        let columns = object.sql[start.upperBound..<end.lowerBound].split(separator: ", ")
        let fields = columns.map { $0.dropFirst().dropLast() }
        guard fields.allSatisfy({ name in name.utf8.allSatisfy(Self.isPlain) }) else { return nil }
        let declared = fields.map { Field.text(String($0), max: 1).searchable() }
        self.init(String(object.name.dropLast("_search".count)), declared)
        guard createTable == object.sql else { return nil }
    }

    /// The indexes of what the shop declared for itself, as its file has them.
    private static func ofOwn(_ db: Database) throws -> [SearchIndex] {
        try db.all(
            "SELECT name, sql FROM main.sqlite_schema WHERE type = 'table' AND name GLOB ?1",
            [.text("\(Collection.ownPrefix)*_search")]
        ) { DatabaseSchema.Object(type: "table", name: $0.text(0) ?? "", sql: $0.text(1) ?? "") }
        .compactMap { SearchIndex($0) }
    }

    private static func isPlain(_ byte: UInt8) -> Bool { byte.isASCIIDigit || (0x61...0x7A).contains(byte | 0x20) }

    /// Makes the index of a collection that lacks it, or has it over other fields, and takes away one that is no longer
    /// wanted. Records that are there already are indexed at once.
    static func synchronize(_ db: Database, _ collection: Collection) throws {
        let name = name(collection.table)
        let present = try db.first("SELECT sql FROM sqlite_schema WHERE name = ?1", [.text(name)]) { $0.text(0) }
        guard present != collection.search?.createTable else { return }
        if present != nil { try db.execute(sql: "DROP TABLE \(CollectionSQL.quoted(name))") }
        try db.run("DELETE FROM search_state WHERE collection = ?1", [.text(collection.table)])
        try collection.search?.make(db)
    }

    /// An index from before `search_state` was kept up to date by every commit, and so has all that is there.
    static func adopt(_ db: Database, _ collections: [Collection]) throws {
        let known = try Set(db.all("SELECT collection FROM search_state") { $0.text(0) ?? "" })
        for index in collections.compactMap(\.search) where !known.contains(index.collection) { try index.mark(db) }
    }

    /// Makes all indexes anew from the records: what an index said of a file from elsewhere is not believed, and one of
    /// texts that were masked must not tell them.
    package static func renew(_ db: Database, _ collections: [Collection]) throws {
        for index in try collections.filter({ $0.own == nil }).compactMap(\.search) + ofOwn(db) {
            try db.execute(sql: "DROP TABLE IF EXISTS \(index.table)")
            try index.make(db)
        }
    }

    /// Makes the index from the records.
    func make(_ db: Database) throws {
        try db.execute(sql: createTable)
        try db.execute(sql: "INSERT INTO \(table) (\(table)) VALUES ('rebuild')")
        try mark(db)
    }

    /// Notes that every row of now is in the index, and follows their changes from now on.
    private func mark(_ db: Database) throws {
        try db.run(
            "INSERT OR REPLACE INTO search_state SELECT ?1, \(newestRow)", [.text(collection)])
        let isToBeWatched = try db.first(
            """
            SELECT indexedTo > 0 AND EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE name = 'search_changes')
                AND NOT EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE name = ?2)
            FROM search_state WHERE collection = ?1
            """, [.text(collection), .text("\(name)_changed")]
        ) { $0.integer(0) == 1 }
        if isToBeWatched == true { try watch(db) }
    }

    private var source: String { "main." + CollectionSQL.quoted(collection) }
    private var newestRow: String { "coalesce((SELECT max(rowid) FROM \(source)), 0)" }

    // MARK: - Following changes

    /// Prepares a connection that writes.
    package static func watch(_ db: Database, _ collections: [Collection]) throws {
        try db.execute(
            sql: """
                CREATE TEMP TABLE IF NOT EXISTS search_changes (
                    collection TEXT NOT NULL, docId INTEGER NOT NULL, PRIMARY KEY (collection, docId)) WITHOUT ROWID
                """)
        let filled = try Set(
            db.all("SELECT collection FROM main.search_state WHERE indexedTo > 0", [], { $0.text(0) ?? "" }))
        guard !filled.isEmpty else { return }
        for index in try collections.compactMap(\.search) + ofOwn(db) where filled.contains(index.collection) {
            try index.watch(db)
        }
    }

    /// Takes back `watch`, with the index itself, in a transaction that has changed none of its records.
    func remove(_ db: Database) throws {
        func trigger(_ suffix: String) -> String { "temp." + CollectionSQL.quoted("\(name)_\(suffix)") }
        try db.execute(
            sql: """
                DROP TRIGGER IF EXISTS \(trigger("changed"));
                DROP TRIGGER IF EXISTS \(trigger("deleted"));
                DROP TABLE IF EXISTS \(trigger("old"));
                DROP TABLE IF EXISTS \(table);
                """)
        try db.run("DELETE FROM search_state WHERE collection = ?1", [.text(collection)])
    }

    /// Words are taken out of an index by naming them, so the first text that a transaction replaces is kept: it is
    /// what the index knows. A row behind the index's end is not in it yet.
    private func watch(_ db: Database) throws {
        let old = CollectionSQL.quoted("\(name)_old")
        let literal = "'\(collection.replacing("'", with: "''"))'"
        func trigger(_ suffix: String) -> String { CollectionSQL.quoted("\(name)_\(suffix)") }
        let olds = fields.map { "OLD.\(CollectionSQL.quoted($0))" }
        let differs = fields.map { "NEW.\(CollectionSQL.quoted($0)) IS NOT OLD.\(CollectionSQL.quoted($0))" }
        let isIndexed = "OLD.rowid <= (SELECT indexedTo FROM main.search_state WHERE collection = \(literal))"
        let keep = """
            INSERT OR IGNORE INTO \(old) SELECT OLD.rowid, \(olds.joined(separator: ", ")) WHERE \(isIndexed) AND
                NOT EXISTS (SELECT 1 FROM search_changes WHERE collection = \(literal) AND docId = OLD.rowid);
            INSERT OR IGNORE INTO search_changes SELECT \(literal), OLD.rowid WHERE \(isIndexed);
            """
        let shorten = """
            UPDATE search_state SET indexedTo = \(newestRow) WHERE collection = \(literal) AND indexedTo > \(newestRow);
            """
        try db.execute(
            sql: """
                CREATE TEMP TABLE \(old) (docId INTEGER PRIMARY KEY, \(columns));
                CREATE TEMP TRIGGER \(trigger("changed")) AFTER UPDATE OF \(columns) ON \(source)
                WHEN \(differs.joined(separator: " OR ")) BEGIN
                    \(keep)
                END;
                CREATE TEMP TRIGGER \(trigger("deleted")) AFTER DELETE ON \(source) BEGIN
                    \(keep)
                    \(shorten)
                END;
                """)
    }

    /// Brings the indexes up to what the transaction wrote: a small read when it changed nothing that is indexed.
    package static func update(_ db: Database, _ changes: TransactionChanges, catalog: CollectionCatalog) throws {
        for collection in try db.all("SELECT DISTINCT collection FROM \(notes)", [], { $0.text(0) ?? "" }) {
            let index = try catalog[collection]?.search ?? ofOwn(db).first { $0.collection == collection }
            try index?.update(db)
        }
        guard changes.before / stride != changes.after / stride else { return }
        for index in try catalog.collections.compactMap(\.search) + ofOwn(db) { try index.catchUp(db) }
    }

    private func update(_ db: Database) throws {
        let old = "temp." + CollectionSQL.quoted("\(name)_old")
        try db.run(
            "INSERT INTO \(table) (\(table), rowid, \(columns)) SELECT 'delete', docId, \(columns) FROM \(old)")
        try db.run("DELETE FROM \(old)")
        let ownNotes = "FROM \(Self.notes) WHERE collection = ?1"
        // What took the place of a row that was deleted before in the same transaction lies behind the index's end.
        try db.run(
            """
            INSERT INTO \(table) (rowid, \(columns)) SELECT rowid, \(columns) FROM \(source)
            WHERE rowid IN (SELECT docId \(ownNotes))
                AND rowid <= (SELECT indexedTo FROM search_state WHERE collection = ?1)
            """, [.text(collection)])
        try db.run("DELETE \(ownNotes)", [.text(collection)])
    }

    /// Whether there are records that the index does not know yet.
    func isBehind(_ db: Database) throws -> Bool {
        try db.first(
            "SELECT indexedTo < \(newestRow) FROM search_state WHERE collection = ?1", [.text(collection)]
        ) { $0.integer(0) == 1 } ?? false
    }

    /// Takes in the records that the index does not know yet. Part of a write.
    package func catchUp(_ db: Database) throws {
        guard try isBehind(db) else { return }
        try db.run(
            """
            INSERT INTO \(table) (rowid, \(columns)) SELECT rowid, \(columns) FROM \(source)
            WHERE rowid > (SELECT indexedTo FROM search_state WHERE collection = ?1)
            """, [.text(collection)])
        try mark(db)
    }

    // MARK: - Searching

    /// Which fields somebody searches.
    struct Scope: Sendable {
        /// `{"name" "city"} : `; nothing for all that the index has.
        fileprivate let columns: String
    }

    /// Nil when none of the fields is searched.
    func scope(_ readable: [Field]) -> Scope? {
        let names = readable.filter(\.isSearchable).map { CollectionSQL.quoted($0.name) }
        if names.isEmpty { return nil }
        return Scope(columns: names.count == fields.count ? "" : "{\(names.joined(separator: " "))} : ")
    }

    /// The condition on a row, with its one parameter.
    func condition(_ parameter: String) -> String {
        "rowid IN (SELECT rowid FROM \(table) WHERE \(table) MATCH \(parameter))"
    }

    /// What FTS5 is asked for a text that somebody typed: every word of it, in whatever field, as the beginning of a
    /// word. In quotes nothing is an operator; marks between two words ask for both in a row: `abc-12` finds ABC-123.
    static func match(_ text: String, _ scope: Scope) -> String {
        // By scalars: a quote with a mark on it is one character, and a quote to FTS5 all the same.
        let words = text.unicodeScalars.split(whereSeparator: \.properties.isWhitespace).map { word in
            "\"" + word.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\"*"
        }.joined(separator: " ")
        if words.isEmpty { return "\"\"" }
        return scope.columns.isEmpty ? words : "\(scope.columns)(\(words))"
    }
}
