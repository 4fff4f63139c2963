import ApplianceCore
package import Foundation

/// Every path below the data folder, said once. The layout is the contract's (§2).
package struct DataDirectory: Sendable {
    package let root: URL

    package init(_ root: URL) { self.root = root.standardizedFileURL }

    package var configuration: URL { root.appending(path: "appliance.yaml") }
    package var masterKey: URL { root.appending(path: "master.key") }
    /// Master keys of before, which open what was sealed with them.
    package var retiredKeys: URL { root.appending(path: "master.key.retired") }
    /// The id of the master key that last sealed all snapshots.
    package var sealedWith: URL { root.appending(path: "snapshots.sealed") }
    /// The same of the change log.
    package var logSealedWith: URL { root.appending(path: "log.sealed") }
    package var lock: URL { root.appending(path: "appliance.lock") }
    package var controlSocket: URL { root.appending(path: "appliance.sock") }
    /// The control socket of a command that works without a server, and ends with it.
    package var commandSocket: URL { root.appending(path: "command.sock") }
    package var systemDatabase: URL { root.appending(path: "system.sqlite") }
    package var tenants: URL { root.appending(path: "tenants") }
    /// What restores replaced, for seven days.
    package var undo: URL { root.appending(path: "undo") }
    /// What restores did: a small file for each database of each.
    package var restores: URL { root.appending(path: "restores") }
    /// Deleted shops, until they are purged.
    package var trash: URL { root.appending(path: "trash") }
    /// Copies under way; emptied at every start.
    package var scratch: URL { root.appending(path: "scratch") }

    package func tenant(_ id: String) -> URL { tenants.appending(path: id) }
    package func trashed(_ id: String) -> URL { trash.appending(path: id) }
    package func tenantDatabase(_ id: String) -> URL { tenant(id).appending(path: "tenant.sqlite") }

    /// Makes the folders (0700) and empties `scratch`.
    package func prepare() throws {
        try FileSystem.makeFolder(root)
        try FileSystem.remove(scratch)
        for folder in [tenants, undo, scratch] { try FileSystem.makeFolder(folder) }
    }

    /// A name in `scratch` that nothing has yet.
    package func scratchURL(_ suffix: String = "") -> URL { scratch.appending(path: Random.token(bytes: 9) + suffix) }
}
