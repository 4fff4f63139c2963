package import ApplianceCore

/// What the last full verification of a snapshot found: `verified.json` beside the manifest, which never changes.
package struct SnapshotVerification: Codable, Sendable, Equatable {
    package struct Problem: Codable, Sendable, Equatable {
        /// Below the snapshot's folder.
        package let path: String
        /// Completes "`path` is damaged: ".
        package let reason: String
    }

    package let id: SnapshotID
    package let verifiedAt: Instant
    package let files: Int
    package let bytes: Int64
    package let problems: [Problem]

    package var isGood: Bool { problems.isEmpty }

    package var json: JSON {
        [
            "id": .string(id.description), "verifiedAt": JSON(verifiedAt), "ok": .bool(isGood), "files": JSON(files),
            "bytes": JSON(bytes),
            "problems": .array(problems.map { ["path": .string($0.path), "reason": .string($0.reason)] }),
        ]
    }
}

/// A snapshot as a list shows it: also one whose manifest cannot be believed, with the reason.
package struct Snapshot: Sendable {
    package let id: SnapshotID
    /// Nil when it is damaged.
    package let manifest: Manifest?
    /// Why there is no manifest; completes "manifest.json is damaged: ".
    package let problem: String?
    package let verification: SnapshotVerification?

    /// Proved when it was made, and nothing found wrong since.
    package var isGood: Bool { manifest != nil && verification?.isGood ?? true }

    package var verifiedAt: Instant? { verification?.verifiedAt ?? manifest?.verifiedAt }

    /// Ids of the tenants whose stored files nothing is known to be wrong with.
    package var goodTenants: Set<String> {
        let bad = Set(verification?.problems.map(\.path) ?? [])
        let good = manifest?.files.filter { file in !bad.contains { file.owns($0) } } ?? []
        return Set(good.compactMap { $0.tenant?.id })
    }

    /// What a prune has to know of it.
    var retentionItem: RetentionPlan.Item {
        let isSystemGood = !(verification?.problems.contains { $0.path == manifest?.system?.path } ?? false)
        let system: Set = manifest != nil && isSystemGood ? [RetentionPlan.systemID] : []
        return RetentionPlan.Item(
            id: id, createdAt: manifest?.createdAt ?? id.instant, isReadable: manifest != nil,
            proved: goodTenants.union(system))
    }

    /// One line of a list.
    package var json: JSON {
        [
            "id": .string(id.description), "createdAt": JSON(manifest?.createdAt ?? id.instant),
            "finishedAt": JSON(manifest?.finishedAt), "reason": JSON(manifest?.reason.rawValue),
            "tenants": JSON(manifest?.tenantCount), "linked": JSON(manifest?.files.count { $0.linkedFrom != nil }),
            "failures": .array((manifest?.failures ?? []).map(\.json)), "bytes": JSON(manifest?.bytes),
            "seconds": manifest.map { JSON($0.finishedAt.since($0.createdAt).inSeconds) } ?? .null,
            "storedBytes": JSON(manifest?.storedBytes), "uploads": JSON(manifest?.contentCount),
            "uploadBytes": JSON(manifest?.contentBytes), "verified": .bool(isGood), "verifiedAt": JSON(verifiedAt),
            "applianceVersion": JSON(manifest?.applianceVersion), "problem": JSON(problem),
        ]
    }

    /// Everything, with each file.
    package var detailJSON: JSON {
        json.adding([
            "sqliteVersion": JSON(manifest?.sqliteVersion),
            "files": .array(manifest?.files.map(\.json) ?? []),
            "verification": verification?.json ?? .null,
        ])
    }
}

extension Manifest.Failure {
    package var json: JSON { ["tenantId": .string(id), "tenant": .string(slug), "reason": .string(reason)] }
}

extension Manifest.Tenant {
    /// Without `record`, which is for a restore only.
    package var json: JSON { ["id": .string(id), "slug": .string(slug), "name": .string(name)] }
}

extension Manifest.File {
    package var json: JSON {
        [
            "path": .string(path), "tenant": tenant?.json ?? .null, "takenAt": JSON(takenAt), "bytes": JSON(bytes),
            "storedBytes": JSON(storedBytes), "sha256": .string(sha256), "storedSha256": .string(storedSha256),
            "schemaVersion": JSON(schemaVersion), "rows": rowsJSON, "contentHash": JSON(contentHash),
            "uploads": JSON(contents?.count ?? 0), "uploadBytes": JSON(contentBytes),
            "linked": .bool(linkedFrom != nil),
            "linkedFrom": JSON(linkedFrom?.description),
        ]
    }

    /// Records by table.
    var rowsJSON: JSON { .object(rows.sorted { $0.key < $1.key }.map { JSON.Member($0.key, JSON($0.value)) }) }
}
