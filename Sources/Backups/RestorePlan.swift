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
        /// The restore whose undo folder is the source instead.
        var undo: RestoreRecord?
        /// Size of the database in that folder.
        var undoBytes: Int64 = 0
        /// Whether the log says what was at that instant, also when that is what the snapshot says.
        package var isLogged = false
        /// Erasures made since, which are done again.
        package internal(set) var erasures = 0

        package var name: String { tenant?.slug ?? "system" }
        package var snapshot: SnapshotID? { start?.snapshot }
        /// Everything that was committed until then is back.
        package var at: Instant { undo?.restoredAt ?? log?.newest ?? start?.file.takenAt ?? .earliest }
        /// Of the files to read, decompressed: of the log only roughly.
        package var bytes: Int64 { undoBytes + (start?.file.bytes ?? 0) + (log?.bytes ?? 0) * Self.usualRatio }

        /// How much larger pages are than their gzip, about.
        private static let usualRatio: Int64 = 4
    }

    package let isWhole: Bool
    /// The backups folder to restore from.
    let root: URL
    package let into: URL?
    /// The slug of the new shop that it becomes; what is live stays.
    package var newSlug: String?
    package let plannedAt: Instant
    package internal(set) var items: [Item]
    /// Ids of tenants that exist now and did not then: their folders move to undo.
    package let retired: [String]
    /// What the operator should know before saying yes.
    package let notes: [String]
    /// Whether it takes snapshots and the change log at their word, whoever made them.
    var isUnsealed = false

    /// The snapshot when there is only one.
    package var snapshot: SnapshotID? {
        let ids = Set(items.map(\.snapshot))
        return ids.count == 1 ? ids.first ?? nil : nil
    }

    package var usesLog: Bool { items.contains { $0.log != nil } }
    package var isUndo: Bool { items.contains { $0.undo != nil } }

    /// What a person types to say yes.
    package var confirmation: String {
        isWhole ? "restore everything" : items.map(\.name).joined(separator: ",")
    }

    /// The oldest state among the files.
    package var at: Instant? { items.map(\.at).min() }
    package var bytes: Int64 { items.reduce(0) { $0 + $1.bytes } }
    package var erasures: Int { items.reduce(0) { $0 + $1.erasures } }

    /// The same for one of its items.
    package func only(_ item: Item) -> RestorePlan {
        RestorePlan(
            isWhole: false, root: root, into: nil, newSlug: nil, plannedAt: plannedAt, items: [item], retired: [],
            notes: [], isUnsealed: isUnsealed)
    }

    /// What it is expected to take, by what was measured per byte; the checks are most of it.
    package var expectedSeconds: Double {
        ((0.1 + Double(bytes) / Self.usualRate) * 10).rounded() / 10
    }

    /// Bytes a second that are decompressed, written, checked and hashed.
    private static let usualRate = 100e6

    package func behindSeconds(_ instant: Instant) -> Int64 { max(0, plannedAt.seconds - instant.seconds) }
}

extension RestorePlan {
    package var steps: [String] {
        let files = items.count == 1 ? "1 file" : "\(items.count) files"
        var steps = ["\(isUndo ? "copy" : "decompress") \(files) (\(Self.size(bytes))) beside the live data"]
        if usesLog {
            let segments = items.reduce(0) { $0 + ($1.log?.files ?? 0) }
            steps.append(
                "lay the changes of \(segments) files of the change log over them, each checked to follow the last")
        }
        steps.append(
            (isUndo ? "" : "compare every size and SHA-256, ")
                + "run SQLite's integrity and foreign-key checks, count the rows")
        if erasures > 0 {
            steps.append("erase again the \(erasures) record\(erasures == 1 ? "" : "s") that were erased since")
        }
        if let newSlug {
            steps.append("only then make a new shop \(newSlug) of it: read-only until activated, nobody signed in")
        } else if into == nil {
            steps.append("take over people, keys, sessions and usage from the live file: they stay as they are now")
            steps.append("hold the mail that waits, for review: it may have been sent already")
            steps.append("only then exchange each file with the live one, and keep the old one in undo/")
            if !retired.isEmpty {
                steps.append("move \(retired.count) tenants that were not there then to undo/")
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
                into == nil && newSlug == nil
                ? item.replacesBytes.map { "replaces \(Self.size($0))" } ?? "replaces nothing" : ""
            lines.append(
                [
                    "  \(item.name)", Self.source(item), "\(Self.span(behindSeconds(item.at))) back",
                    Self.size(item.bytes), replaced,
                ].filter { !$0.isEmpty }.joined(separator: "  "))
        }
        lines += retired.map { "  \($0)  was not there then, moves to undo/" }
        lines += notes.map { "Note: \($0)" }
        return lines + steps.enumerated().map { "\($0.offset + 1). \($0.element)" }
    }

    package var json: JSON {
        [
            "whole": .bool(isWhole), "undo": .bool(isUndo), "confirm": .string(confirmation), "source": .string(source),
            "snapshot": JSON(snapshot?.description), "at": JSON(at),
            "behindSeconds": JSON(at.map(behindSeconds)), "bytes": JSON(bytes),
            "expectedSeconds": JSON(expectedSeconds), "erasures": JSON(erasures),
            "into": JSON(into?.path),
            "as": JSON(newSlug),
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
            "rows": item.start?.file.rowsJSON ?? .null, "erasures": JSON(item.erasures),
            "live": [
                "state": item.replacesBytes == nil ? "missing" : newSlug == nil ? "replaced" : "stays",
                "bytes": JSON(item.replacesBytes ?? 0),
            ],
        ])
    }

    private var source: String {
        if let only = items.first, items.count == 1 { return Self.source(only) }
        if isUndo { return "what \(items.first?.undo?.restore ?? "") replaced" }
        return (snapshot.map { "snapshot \($0)" } ?? "several snapshots") + (usesLog ? " and the change log" : "")
    }

    package static func source(_ item: Item) -> String {
        if let undo = item.undo { return "what \(undo.restore) replaced" }
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
