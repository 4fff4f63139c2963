package import ApplianceCore
package import Foundation
package import Storage

/// What a restore would do: a value to print, and the only thing `restore` acts on.
package struct RestorePlan: Sendable, Equatable {
    /// One database to bring back.
    package struct Item: Sendable, Equatable {
        /// A stored file to begin with.
        package struct Start: Sendable, Equatable {
            package let snapshot: SnapshotID
            /// The snapshot's folder.
            let folder: URL
            package let file: Manifest.File
        }

        /// Nil for `system.sqlite`.
        package let tenant: Manifest.Tenant?
        /// Nil when the change log alone gives the state.
        package let start: Start?
        /// What the change log adds to it; nil when nothing.
        package let log: LogChain?
        /// Size of the live file that goes to undo; nil when there is none.
        package let replacesBytes: Int64?

        package var name: String { tenant?.slug ?? "system" }
        package var snapshot: SnapshotID? { start?.snapshot }
        /// Everything that was committed until then is back.
        package var at: Instant { log?.newest ?? start?.file.takenAt ?? .earliest }
        /// Of the files to read, decompressed: of the log only roughly.
        package var bytes: Int64 { (start?.file.bytes ?? 0) + (log?.bytes ?? 0) * Self.usualRatio }

        /// How much larger pages are than their gzip, about.
        private static let usualRatio: Int64 = 4
    }

    package let isWhole: Bool
    /// The backups folder to restore from.
    let root: URL
    package let into: URL?
    package let plannedAt: Instant
    package let items: [Item]
    /// Ids of tenants that exist now and did not then: their folders move to undo.
    package let retired: [String]
    /// What the operator should know before saying yes.
    package let notes: [String]

    /// The snapshot when there is only one.
    package var snapshot: SnapshotID? {
        let ids = Set(items.map(\.snapshot))
        return ids.count == 1 ? ids.first ?? nil : nil
    }

    package var usesLog: Bool { items.contains { $0.log != nil } }

    /// The oldest state among the files.
    package var at: Instant? { items.map(\.at).min() }
    package var bytes: Int64 { items.reduce(0) { $0 + $1.bytes } }

    package func behindSeconds(_ instant: Instant) -> Int64 { max(0, plannedAt.seconds - instant.seconds) }
}

extension RestorePlan {
    package var steps: [String] {
        let files = items.count == 1 ? "1 file" : "\(items.count) files"
        var steps = ["decompress \(files) (\(Self.size(bytes))) beside the live data"]
        if usesLog {
            let segments = items.reduce(0) { $0 + ($1.log?.files ?? 0) }
            steps.append(
                "lay the changes of \(segments) files of the change log over them, each checked to follow the last")
        }
        steps.append("compare every size and SHA-256, run SQLite's integrity and foreign-key checks, count the rows")
        if into == nil {
            steps.append("only then exchange each file with the live one, and keep the old one in undo/")
            if !retired.isEmpty {
                steps.append("move \(retired.count) tenants that the snapshot does not have to undo/")
            }
        } else {
            steps.append("only then give the files their names; nothing live is touched")
        }
        return steps
    }

    /// For people: a head, one line a file, notes, steps.
    package var lines: [String] {
        var lines: [String] = []
        if let at, items.count == 1 || snapshot != nil && !usesLog {
            lines.append("From \(source), state of \(at), \(Self.span(behindSeconds(at))) ago")
        } else {
            lines.append("From \(source), \(at.map { Self.span(behindSeconds($0)) } ?? "0 s") back at the most")
        }
        for item in items {
            let replaced =
                into == nil ? item.replacesBytes.map { "replaces \(Self.size($0))" } ?? "replaces nothing" : ""
            lines.append(
                [
                    "  \(item.name)", Self.source(item), "\(Self.span(behindSeconds(item.at))) back",
                    Self.size(item.bytes), replaced,
                ].filter { !$0.isEmpty }.joined(separator: "  "))
        }
        lines += retired.map { "  \($0)  not in the snapshot, moves to undo/" }
        lines += notes.map { "Note: \($0)" }
        return lines + steps.enumerated().map { "\($0.offset + 1). \($0.element)" }
    }

    package var json: JSON {
        [
            "whole": .bool(isWhole), "source": .string(source), "snapshot": JSON(snapshot?.description), "at": JSON(at),
            "behindSeconds": JSON(at.map(behindSeconds)), "bytes": JSON(bytes), "into": JSON(into?.path),
            "tenants": .array(items.compactMap(json)), "retired": .array(retired.map { .string($0) }),
            "notes": .array(notes.map { .string($0) }), "steps": .array(steps.map { .string($0) }),
        ]
    }

    /// Nil for the control plane.
    private func json(_ item: Item) -> JSON? {
        item.tenant?.json.adding([
            "snapshot": JSON(item.snapshot?.description), "path": JSON(item.start?.file.path),
            "log": item.log.map { ["files": JSON($0.files), "bytes": JSON($0.bytes)] } ?? .null,
            "at": JSON(item.at), "behindSeconds": JSON(behindSeconds(item.at)), "bytes": JSON(item.bytes),
            "storedBytes": JSON((item.start?.file.storedBytes ?? 0) + (item.log?.bytes ?? 0)),
            "rows": item.start?.file.rowsJSON ?? .null,
            "live": [
                "state": item.replacesBytes == nil ? "missing" : "replaced", "bytes": JSON(item.replacesBytes ?? 0),
            ],
        ])
    }

    private var source: String {
        if let only = items.first, items.count == 1 { return Self.source(only) }
        return (snapshot.map { "snapshot \($0)" } ?? "several snapshots") + (usesLog ? " and the change log" : "")
    }

    private static func source(_ item: Item) -> String {
        guard let snapshot = item.snapshot else { return "change log" }
        return "snapshot \(snapshot)" + (item.log == nil ? "" : " and the change log")
    }

    /// With at most three digits before the unit.
    static func size(_ bytes: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1000, unit + 1 < units.count { (value, unit) = (value / 1024, unit + 1) }
        let tenths = (value * 10).rounded() / 10
        return unit == 0 ? "\(bytes) B" : "\(tenths) \(units[unit])"
    }

    static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: "\(seconds / 3600) h \(seconds / 60 % 60) min"
        default: "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
        }
    }
}
