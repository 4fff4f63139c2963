package import ApplianceCore
package import CollectionKit
package import Foundation
package import GRDB
import Storage

/// A shop that comes from elsewhere: an imported package, or the copy of another shop.
extension Tenants {
    package enum AdoptionLimit {
        /// Names tried after the wished one is taken: `acme-2` to `acme-99`.
        static let names = 2...99
        package static let sandboxDays: ClosedRange<Int64> = 1...365
        package static let sandboxDefault: Int64 = 7
    }

    /// A name in `data/tenants` that is cleaned up when it is never adopted.
    package func stagingFolder() -> URL { data.tenants.appending(path: ".restore-\(Random.token(bytes: 9))") }

    /// Makes the staged folder a shop of its own, under a new id. Its slug is `slug`, or the nearest free one to the
    /// old when `slug` is nil. Throws `slug_taken`.
    package func adopt(
        _ staged: URL, as record: String, slug: String?, action: String, sandbox: Sandbox? = nil,
        suspended reason: String? = nil, by actor: Actor, requestID: String
    ) async throws -> Tenant {
        let old = try Tenant(record: record)
        guard TextRules.normalized(old.name) == old.name, LocalTime(old.timeZone) != nil,
            Currency(old.currency) != nil, TextRules.isSlug(old.plan), TextRules.isEmail(old.ownerEmail)
        else {
            throw DomainError.conflict("package_damaged", "What the package says of the shop itself is not valid.")
        }
        let name = try slug ?? freeSlug(like: old.slug)
        try checkIsFree(name)
        var tenant = Tenant(old, id: ids.next("ten"), slug: name, now: time.now())
        tenant.completeDates(rules(tenant.plan), now: tenant.createdAt)
        if sandbox != nil { tenant.becomeSandbox() }
        if let reason { tenant.becomePast(reason, now: tenant.createdAt) }
        try AtomicFile.publish([], to: staged.appending(path: Self.adoptionMark))
        try FileSystem.move(staged, to: data.tenant(tenant.id))
        do {
            try await directory.file(tenant.id).write { [id = tenant.id, schema] db in
                try Self.setIdentity(db, id)
                try schema.renew(db)
            }
            try await insert(tenant, by: actor, action: action, requestID: requestID, sandbox: sandbox)
        } catch {
            directory.file(tenant.id).closeIfQuiet()
            try? FileSystem.remove(data.tenant(tenant.id))
            throw error
        }
        directory.put(tenant)
        try? FileSystem.remove(data.tenant(tenant.id).appending(path: Self.adoptionMark))
        return tenant
    }

    /// In the folder of a shop that may not be in the control plane yet.
    private static let adoptionMark = ".adopting"

    /// Removes the folders of adoptions that a crash cut short before the shop was known. Call once, before files are
    /// served.
    package func completeAdoptions() throws {
        guard FileSystem.exists(data.tenants) else { return }
        for id in try FileManager.default.contentsOfDirectory(atPath: data.tenants.path) {
            let mark = data.tenant(id).appending(path: Self.adoptionMark)
            guard FileSystem.exists(mark) else { continue }
            try FileSystem.remove(directory[id] == nil ? data.tenant(id) : mark)
        }
    }

    /// Throws unless a new shop could have the slug. The trash is asked again when the row is written.
    package func checkIsFree(_ slug: String) throws {
        guard TextRules.isSlug(slug), !TenantInput.reservedSlugs.contains(slug) else {
            throw DomainError.invalid("slug", "not_valid", "\"\(slug.prefix(40))\" is not valid here.")
        }
        guard directory[slug] == nil else { throw Self.slugTaken(slug) }
    }

    private func freeSlug(like slug: String) throws -> String {
        let trashed = Set(try trash().map(\.slug))
        let names = [slug] + AdoptionLimit.names.map { "\(slug.prefix(36))-\($0)" }
        guard let free = names.first(where: { directory[$0] == nil && !trashed.contains($0) }) else {
            throw Self.slugTaken(slug)
        }
        return free
    }

    // MARK: - Sandboxes

    /// A shop's copy to try things in: without anybody's personal data, gone by itself.
    package struct Sandbox: Sendable {
        package let source: String
        package let expiresAt: Instant

        package init(source: String, expiresAt: Instant) { (self.source, self.expiresAt) = (source, expiresAt) }
    }

    /// When each sandbox goes, by tenant id.
    package func sandboxes() throws -> [String: Sandbox] {
        let rows = try system.read { db in
            try db.all("SELECT tenantId, sourceId, expiresAt FROM sandboxes", []) { row in
                (
                    row.text(0) ?? "",
                    Sandbox(
                        source: row.text(1) ?? "", expiresAt: row.text(2).flatMap(Instant.init) ?? .latest)
                )
            }
        }
        return Dictionary(rows, uniquingKeysWith: { first, _ in first })
    }

    /// Deletes sandboxes whose time is over, past the trash; how many.
    package func purgeSandboxes() async throws -> Int {
        let now = time.now()
        let due = try sandboxes().filter { $0.value.expiresAt <= now }.map(\.key).sorted()
        for id in due {
            if directory[id] != nil { _ = try await delete(id, by: .system, requestID: "") }
            if try trash().contains(where: { $0.id == id }) { try await purge(id, by: .system, requestID: nil) }
            try await system.write { db in try db.run("DELETE FROM sandboxes WHERE tenantId = ?1", [.text(id)]) }
        }
        return due.count
    }
}

/// Takes out of a copy what must not leave the shop.
package enum CopyCleaning {
    /// Sessions, links and keys: who takes the copy in must not get into accounts with it. Second factors are sealed
    /// with this installation's key and would keep their people out.
    package static func export(_ db: Database) throws {
        // A file of before may lack the later ones.
        let tables = [
            "sessions", "invitations", "resetLinks", "apiKeys", "secondFactors", "recoveryCodes", "identityLinks",
        ]
        for table in tables where try db.tableExists(table) {
            try db.run("DELETE FROM \(table)", [])
        }
        // What the shop has not told yet, it tells itself.
        if try db.tableExists("usageNotices") { try db.run("DELETE FROM usageNotices WHERE toldAt IS NULL", []) }
    }

    /// All that tells about a person or is sealed, by what the collections declare; people lose their passwords; and
    /// every table that no collection declares is emptied, because nobody said that it is harmless: keys, hooks, the
    /// audit log.
    package static func sandbox(_ db: Database, _ catalog: CollectionCatalog) throws {
        try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
        let ours = ["users", "roles", "identity", "collections", "ownCollections", "files", "fileUses", "sequences"]
        let catalog = try OwnCollections(db, beside: catalog).catalog
        let known = Set(catalog.collections.flatMap { [$0.table] + $0.linkTables } + ours)
        let tables = try db.all("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'", []) {
            $0.text(0) ?? ""
        }
        for table in tables where !known.contains(table) && !table.hasPrefix("sqlite_") { try empty(db, table) }
        try db.run(
            """
            UPDATE users SET email = 'user-' || lower(substr(id, -10)) || '@sandbox.invalid', name = '',
                passwordHash = '!'
            """, [])
        // What a role may do tells of nobody; what people call it may.
        try db.run("UPDATE roles SET title = name", [])
        // What no record names was given to nobody but whoever uploaded it.
        try db.run("DELETE FROM files WHERE isPublic = 0 AND id NOT IN (SELECT fileId FROM fileUses)", [])
        try db.run("UPDATE files SET name = 'file', createdBy = 'system'", [])
        for collection in catalog.collections where tables.contains(collection.table) {
            let masks = collection.fields.filter { $0.isPersonal || $0.isWriteOnly }.map {
                "\(quoted($0.name)) = \(mask($0))"
            }
            if !masks.isEmpty {
                try db.run("UPDATE \(quoted(collection.table)) SET \(masks.joined(separator: ", "))", [])
            }
        }
        try SearchIndex.renew(db, catalog.collections.filter { tables.contains($0.table) })
    }

    /// A value of the same form that says nothing; empty stays empty.
    private static func mask(_ field: Field) -> String {
        let column = quoted(field.name)
        let tail = "upper(substr(id, -8))"
        let value =
            switch field.type {
            case .text(.email, _): "'masked-' || lower(\(tail)) || '@sandbox.invalid'"
            case .text(.phone, _): "'+000' || (abs(random()) % 100000000)"
            case .text(.code, let max): "substr(\(tail), 1, \(max))"
            case .text(_, let max): "substr('Masked ' || \(tail), 1, \(max))"
            default: field.isRequired ? column : "NULL"
            }
        return "CASE WHEN \(column) IS NULL THEN NULL ELSE \(value) END"
    }

    /// Append-only tables guard themselves with triggers: those are put back as they were.
    private static func empty(_ db: Database, _ table: String) throws {
        let triggers = try db.all(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1", [.text(table)]
        ) { ($0.text(0) ?? "", $0.text(1) ?? "") }
        for trigger in triggers { try db.execute(sql: "DROP TRIGGER \(quoted(trigger.0))") }
        try db.execute(sql: "DELETE FROM \(quoted(table))")
        for trigger in triggers { try db.execute(sql: trigger.1) }
    }

    private static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
}
