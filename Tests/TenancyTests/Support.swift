import ApplianceCore
import CollectionKit
import Foundation
import Logging
import Storage
import Synchronization
import Testing

@testable import Tenancy

/// A clock that moves only when told to.
final class TestClock: Sendable {
    private let instant: Mutex<Instant>

    init(_ text: String) throws { instant = Mutex(try #require(Instant(text))) }

    var source: TimeSource { TimeSource(now: { self.now }, sleep: { _ in }) }
    var now: Instant { instant.withLock { $0 } }
    func advance(_ duration: Duration) { instant.withLock { $0 = $0.adding(duration) } }

    func set(_ text: String) throws {
        let new = try #require(Instant(text))
        instant.withLock { $0 = new }
    }
}

/// The control plane of an appliance on real files.
final class ControlPlane: Sendable {
    let data: DataDirectory
    let clock: TestClock
    let ids: IdentifierSource
    let services: StorageServices
    let catalog: CollectionCatalog
    let system: DatabaseFile
    let directory: TenantDirectory
    let passwords = PasswordHasher(cost: 4)
    let tenants: Tenants
    let master: MasterKey
    let signIn: SignIn

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let boss = Actor(.operator, "opr_boss")
    static let password = "correct horse battery staple"
    static let origin = SignInOrigin(address: "192.0.2.1", userAgent: "test")

    private init(_ root: URL, _ clock: TestClock, _ collections: [Collection]) async throws {
        self.clock = clock
        data = DataDirectory(root)
        try data.prepare()
        ids = IdentifierSource(time: clock.source)
        services = StorageServices(logger: Self.logger)
        catalog = CollectionCatalog([(id: nil, collections: collections)])
        try DatabaseFile.create(data.systemDatabase, schema: SystemDatabase.schema)
        system = DatabaseFile(data.systemDatabase, name: "system", schema: SystemDatabase.schema, services: services)
        let schema = TenantSchema.schema(catalog)
        directory = TenantDirectory(data, schema: schema, services: services)
        try directory.load(system)
        tenants = Tenants(
            system: system, data: data, directory: directory, schema: schema, services: services, ids: ids,
            passwords: passwords, time: clock.source)
        master = try MasterKey(data)
        let sessions = await Sessions(
            system: system, directory: directory, master: master, ids: ids, time: clock.source)
        signIn = SignIn(
            sessions: sessions, system: system, directory: directory, passwords: passwords, master: master,
            address: "https://shops.example", ids: ids, time: clock.source)
    }

    /// Runs `body` with a folder of its own, removed afterwards.
    static func run(
        at instant: String = "2026-11-21T02:00:00.000Z", collections: [Collection] = [],
        _ body: (ControlPlane) async throws -> Void
    ) async throws {
        try await withFolder { root in
            let plane = try await ControlPlane(root, TestClock(instant), collections)
            try await body(plane)
            try await plane.passwords.shutdown()
            try await plane.services.shutdown()
        }
    }

    func makeShop(
        _ slug: String = "acme", zone: String = "Asia/Kolkata", trialDays: Int64 = 14, owner: Bool = true,
        plan: String = "standard"
    ) async throws -> Tenant {
        var members: [JSON.Member] = [
            .init("slug", .string(slug)), .init("name", .string("Shop \(slug)")), .init("timeZone", .string(zone)),
            .init("trialDays", .integer(trialDays)), .init("ownerEmail", .string("owner@\(slug).example")),
            .init("plan", .string(plan)),
        ]
        if owner { members.append(.init("ownerPassword", .string(Self.password))) }
        let input = try TenantInput(.object(members), knownModules: [])
        return try await tenants.create(input, by: Self.boss, requestID: "req_1")
    }

    /// As a restart does.
    func reload() async throws { try directory.load(system) }

    func addUser(_ name: String, _ role: ShopRole, to tenant: Tenant) async throws -> User {
        try await signIn.createUser(
            tenant, email: "\(name)@acme.example", name: name, role: role, password: Self.password, by: Self.boss,
            requestID: "req_1")
    }

    func enter(_ tenant: Tenant, _ name: String = "owner") async throws -> Sessions.Grant {
        try await signIn.user(
            tenant, email: "\(name)@\(tenant.slug).example", password: Self.password, origin: Self.origin)
    }

    var outbox: Outbox { Outbox(system: system, directory: directory, master: master, time: clock.source) }

    /// `action target data` of each event, the oldest first.
    func audit(_ file: DatabaseFile) throws -> [String] {
        try file.read { db in
            try AuditTrail.list(db, before: nil, limit: 1000).reversed().map { event in
                let data = event["data"].flatMap { $0 == .null ? nil : $0.stringValue ?? $0.text }
                return [event["action"]?.stringValue, event["target"]?.stringValue, data].compactMap(\.self)
                    .joined(separator: " ")
            }
        }
    }
}

/// Runs `body` with a folder of its own, removed afterwards.
func withFolder(_ body: (URL) async throws -> Void) async throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "tenancy-\(Random.token(bytes: 9))")
    try FileSystem.makeFolder(root)
    defer { try? FileSystem.remove(root) }
    try await body(root)
}

/// The error of an operation that must be refused.
func refusal<Value>(_ body: () async throws -> Value) async -> DomainError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return DomainError(any: error)
    }
}

func instant(_ text: String) throws -> Instant { try #require(Instant(text)) }
