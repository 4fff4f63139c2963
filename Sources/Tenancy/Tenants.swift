package import ApplianceCore
package import CollectionKit
import Foundation
import GRDB
package import Storage
import Synchronization

/// The life of tenants, made here and moved in `Tenants+Moves`. Each change is one transaction in `system.sqlite` with
/// its audit event, and visible in the directory right after.
package final class Tenants: Sendable {
    package let directory: TenantDirectory
    let system: DatabaseFile
    let data: DataDirectory
    let schema: DatabaseSchema
    let services: StorageServices
    let ids: IdentifierSource
    private let passwords: PasswordHasher
    let time: TimeSource
    /// The days a plan gives behind the end of a trial or paid period.
    let rules: @Sendable (_ plan: String) -> LifecycleRules
    private let template = Mutex<DatabaseTemplate?>(nil)

    package init(
        system: DatabaseFile, data: DataDirectory, directory: TenantDirectory, schema: DatabaseSchema,
        services: StorageServices, ids: IdentifierSource, passwords: PasswordHasher, time: TimeSource,
        rules: @escaping @Sendable (_ plan: String) -> LifecycleRules = { _ in .standard }
    ) {
        (self.system, self.data, self.directory, self.schema) = (system, data, directory, schema)
        (self.services, self.ids, self.passwords, self.time) = (services, ids, passwords, time)
        self.rules = rules
    }

    /// Makes the shop's file from the template, its owner or what `inviting` gives, and last its row: a crash before
    /// leaves an unused folder.
    package func create(
        _ input: TenantInput, by actor: Actor, requestID: String,
        inviting: (Tenant) throws -> NewInvitation? = { _ in nil }
    ) async throws -> Tenant {
        guard directory[input.slug] == nil else { throw Self.slugTaken(input.slug) }
        _ = try wanted(input.plan, version: nil)
        let now = time.now()
        let tenant = Tenant(input, id: ids.next("ten"), now: now, rules: rules(input.plan))
        let invitation = try inviting(tenant)
        let owner = try await ownerHash(input)
        let file = directory.file(tenant.id)
        // A folder that is there already is another's: nothing of it may be removed below.
        try await makeFile(file)
        do {
            // Beside the first commit, which takes as long.
            async let names: Void = services.longWork { try file.syncNames() }
            let userID = ids.next("usr")
            try await file.write { db in
                try Self.setIdentity(db, tenant.id)
                try invitation?.writeInShop(db)
                guard let owner else { return }
                _ = try UserStore.insert(
                    db, id: userID, email: tenant.ownerEmail, name: "", role: .owner, passwordHash: owner, now: now)
            }
            try await names
            try await insert(tenant, by: actor, requestID: requestID) { db in
                try AccountIndex.add(db, tenant.ownerEmail, tenant.id)
                try invitation?.writeInSystem(db)
            }
        } catch {
            file.closeIfQuiet()
            try? FileSystem.remove(data.tenant(tenant.id))
            throw error
        }
        directory.put(tenant)
        return tenant
    }

    /// The file says whose it is, so that one put in another's place is noticed.
    static func setIdentity(_ db: Database, _ id: String) throws {
        try db.run("DELETE FROM identity", [])
        try db.run("INSERT INTO identity VALUES (?1)", [.text(id)])
    }

    private func ownerHash(_ input: TenantInput) async throws -> String? {
        guard let password = input.ownerPassword else { return nil }
        return try await passwords.hash(password)
    }

    func insert(
        _ tenant: Tenant, by actor: Actor, action: String = "tenant.create", requestID: String?,
        sandbox: Sandbox? = nil, also: @escaping @Sendable (Database) throws -> Void = { _ in }
    ) async throws {
        let subscription = directory.plans.beginning(tenant, like: sandbox?.source)
        try await system.write { db in
            // What a restore brings back is in the trash no longer.
            try db.run("DELETE FROM trash WHERE id = ?1", [.text(tenant.id)])
            let taken = try db.first(
                "SELECT 1 FROM tenants WHERE slug = ?1 UNION ALL SELECT 1 FROM trash WHERE slug = ?1",
                [.text(tenant.slug)]
            ) { _ in true }
            guard taken == nil else { throw Self.slugTaken(tenant.slug) }
            try Self.insertRow(db, tenant)
            try subscription.insert(db)
            if let sandbox {
                try db.run(
                    "INSERT INTO sandboxes VALUES (?1, ?2, ?3)",
                    [.text(tenant.id), .text(sandbox.source), SQLValue(sandbox.expiresAt)])
            }
            try AuditTrail.append(
                db, at: tenant.createdAt, actor: actor, action: action, target: tenant.id,
                requestID: requestID, data: nil)
            try also(db)
        }
        directory.plans.put(subscription)
    }

    static func row(_ db: Database, _ id: String) throws -> Tenant? {
        try db.first("SELECT \(Tenant.columns) FROM tenants WHERE id = ?1", [.text(id)]) { try Tenant($0) }
    }

    static func insertRow(_ db: Database, _ tenant: Tenant) throws {
        let parameters = (1...tenant.values.count).map { "?\($0)" }.joined(separator: ", ")
        try db.run("INSERT INTO tenants (\(Tenant.columns)) VALUES (\(parameters))", tenant.values)
    }

    static func slugTaken(_ slug: String) -> DomainError {
        var error = DomainError.conflict(
            "slug_taken", "There is already a shop called \(slug).",
            hint: "It may be in the trash: appliance tenant trash")
        error.faults = [.init("slug", "taken", "Choose another one.")]
        return error
    }

    private func makeFile(_ file: DatabaseFile) async throws {
        try await services.longWork { [self] in
            let template = try self.template.withLock { template in
                let made = try template ?? DatabaseTemplate(schema: schema, scratch: data.scratchURL(".sqlite"))
                template = made
                return made
            }
            try FileSystem.makeFolderUnsynced(file.url.deletingLastPathComponent())
            try file.begin(from: template)
        }
    }

    /// Puts back the row of a shop that a restore brought back and the control plane no longer knows.
    package func readopt(record: String) async throws {
        var tenant = try Tenant(record: record)
        guard directory[tenant.id] == nil else { return }
        tenant.completeDates(rules(tenant.plan), now: time.now())
        try await insert(tenant, by: .system, action: "tenant.readopt", requestID: nil)
        try emptyTrash(of: tenant.id)
        directory.put(tenant)
    }

    /// Notes in the operators' log what was done with a shop and changed nothing of it.
    package func record(_ action: String, of id: String, by actor: Actor, requestID: String) async throws {
        let now = time.now()
        try await system.write { db in
            try AuditTrail.append(
                db, at: now, actor: actor, action: action, target: id, requestID: requestID, data: nil)
        }
    }
}
