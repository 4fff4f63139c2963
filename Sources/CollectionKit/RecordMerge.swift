package import ApplianceCore
package import GRDB
import Storage

/// Brings chosen records of a shop's past into the shop as it is, by id. The caller runs it in one transaction.
///
/// What the collection demands holds afterwards: references exist, what is unique is, and a number that was drawn is
/// not drawn again. Moves between states and frozen fields do not: going back is what this is for.
package struct RecordMerge: Sendable {
    package enum Limit {
        package static let records = 10_000
        /// Conflicts that are told in full.
        static let shown = 200
    }

    /// What to do with a record that exists and has other values now.
    package enum OnConflict: String, Sendable, CaseIterable { case skip, replace }

    package enum Reason: String, Sendable {
        case differs = "exists_and_differs"
        case uniqueTaken = "unique_value_taken"
        case referenceMissing = "reference_missing"
        case numberTaken = "number_taken"
        case notThere = "not_there_then"

        fileprivate func message(_ fields: [String]) -> String {
            let names = fields.joined(separator: ", ")
            return switch self {
            case .differs: "It exists and was changed since: \(names)."
            case .uniqueTaken: "Another record has the same \(names)."
            case .referenceMissing: "\(names) refers to a record that is gone: bring that back first."
            case .numberTaken: "Another record has drawn the same \(names)."
            case .notThere: "It was not there at that time."
            }
        }
    }

    /// A record that stayed as it is.
    package struct Conflict: Sendable {
        package let id: String
        package let reason: Reason
        package let fields: [String]

        var json: JSON {
            [
                "id": .string(id), "reason": .string(reason.rawValue), "fields": .array(fields.map { .string($0) }),
                "message": .string(reason.message(fields)),
            ]
        }
    }

    /// What became of the records.
    package struct Report: Sendable {
        package fileprivate(set) var broughtBack: [String] = []
        package fileprivate(set) var replaced: [String] = []
        package fileprivate(set) var unchanged = 0
        package fileprivate(set) var conflicts: [Conflict] = []

        package var json: JSON {
            [
                "broughtBack": JSON(broughtBack.count), "replaced": JSON(replaced.count), "unchanged": JSON(unchanged),
                "conflicts": .array(conflicts.prefix(Limit.shown).map(\.json)), "conflictCount": JSON(conflicts.count),
                "ids": .array((broughtBack + replaced).prefix(Limit.shown).map { .string($0) }),
            ]
        }
    }

    private struct Past {
        let id: String
        let values: [SQLValue]
        let createdAt: SQLValue
        let version: Int64
    }

    private enum Step { case done, waits(Conflict) }

    private let collection: Collection
    private let onConflict: OnConflict
    private let context: RecordContext
    private let selectPast: String
    private let insert: String
    private var report = Report()
    private var hasNumbers = false

    package init(_ collection: Collection, onConflict: OnConflict, _ context: RecordContext) {
        (self.collection, self.onConflict, self.context) = (collection, onConflict, context)
        let columns = collection.fields.map { CollectionSQL.quoted($0.name) }
        let all = ["id"] + columns + ["createdAt", "version", "updatedAt"]
        selectPast =
            "SELECT \((columns + ["createdAt", "version"]).joined(separator: ", ")) FROM \(collection.sql.table)"
            + " WHERE id = ?1"
        let parameters = (1...all.count).map { "?\($0)" }.joined(separator: ", ")
        insert = "INSERT INTO \(collection.sql.table) (\(all.joined(separator: ", "))) VALUES (\(parameters))"
    }

    /// `then` is the shop as it was. At most `Limit.records` ids.
    package mutating func run(_ ids: [String], live: Database, then: Database) throws -> Report {
        try collection.requireCurrent(live)
        var waiting = try Set(ids).sorted().compactMap { id in try past(id, then) }
        // A record may refer to one that comes back after it: again, as long as that brings one more.
        while !waiting.isEmpty {
            var left: [(past: Past, conflict: Conflict)] = []
            for past in waiting {
                if case .waits(let conflict) = try bring(past, live) { left.append((past, conflict)) }
            }
            guard left.count < waiting.count else {
                report.conflicts += left.map(\.conflict)
                break
            }
            waiting = left.map(\.past)
        }
        if hasNumbers { try moveSeries(live, then) }
        return report
    }

    private mutating func past(_ id: String, _ then: Database) throws -> Past? {
        let count = Int32(collection.fields.count)
        let found = try then.first(selectPast, [.text(id)]) { row in
            Past(
                id: id, values: (0..<count).map { row.value($0) }, createdAt: row.value(count),
                version: row.integer(count + 1))
        }
        if found == nil { report.conflicts.append(Conflict(id: id, reason: .notThere, fields: [])) }
        return found
    }

    private mutating func bring(_ past: Past, _ live: Database) throws -> Step {
        let count = Int32(collection.fields.count)
        let current = try live.first(collection.sql.values, [.text(past.id)]) { row in
            (0..<count).map { row.value($0) }
        }
        if let current {
            guard current != past.values else {
                report.unchanged += 1
                return .done
            }
            guard onConflict == .replace else { return keep(past.id, .differs, differing(current, past.values)) }
        }
        let missing = try missingReferences(past, live)
        guard missing.isEmpty else {
            return .waits(Conflict(id: past.id, reason: .referenceMissing, fields: missing))
        }
        let taken = try takenNumbers(past, live)
        guard taken.isEmpty else { return keep(past.id, .numberTaken, taken) }
        guard let faults = try write(past, isNew: current == nil, live) else {
            let values = AuditValues(collection)
            try Records(collection).audit(
                live, "restore", past.id,
                current.map { values.changed(from: $0, to: past.values) } ?? values.created(past.values), context)
            if current == nil { report.broughtBack.append(past.id) } else { report.replaced.append(past.id) }
            if collection.rules.sequences.contains(where: { past.values[$0] != .null }) { hasNumbers = true }
            return .done
        }
        return keep(past.id, .uniqueTaken, faults)
    }

    private mutating func keep(_ id: String, _ reason: Reason, _ fields: [String]) -> Step {
        report.conflicts.append(Conflict(id: id, reason: reason, fields: fields))
        return .done
    }

    private func differing(_ a: [SQLValue], _ b: [SQLValue]) -> [String] {
        zip(collection.fields, zip(a, b)).filter { $1.0 != $1.1 }.map(\.0.name)
    }

    // MARK: - What the shop has to say

    private func missingReferences(_ past: Past, _ live: Database) throws -> [String] {
        var missing: [String] = []
        for (index, exists) in collection.rules.references where past.values[index] != .null {
            // A record may refer to itself.
            guard past.values[index] != .text(past.id) else { continue }
            if try live.first(exists, [past.values[index]], { _ in true }) == nil {
                missing.append(collection.fields[index].name)
            }
        }
        for (index, exists) in collection.rules.lists {
            guard case .text(let text) = past.values[index] else { continue }
            let ids = (try? JSONParser.parse(Array(text.utf8)))?.arrayValue?.compactMap(\.stringValue) ?? []
            for id in ids where try live.first(exists, [.text(id)], { _ in true }) == nil {
                missing.append(collection.fields[index].name)
                break
            }
        }
        return missing
    }

    private func takenNumbers(_ past: Past, _ live: Database) throws -> [String] {
        try collection.rules.sequences.filter { index in
            guard past.values[index] != .null else { return false }
            let column = CollectionSQL.quoted(collection.fields[index].name)
            let others = "SELECT 1 FROM \(collection.sql.table) WHERE \(column) = ?1 AND id <> ?2"
            return try live.first(others, [past.values[index], .text(past.id)]) { _ in true } != nil
        }.map { collection.fields[$0].name }
    }

    /// The fields whose values another record has; nil when it was written.
    private func write(_ past: Past, isNew: Bool, _ live: Database) throws -> [String]? {
        try live.run("SAVEPOINT merge")
        do {
            let now = SQLValue.text(context.now.description)
            if isNew {
                let version = SQLValue.integer(past.version.addingReportingOverflow(1).partialValue)
                try live.run(insert, [.text(past.id)] + past.values + [past.createdAt, version, now])
            } else {
                _ = try live.first(collection.sql.update, past.values + [now, .text(past.id)]) { _ in true }
            }
            try live.run("RELEASE merge")
            return nil
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            try live.run("ROLLBACK TO merge")
            try live.run("RELEASE merge")
            return collection.fieldsNamed(error)
        }
    }

    /// Numbers go on behind the last that was drawn in either.
    private func moveSeries(_ live: Database, _ then: Database) throws {
        let rows = try then.all(
            "SELECT field, year, last FROM sequences WHERE collection = ?1", [.text(collection.name)]
        ) { row in [row.value(0), row.value(1), row.value(2)] }
        for row in rows {
            try live.run(
                """
                INSERT INTO sequences (collection, field, year, last) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (collection, field, year) DO UPDATE SET last = max(last, excluded.last)
                """, [.text(collection.name)] + row)
        }
    }
}

/// What was deleted of a collection between two times.
package enum RecordDeletions {
    /// Ids that the shop at the first time has and at the second has not. Throws when they are too many.
    package static func ids(_ collection: Collection, at then: Database, gone later: Database) throws -> [String] {
        var ids: [String] = []
        var walk = try RecordWalk(collection, now: later, then: then)
        while let step = try walk.next() {
            guard step == .onlyThen else { continue }
            ids.append(walk.then.id)
            guard ids.count <= RecordMerge.Limit.records else {
                throw DomainError.invalid(
                    "deletedBetween", "too_many",
                    "More than \(RecordMerge.Limit.records) records were deleted: choose less time.")
            }
        }
        return ids
    }

    /// Records that the log says were deleted in that time, whether the shop had them at its beginning or not.
    package static func logged(_ collection: Collection, _ db: Database, from: Instant, until: Instant) throws
        -> [String]
    {
        try db.all(
            """
            SELECT target FROM audit WHERE action = ?1 AND at >= ?2 AND at < ?3 AND target IS NOT NULL
            ORDER BY seq LIMIT \(RecordMerge.Limit.records)
            """, [.text("\(collection.name).delete"), SQLValue(from), SQLValue(until)]
        ) { $0.text(0) ?? "" }
    }

    package static func has(_ collection: Collection, _ db: Database, _ id: String) throws -> Bool {
        try db.first("SELECT 1 FROM \(collection.sql.table) WHERE id = ?1", [.text(id)]) { _ in true } ?? false
    }
}
