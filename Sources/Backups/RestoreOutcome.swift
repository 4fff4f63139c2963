package import ApplianceCore

/// What was brought back.
package struct RestoreOutcome: Sendable {
    /// The restore's id, to undo all of it.
    package let restore: String
    /// Nil for `system.sqlite`. Its `record` makes a tenant again that the control plane no longer has.
    package let tenant: Manifest.Tenant?
    /// Nil when the change log alone gave the state.
    package let snapshot: SnapshotID?
    /// All that was committed until this instant is back.
    package let at: Instant
    /// From the start of the restore until this file was live.
    package let seconds: Double
    /// Below the data folder, and what undoes it; nil when nothing was replaced.
    package let undo: String?
    /// Records that were erased again, because they were erased since.
    package let erasures: Int
    /// Messages that wait now for a person to say whether they may leave.
    package let held: Int

    /// `at` is what the change log was found to end with, where it was used.
    init(
        item: RestorePlan.Item, restore: String, at: Instant?, seconds: Double, undo: String?, erasures: Int, held: Int
    ) {
        self.restore = restore
        (tenant, snapshot, self.at) = (item.tenant, item.snapshot, at ?? item.at)
        (self.seconds, self.undo) = ((seconds * 1000).rounded() / 1000, undo)
        (self.erasures, self.held) = (erasures, held)
    }

    /// The tenant's slug, or `system`.
    package var name: String { tenant?.slug ?? "system" }

    package var json: JSON {
        [
            "restore": .string(restore), "tenant": .string(name), "tenantId": JSON(tenant?.id),
            "snapshot": JSON(snapshot?.description),
            "at": JSON(at), "seconds": JSON(seconds), "undo": JSON(undo),
            "erasures": JSON(erasures), "held": JSON(held),
        ]
    }
}
