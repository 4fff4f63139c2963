package import ApplianceCore
package import Foundation
package import GRDB
import Storage

/// How the columns of a file become fields of a collection.
package struct ImportOptions: Sendable {
    /// File column to field, or to `reference.uniqueField` of the record referred to. A column may fill several fields.
    package var map: [(column: String, field: String)] = []
    /// Fields that get the same value in every row.
    package var constants: [(field: String, value: String)] = []
    /// The unique field by which a row finds the record that it updates.
    package var upsert: String?

    package init() {}
}

/// What an import did. All of it, or nothing: it is one transaction.
package struct ImportReport: Sendable, Equatable {
    package fileprivate(set) var rows = 0
    package fileprivate(set) var created = 0
    package fileprivate(set) var updated = 0
    package fileprivate(set) var unchanged = 0
    package fileprivate(set) var ignoredColumns: [String] = []

    package var json: JSON {
        [
            "rows": JSON(rows), "created": JSON(created), "updated": JSON(updated), "unchanged": JSON(unchanged),
            "ignoredColumns": .array(ignoredColumns.map { .string($0) }),
        ]
    }
}

/// What a file to import holds.
package enum ImportFormat: Sendable { case csv, ndjson }

/// Takes a file into a collection, inside one write transaction.
package struct RecordImport {
    package enum Limit {
        /// Faults reported before the import gives up.
        static let faults = 50
        /// Rows between two reports of progress.
        static let rowsPerReport = 2000
    }

    /// Thrown to stop reading once enough faults are known.
    private struct Stop: Error {}

    private let view: CollectionView
    private var collection: Collection { view.collection }
    private let targets: Expansion.Targets
    private let options: ImportOptions
    private let context: RecordContext
    private var columns: ImportColumns?
    private var report = ImportReport()
    private var faults: [DomainError.FieldFault] = []
    private var madeIDs: (first: String, last: String)?

    package init(
        _ view: CollectionView, _ targets: @escaping Expansion.Targets, _ options: ImportOptions,
        _ context: RecordContext
    ) throws {
        (self.view, self.targets, self.options, self.context) = (view, targets, options, context)
        guard let key = options.upsert else { return }
        guard view.column(key) != nil, collection.field(key)?.isUnique == true else {
            throw DomainError.invalid(
                "upsert", "not_unique", "\(key.prefix(64)) is not a unique field of \(collection.name).")
        }
        guard view.grant.scopes[.update] != nil else {
            throw DomainError.forbidden(RecordDraft.notPermitted, "Your role does not allow changing records.")
        }
    }

    /// Reads the whole file. Throws `validation_failed` with line, column and reason of each fault; the caller's
    /// transaction then leaves nothing behind.
    package mutating func run(
        _ db: Database, file: URL, format: ImportFormat = .csv, progress: WorkProgress.Report
    ) throws -> ImportReport {
        try collection.requireCurrent(db)
        let total = FileSystem.size(file)
        let reader = try FileReader(file)
        var csv = CSVParser()
        var lines = NDJSONParser()
        var read: Int64 = 0
        do {
            while case let chunk = try reader.next(), !chunk.isEmpty {
                read += Int64(chunk.count)
                switch format {
                case .csv: try csv.parse(chunk) { row in try take(row, db) }
                case .ndjson: try lines.parse(chunk) { line, bytes in try take(bytes, line: line, db) }
                }
                progress(WorkProgress("importing", done: read, total: total, detail: "\(report.rows) rows"))
            }
            switch format {
            case .csv: try csv.finish { row in try take(row, db) }
            case .ndjson: try lines.finish { line, bytes in try take(bytes, line: line, db) }
            }
        } catch let fault as CSVParser.Fault {
            faults.append(.init("", "malformed_csv", fault.message, line: fault.line))
        } catch let fault as NDJSONParser.Fault {
            faults.append(.init("", "malformed_json", fault.message, line: fault.line))
        } catch is Stop {}
        if format == .csv, columns == nil, faults.isEmpty {
            throw DomainError.malformed("empty_file", "The file has no header line.")
        }
        if !faults.isEmpty { throw DomainError.invalid(faults) }
        // One event for all that was made: ids sort by when they were made, so first and last name them.
        let made = report.json.adding(["firstId": JSON(madeIDs?.first), "lastId": JSON(madeIDs?.last)])
        try AuditTrail.append(db, context, action: "\(collection.name).import", target: nil, data: made.text)
        return report
    }

    private mutating func take(_ row: borrowing CSVParser.Row, _ db: Database) throws {
        guard let columns else {
            let header = (0..<row.count).map { row.text($0) ?? "" }
            let resolved = try ImportColumns(header, view, targets, options)
            report.ignoredColumns = resolved.ignored
            columns = resolved
            return
        }
        report.rows += 1
        guard row.count == columns.count else {
            return try fault("", "wrong_count", "\(row.count) cells, but the header has \(columns.count).", row.line)
        }
        var draft = RecordDraft(view)
        for target in columns.targets {
            do throws(ValueFault) {
                try columns.fill(&draft, target, row, db, context)
            } catch {
                return try fault(target.column, error.code, error.message, row.line)
            }
        }
        try write(draft, db, line: row.line)
    }

    /// A line of JSON: members as in a create. What only the server sets is passed over, so that an export comes back.
    private mutating func take(_ bytes: [UInt8], line: Int, _ db: Database) throws {
        report.rows += 1
        let json: JSON
        do {
            json = try JSONParser.parse(bytes)
        } catch {
            return try fault("", "malformed_json", "\(error.message) (byte \(error.offset)).", line)
        }
        guard let members = json.objectValue else { return try fault("", "not_an_object", "Not a JSON object.", line) }
        let own = members.filter { member in
            !Collection.systemColumns.contains(member.name) && collection.field(member.name)?.isReadOnly != true
        }
        var draft = RecordDraft(view)
        try draft.take(json: .object(own))
        for item in draft.faults { try fault(item.field, item.code, item.message, line) }
        if draft.faults.isEmpty { try write(draft, db, line: line) }
    }

    private var upsertIndex: Int? { options.upsert.flatMap { collection.index(of: $0) } }

    /// What the file calls a field.
    private func column(of field: String) -> String { columns?.column(of: field) ?? field }

    private mutating func fault(_ column: String, _ code: String, _ message: String, _ line: Int) throws {
        faults.append(.init(column, code, message, line: line))
        if faults.count >= Limit.faults { throw Stop() }
    }

    private mutating func write(_ draft: RecordDraft, _ db: Database, line: Int) throws {
        var draft = draft
        if let key = upsertIndex, let found = try existing(db, draft.values[key], key) {
            return try update(db, found, draft, line: line)
        }
        try draft.complete(context)
        draft.checkOwner(.create)
        try draft.checkReferences(db, context)
        for item in draft.faults { try fault(column(of: item.field), item.code, item.message, line) }
        guard draft.faults.isEmpty else { return }
        try draft.finish(db, context)
        let id = context.ids.next(collection.idPrefix)
        let values = [.text(id)] + draft.values + [.text(context.now.description)]
        do {
            try db.run(collection.sql.insertSilently, values)
            report.created += 1
            madeIDs = (madeIDs?.first ?? id, id)
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            for field in collection.fieldsNamed(error) {
                try fault(column(of: field), "not_unique", "Another record has this \(field).", line)
            }
        }
    }

    private func existing(_ db: Database, _ value: SQLValue, _ key: Int) throws -> (id: String, values: [SQLValue])? {
        guard value != .null else { return nil }
        let names = collection.fields.map { CollectionSQL.quoted($0.name) }
        let condition = CollectionSQL.equals(collection.fields[key], "?1")
        let sql = "SELECT id, \(names.joined(separator: ", ")) FROM \(collection.sql.table) WHERE \(condition)"
        return try db.first(sql, [value]) { row in
            (row.text(0) ?? "", names.indices.map { row.value(Int32($0 + 1)) })
        }
    }

    private mutating func update(
        _ db: Database, _ found: (id: String, values: [SQLValue]), _ draft: RecordDraft, line: Int
    ) throws {
        guard view.reaches(found.values, .update) else {
            let key = options.upsert.map { column(of: $0) } ?? ""
            return try fault(key, "not_yours", "The record is somebody else's.", line)
        }
        var merged = RecordDraft(view, current: found.values)
        merged.resolved = draft.resolved
        for index in draft.values.indices where draft.given[index] {
            do throws(ValueFault) {
                try merged.set(index, draft.values[index])
            } catch {
                return try fault(column(of: collection.fields[index].name), error.code, error.message, line)
            }
        }
        guard merged.values != found.values else {
            report.unchanged += 1
            return
        }
        do {
            try merged.complete(context)
            merged.checkOwner(.update)
            try merged.checkReferences(db, context)
            try merged.throwFaults()
            try merged.finish(db, context)
            let records = Records(view)
            _ = try records.update(db, id: found.id, merged, context)
            let values = AuditValues(collection).changed(from: found.values, to: merged.values)
            try records.audit(db, "update", found.id, values, context)
            report.updated += 1
        } catch let error as DomainError where !error.faults.isEmpty {
            for item in error.faults { try fault(column(of: item.field), item.code, item.message, line) }
        }
    }
}
