package import GRDB
import Storage

extension OwnMigration {
    /// Changes the table. Alone in its transaction; `plan` must have refused nothing.
    package func apply(_ db: Database) throws {
        guard let from else {
            try db.execute(sql: to.createTable)
            try makeIndexes(db)
            try hang(db)
            try to.search?.make(db)
            return
        }
        let isReshaped = !dropped.isEmpty || !moved.isEmpty
        let renewsSearch = isReshaped || from.search?.createTable != to.search?.createTable
        let rehangs = isReshaped || from.hangings != to.hangings
        if renewsSearch { try from.search?.remove(db) }
        try dropIndexes(db, all: isReshaped)
        if rehangs { try Self.takeDown(db, from, releasing: dropped) }
        try reshape(db)
        for field in to.fields {
            guard let value = field.constant, former(field) == nil || field.isRequired else { continue }
            let column = CollectionSQL.quoted(field.name)
            try db.run("UPDATE \(to.sql.table) SET \(column) = ?1 WHERE \(column) IS NULL", [value])
        }
        if computesAnew { try compute(db) }
        try makeIndexes(db)
        if rehangs { try hang(db) }
        if renewsSearch { try to.search?.make(db) }
        // Whoever has a record with its ETag has one of another shape.
        if isReshaped || !added.isEmpty { try db.run("UPDATE \(to.sql.table) SET version = version + 1") }
    }

    private func reshape(_ db: Database) throws {
        let table = to.sql.table
        for field in dropped {
            try db.execute(sql: "ALTER TABLE \(table) DROP COLUMN \(CollectionSQL.quoted(field.name))")
            try db.run(
                "DELETE FROM sequences WHERE collection = ?1 AND field = ?2", [.text(to.name), .text(field.name)])
        }
        // By names in between: two fields may change theirs with each other.
        for step in 0...1 {
            for (index, names) in moved.enumerated() {
                let (old, new) = step == 0 ? (names.from, "_\(index)") : ("_\(index)", names.to)
                let change = [old, new].map(CollectionSQL.quoted).joined(separator: " TO ")
                try db.execute(sql: "ALTER TABLE \(table) RENAME COLUMN \(change)")
                for beside in ["sequences", "fileUses"] {
                    try db.run(
                        "UPDATE \(beside) SET field = ?1 WHERE collection = ?2 AND field = ?3",
                        [.text(new), .text(to.name), .text(old)])
                }
            }
        }
        for field in added { try db.execute(sql: "ALTER TABLE \(table) ADD COLUMN \(field.columnDefinition)") }
    }

    /// Takes the table away with all records.
    package static func drop(_ db: Database, _ collection: Collection) throws {
        try collection.search?.remove(db)
        let table = collection.sql.table
        try takeDown(db, collection, releasing: collection.fields)
        // Records that refer to each other would keep one another.
        for field in collection.fields where field.targetTable == collection.table {
            if case .references = field.type { continue }
            try db.run("UPDATE \(table) SET \(CollectionSQL.quoted(field.name)) = NULL")
        }
        try db.execute(sql: "DROP TABLE \(table)")
        try db.run("DELETE FROM sequences WHERE collection = ?1", [.text(collection.name)])
    }

    private func makeIndexes(_ db: Database) throws {
        for index in to.createIndexes { try db.execute(sql: index) }
    }

    /// Those that are no longer wanted, whichever version made them: a column cannot go while one is on it. An index is
    /// named by its columns and their order.
    private func dropIndexes(_ db: Database, all: Bool) throws {
        let wanted = all ? [] : Set(to.createIndexes.map(Self.name))
        let present = try db.all(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL",
            [.text(to.table)]
        ) { CollectionSQL.quoted($0.text(0) ?? "") }
        for name in present where !wanted.contains(name) { try db.execute(sql: "DROP INDEX \(name)") }
    }

    /// The name that a CREATE statement gives, as it is quoted there.
    private static func name(in statement: String) -> String {
        "\"\(statement.split(separator: "\"").dropFirst().first ?? "")\""
    }

    // MARK: - What hangs on columns

    /// Tables of links and triggers: a column that they name cannot go or change its name. Fields that go release the
    /// files that they name, and a file that no record names any more goes too.
    private static func takeDown(_ db: Database, _ collection: Collection, releasing dropped: [Field]) throws {
        for field in dropped {
            guard case .file = field.type else { continue }
            try db.run("UPDATE \(collection.sql.table) SET \(CollectionSQL.quoted(field.name)) = NULL")
        }
        for statement in collection.hangings where statement.hasPrefix("CREATE TRIGGER") {
            try db.execute(sql: "DROP TRIGGER IF EXISTS \(name(in: statement))")
        }
        for table in collection.linkTables {
            try db.execute(sql: "DROP TABLE IF EXISTS \(CollectionSQL.quoted(table))")
        }
    }

    private func hang(_ db: Database) throws {
        for statement in to.hangings { try db.execute(sql: statement) }
        for field in to.fields {
            guard case .references = field.type else { continue }
            try db.run(
                """
                INSERT OR IGNORE INTO \(CollectionSQL.links(to.table, field.name))
                SELECT record.id, item.value FROM \(to.sql.table) record,
                    json_each(coalesce(record.\(CollectionSQL.quoted(field.name)), '[]')) item
                """)
        }
    }
}

extension Collection {
    /// What keeps lists of references and the uses of files.
    fileprivate var hangings: [String] { createLinks + createFileUses }

    /// The tables beside its own: which records its lists of references hold.
    package var linkTables: [String] {
        fields.compactMap { field in
            if case .references = field.type { "\(table)_\(field.name)_links" } else { nil }
        }
    }
}
