package import ApplianceCore
package import Storage

/// The table of contents of a snapshot, `manifest.json`: written last and never changed afterwards.
package struct Manifest: Codable, Sendable, Equatable {
    package enum Reason: String, Codable, Sendable {
        case schedule, manual
        case beforeRestore = "before-restore"
    }

    package struct Tenant: Codable, Sendable, Equatable {
        package let id: String
        package let slug: String
        package let name: String
        /// The tenant's row of `system.sqlite` as JSON text.
        package let record: String
    }

    /// One stored database. "Plain" is the SQLite file, "stored" its gzip.
    package struct File: Codable, Sendable, Equatable {
        /// Below the snapshot's folder: `system.sqlite.gz` or `tenants/<id>.sqlite.gz`.
        package let path: String
        /// Absent for `system.sqlite`.
        package let tenant: Tenant?
        package let bytes: Int64
        package let storedBytes: Int64
        package let sha256: String
        package let storedSha256: String
        /// SQLite's `user_version`.
        package let schemaVersion: Int
        /// Rows of each ordinary table.
        package let rows: [String: Int64]
        /// What the database says, independent of order and pages (see `ContentHash`).
        package let contentHash: String?
        /// The file holds all that was committed before this instant.
        package let takenAt: Instant
        /// The same state in the change log, from which a restore can go on; absent where the log did not have it.
        package let log: LogPosition?
        /// The snapshot that stored and proved the bytes first, when this one only links to them.
        package let linkedFrom: SnapshotID?
        /// The uploaded files that its rows name: below `files/<tenant-id>`, each under its SHA-256 as it was uploaded.
        /// Absent in manifests from before there were any.
        package let contents: [Content]?
        /// How the live file looked; absent when it had just been written (see `FileMark`).
        package let fingerprint: DatabaseFile.Fingerprint?
    }

    /// A tenant that is not in the snapshot, and why.
    package struct Failure: Codable, Sendable, Equatable {
        package let id: String
        package let slug: String
        package let reason: String
    }

    package let format: Int
    package let id: SnapshotID
    package let createdAt: Instant
    package let finishedAt: Instant
    package let reason: Reason
    package let applianceVersion: String
    package let sqliteVersion: String
    package let files: [File]
    package let failures: [Failure]
    /// When the last stored file was proved: decompressed, compared and checked by SQLite.
    package let verifiedAt: Instant
    /// SHA-256 of the manifest's own bytes with these 64 digits set to zeros.
    package var checksum: String

    static let currentFormat = 1

    package var tenantCount: Int { files.count { $0.tenant != nil } }
    /// Of the databases, before compression.
    package var bytes: Int64 { files.reduce(0) { $0 + $1.bytes } }
    /// Uploaded files, each counted for every tenant that has it.
    package var contentCount: Int { files.reduce(0) { $0 + ($1.contents?.count ?? 0) } }
    package var contentBytes: Int64 { files.reduce(0) { $0 + $1.contentBytes } }
    /// On disk, each linked file counted in full.
    package var storedBytes: Int64 { files.reduce(0) { $0 + $1.storedBytes } }
    package var system: File? { files.first { $0.tenant == nil } }

    /// The stored file of the tenant with this id or, as it was then, slug.
    package func file(ofTenant name: String) -> File? {
        files.first { $0.tenant?.id == name } ?? files.first { $0.tenant?.slug == name }
    }

    func failure(ofTenant name: String) -> Failure? { failures.first { $0.id == name || $0.slug == name } }
}

extension Manifest.File {
    /// Of its uploaded files.
    package var contentBytes: Int64 { contents?.reduce(0) { $0 + $1.bytes } ?? 0 }
}
