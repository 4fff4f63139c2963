import ApplianceCore
import Foundation
import Logging
import Storage

/// One database to put into a snapshot; without a tenant it is `system.sqlite`.
struct SnapshotSubject: Sendable {
    let file: DatabaseFile
    let tenant: Manifest.Tenant?

    init(system file: DatabaseFile) { (self.file, tenant) = (file, nil) }

    init(_ tenant: BackupTenant) {
        file = tenant.file
        self.tenant = Manifest.Tenant(tenant)
    }

    var path: String { Manifest.path(ofTenant: tenant?.id) }
}

/// Puts single files into a snapshot that is being made.
struct SnapshotStore: Sendable {
    /// The snapshot that unchanged files are linked from.
    struct Base: Sendable {
        let folder: URL
        let id: SnapshotID
        /// By path.
        let files: [String: Manifest.File]
        let remembered: [String: RememberedMark]

        init(folder: URL, manifest: Manifest, remembered: [String: RememberedMark]) {
            (self.folder, id, self.remembered) = (folder, manifest.id, remembered)
            files = Dictionary(manifest.files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    struct Stored: Sendable {
        let file: Manifest.File
        let mark: RememberedMark
    }

    enum Outcome: Sendable {
        case stored(Stored)
        /// Why this file is not in the snapshot, for the operator.
        case failed(String)

        var stored: Stored? { if case .stored(let stored) = self { stored } else { nil } }
        var reason: String? { if case .failed(let reason) = self { reason } else { nil } }
        var asError: DomainError {
            .unavailable("backup_failed", "The system database could not be backed up: \(reason ?? "")")
        }
    }

    let environment: BackupEnvironment
    let partial: URL
    let base: Base?
    let archive: ContentArchive

    /// Throws when the snapshot cannot go on, such as on a full disk; what is wrong with the file itself is an outcome.
    func store(_ subject: SnapshotSubject) async throws -> Outcome {
        try Task.checkCancellation()
        return try await environment.services.longWork {
            guard FileSystem.exists(subject.file.url) else { return .failed("Its data file is missing.") }
            if let reason = subject.file.quarantineReason { return .failed(reason.message) }
            if let linked = try link(subject) { return .stored(linked) }
            return try Cores.alone { try copy(subject) }
        }
    }

    // MARK: - Unchanged

    /// Nil when the file changed, or when the base cannot give it.
    ///
    /// Of the stored file only kind and size are looked at: it was proved when it was first stored, and to read all of
    /// it every hour would cost what the link saves. `verify` reads it whole.
    private func link(_ subject: SnapshotSubject) throws -> Stored? {
        let takenAt = environment.time.now()
        let mark = FileMark(subject.file)
        guard let base, let old = base.files[subject.path],
            isUnchanged(mark, old, base), (try? StoredFile.checkEntry(old, in: base.folder)) != nil
        else { return nil }
        do {
            try StoredFile.link(
                old, from: base.folder.appending(path: old.path), to: partial.appending(path: subject.path))
            try linkContents(old.contents ?? [], subject)
        } catch  where DomainError(any: error).category != .storageFull {
            return nil
        }
        let file = Manifest.File(
            path: old.path, tenant: subject.tenant, bytes: old.bytes, storedBytes: old.storedBytes, sha256: old.sha256,
            storedSha256: old.storedSha256, schemaVersion: old.schemaVersion, rows: old.rows,
            contentHash: old.contentHash, takenAt: takenAt, log: old.log,
            linkedFrom: old.linkedFrom ?? base.id, contents: old.contents, fingerprint: old.fingerprint)
        return Stored(file: file, mark: RememberedMark(mark: mark, storedSha256: old.storedSha256))
    }

    /// The fingerprint must be equal in any case: it also shows what others did to the file behind our back.
    private func isUnchanged(_ mark: FileMark, _ old: Manifest.File, _ base: Base) -> Bool {
        if let remembered = base.remembered[old.path], remembered.storedSha256 == old.storedSha256 {
            return remembered.mark == mark
        }
        return old.fingerprint == mark.fingerprint
    }

    // MARK: - Changed

    private func copy(_ subject: SnapshotSubject) throws -> Outcome {
        let target = partial.appending(path: subject.path)
        do {
            return .stored(try copy(subject, to: target))
        } catch {
            let reason = try fault(of: error, subject)
            try FileSystem.remove(target)
            if let tenant = subject.tenant { try FileSystem.remove(ContentArchive.folder(tenant.id, in: partial).url) }
            return .failed(reason)
        }
    }

    /// Copies, compresses, and proves what was stored: it is decompressed again and is the copy byte for byte, and the
    /// copy passes every check that a restore makes. All of it goes on beside each other, on all cores.
    private func copy(_ subject: SnapshotSubject, to target: URL) throws -> Stored {
        try environment.directory.withScratchFolder { scratch in
            let plain = scratch.appending(path: "copy.sqlite")
            let takenAt = environment.time.now()
            let mark = FileMark(subject.file)
            let isSettled = FileMark.isSettled(subject.file, before: scratch)
            let (position, sums, facts) = try storeAndProve(subject, by: plain, at: target)
            let contents = try DatabaseFacts.contents(plain, schema: subject.file.schema)
            try linkContents(contents, subject)
            let file = Manifest.File(
                path: subject.path, tenant: subject.tenant, bytes: sums.bytes, storedBytes: sums.storedBytes,
                sha256: sums.sha256, storedSha256: sums.storedSha256, schemaVersion: facts.schemaVersion,
                rows: facts.rows, contentHash: facts.contentHash, takenAt: takenAt, log: position, linkedFrom: nil,
                contents: contents, fingerprint: isSettled ? mark.fingerprint : nil)
            return Stored(file: file, mark: RememberedMark(mark: mark, storedSha256: file.storedSha256))
        }
    }

    private func linkContents(_ contents: [Content], _ subject: SnapshotSubject) throws {
        guard let tenant = subject.tenant else { return }
        let live = environment.directory.contents(ofTenant: tenant.id)
        try archive.link(contents, of: tenant.id, from: live, to: partial)
    }

    private func storeAndProve(
        _ subject: SnapshotSubject, by plain: URL, at target: URL
    ) throws -> (LogPosition?, StoredFile.Sums, DatabaseFacts) {
        let progress = CopyProgress()
        var position: LogPosition?
        var sums: StoredFile.Sums?
        var facts: DatabaseFacts?
        // The other step waits for the first, which always begins before it.
        try Cores.together(2) { step in
            if step == 0 {
                position = try subject.file.copy(to: plain, progress: progress)
                facts = try DatabaseFacts.prove(plain, schema: subject.file.schema, tenant: subject.tenant?.id)
            } else {
                let made = try StoredFile.compress(plain, following: progress, to: target, former: former(subject))
                try StoredFile.reread(made, of: subject.path, in: partial)
                sums = made
            }
        }
        guard let sums, let facts else { throw DomainError.internal("a step of a proof did not run") }
        return (position, sums, facts)
    }

    /// Where the snapshot before has the same database.
    private func former(_ subject: SnapshotSubject) -> URL? {
        base.flatMap { base in
            base.files[subject.path] == nil ? nil : base.folder.appending(path: subject.path)
        }
    }

    /// What is wrong with one file, as a sentence. A full disk is nobody's own fault and is thrown on.
    private func fault(of error: any Error, _ subject: SnapshotSubject) throws -> String {
        if let fault = error as? FileFault { return "Its data is not sound: \(fault.reason)." }
        let reason = DomainError(any: error)
        guard reason.category != .storageFull else { throw reason }
        environment.logger.error(
            "copy failed",
            metadata: [LogKey.tenant: "\(subject.file.name)", LogKey.error: "\(reason.cause ?? reason.message)"])
        return reason.category == .internal ? "It could not be copied; the log has the details." : reason.message
    }
}
