package import ApplianceCore
package import GRDB
import Storage

/// How the records of a collection differ between a shop now and the same shop at another time, counted in one walk
/// through both files side by side, in the order of ids. Memory does not grow with the records.
package struct RecordDiff: Sendable {
    package enum Limit {
        /// Records of each kind that are shown.
        static let sample = 10
    }

    package let collection: Collection
    /// There now, and not then: going back removes them.
    package private(set) var removed: Int64 = 0
    /// There then, and not now.
    package private(set) var broughtBack: Int64 = 0
    /// There at both times, with other values.
    package private(set) var changed: Int64 = 0
    private var samples: [String: [JSON]] = ["removed": [], "broughtBack": [], "changed": []]

    package var isEmpty: Bool { removed + broughtBack + changed == 0 }

    /// Both files must have the collection's table, with all its columns.
    package init(_ collection: Collection, now: Database, then: Database) throws {
        self.collection = collection
        var walk = try RecordWalk(collection, now: now, then: then)
        while let step = try walk.next() {
            switch step {
            case .onlyNow:
                removed += 1
                sample("removed", walk.now)
            case .onlyThen:
                broughtBack += 1
                sample("broughtBack", walk.then)
            case .differs:
                changed += 1
                sample("changed", walk.now, walk.then)
            case .same: break
            }
        }
    }

    /// Values as the audit log shows them: what is personal or secret only tells that it is there.
    private mutating func sample(_ kind: String, _ now: RecordWalk.Side, _ then: RecordWalk.Side? = nil) {
        guard samples[kind, default: []].count < Limit.sample else { return }
        let values = AuditValues(collection)
        guard let then else {
            let data = (try? JSONParser.parse(values.created(now.values)))?["new"] ?? .null
            samples[kind, default: []].append(["id": .string(now.id), "values": data])
            return
        }
        let data = try? JSONParser.parse(values.changed(from: now.values, to: then.values))
        let old = data?["old"] ?? .null
        samples[kind, default: []].append([
            "id": .string(now.id), "fields": .array((old.objectValue ?? []).map { .string($0.name) }), "now": old,
            "then": data?["new"] ?? .null,
        ])
    }

    package var json: JSON {
        [
            "collection": .string(collection.name), "removes": .integer(removed), "bringsBack": .integer(broughtBack),
            "changes": .integer(changed),
            "sample": [
                "removes": .array(samples["removed"] ?? []), "bringsBack": .array(samples["broughtBack"] ?? []),
                "changes": .array(samples["changed"] ?? []),
            ],
        ]
    }
}

/// Two files' records of one collection, side by side in the order of ids.
struct RecordWalk: ~Copyable {
    enum Step { case onlyNow, onlyThen, differs, same }

    /// The record that one file stands at.
    struct Side {
        let statement: SQLStatement
        let columns: Int32
        private(set) var isAtRecord = false

        init(_ collection: Collection, _ db: Database) throws {
            let names = ["id"] + collection.fields.map(\.name)
            let list = names.map(CollectionSQL.quoted).joined(separator: ", ")
            statement = try SQLStatement(db, "SELECT \(list) FROM \(collection.sql.table) ORDER BY id")
            columns = Int32(names.count)
        }

        mutating func advance() throws { isAtRecord = try statement.step() }

        var id: String { statement.text(0) ?? "" }
        var values: [SQLValue] { (1..<columns).map { statement.value($0) } }

        func isSame(as other: Side) -> Bool {
            (1..<columns).allSatisfy { statement.isSame($0, as: other.statement) }
        }
    }

    private(set) var now: Side
    private(set) var then: Side
    private var last: Step?

    init(_ collection: Collection, now: Database, then: Database) throws {
        (self.now, self.then) = (try Side(collection, now), try Side(collection, then))
    }

    deinit {
        now.statement.reset()
        then.statement.reset()
    }

    /// Nil at the end of both.
    mutating func next() throws -> Step? {
        if last != .onlyThen { try now.advance() }
        if last != .onlyNow { try then.advance() }
        last = step
        return last
    }

    private var step: Step? {
        switch (now.isAtRecord, then.isAtRecord) {
        case (false, false): return nil
        case (true, false): return .onlyNow
        case (false, true): return .onlyThen
        case (true, true):
            let (a, b) = (now.id, then.id)
            if a != b { return a.utf8.lexicographicallyPrecedes(b.utf8) ? .onlyNow : .onlyThen }
            return now.isSame(as: then) ? .same : .differs
        }
    }
}
