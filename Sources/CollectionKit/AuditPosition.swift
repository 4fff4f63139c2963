package import GRDB
import Storage

/// A place in an audit log, and which log it is: after a restore the same number may stand for another event.
package struct AuditPosition: Sendable, Equatable {
    private enum Limit {
        /// Digits of the event's hash that a text has.
        static let hash = 12
    }

    package let seq: Int64
    /// The first digits of the event's hash; empty before the first event.
    private let mark: String

    package static let beginning = AuditPosition(seq: 0, hash: nil)

    fileprivate init(seq: Int64, hash: String?) {
        (self.seq, mark) = (seq, String((hash ?? "").prefix(Limit.hash)))
    }

    /// `1204-9f2c01ab77de`
    package init?(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, text.utf8.count <= 40, let seq = Int64(parts[0]), seq >= 0 else { return nil }
        (self.seq, mark) = (seq, parts[1])
    }

    package var text: String { "\(seq)-\(mark)" }
}

/// A change of a record, as others may learn of it: which one, and nothing of what is in it.
package struct RecordChange: Sendable {
    package let position: AuditPosition
    /// As text.
    package let at: String
    /// `customers.update`
    package let action: String
    /// The record's id; nil where it was many, such as an import.
    package let target: String?

    package var collection: String { String(action.prefix { $0 != "." }) }
}

extension CollectionView {
    /// Whether the person may read every record, if perhaps not every field.
    package var reachesAll: Bool { ownColumn(.read) == nil }

    /// Whether the person may know of the record. One that is gone, or many at once, are for those who see all records.
    package func mayRead(_ db: Database, id: String?) throws -> Bool {
        guard let own = ownColumn(.read) else { return true }
        guard let id else { return false }
        let found = try db.first(
            "SELECT 1 FROM \(collection.sql.table) WHERE id = ?1 AND \(own) = ?2", [.text(id), .text(user)]
        ) { _ in true }
        return found != nil
    }

    /// As `mayRead`, and what the record has in a field.
    package func mayRead(_ db: Database, id: String, field: String) throws -> Bool {
        try isReadable(field) && mayRead(db, id: id)
    }
}

extension AuditTrail {
    /// Where the log ends now.
    package static func head(_ db: Database) throws -> AuditPosition {
        try db.first("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1") { row in
            AuditPosition(seq: row.integer(0), hash: row.text(1))
        } ?? .beginning
    }

    /// Whether everything since the position is still there to be told.
    package static func holds(_ db: Database, _ position: AuditPosition) throws -> Bool {
        if position.seq == 0 {
            return try db.first("SELECT seq FROM audit ORDER BY seq LIMIT 1") { $0.integer(0) } ?? 1 == 1
        }
        let found = try db.first("SELECT seq, hash FROM audit WHERE seq = ?1", [.integer(position.seq)]) { row in
            AuditPosition(seq: row.integer(0), hash: row.text(1))
        }
        return found == position
    }

    /// What came behind the position, the oldest first.
    package static func changes(_ db: Database, after seq: Int64, limit: Int) throws -> [RecordChange] {
        try db.all(
            "SELECT seq, hash, at, action, target FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            [.integer(seq), .integer(Int64(limit))]
        ) { row in
            RecordChange(
                position: AuditPosition(seq: row.integer(0), hash: row.text(1)), at: row.text(2) ?? "",
                action: row.text(3) ?? "", target: row.text(4))
        }
    }
}
