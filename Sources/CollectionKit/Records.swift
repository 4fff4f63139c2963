package import ApplianceCore
package import GRDB
import Storage

/// A record as it goes to the client: bytes made by SQLite, and the version that its ETag shows.
package struct RecordBytes: Sendable {
    package let id: String
    package let json: [UInt8]
    package let version: Int64
}

/// A record to be made, checked as far as that takes no file.
package struct NewRecord: Sendable {
    fileprivate let draft: RecordDraft
    /// What the audit trail will tell of it; nil where it may still draw a number from the file.
    fileprivate let audited: [UInt8]?
}

/// The operations on single records. Reads run on any connection, writes inside `DatabaseFile.write`; each change and
/// its audit event are one transaction.
package struct Records: Sendable {
    let view: CollectionView
    private var collection: Collection { view.collection }

    package init(_ view: CollectionView) { self.view = view }
    /// With every right.
    package init(_ collection: Collection) { view = CollectionView(collection) }

    package func get(_ db: Database, id: String) throws -> RecordBytes {
        var (text, parameters) = (view.sql.get, [SQLValue.text(id)])
        if let own = view.ownColumn(.read) {
            text += " AND \(own) = ?2"
            parameters.append(.text(view.user))
        }
        guard let record = try db.first(text, parameters, { Self.record(id, $0) }) else {
            throw DomainError.notFound("record")
        }
        return record
    }

    package func create(_ db: Database, _ body: JSON, _ context: RecordContext) throws -> RecordBytes {
        try create(db, new(body, context), context)
    }

    /// What of `create` may be done before, while others write to the file.
    package func new(_ body: JSON, _ context: RecordContext) throws -> NewRecord {
        var draft = RecordDraft(view)
        try draft.take(json: body)
        try draft.complete(context)
        draft.checkOwner(.create)
        let isWhole = collection.rules.sequences.isEmpty
        return NewRecord(draft: draft, audited: isWhole ? AuditValues(collection).created(draft.values) : nil)
    }

    package func create(_ db: Database, _ new: NewRecord, _ context: RecordContext) throws -> RecordBytes {
        try collection.requireCurrent(db)
        var draft = new.draft
        try draft.checkReferences(db, context)
        try draft.throwFaults()
        try draft.finish(db, context)
        let record = try insert(db, draft, context)
        try audit(db, "create", record.id, new.audited ?? AuditValues(collection).created(draft.values), context)
        return record
    }

    func insert(_ db: Database, _ draft: RecordDraft, _ context: RecordContext) throws -> RecordBytes {
        let id = context.ids.next(collection.idPrefix)
        let values = [.text(id)] + draft.values + [.text(context.now.description)]
        let record = try naming {
            guard let record = try db.first(view.sql.insert, values, { Self.record(id, $0) }) else {
                throw DomainError.internal("INSERT returned nothing")
            }
            return record
        }
        try context.storage?.check(db)
        if let meter = collection.meter { try context.usage?.use(db, meter, key: id, subject: collection.name) }
        return record
    }

    /// JSON Merge Patch (RFC 7396): named fields change, null empties one. `ifVersion` guards against lost updates.
    package func patch(
        _ db: Database, id: String, _ body: JSON, ifVersion: Int64?, _ context: RecordContext
    ) throws -> RecordBytes {
        try collection.requireCurrent(db)
        let (current, version) = try values(db, id: id, for: .update)
        try Self.check(version, ifVersion)
        var draft = RecordDraft(view, current: current)
        try draft.take(json: body)
        try draft.complete(context)
        draft.checkOwner(.update)
        try draft.checkReferences(db, context)
        try draft.throwFaults()
        try draft.finish(db, context)
        let record = try update(db, id: id, draft, context)
        try audit(db, "update", id, AuditValues(collection).changed(from: current, to: draft.values), context)
        return record
    }

    func update(_ db: Database, id: String, _ draft: RecordDraft, _ context: RecordContext) throws -> RecordBytes {
        let record = try naming {
            let parameters = draft.values + [.text(context.now.description), .text(id)]
            guard let record = try db.first(view.sql.update, parameters, { Self.record(id, $0) }) else {
                throw DomainError.notFound("record")
            }
            return record
        }
        try context.storage?.check(db)
        return record
    }

    package func delete(_ db: Database, id: String, ifVersion: Int64?, _ context: RecordContext) throws {
        try collection.requireCurrent(db)
        let (current, version) = try values(db, id: id, for: .delete)
        try Self.check(version, ifVersion)
        if collection.rules.sequences.contains(where: { current[$0] != .null }) {
            throw DomainError.conflict(
                "numbered", "A record with a number cannot be deleted: the numbers have no gaps.",
                hint: "Cancel it instead.")
        }
        do {
            try db.run(collection.sql.delete, [.text(id)])
        } catch let error as DatabaseError where error.extendedResultCode.isForeignKey {
            throw DomainError.conflict(
                "in_use", "Other records refer to this one.", hint: "Change or delete those first.")
        }
        try audit(db, "delete", id, AuditValues(collection).deleted(current), context)
    }

    func audit(_ db: Database, _ verb: String, _ id: String, _ data: [UInt8], _ context: RecordContext) throws {
        try AuditTrail.append(
            db,
            AuditEvent(
                at: context.now, actor: context.actor, action: "\(collection.name).\(verb)", target: id,
                requestID: context.requestID, data: data))
    }

    /// Throws where a person's role reaches own records only, and this is none of them.
    package func checkReach(_ db: Database, id: String, for operation: Permissions.Operation) throws {
        guard view.ownColumn(operation) != nil || view.ownColumn(.read) != nil else { return }
        _ = try values(db, id: id, for: operation)
    }

    /// The column values in the order of the fields, and the version, of a record that may be written so. One that may
    /// not even be read is not there.
    private func values(
        _ db: Database, id: String, for operation: Permissions.Operation
    ) throws -> ([SQLValue], Int64) {
        let count = Int32(collection.fields.count)
        let found = try db.first(collection.sql.values, [.text(id)]) { row in
            ((0..<count).map { row.value($0) }, row.integer(count))
        }
        guard let found, view.reaches(found.0, .read) else { throw DomainError.notFound("record") }
        guard view.reaches(found.0, operation) else {
            throw DomainError.forbidden("not_yours", "Your role allows this with your own records only.")
        }
        return found
    }

    private static func check(_ version: Int64, _ expected: Int64?) throws {
        guard let expected, expected != version else { return }
        throw DomainError(
            .preconditionFailed, "version_changed", "The record was changed by somebody else.",
            hint: "Read it again and repeat the change.")
    }

    private static func record(_ id: String, _ row: SQLStatement) -> RecordBytes {
        RecordBytes(id: id, json: row.withBytes(0) { Array($0) }, version: row.integer(1))
    }

    /// Turns a broken uniqueness into a conflict that names the fields.
    private func naming<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            let names = collection.fieldsNamed(error)
            guard !names.isEmpty else { throw error }
            var conflict = DomainError.conflict(
                "not_unique", "Another record has the same \(names.joined(separator: " and ")).")
            conflict.faults = names.map { .init($0, "not_unique", "Another record has this value.") }
            throw conflict
        }
    }
}

extension Collection {
    /// "UNIQUE constraint failed: bookings.caregiverId, bookings.startsAt"
    func fieldsNamed(_ error: DatabaseError) -> [String] {
        let list = error.message?.split(separator: ":").last ?? ""
        return list.split(separator: ",").compactMap { $0.split(separator: ".").last.map(String.init) }
            .filter { field($0) != nil }
    }
}

extension ResultCode {
    var isForeignKey: Bool { self == .SQLITE_CONSTRAINT_FOREIGNKEY || self == .SQLITE_CONSTRAINT_TRIGGER }
}
