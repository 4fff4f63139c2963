package import ApplianceCore
package import GRDB
package import Storage

/// A file that somebody uploaded: a row of the tenant's `files`, whose bytes are a `Content` beside the database.
///
/// The bytes never change; its name and who may see it can. What names it is in `fileUses`, kept by triggers, whoever
/// writes. It goes with the last record that named it; one that no record ever named stays until somebody deletes it.
package struct UploadedFile: Sendable, Equatable {
    package let id: String
    package let name: String
    /// A media type without parameters.
    package let type: String
    package let content: Content
    /// Whoever has the address may see it; otherwise those who may read a record that names it.
    package let isPublic: Bool
    /// As audit logs name people.
    package let createdBy: String
    let createdAt: Instant
    let updatedAt: Instant
    package let version: Int64

    package static let idPrefix = "fil"

    /// `publicPath` leads to the public files of the shop, such as `/public/acme`.
    package func json(publicPath: String) -> JSON {
        [
            "id": .string(id), "name": .string(name), "type": .string(type), "bytes": .integer(content.bytes),
            "sha256": .string(content.sha256), "visibility": .string(isPublic ? "public" : "private"),
            "url": .string(isPublic ? "\(publicPath)/\(id)" : "/api/files/\(id)/content"),
            "createdBy": .string(createdBy), "createdAt": JSON(createdAt), "updatedAt": JSON(updatedAt),
            "version": .integer(version),
        ]
    }
}

extension UploadedFile {
    package static let baseSQL = """
        CREATE TABLE files (
            id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL, isPublic INTEGER NOT NULL, createdBy TEXT NOT NULL, createdAt TEXT NOT NULL,
            updatedAt TEXT NOT NULL, version INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX files_content ON files (sha256, bytes);
        CREATE TABLE fileUses (
            fileId TEXT NOT NULL REFERENCES files (id) ON DELETE RESTRICT, collection TEXT NOT NULL,
            recordId TEXT NOT NULL, field TEXT NOT NULL, PRIMARY KEY (fileId, collection, recordId, field)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER fileUses_last AFTER DELETE ON fileUses
        WHEN NOT EXISTS (SELECT 1 FROM fileUses WHERE fileId = OLD.fileId) BEGIN
            DELETE FROM files WHERE id = OLD.fileId;
        END;
        """

    /// What snapshots and restores have to bring along.
    package static let contents = DatabaseSchema.Invariant(
        "contents", table: "files", violations: "SELECT DISTINCT sha256, bytes FROM files")

    private static let columns =
        "id, name, type, bytes, sha256, isPublic, createdBy, createdAt, updatedAt, version"

    private init(_ row: SQLStatement) {
        (id, name, type) = (row.text(0) ?? "", row.text(1) ?? "", row.text(2) ?? FileKind.unknown)
        content = Content(sha256: row.text(4) ?? "", bytes: row.integer(3))
        (isPublic, createdBy) = (row.integer(5) == 1, row.text(6) ?? "")
        createdAt = row.text(7).flatMap(Instant.init) ?? .earliest
        updatedAt = row.text(8).flatMap(Instant.init) ?? .earliest
        version = row.integer(9)
    }

    // MARK: - Reading

    package static func find(_ db: Database, id: String) throws -> UploadedFile {
        guard let file = try db.first("SELECT \(columns) FROM files WHERE id = ?1", [.text(id)], UploadedFile.init)
        else { throw DomainError.notFound("file") }
        return file
    }

    /// The newest first, below the id `before`.
    package static func list(_ db: Database, before: String?, limit: Int) throws -> [UploadedFile] {
        try db.all(
            "SELECT \(columns) FROM files WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2",
            [SQLValue(before), .integer(Int64(limit))], UploadedFile.init)
    }

    /// A field of a record that names a file.
    package struct Use: Sendable, Equatable {
        package let collection: String
        package let record: String
        package let field: String
    }

    /// Where the file is named; of very many the first.
    package static func uses(_ db: Database, id: String) throws -> [Use] {
        try db.all(
            "SELECT collection, recordId, field FROM fileUses WHERE fileId = ?1 LIMIT \(usesLookedAt)", [.text(id)]
        ) { Use(collection: $0.text(0) ?? "", record: $0.text(1) ?? "", field: $0.text(2) ?? "") }
    }

    private static let usesLookedAt = 100

    /// Of all files of the shop, each counted however often its bytes are there.
    package static func totalBytes(_ db: Database) throws -> Int64 {
        try db.first("SELECT coalesce(sum(bytes), 0) FROM files") { $0.integer(0) } ?? 0
    }

    // MARK: - Changing

    package static func create(
        _ db: Database, name: String, type: String, content: Content, isPublic: Bool, _ context: RecordContext
    ) throws -> UploadedFile {
        let id = context.ids.next(idPrefix)
        try db.run(
            "INSERT INTO files (\(columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, 1)",
            [
                .text(id), .text(name), .text(type), .integer(content.bytes), .text(content.sha256),
                .integer(isPublic ? 1 : 0), .text(context.actor.text), SQLValue(context.now),
            ])
        try audit(db, "create", id, context, ["bytes": .integer(content.bytes), "type": .string(type)])
        return try find(db, id: id)
    }

    /// Nil leaves a member as it is.
    package static func change(
        _ db: Database, id: String, name: String?, isPublic: Bool?, ifVersion: Int64?, _ context: RecordContext
    ) throws -> UploadedFile {
        try check(try find(db, id: id), ifVersion)
        try db.run(
            """
            UPDATE files SET name = coalesce(?2, name), isPublic = coalesce(?3, isPublic), updatedAt = ?4,
                version = version + 1 WHERE id = ?1
            """,
            [.text(id), SQLValue(name), SQLValue(isPublic.map { $0 ? 1 : 0 }), SQLValue(context.now)])
        let changed = try find(db, id: id)
        try audit(
            db, "update", id, context, ["visibility": .string(changed.isPublic ? "public" : "private")])
        return changed
    }

    package static func delete(_ db: Database, id: String, ifVersion: Int64?, _ context: RecordContext) throws {
        try check(try find(db, id: id), ifVersion)
        do {
            try db.run("DELETE FROM files WHERE id = ?1", [.text(id)])
        } catch let error as DatabaseError where error.extendedResultCode.isForeignKey {
            throw DomainError.conflict(
                "in_use", "A record names this file.", hint: "Take it out of the record; the file goes with it.")
        }
        try audit(db, "delete", id, context, nil)
    }

    /// A link is a way in, so it is in the log.
    package static func auditLink(_ db: Database, id: String, until: Instant, _ context: RecordContext) throws {
        try audit(db, "link", id, context, ["expiresAt": JSON(until)])
    }

    private static func check(_ file: UploadedFile, _ version: Int64?) throws {
        guard let version, version != file.version else { return }
        throw DomainError(
            .preconditionFailed, "version_changed", "The file was changed by somebody else.",
            hint: "Read it again and repeat the change.")
    }

    private static func audit(
        _ db: Database, _ verb: String, _ id: String, _ context: RecordContext, _ data: JSON?
    ) throws {
        try AuditTrail.append(db, context, action: "files.\(verb)", target: id, data: data?.text)
    }
}

extension Collection {
    /// What keeps `fileUses` for each field that names a file.
    var createFileUses: [String] {
        fields.flatMap { field -> [String] in
            guard case .file = field.type else { return [] }
            let column = CollectionSQL.quoted(field.name)
            func trigger(_ suffix: String) -> String { CollectionSQL.quoted("\(table)_\(field.name)_\(suffix)") }
            let add = "INSERT INTO fileUses VALUES (NEW.\(column), '\(name)', NEW.id, '\(field.name)')"
            let remove = """
                DELETE FROM fileUses WHERE fileId = OLD.\(column) AND collection = '\(name)' AND recordId = OLD.id
                    AND field = '\(field.name)'
                """
            return [
                """
                CREATE TRIGGER IF NOT EXISTS \(trigger("attached")) AFTER INSERT ON \(sql.table)
                WHEN NEW.\(column) IS NOT NULL BEGIN
                    \(add);
                END
                """,
                """
                CREATE TRIGGER IF NOT EXISTS \(trigger("exchanged")) AFTER UPDATE OF \(column) ON \(sql.table)
                WHEN NEW.\(column) IS NOT OLD.\(column) BEGIN
                    INSERT INTO fileUses SELECT NEW.\(column), '\(name)', NEW.id, '\(field.name)'
                        WHERE NEW.\(column) IS NOT NULL;
                    \(remove);
                END
                """,
                """
                CREATE TRIGGER IF NOT EXISTS \(trigger("released")) AFTER DELETE ON \(sql.table)
                WHEN OLD.\(column) IS NOT NULL BEGIN
                    \(remove);
                END
                """,
            ]
        }
    }
}
