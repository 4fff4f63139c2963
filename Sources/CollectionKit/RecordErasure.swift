package import ApplianceCore
package import GRDB
import Storage

/// Takes what a record tells about a person out of it: a pseudonym where there has to be something, nothing else.
///
/// The record stays, because others refer to it. What the law wants kept is refused (`Collection.retention` in years).
package struct RecordErasure: Sendable {
    package let collection: Collection
    private let fields: [Field]
    private let update: String

    /// In every shop's file: which erasures it has in it already.
    package static let baseSQL = """
        CREATE TABLE erasures (
            id TEXT PRIMARY KEY NOT NULL, collection TEXT NOT NULL, recordId TEXT NOT NULL, token TEXT NOT NULL,
            at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX erasures_record ON erasures (collection, recordId);
        """

    /// Nil for a collection that tells about nobody.
    package init?(_ collection: Collection) {
        let fields = collection.fields.filter(\.isPersonal)
        guard !fields.isEmpty else { return nil }
        self.init(collection, fields)
    }

    private init(_ collection: Collection, _ fields: [Field]) {
        (self.collection, self.fields) = (collection, fields)
        let sets = fields.enumerated().map { "\(CollectionSQL.quoted($1.name)) = ?\($0 + 3), " }.joined()
        update = "UPDATE \(collection.sql.table) SET \(sets)updatedAt = ?2, version = version + 1 WHERE id = ?1"
    }

    /// Whether its records have to be kept as they are.
    package var isRetained: Bool { if case .years = collection.retention { true } else { false } }

    package var fieldNames: [String] { fields.map(\.name) }

    // MARK: - Values

    private func values(_ token: String) -> [SQLValue] { fields.map { value($0, token) } }

    /// What may be empty is; the rest is a pseudonym of the same form.
    private func value(_ field: Field, _ token: String) -> SQLValue {
        guard field.isRequired, case .text(let format, let max) = field.type else { return .null }
        let text =
            switch format {
            case .email: "erased-\(token)@erased.invalid"
            case .phone: "+000" + String((UInt64(token, radix: 16) ?? 0) % 100_000_000)
            case .url: "https://erased.invalid/\(token)"
            case .code: token.uppercased()
            default: "Erased \(collection.title.lowercased()) #\(token)"
            }
        return .text(text.count <= max ? text : String(token.prefix(max)))
    }

    /// A mistake of the declaration: a required field that would have no pseudonym, or one that is computed from what
    /// is personal and would go on telling it after an erasure, in the log and in masked copies.
    package static func mistake(_ fields: [Field]) -> String? {
        for field in fields {
            guard let source = field.personalSource(among: fields) else { continue }
            return "\(field.name) tells \(source.name), which is personal, and has to be so too"
        }
        return fields.first { field in
            guard field.isPersonal, field.isRequired else { return false }
            if case .text = field.type { return false }
            return true
        }.map { "\($0.name) is personal and required and no text: it could not be erased" }
    }

    // MARK: - Erasing

    /// False when the record is not there. Part of a write.
    package func apply(_ db: Database, _ erasure: Erasure, now: Instant) throws -> Bool {
        try db.run(update, [.text(erasure.record), SQLValue(now)] + values(erasure.token))
        return db.changesCount == 1
    }

    /// Notes in the shop's own file that it has the erasure in it.
    package static func mark(_ db: Database, _ erasure: Erasure) throws {
        try db.run(
            "INSERT OR IGNORE INTO erasures VALUES (?1, ?2, ?3, ?4, ?5)",
            [
                .text(erasure.id), .text(erasure.collection), .text(erasure.record), .text(erasure.token),
                SQLValue(erasure.at),
            ])
    }

    /// The erasure that the record still is as it was left by; nil when it tells about somebody again.
    package func standing(_ db: Database, tenant: String, record: String) throws -> Erasure? {
        let last = try db.first(
            """
            SELECT id, token, at FROM erasures WHERE collection = ?1 AND recordId = ?2 ORDER BY id DESC LIMIT 1
            """, [.text(collection.name), .text(record)]
        ) { row in
            Erasure(
                id: row.text(0) ?? "", tenant: tenant, collection: collection.name, record: record,
                token: row.text(1) ?? "", at: row.text(2).flatMap(Instant.init) ?? .earliest)
        }
        guard let last, let now = try current(db, record) else { return last }
        return now == values(last.token) ? last : nil
    }

    /// Nil when the record is not there.
    private func current(_ db: Database, _ record: String) throws -> [SQLValue]? {
        let names = fields.map { CollectionSQL.quoted($0.name) }.joined(separator: ", ")
        return try db.first("SELECT \(names) FROM \(collection.sql.table) WHERE id = ?1", [.text(record)]) { row in
            fields.indices.map { row.value(Int32($0)) }
        }
    }

    package func has(_ db: Database, _ record: String) throws -> Bool { try current(db, record) != nil }

    /// Whether the shop had the record once: what is only in backups can be erased there too.
    package func wasDeleted(_ db: Database, _ record: String) throws -> Bool {
        try db.first(
            "SELECT 1 FROM audit WHERE target = ?1 AND action = ?2",
            [.text(record), .text("\(collection.name).delete")]
        ) { _ in true } ?? false
    }

    // MARK: - What belongs to the person elsewhere

    /// Records of `other` that refer to the record.
    package func referring(_ db: Database, from other: Collection, to record: String, limit: Int) throws -> [String] {
        let conditions = other.fields.compactMap { field -> String? in
            switch field.type {
            case .reference(collection.name, _): "\(CollectionSQL.quoted(field.name)) = ?1"
            case .references(collection.name, _):
                "id IN (SELECT recordId FROM \(CollectionSQL.links(other.table, field.name)) WHERE targetId = ?1)"
            default: nil
            }
        }
        guard !conditions.isEmpty else { return [] }
        let refers = conditions.joined(separator: " OR ")
        return try db.all(
            "SELECT id FROM \(other.sql.table) WHERE \(refers) ORDER BY id LIMIT ?2",
            [.text(record), .integer(Int64(limit))]
        ) { $0.text(0) ?? "" }
    }
}

extension RecordErasure {
    /// Does again, in a database that came from the past, what it does not have in it; how many that were. The caller
    /// has it alone, inside a transaction. It may be of an older version: what it lacks cannot be erased in it.
    package static func replay(_ db: Database, _ erasures: [Erasure], _ catalog: CollectionCatalog, now: Instant) throws
        -> Int
    {
        let isMarked = try db.tableExists("erasures")
        var changed: Set<String> = []
        var count = 0
        for erasure in erasures.sorted(by: { $0.id < $1.id }) {
            guard let erasing = catalog[erasure.collection].flatMap(RecordErasure.init),
                try db.tableExists(erasing.collection.table),
                try !isMarked
                    || db.first("SELECT 1 FROM erasures WHERE id = ?1", [.text(erasure.id)], { _ in true }) == nil,
                try erasing.reduced(to: db).apply(db, erasure, now: now)
            else { continue }
            if isMarked { try mark(db, erasure) }
            changed.insert(erasure.collection)
            count += 1
        }
        try forgetWords(db, changed.compactMap { catalog[$0] })
        return count
    }

    /// With the columns that the file has: a field that came later is not in it.
    private func reduced(to db: Database) throws -> RecordErasure {
        let names = try db.all("SELECT name FROM pragma_table_info(?1)", [.text(collection.table)]) { $0.text(0) ?? "" }
        let known = Set(names)
        guard !fields.allSatisfy({ known.contains($0.name) }) else { return self }
        return RecordErasure(collection, fields.filter { known.contains($0.name) })
    }

    /// An index that was made before has the words still. Where it cannot be made anew from what the file has, it is
    /// made when the file is next opened.
    private static func forgetWords(_ db: Database, _ collections: [Collection]) throws {
        for collection in collections where collection.search != nil {
            let columns = try db.all("SELECT name FROM pragma_table_info(?1)", [.text(collection.table)]) { row in
                row.text(0) ?? ""
            }
            let isComplete = collection.fields.allSatisfy { columns.contains($0.name) }
            if isComplete, try db.tableExists("search_state") {
                try SearchIndex.renew(db, [collection])
            } else {
                try db.execute(sql: "DROP TABLE IF EXISTS \(CollectionSQL.quoted("\(collection.table)_search"))")
            }
        }
    }
}

extension Field {
    /// A personal field that this one is computed from, where it is not personal itself; nil where nothing is told.
    package func personalSource(among fields: [Field]) -> Field? {
        guard !isPersonal, let formula else { return nil }
        return fields.first { $0.isPersonal && formula.fields.contains($0.name) }
    }
}
