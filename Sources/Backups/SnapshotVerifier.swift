import ApplianceCore
import Foundation
import Logging
import Storage

/// Reads a snapshot whole: every byte against the manifest, every database through SQLite, every name in its folder.
struct SnapshotVerifier: Sendable {
    let environment: BackupEnvironment
    let catalog: SnapshotCatalog

    private typealias Problem = SnapshotVerification.Problem

    /// What is wrong is the result, not an error; it is kept beside the manifest.
    func verify(_ id: SnapshotID, progress: @escaping WorkProgress.Report) async throws -> SnapshotVerification {
        try FileSystem.makeFolder(environment.directory.scratch)
        let snapshot = try await environment.services.longWork { try catalog.snapshot(named: id.description) }
        var problems: [Problem] = []
        if let manifest = snapshot.manifest {
            problems = try await check(manifest, progress)
        } else {
            problems = [Problem(path: SnapshotsFolder.manifestName, reason: snapshot.problem ?? "it cannot be read")]
        }
        let result = SnapshotVerification(
            id: id, verifiedAt: environment.time.now(), files: snapshot.manifest?.files.count ?? 0,
            bytes: snapshot.manifest?.bytes ?? 0, problems: problems)
        try await environment.services.longWork { record(result) }
        return result
    }

    private func check(_ manifest: Manifest, _ progress: @escaping WorkProgress.Report) async throws -> [Problem] {
        let folder = catalog.folder.snapshot(manifest.id)
        let counter = WorkCounter("verifying", total: manifest.files.count, report: progress)
        let found = try await concurrently(manifest.files, width: BackupEnvironment.width) { file -> [Problem] in
            let problems = try await environment.services.longWork {
                try [findProblem(with: file, in: folder)].compactMap { $0 } + findProblems(withContentsOf: file, folder)
            }
            counter.finish(file.tenant?.slug ?? "system")
            return problems
        }
        let strangers = try await environment.services.longWork { try findStrangers(in: folder, manifest) }
        return found.flatMap { $0 } + strangers
    }

    private func findProblems(withContentsOf file: Manifest.File, _ folder: URL) throws -> [Problem] {
        guard let tenant = file.tenant else { return [] }
        let contents = ContentArchive.folder(tenant.id, in: folder)
        return (file.contents ?? []).compactMap { content in
            contents.fault(content).map {
                Problem(path: ContentArchive.path(tenant.id, content), reason: "it \($0)")
            }
        }
    }

    private func findProblem(with file: Manifest.File, in folder: URL) throws -> Problem? {
        do {
            try environment.directory.prove(file, in: folder, schema: environment.source.file(file.tenant).schema)
            return nil
        } catch let fault as FileFault {
            return Problem(path: file.path, reason: fault.reason)
        } catch let error as DomainError where error.code == "file_newer" {
            return Problem(path: file.path, reason: error.message)
        }
    }

    /// What lies in the folder without being in the manifest.
    private func findStrangers(in folder: URL, _ manifest: Manifest) throws -> [Problem] {
        let contents = manifest.files.flatMap { file in
            (file.contents ?? []).map { ContentArchive.path(file.tenant?.id ?? "", $0) }
        }
        let known = Set(manifest.files.map(\.path) + contents).union([
            SnapshotsFolder.manifestName, SnapshotsFolder.sealName, SnapshotsFolder.verificationName,
            SnapshotsFolder.tenantsName, SnapshotsFolder.contentsName,
        ])
        var paths = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let tenants = folder.appending(path: SnapshotsFolder.tenantsName)
        if EntryKind(tenants) == .folder {
            paths += try FileManager.default.contentsOfDirectory(atPath: tenants.path)
                .map { "\(SnapshotsFolder.tenantsName)/\($0)" }
        }
        if EntryKind(folder.appending(path: SnapshotsFolder.contentsName)) == .folder {
            paths += try contentPaths(in: folder)
        }
        return paths.filter { !known.contains($0) }.sorted()
            .map { Problem(path: $0, reason: "it is not in the manifest") }
    }

    /// Of all tenants; a folder of a tenant that has none is a stranger itself.
    private func contentPaths(in folder: URL) throws -> [String] {
        let root = folder.appending(path: SnapshotsFolder.contentsName)
        return try FileManager.default.contentsOfDirectory(atPath: root.path).flatMap { tenant -> [String] in
            let below = root.appending(path: tenant)
            guard EntryKind(below) == .folder else { return ["\(SnapshotsFolder.contentsName)/\(tenant)"] }
            return try FileManager.default.contentsOfDirectory(atPath: below.path)
                .map { "\(SnapshotsFolder.contentsName)/\(tenant)/\($0)" }
        }
    }

    /// A backup on a medium that cannot be written is still verified; only the record of it is missing then.
    private func record(_ result: SnapshotVerification) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try AtomicFile.publish(Array(encoder.encode(result)), to: catalog.folder.verification(result.id))
        } catch {
            environment.logger.warning(
                "verification not recorded",
                metadata: [
                    LogKey.snapshot: "\(result.id)", LogKey.error: "\(DomainError(any: error).cause ?? "\(error)")",
                ])
        }
    }
}
