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

/// Takes a CSV file into a collection, inside one write transaction.
package struct RecordImport {
    package enum Limit {
        /// Faults reported before the import gives up.
        static let faults = 50
        /// Rows between two reports of progress.
        static let rowsPerReport = 2000
    }

    /// Thrown to stop reading once enough faults are known.
    private struct Stop: Error {}

    private let collection: Collection
    private let catalog: CollectionCatalog
    private let options: ImportOptions
    private let context: RecordContext
    private var columns: ImportColumns?
    private var report = ImportReport()
    private var faults: [DomainError.FieldFault] = []

    package init(
        _ collection: Collection, _ catalog: CollectionCatalog, _ options: ImportOptions, _ context: RecordContext
    )
        throws
    {
        (self.collection, self.catalog, self.options, self.context) = (collection, catalog, options, context)
        if let key = options.upsert, collection.field(key)?.isUnique != true {
            throw DomainError.invalid(
                "upsert", "not_unique", "\(key.prefix(64)) is not a unique field of \(collection.name).")
        }
    }

    /// Reads the whole file. Throws `validation_failed` with line, column and reason of each fault; the caller's
    /// transaction then leaves nothing behind.
    package mutating func run(_ db: Database, file: URL, progress: WorkProgress.Report) throws -> ImportReport {
        let total = FileSystem.size(file)
        let reader = try FileReader(file)
        var parser = CSVParser()
        var read: Int64 = 0
        do {
            while case let chunk = try reader.next(), !chunk.isEmpty {
                read += Int64(chunk.count)
                try parser.parse(chunk) { row in try take(row, db) }
                progress(WorkProgress("importing", done: read, total: total, detail: "\(report.rows) rows"))
            }
            try parser.finish { row in try take(row, db) }
        } catch let fault as CSVParser.Fault {
            faults.append(.init("", "malformed_csv", fault.message, line: fault.line))
        } catch is Stop {}
        if columns == nil, faults.isEmpty { throw DomainError.malformed("empty_file", "The file has no header line.") }
        if !faults.isEmpty { throw DomainError.invalid(faults) }
        try AuditTrail.append(
            db, context, action: "\(collection.name).import", target: nil, data: report.json.text)
        return report
    }

    private mutating func take(_ row: borrowing CSVParser.Row, _ db: Database) throws {
        guard let columns else {
            let header = (0..<row.count).map { row.text($0) ?? "" }
            let resolved = try ImportColumns(header, collection, catalog, options, context)
            report.ignoredColumns = resolved.ignored
            columns = resolved
            return
        }
        report.rows += 1
        guard row.count == columns.count else {
            return try fault("", "wrong_count", "\(row.count) cells, but the header has \(columns.count).", row.line)
        }
        var draft = RecordDraft(collection)
        for target in columns.targets {
            do throws(ValueFault) {
                try columns.fill(&draft, target, row, db, context)
            } catch {
                return try fault(target.column, error.code, error.message, row.line)
            }
        }
        try write(draft, db, line: row.line, columns: columns)
    }

    private mutating func fault(_ column: String, _ code: String, _ message: String, _ line: Int) throws {
        faults.append(.init(column, code, message, line: line))
        if faults.count >= Limit.faults { throw Stop() }
    }

    private mutating func write(_ draft: RecordDraft, _ db: Database, line: Int, columns: ImportColumns) throws {
        var draft = draft
        if let key = columns.upsertIndex, let found = try existing(db, draft.values[key], key) {
            return try update(db, found, draft, line: line, columns: columns)
        }
        draft.fillDefaults(context)
        draft.requireFields()
        for item in draft.faults { try fault(columns.column(of: item.field), item.code, item.message, line) }
        guard draft.faults.isEmpty else { return }
        let values = [.text(context.ids.next(collection.idPrefix))] + draft.values + [.text(context.now.description)]
        do {
            try db.run(collection.sql.insertSilently, values)
            report.created += 1
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            let field = error.message?.split(separator: ".").last.map(String.init) ?? ""
            try fault(columns.column(of: field), "not_unique", "Another record has this \(field).", line)
        }
    }

    private func existing(_ db: Database, _ value: SQLValue, _ key: Int) throws -> (id: String, values: [SQLValue])? {
        guard value != .null else { return nil }
        let names = collection.fields.map { CollectionSQL.quoted($0.name) }
        let key = names[key]
        let sql = "SELECT id, \(names.joined(separator: ", ")) FROM \(collection.sql.table) WHERE \(key) = ?1"
        return try db.first(sql, [value]) { row in
            (row.text(0) ?? "", names.indices.map { row.value(Int32($0 + 1)) })
        }
    }

    private mutating func update(
        _ db: Database, _ found: (id: String, values: [SQLValue]), _ draft: RecordDraft, line: Int,
        columns: ImportColumns
    ) throws {
        var merged = RecordDraft(collection, current: found.values)
        for index in draft.values.indices where draft.given[index] {
            do throws(ValueFault) {
                try merged.set(index, draft.values[index], creating: false)
            } catch {
                return try fault(columns.column(of: collection.fields[index].name), error.code, error.message, line)
            }
        }
        guard merged.values != found.values else {
            report.unchanged += 1
            return
        }
        do {
            _ = try Records(collection).update(db, id: found.id, merged, context)
            report.updated += 1
        } catch let error as DomainError where error.code == "not_unique" {
            for item in error.faults { try fault(columns.column(of: item.field), item.code, item.message, line) }
        }
    }
}
