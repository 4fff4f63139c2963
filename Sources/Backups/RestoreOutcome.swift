package import ApplianceCore

/// What was brought back.
package struct RestoreOutcome: Sendable {
    /// Nil for `system.sqlite`. Its `record` makes a tenant again that the control plane no longer has.
    package let tenant: Manifest.Tenant?
    package let snapshot: SnapshotID
    /// All that was committed before this instant is back.
    package let at: Instant
    /// From the start of the restore until this file was live.
    package let seconds: Double
    /// Below the data folder; nil when nothing was replaced.
    package let undo: String?

    init(item: RestorePlan.Item, seconds: Double, undo: String?) {
        (tenant, snapshot, at) = (item.file.tenant, item.snapshot, item.file.takenAt)
        (self.seconds, self.undo) = ((seconds * 1000).rounded() / 1000, undo)
    }

    /// The tenant's slug, or `system`.
    package var name: String { tenant?.slug ?? "system" }

    package var json: JSON {
        [
            "tenant": .string(name), "tenantId": JSON(tenant?.id), "snapshot": .string(snapshot.description),
            "at": JSON(at), "seconds": JSON(seconds), "undo": JSON(undo),
        ]
    }
}
