import ApplianceCore

extension DomainError {
    /// A stored file, or the manifest, is not what was written. `reason` completes "…is damaged: ".
    static func damaged(_ path: String, in id: SnapshotID, _ reason: String) -> DomainError {
        .conflict(
            "backup_damaged", "\(path) in snapshot \(id) is damaged: \(reason).",
            hint: "appliance backup list shows older snapshots; name one with --snapshot.")
    }

    /// Whole, and perhaps a stranger's.
    static func unsealed(_ path: String, in id: SnapshotID, _ reason: String) -> DomainError {
        .conflict(
            "backup_unsealed", "\(path) in snapshot \(id) is not known to be ours: \(reason).",
            hint: "Put the master.key that it was made with into the data folder. If you know where the backup comes "
                + "from, appliance restore --unsealed takes it all the same.")
    }

    static func damagedLog(_ file: String, of name: String, _ reason: String) -> DomainError {
        .conflict(
            "backup_damaged", "\(file) in the change log of \(name) is damaged: \(reason).",
            hint: "An earlier --at that does not need it may work; a snapshot without --at does not need the log.")
    }

    /// Whole, and perhaps a stranger's.
    static func unsealedLog(_ file: String, of name: String, _ reason: String) -> DomainError {
        .conflict(
            "backup_unsealed", "\(file) in the change log of \(name) is not known to be ours: \(reason).",
            hint: "Put the master.key that it was made with into the data folder. If you know where it comes from, "
                + "appliance restore --unsealed takes it all the same; an earlier --at may not need it.")
    }

    static func noSnapshot(_ name: String) -> DomainError {
        DomainError(
            .notFound, "not_found", "There is no snapshot \(name).", hint: "appliance backup list shows what there is.")
    }

    static func underWay(_ what: String) -> DomainError {
        .conflict("backup_under_way", "\(what) is under way.", hint: "Try again when it has finished.")
    }
}
