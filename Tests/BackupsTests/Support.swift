import ApplianceCore
import Foundation
import GRDB
import Logging
import Storage
import Synchronization
import Testing

@testable import Backups

/// A clock that moves only when told to.
final class TestClock: Sendable {
    private let instant = Mutex(Instant("2026-11-21T02:00:00.250Z") ?? .earliest)

    var source: TimeSource { TimeSource(now: { self.now }, sleep: { _ in }) }
    var now: Instant { instant.withLock { $0 } }
    func advance(_ duration: Duration) { instant.withLock { $0 = $0.adding(duration) } }
}

/// The secrets that seal, as a rotation changes them.
final class TestKeys: Sendable {
    private let keys: Mutex<[[UInt8]]>

    init(_ keys: [[UInt8]]) { self.keys = Mutex(keys) }

    func withLock<Value: Sendable>(_ body: (inout [[UInt8]]) -> Value) -> Value { keys.withLock { body(&$0) } }
    var all: [[UInt8]] { keys.withLock { $0 } }
}

/// A data and a backups folder with real files, as a server would hold them.
final class TestAppliance: Sendable {
    static let migrations = [
        DatabaseSchema.Migration(
            "start",
            """
            CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, parent INTEGER REFERENCES notes(id)) STRICT;
            CREATE VIEW longest AS SELECT max(length(text)) AS length FROM notes;
            """)
    ]
    static let tenantMigrations =
        migrations + [
            .init("owner", "CREATE TABLE owner (id TEXT NOT NULL) STRICT"),
            .init("uploads", "CREATE TABLE files (sha256 TEXT NOT NULL, bytes INTEGER NOT NULL) STRICT"),
        ]
    static let tenantSchema = DatabaseSchema(
        applicationID: 71, migrations: tenantMigrations,
        invariants: [
            .init("no note is forbidden", table: "notes", violations: "SELECT 1 FROM notes WHERE text = 'forbidden'")
        ],
        owner: .init("owner", table: "owner", violations: "SELECT id FROM owner"),
        contents: .init("contents", table: "files", violations: "SELECT DISTINCT sha256, bytes FROM files"))
    static let systemSchema = DatabaseSchema(applicationID: 72, migrations: migrations)

    let root: URL
    let directory: DataDirectory
    let backups: URL
    let services: StorageServices
    let clock: TestClock
    /// What seals manifests, and a log that has begun with any; without any they have no seals.
    let keys: TestKeys
    private let files = Mutex<[String: DatabaseFile]>([:])
    private let slugs = Mutex<[String]>([])
    /// Runs when a snapshot asks for the tenants.
    let onTenants = Mutex<(@Sendable () async throws -> Void)?>(nil)

    /// With a change log if `isLogged`.
    init(
        root: URL, data: String = "data", clock: TestClock = TestClock(), isLogged: Bool = false, keys: [[UInt8]] = []
    ) throws {
        self.root = root
        let ring = TestKeys(keys)
        self.keys = ring
        self.clock = clock
        directory = DataDirectory(root.appending(path: data))
        backups = root.appending(path: "backups")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let log = ChangeLog(
            backups: backups, scratch: directory.scratch, seals: keys.isEmpty ? nil : LogSeals { ring.all },
            time: clock.source, logger: logger)
        services = StorageServices(logger: logger, changeLog: isLogged ? log : nil)
        try directory.prepare()
    }

    static func id(_ slug: String) -> String { "ten_\(slug)" }

    /// Makes the system file and these tenants, each with one note.
    func populate(_ slugs: [String]) async throws {
        try DatabaseFile.create(directory.systemDatabase, schema: Self.systemSchema)
        try await add("control plane", to: system)
        for slug in slugs { try await addTenant(slug) }
    }

    func addTenant(_ slug: String) async throws {
        try FileSystem.makeFolder(directory.tenant(Self.id(slug)))
        try DatabaseFile.create(directory.tenantDatabase(Self.id(slug)), schema: Self.tenantSchema)
        know(slug)
        try await add("first of \(slug)", to: file(slug))
        try await file(slug).write { db in try db.run("INSERT INTO owner VALUES (?)", [.text(Self.id(slug))]) }
    }

    func know(_ slug: String) { slugs.withLock { $0.append(slug) } }
    func forget(_ slug: String) { slugs.withLock { $0.removeAll { $0 == slug } } }

    var system: DatabaseFile {
        object("system") {
            DatabaseFile(directory.systemDatabase, name: "system", schema: Self.systemSchema, services: services)
        }
    }

    func file(_ slug: String) -> DatabaseFile { tenantFile(Self.id(slug)) }

    private func tenantFile(_ id: String) -> DatabaseFile {
        object(id) {
            DatabaseFile(directory.tenantDatabase(id), name: id, schema: Self.tenantSchema, services: services)
        }
    }

    private func object(_ name: String, _ make: () -> DatabaseFile) -> DatabaseFile {
        files.withLock { files in
            let file = files[name] ?? make()
            files[name] = file
            return file
        }
    }

    var service: BackupService { BackupService(root: backups, environment: environment) }

    var environment: BackupEnvironment {
        BackupEnvironment(
            source: BackupSource(
                system: system, tenants: { try await self.tenants() }, tenantFile: { self.tenantFile($0) }),
            directory: directory, services: services, time: clock.source, logger: services.logger, seals: seals,
            logSeals: logSeals)
    }

    var seals: ManifestSeals? { keys.all.isEmpty ? nil : ManifestSeals { self.keys.all } }
    var logSeals: LogSeals? { keys.all.isEmpty ? nil : LogSeals { self.keys.all } }

    private func tenants() async throws -> [BackupTenant] {
        if let hook = onTenants.withLock({ $0 }) { try await hook() }
        return slugs.withLock { $0 }.map {
            BackupTenant(
                id: Self.id($0), slug: $0, name: "Shop \($0)", record: "{\"slug\":\"\($0)\"}", file: file($0))
        }
    }

    func add(_ text: String, to file: DatabaseFile) async throws {
        try await file.write { db in try db.run("INSERT INTO notes (text) VALUES (?)", [.text(text)]) }
    }

    /// Uploads a file as a server does: the bytes first, then the row.
    @discardableResult
    func upload(_ text: String, to slug: String) async throws -> Content {
        let bytes = Array(text.utf8)
        let content = Content(sha256: Digest.of(bytes), bytes: Int64(bytes.count))
        var upload = try live(slug).begin()
        try upload.write(bytes)
        try upload.publish(as: content.sha256)
        try await file(slug).write { db in
            try db.run("INSERT INTO files VALUES (?, ?)", [.text(content.sha256), .integer(content.bytes)])
        }
        return content
    }

    /// The uploaded files of a tenant.
    func live(_ slug: String) -> ContentFolder { directory.contents(ofTenant: Self.id(slug)) }

    func notes(_ file: DatabaseFile) throws -> [String] {
        try file.read { try String.fetchAll($0, sql: "SELECT text FROM notes ORDER BY id") }
    }

    func close() async throws {
        for file in files.withLock({ Array($0.values) }) { file.closeIfQuiet() }
        try await services.shutdown()
    }
}

/// Runs `body` with folders of its own, removed afterwards.
func withAppliance(
    _ slugs: [String], isLogged: Bool = false, keys: [[UInt8]] = [], _ body: (TestAppliance) async throws -> Void
) async throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "backups-\(Random.token(bytes: 9))")
    try FileSystem.makeFolder(root)
    defer { try? FileSystem.remove(root) }
    let appliance = try TestAppliance(root: root, isLogged: isLogged, keys: keys)
    try await appliance.populate(slugs)
    try await body(appliance)
    try await appliance.close()
}

/// Runs `body` with two tenants and a snapshot of them.
func withSnapshot(_ body: (TestAppliance, Manifest) async throws -> Void) async throws {
    try await withAppliance(["acme", "bela"]) { appliance in
        let manifest = try #require(try await appliance.service.create(reason: .manual).manifest)
        try await body(appliance, manifest)
    }
}

/// Notes of a database that nobody has open.
func notes(at url: URL) throws -> [String] {
    let queue = try DatabaseConfiguration.openReader(url)
    defer { try? queue.close() }
    return try queue.read { try String.fetchAll($0, sql: "SELECT text FROM notes ORDER BY id") }
}

func contents(_ url: URL) throws -> [UInt8] { try FileReader.contents(url, limit: 1 << 30) }

/// Writes over a file in place, as damage does: no rename, no sync.
func overwrite(_ url: URL, _ bytes: [UInt8]) throws {
    let handle = try FileHandle(forWritingTo: url)
    try handle.truncate(atOffset: 0)
    try handle.write(contentsOf: Data(bytes))
    try handle.close()
}

func names(in url: URL) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
}

/// The error of an operation that must be refused.
func refusal(_ body: () async throws -> Void) async -> DomainError? {
    do {
        try await body()
        return nil
    } catch {
        return DomainError(any: error)
    }
}

extension BackupService {
    @discardableResult
    func restore(_ request: RestoreRequest) async throws -> [RestoreOutcome] { try await restore(plan(request)) }

    func manifest(_ name: String = "latest") async throws -> Manifest { try #require(try await show(name).manifest) }
}

extension TestAppliance {
    /// Both refuse `path`, and nothing live is touched.
    func expectRefused(
        _ path: String, _ note: Comment? = nil, location: SourceLocation = #_sourceLocation
    ) async throws {
        let live = try contents(file("acme").url)
        let found = try await service.verify("latest").problems.map(\.path)
        #expect(found.contains(path), note, sourceLocation: location)
        let error = await refusal { try await service.restore(RestoreRequest()) }
        #expect(error?.code == "backup_damaged", note, sourceLocation: location)
        #expect(error?.message.hasPrefix("\(path) in snapshot ") == true, note, sourceLocation: location)
        #expect(try contents(file("acme").url) == live, note, sourceLocation: location)
        #expect(names(in: directory.undo) == [], note, sourceLocation: location)
    }

    func snapshotURL(_ id: SnapshotID) -> URL { service.catalog.folder.snapshot(id) }

    /// Replaces the manifest by one with a right checksum: what a stranger could make.
    func forge(_ manifest: Manifest) throws {
        try overwrite(service.catalog.folder.manifest(manifest.id), manifest.encoded())
    }
}

extension Manifest {
    func replacing(_ files: [File]) -> Manifest {
        Manifest(
            format: format, id: id, createdAt: createdAt, finishedAt: finishedAt, reason: reason,
            applianceVersion: applianceVersion, sqliteVersion: sqliteVersion, files: files, failures: failures,
            verifiedAt: verifiedAt, checksum: "")
    }
}

extension Manifest.File {
    func with(
        path: String? = nil, tenant: Manifest.Tenant? = nil, bytes: Int64? = nil, sums: StoredFile.Sums? = nil,
        contents: [Content]? = nil
    ) -> Self {
        Manifest.File(
            path: path ?? self.path, tenant: tenant ?? self.tenant, bytes: bytes ?? self.bytes,
            storedBytes: sums?.storedBytes ?? storedBytes, sha256: sums?.sha256 ?? sha256,
            storedSha256: sums?.storedSha256 ?? storedSha256, schemaVersion: schemaVersion, rows: rows,
            contentHash: contentHash, takenAt: takenAt, log: log, linkedFrom: linkedFrom,
            contents: contents ?? self.contents, fingerprint: fingerprint)
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
