package import ApplianceCore
import Foundation
import Storage

/// What a restore did with one database, and where what was there before lies: `restores/<name>.json`, written before
/// the exchange, so that a kill at any moment can be told from the folders.
package struct RestoreRecord: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        case restore
        /// Brought back what another restore had replaced.
        case undo
        /// Put away, because the whole appliance went back to before it was made.
        case retire
    }

    package enum UndoState: String, Sendable {
        case available
        /// Nothing was there to bring back.
        case nothing
        case undone
        /// Removed after `UndoFolder.Limit.kept`.
        case expired
    }

    /// Of the folder in `undo/`, and of this record.
    package let name: String
    /// Shared by all databases of one restore: `rst_…`. Restores of before these records have the folder's name.
    package let restore: String
    package let kind: Kind
    /// Nil for `system.sqlite`.
    package let tenant: Manifest.Tenant?
    package let restoredAt: Instant
    /// What went live; for what was put away, when.
    package let stateAt: Instant
    /// Where that came from: a snapshot, the change log, another restore's undo.
    package let source: String
    /// Inode of what was to go live: found in `undo/` after a kill, it tells that nothing was exchanged.
    let staged: UInt64
    /// False when there was nothing under the live name.
    let replaced: Bool
    /// Set after the exchange.
    var isDone = false
    package internal(set) var undoneAt: Instant?
    /// The restore that brought it back.
    package internal(set) var undoneBy: String?

    package var slug: String { tenant?.slug ?? "system" }
    /// What a caller gives back to undo it.
    package var token: String { "undo/" + name }
}

extension RestoreRecord {
    /// A folder that was put away before there were records. Nil when its name says nothing of a restore.
    init?(folder name: String) {
        guard let at = SnapshotID(String(name.prefix(20))), name.dropFirst(20).hasPrefix("-") else { return nil }
        let id = String(name.dropFirst(21))
        guard Manifest.isSafe(id) else { return nil }
        let tenant = id == "system" ? nil : Manifest.Tenant(id: id, slug: id, name: id, record: "")
        self.init(
            name: name, restore: name, kind: .restore, tenant: tenant, restoredAt: at.instant, stateAt: at.instant,
            source: "", staged: 0, replaced: true, isDone: true)
    }
}

/// All that one restore did, as lists show it.
package struct RestoreEntry: Sendable {
    package let records: [(record: RestoreRecord, state: RestoreRecord.UndoState, bytes: Int64)]

    package var id: String { records.first?.record.restore ?? "" }
    package var restoredAt: Instant { records.first?.record.restoredAt ?? .earliest }
    var order: String { records.first?.record.name ?? "" }
    package var isWhole: Bool { records.contains { $0.record.tenant == nil } }
    package var undoUntil: Instant { restoredAt.adding(UndoFolder.Limit.kept) }

    /// Undoable when any of its databases is.
    package var state: RestoreRecord.UndoState {
        for state in [RestoreRecord.UndoState.available, .undone, .expired]
        where records.contains(where: { $0.state == state }) {
            return state
        }
        return .nothing
    }

    /// A record for the caller who knows slugs that came later than the record: by id.
    package func json(slugs: [String: String]) -> JSON {
        let kind = records.contains { $0.record.kind == .undo } ? RestoreRecord.Kind.undo : .restore
        return [
            "id": .string(id), "kind": .string(kind.rawValue), "whole": .bool(isWhole), "restoredAt": JSON(restoredAt),
            "state": .string(state.rawValue), "undoUntil": state == .available ? JSON(undoUntil) : .null,
            "databases": .array(
                records.map { record, state, bytes in
                    [
                        "tenant": .string(record.tenant.flatMap { slugs[$0.id] } ?? record.slug),
                        "tenantId": JSON(record.tenant?.id), "kind": .string(record.kind.rawValue),
                        "at": JSON(record.stateAt), "source": .string(record.source), "state": .string(state.rawValue),
                        "undo": state == .available ? .string(record.token) : .null, "undoBytes": JSON(bytes),
                        "undoneAt": JSON(record.undoneAt), "undoneBy": JSON(record.undoneBy),
                    ]
                }),
        ]
    }
}
