package import ApplianceCore
package import Foundation
package import GRDB
package import Storage

/// A shop to take away: a folder with its own SQLite file, its uploaded files, sums that `sha256sum -c` reads, and a
/// page for people. Written whole or not at all; believed only after every byte was compared.
package struct TenantPackage: Sendable {
    /// `manifest.json` of the folder.
    package struct Contents: Codable, Sendable, Equatable {
        package struct File: Codable, Sendable, Equatable {
            package let path: String
            package let bytes: Int64
            package let sha256: String
        }

        package let format: String
        package let version: Int
        package let exportedAt: Instant
        package let applianceVersion: String
        package let tenant: Manifest.Tenant
        package let schemaVersion: Int
        package let rows: [String: Int64]
        package let contentHash: String
        package let files: [File]

        package var bytes: Int64 { files.reduce(0) { $0 + $1.bytes } }
    }

    package enum Limit {
        static let manifestBytes = 64 << 20
        /// Names below each other in `files/`.
        static let depth = 32
        static let files = 1_000_000
    }

    static let format = "appliance-tenant"
    static let database = "tenant.sqlite"
    static let manifest = "manifest.json"
    private static let extras = ["manifest.json", "SHA256SUMS", "index.html"]

    let environment: BackupEnvironment

    package init(_ environment: BackupEnvironment) { self.environment = environment }

    // MARK: - Writing

    /// Writes the shop to the new folder `target`. `clean` removes from the copy what must not leave.
    package func write(
        _ tenant: BackupTenant, to target: URL, clean: @Sendable (Database) throws -> Void
    ) throws -> Contents {
        guard EntryKind(target) == nil else {
            throw DomainError.conflict("target_exists", "\(target.lastPathComponent) exists already.")
        }
        let parent = target.deletingLastPathComponent()
        guard EntryKind(parent) == .folder else { throw DomainError.notFound("folder \(parent.path)") }
        let partial = parent.appending(path: ".\(target.lastPathComponent).\(Random.token(bytes: 6))")
        try FileSystem.makeFolder(partial)
        defer { try? FileSystem.remove(partial) }
        let contents = try fill(partial, tenant, clean: clean)
        try FileSystem.move(partial, to: target)
        return contents
    }

    private func fill(
        _ folder: URL, _ tenant: BackupTenant, clean: (Database) throws -> Void
    ) throws -> Contents {
        let database = folder.appending(path: Self.database)
        try tenant.file.copy(to: database)
        try Self.rewrite(database, clean)
        let facts: DatabaseFacts
        do {
            facts = try DatabaseFacts.prove(database, schema: tenant.file.schema, tenant: tenant.id)
        } catch let fault as FileFault {
            throw DomainError.conflict("export_unsound", "The shop's data is not sound: \(fault.reason).")
        }
        var files = [try Self.sums(database, path: Self.database)]
        files += try copyContents(of: tenant.id, named: database, tenant.file.schema, to: folder)
        let contents = Contents(
            format: Self.format, version: 1, exportedAt: environment.time.now(), applianceVersion: applianceVersion,
            tenant: Manifest.Tenant(id: tenant.id, slug: tenant.slug, name: tenant.name, record: tenant.record),
            schemaVersion: facts.schemaVersion, rows: facts.rows, contentHash: facts.contentHash ?? "", files: files)
        try AtomicFile.publish(Array(TenantPackagePage.html(contents).utf8), to: folder.appending(path: "index.html"))
        let sums = files.map { "\($0.sha256)  \($0.path)\n" }.joined()
        try AtomicFile.publish(Array(sums.utf8), to: folder.appending(path: "SHA256SUMS"))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.publish(Array(encoder.encode(contents)), to: folder.appending(path: Self.manifest))
        return contents
    }

    /// Changes a copy that nobody else has open, and leaves it without a WAL and without what was deleted.
    package static func rewrite(_ database: URL, _ change: (Database) throws -> Void) throws {
        let queue = try DatabaseQueue(path: database.path)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA secure_delete = ON")
            try db.inTransaction(.immediate) {
                try change(db)
                return .commit
            }
            try db.execute(sql: "VACUUM")
        }
        try queue.close()
        try FileSystem.syncFile(database)
    }

    private static func sums(_ url: URL, path: String) throws -> Contents.File {
        var digest = Digest()
        let reader = try FileReader(url)
        while case let part = try reader.next(), !part.isEmpty { digest.update(part) }
        return Contents.File(path: path, bytes: digest.count, sha256: digest.hexadecimal())
    }

    /// The uploaded files that the rows of the copy name.
    private func copyContents(of tenant: String, named by: URL, _ schema: DatabaseSchema, to folder: URL) throws
        -> [Contents.File]
    {
        let live = environment.directory.contents(ofTenant: tenant)
        let target = ContentFolder(folder.appending(path: DataDirectory.contentsName))
        try FileSystem.makeFolder(target.url)
        return try DatabaseFacts.contents(by, schema: schema).map { content in
            try target.copy(content, from: live)
            return Contents.File(
                path: "\(DataDirectory.contentsName)/\(content.sha256)", bytes: content.bytes, sha256: content.sha256)
        }
    }

    private static func copy(_ source: URL, to target: URL) throws {
        let reader = try FileReader(source)
        var file = try AtomicFile(target)
        while case let part = try reader.next(), !part.isEmpty { try file.write(part) }
        try file.publish()
    }

    // MARK: - Reading

    /// Checks the package at `folder` and copies what it holds to the new folder `staged`, laid out like a tenant's.
    /// Throws `package_damaged`, naming the file, before anything is under its final name.
    package func read(_ folder: URL, to staged: URL, schema: DatabaseSchema) throws -> Contents {
        let contents = try Self.contents(folder)
        let needed = contents.bytes
        guard FileSystem.freeBytes(staged.deletingLastPathComponent()) > needed else {
            throw DomainError(.storageFull, "storage_full", "The import needs \(needed) bytes of free disk space.")
        }
        try FileSystem.makeFolder(staged)
        for file in contents.files {
            try Self.checkFolders(of: file.path, in: folder)
            let source = folder.appending(path: file.path)
            guard EntryKind(source) == .file(bytes: file.bytes) else {
                throw Self.damaged(file.path, "it is missing, or not a file of \(file.bytes) bytes")
            }
            let target = staged.appending(path: file.path)
            try FileSystem.makeFolder(target.deletingLastPathComponent())
            try Self.copy(source, to: target)
            guard try Self.sums(target, path: file.path) == file else {
                throw Self.damaged(file.path, "its SHA-256 does not match")
            }
        }
        try Self.checkStrangers(folder, contents)
        do {
            let facts = DatabaseFacts(
                schemaVersion: contents.schemaVersion, rows: contents.rows, contentHash: contents.contentHash)
            let database = staged.appending(path: Self.database)
            try facts.check(database, schema: schema, tenant: contents.tenant.id)
            try Self.checkContents(of: database, schema, contents)
        } catch let fault as FileFault {
            throw Self.damaged(Self.database, fault.reason)
        }
        return contents
    }

    /// Gives a copy of a tenant's database on the same disk second names of the uploaded files that its rows name.
    package func linkContents(
        namedBy database: URL, of tenant: String, _ schema: DatabaseSchema, to folder: URL
    ) throws {
        let live = environment.directory.contents(ofTenant: tenant)
        let target = ContentFolder(folder.appending(path: DataDirectory.contentsName))
        try FileSystem.makeFolder(target.url)
        for content in try DatabaseFacts.contents(database, schema: schema) { try target.link(content, from: live) }
        try FileSystem.syncFolder(target.url)
    }

    /// Each uploaded file that a row names is among the files, whose sums were compared before.
    private static func checkContents(of database: URL, _ schema: DatabaseSchema, _ contents: Contents) throws {
        let known = Set(contents.files.map { Content(sha256: $0.sha256, bytes: $0.bytes) })
        for content in try DatabaseFacts.contents(database, schema: schema) {
            let path = "\(DataDirectory.contentsName)/\(content.sha256)"
            guard known.contains(content), contents.files.contains(where: { $0.path == path }) else {
                throw damaged(path, "a row names it, and it is missing")
            }
        }
    }

    private static func contents(_ folder: URL) throws -> Contents {
        guard EntryKind(folder) == .folder else { throw DomainError.notFound("folder \(folder.lastPathComponent)") }
        let url = folder.appending(path: manifest)
        guard case .file = EntryKind(url) else { throw damaged(manifest, "it is missing, or not an ordinary file") }
        let bytes = try FileReader.contents(url, limit: Limit.manifestBytes)
        guard let contents = try? JSONDecoder().decode(Contents.self, from: Data(bytes)), contents.format == format,
            contents.version == 1
        else { throw damaged(manifest, "it is not the manifest of a shop") }
        let paths = contents.files.map(\.path)
        guard paths.count <= Limit.files, Set(paths).count == paths.count, paths.contains(database) else {
            throw damaged(manifest, "it names a file twice, or no database")
        }
        for file in contents.files {
            guard file.path == database || isSafe(file.path) else {
                throw damaged(manifest, "it names a file outside of the package")
            }
            guard (0...Manifest.Limit.fileBytes).contains(file.bytes) else {
                throw damaged(manifest, "it names an impossible size")
            }
        }
        return contents
    }

    /// `files/…` without a step up, an empty name or a control character.
    static func isSafe(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.first == "files" && (2...Limit.depth + 1).contains(parts.count) && path.utf8.count <= 4000
            && parts.allSatisfy { part in
                !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
                    && part.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
            }
    }

    private static func checkFolders(of path: String, in folder: URL) throws {
        var url = folder
        for part in path.split(separator: "/").dropLast() {
            url = url.appending(path: String(part))
            guard EntryKind(url) == .folder else { throw damaged(path, "its folder is not a folder") }
        }
    }

    private static func checkStrangers(_ folder: URL, _ contents: Contents) throws {
        let known = Set(contents.files.map(\.path) + extras)
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            guard !known.contains(path), EntryKind(folder.appending(path: path)) != .folder else { continue }
            throw damaged(path, "it is not in the manifest")
        }
    }

    private static func damaged(_ path: String, _ reason: String) -> DomainError {
        .conflict("package_damaged", "\(path.prefix(200)) of the package is damaged: \(reason).")
    }
}
