package import ApplianceCore
package import Foundation

/// What an operator asks to have back.
package struct RestoreRequest: Sendable {
    /// Slugs or ids; empty is the whole appliance.
    package let tenants: [String]
    /// Nil is the newest that fits.
    package let snapshot: SnapshotID?
    /// The state at this instant or before.
    package let at: Instant?
    /// Another backups folder than ours.
    package let from: URL?
    /// A folder that gets the files instead of the live data being replaced; laid out like a data folder.
    package let into: URL?
    /// A restore to undo instead, as `UndoFolder.records(toUndo:tenants:)` takes it.
    package let undo: String?

    /// The slug of a new shop that the one shop's past becomes, beside the shop itself.
    package let newSlug: String?
    /// Takes snapshots and files of the change log whose seal nobody here can check.
    package let isUnsealed: Bool

    /// Undoes a restore, or what it did to some shops.
    package init(undo: String, tenants: [String] = []) {
        (self.undo, self.tenants) = (undo, tenants)
        (snapshot, at, from, into, newSlug, isUnsealed) = (nil, nil, nil, nil, nil, false)
    }

    /// An RFC 3339 time, or `now` for all that was committed.
    package static func instant(_ text: String, now: Instant) -> Instant? { text == "now" ? now : Instant(text) }

    /// `snapshot` is an id or `latest`. Throws when it is neither, or when an id and an instant are both given.
    package init(
        tenants: [String] = [], snapshot: String = "latest", at: Instant? = nil, from: URL? = nil, into: URL? = nil,
        newSlug: String? = nil, isUnsealed: Bool = false
    ) throws {
        let id = SnapshotID(snapshot)
        guard id != nil || snapshot == "latest" else {
            throw DomainError.invalid(
                "snapshot", "invalid", "A snapshot is “latest” or an id such as 2026-11-21T02-00-00Z.")
        }
        guard id == nil || at == nil else {
            throw DomainError.invalid("at", "invalid", "Name a snapshot or a time, not both.")
        }
        guard newSlug == nil || tenants.count == 1 && into == nil else {
            throw DomainError.invalid("as", "invalid", "Name the one shop that becomes a new one, and no folder.")
        }
        (self.tenants, self.snapshot, self.at, self.from, self.into) = (tenants, id, at, from, into)
        (undo, self.newSlug, self.isUnsealed) = (nil, newSlug, isUnsealed)
    }
}
