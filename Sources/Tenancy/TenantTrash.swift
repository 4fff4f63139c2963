package import ApplianceCore
package import CollectionKit
import Foundation
import GRDB
import Storage

/// A deleted shop, as long as it can come back.
package struct TrashedTenant: Sendable {
    package let id: String
    package let slug: String
    package let name: String
    /// Its row of `tenants` as JSON text.
    let record: String
    package let deletedAt: Instant
    /// From when it may be removed for good.
    package let purgeAt: Instant
    package let deletedBy: String

    package var json: JSON {
        [
            "id": .string(id), "slug": .string(slug), "name": .string(name), "status": "deleted",
            "deletedAt": JSON(deletedAt), "purgeAt": JSON(purgeAt), "deletedBy": .string(deletedBy),
        ]
    }

    static let columns = "id, slug, name, record, deletedAt, purgeAt, deletedBy"

    init(_ row: SQLStatement) throws {
        guard let deleted = row.text(4).flatMap(Instant.init), let purge = row.text(5).flatMap(Instant.init) else {
            throw DomainError.internal("trash: malformed row")
        }
        (id, slug, name) = (row.text(0) ?? "", row.text(1) ?? "", row.text(2) ?? "")
        (record, deletedBy) = (row.text(3) ?? "", row.text(6) ?? "")
        (deletedAt, purgeAt) = (deleted, purge)
    }
}

/// Deleting a shop takes it out of service at once and for good only after 30 days. Until then its folder lies in
/// `data/trash`, its row in `trash`, and its slug stays taken, so that nobody else answers to its address.
///
/// The row decides where the folder belongs: what a crash leaves between the two is completed at the next start.
extension Tenants {
    package enum TrashLimit {
        package static let kept = Duration.days(30)
    }

    package func trash() throws -> [TrashedTenant] {
        try system.read { db in
            try db.all("SELECT \(TrashedTenant.columns) FROM trash ORDER BY deletedAt DESC", []) {
                try TrashedTenant($0)
            }
        }
    }

    /// By id or slug.
    package func trashed(_ key: String) throws -> TrashedTenant {
        let found = try system.read { db in try Self.trashed(db, key) }
        guard let found else { throw DomainError.notFound("shop in the trash") }
        return found
    }

    private static func trashed(_ db: Database, _ key: String) throws -> TrashedTenant? {
        try db.first("SELECT \(TrashedTenant.columns) FROM trash WHERE id = ?1 OR slug = ?1", [.text(key)]) {
            try TrashedTenant($0)
        }
    }

    /// Takes a shop out of service. Its people are signed out by the caller.
    package func delete(_ key: String, by actor: Actor, requestID: String, reason: String? = nil) async throws
        -> TrashedTenant
    {
        guard let known = directory[key] else { throw DomainError.notFound("shop") }
        let now = time.now()
        let trashed = try await system.write { db in
            guard let tenant = try Self.row(db, known.id) else { throw DomainError.notFound("shop") }
            try db.run(
                "INSERT INTO trash (\(TrashedTenant.columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                [
                    .text(tenant.id), .text(tenant.slug), .text(tenant.name), .text(tenant.record), SQLValue(now),
                    SQLValue(now.adding(TrashLimit.kept)), .text(actor.text),
                ])
            try db.run("DELETE FROM tenants WHERE id = ?1", [.text(tenant.id)])
            try AuditTrail.append(
                db, at: now, actor: actor, action: "tenant.delete", target: tenant.id, requestID: requestID,
                data: Self.report(tenant.slug, from: tenant.status(at: now), to: .deleted, reason))
            return try Self.trashed(db, tenant.id)
        }
        guard let trashed else { throw DomainError.internal("a row just written is gone") }
        directory.remove(known)
        try await moveFolder(known.id, toTrash: true)
        return trashed
    }

    private static func report(
        _ slug: String, from: Tenant.Status, to: Tenant.Status, _ reason: String? = nil
    ) -> String {
        let report: JSON = [
            "slug": .string(slug), "from": .string(from.rawValue), "to": .string(to.rawValue), "reason": JSON(reason),
        ]
        return report.text
    }

    /// Brings a shop back as it was, people and records, under its old slug.
    package func undelete(_ key: String, by actor: Actor, requestID: String) async throws -> Tenant {
        let trashed = try trashed(key)
        guard FileSystem.exists(data.trashed(trashed.id)) || FileSystem.exists(data.tenant(trashed.id)) else {
            throw DomainError.conflict(
                "trash_incomplete", "The data of \(trashed.slug) is not in the trash any more.",
                hint: "appliance restore --tenant \(trashed.id) brings it back from a snapshot.")
        }
        var tenant = try Tenant(record: trashed.record)
        tenant.completeDates(rules(tenant.plan), now: time.now())
        tenant.updatedAt = time.now()
        tenant.version += 1
        try await moveFolder(trashed.id, toTrash: false)
        try await system.write { [tenant, now = time.now()] db in
            try db.run("DELETE FROM trash WHERE id = ?1", [.text(tenant.id)])
            guard db.changesCount == 1 else { throw DomainError.notFound("shop in the trash") }
            try Self.insertRow(db, tenant)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "tenant.undelete", target: tenant.id, requestID: requestID,
                data: Self.report(tenant.slug, from: .deleted, to: tenant.status(at: now)))
        }
        directory.put(tenant)
        return tenant
    }

    /// Removes a shop from the trash for good; snapshots that hold it go with the ordinary schedule.
    package func purge(_ key: String, by actor: Actor, requestID: String?) async throws {
        let trashed = try trashed(key)
        let doomed = data.scratchURL()
        // Out of the trash in one step first: half a shop must never come back.
        if FileSystem.exists(data.trashed(trashed.id)) { try FileSystem.move(data.trashed(trashed.id), to: doomed) }
        let now = time.now()
        try await system.write { db in
            try db.run("DELETE FROM trash WHERE id = ?1", [.text(trashed.id)])
            try db.run("DELETE FROM tenantDomains WHERE tenantId = ?1", [.text(trashed.id)])
            try AuditTrail.append(
                db, at: now, actor: actor, action: "tenant.purge", target: trashed.id, requestID: requestID,
                data: Self.report(trashed.slug, from: .deleted, to: .erased))
        }
        directory.forgetDomains(of: trashed.id)
        try await services.longWork { try FileSystem.remove(doomed) }
    }

    /// Purges all whose 30 days are over; how many.
    package func purgeDue() async throws -> Int {
        let now = time.now()
        let due = try trash().filter { $0.purgeAt <= now }
        for trashed in due { try await purge(trashed.id, by: .system, requestID: nil) }
        return due.count
    }

    /// Completes deletions that a crash cut short. Call once, before files are served.
    package func completeDeletions() async throws {
        for trashed in try trash() where FileSystem.exists(data.tenant(trashed.id)) {
            try await moveFolder(trashed.id, toTrash: true)
        }
    }

    /// A restore has brought a shop back that lay in the trash: what lay there is kept as undo.
    func emptyTrash(of id: String) throws {
        guard FileSystem.exists(data.trashed(id)) else { return }
        try FileSystem.move(data.trashed(id), to: data.undo.appending(path: "trash-\(id)-\(Random.token(bytes: 6))"))
    }

    /// Waits for running work on the file, as a restore does.
    private func moveFolder(_ id: String, toTrash: Bool) async throws {
        let (live, away) = (data.tenant(id), data.trashed(id))
        try await directory.file(id).replace {
            try FileSystem.makeFolder(away.deletingLastPathComponent())
            guard FileSystem.exists(toTrash ? live : away) else { return }
            try FileSystem.move(toTrash ? live : away, to: toTrash ? away : live)
        }
    }
}
