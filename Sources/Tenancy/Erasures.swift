package import ApplianceCore
package import CollectionKit
package import Foundation
import GRDB
package import Logging
package import Storage

/// Takes persons out of shops, and out of every past of a shop that comes back (GDPR Art. 17, DPDP Act s. 12; backups
/// may hold the data until they expire, if what is restored is erased again).
///
/// The ledger is written first: whatever happens then, nobody comes back.
package struct Erasures: Sendable {
    package enum Limit {
        /// Records of other collections that are erased along with one.
        static let related = 1000
    }

    private let ledger: ErasureLedger
    private let directory: TenantDirectory
    private let catalog: CollectionCatalog
    /// The folder of the backups.
    private let backups: URL
    private let storage: StorageServices
    private let ids: IdentifierSource
    private let time: TimeSource
    private let logger: Logger

    package init(
        system: DatabaseFile, directory: TenantDirectory, catalog: CollectionCatalog, backups: URL,
        storage: StorageServices, ids: IdentifierSource, time: TimeSource, logger: Logger
    ) {
        ledger = ErasureLedger(system: system)
        (self.directory, self.catalog, self.backups, self.storage) = (directory, catalog, backups, storage)
        (self.ids, self.time, self.logger) = (ids, time, logger)
    }

    // MARK: - Erasing

    /// Who wants it, and why. The reason is in the shop's log for good: it should name nobody.
    package struct Order: Sendable {
        let reason: String
        let actor: Actor
        let requestID: String

        package init(reason: String, by actor: Actor, requestID: String) {
            (self.reason, self.actor, self.requestID) = (reason, actor, requestID)
        }
    }

    /// Records that stay although they belong to the person.
    private struct Kept: Sendable {
        let collection: String
        let records: Int
        let why: String

        var json: JSON {
            ["collection": .string(collection), "records": JSON(records), "reason": .string(why)]
        }
    }

    /// What there is to do for one request.
    private struct Work: Sendable {
        /// Set when there is nothing to do any more.
        var standing: Erasure?
        var isInBackupsOnly = false
        var targets: [(collection: String, record: String)] = []
        var kept: [Kept] = []
    }

    /// Takes what the record tells about a person out of it, and out of records that refer to it. Twice is the same as
    /// once. Throws `not_found`, `not_erasable`, or `retained` for what the law wants kept.
    package func erase(_ tenant: Tenant, _ collection: Collection, _ record: String, _ order: Order) async throws
        -> JSON
    {
        guard let erasing = RecordErasure(collection) else {
            throw DomainError.conflict(
                "not_erasable", "A \(collection.title.lowercased()) tells about no person.", hint: "Delete it instead.")
        }
        guard !erasing.isRetained else {
            throw DomainError.conflict(
                "retained", "This has to be kept: \(collection.retention.text).",
                hint: "It goes by itself when that time is over.")
        }
        let file = directory.file(tenant.id)
        let work = try await file.readLong { db in try plan(db, tenant, erasing, record) }
        if let standing = work.standing { return answer(standing, [standing], work, collection) }
        let known = try ledger.pending().filter { $0.tenant == tenant.id }
        let now = time.now()
        let erasures = work.targets.map { target in
            // One that a crash cut short keeps its pseudonym.
            known.first { $0.collection == target.collection && $0.record == target.record }
                ?? Erasure(
                    id: ids.next("ers"), tenant: tenant.id, collection: target.collection, record: target.record,
                    token: Erasure.makeToken(), at: now)
        }
        try await ledger.system.write { db in
            for erasure in erasures { try ErasureLedger.add(db, erasure, doneAt: nil) }
        }
        await publish(erasures)
        try await write(erasures, to: file, order)
        try await ledger.setDone(erasures, at: now)
        guard let first = erasures.first else { throw DomainError.internal("nothing to erase") }
        return answer(first, erasures, work, collection)
    }

    private func plan(_ db: Database, _ tenant: Tenant, _ erasing: RecordErasure, _ record: String) throws -> Work {
        var work = Work()
        let isThere = try erasing.has(db, record)
        work.isInBackupsOnly = !isThere
        guard try isThere || erasing.wasDeleted(db, record) else { throw DomainError.notFound("record") }
        work.standing = try erasing.standing(db, tenant: tenant.id, record: record)
        work.targets = [(erasing.collection.name, record)]
        for other in try OwnCollections(db, beside: catalog).catalog.collections {
            let ids = try erasing.referring(db, from: other, to: record, limit: Limit.related + 1)
            guard !ids.isEmpty else { continue }
            guard ids.count <= Limit.related || RecordErasure(other)?.isRetained != false else {
                throw DomainError.conflict(
                    "too_many_related", "More than \(Limit.related) \(other.name) belong to this record.",
                    hint: "Erase those first.")
            }
            if let related = RecordErasure(other), !related.isRetained {
                let open = try ids.filter { try related.standing(db, tenant: tenant.id, record: $0) == nil }
                work.targets += open.map { (other.name, $0) }
            } else {
                let why = RecordErasure(other) == nil ? "tells about no person" : "has to be kept by law"
                work.kept.append(Kept(collection: other.name, records: ids.count, why: why))
            }
        }
        // The record may be as it should and others not yet.
        if work.standing != nil, work.targets.count > 1 { work.standing = nil }
        return work
    }

    private func answer(_ erasure: Erasure, _ all: [Erasure], _ work: Work, _ collection: Collection) -> JSON {
        let others = Dictionary(grouping: all.filter { $0.record != erasure.record }, by: \.collection)
        return erasure.json.adding([
            "fields": .array((RecordErasure(collection)?.fieldNames ?? []).map { .string($0) }),
            "inBackupsOnly": .bool(work.isInBackupsOnly), "repeated": .bool(work.standing != nil),
            "alsoErased": .array(
                others.sorted { $0.key < $1.key }.map {
                    ["collection": .string($0.key), "records": JSON($0.value.count)]
                }),
            "kept": .array(work.kept.map(\.json)),
        ])
    }

    private func write(_ erasures: [Erasure], to file: DatabaseFile, _ order: Order) async throws {
        let now = time.now()
        try await file.write { [catalog] db in
            // What stood there is overwritten, not only let go of.
            try db.execute(sql: "PRAGMA secure_delete = ON")
            let catalog = try OwnCollections(db, beside: catalog).catalog
            for erasure in erasures {
                guard let erasing = catalog[erasure.collection].flatMap({ RecordErasure($0) }) else { continue }
                let isThere = try erasing.apply(db, erasure, now: now)
                try RecordErasure.mark(db, erasure)
                let data: JSON = [
                    "erasure": .string(erasure.id), "pseudonym": .string(erasure.token),
                    "fields": .array(erasing.fieldNames.map { .string($0) }), "reason": .string(order.reason),
                    "inBackupsOnly": .bool(!isThere),
                ]
                try AuditTrail.append(
                    db, at: now, actor: order.actor, action: "\(erasure.collection).erase", target: erasure.record,
                    requestID: order.requestID, data: data.text)
            }
        }
    }

    /// Beside the backups; one that cannot be written there now is by `catchUp`.
    private func publish(_ erasures: [Erasure]) async {
        do {
            try await storage.longWork { [backups] in try ErasureLedger.publish(erasures, to: backups) }
        } catch {
            logger.warning("erasure not filed yet", metadata: [LogKey.error: "\(DomainError(any: error))"])
        }
    }

    // MARK: - Catching up

    /// Completes what a crash cut short, and brings the table and the files to the same; how many erasures that were.
    @discardableResult
    package func catchUp() async throws -> Int {
        var count = 0
        for (tenant, erasures) in Dictionary(grouping: try ledger.pending(), by: \.tenant) {
            guard directory[tenant] != nil else { continue }
            let order = Order(reason: "begun before and completed now", by: .system, requestID: "")
            try await write(erasures, to: directory.file(tenant), order)
            try await ledger.setDone(erasures, at: time.now())
            count += erasures.count
        }
        let known = try ledger.all()
        let filed = try await storage.longWork { [backups] in
            try ErasureLedger.publish(known, to: backups)
            return ErasureLedger.filedTenants(in: backups).flatMap { ErasureLedger.filed($0, in: backups) }
        }
        let names = Set(known.map(\.id))
        let news = filed.filter { !names.contains($0.id) }
        guard !news.isEmpty else { return count }
        // Whatever brought the shops here has replayed them.
        try await ledger.system.write { db in
            for erasure in news { try ErasureLedger.add(db, erasure, doneAt: erasure.at) }
        }
        return count + news.count
    }

    // MARK: - Replaying

    /// Every erasure of a tenant that is known here or in another backups folder.
    private func known(_ tenant: String, _ root: URL?) -> [Erasure] {
        // A control plane that cannot be read does not keep the files from being believed.
        let erasures =
            ((try? ledger.all(of: tenant)) ?? []) + ErasureLedger.filed(tenant, in: backups)
            + (root.map { ErasureLedger.filed(tenant, in: $0) } ?? [])
        return Array(Dictionary(erasures.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }).values)
    }

    /// How many a state of that instant may not have in it.
    package func count(_ tenant: String, since instant: Instant, in root: URL) -> Int {
        known(tenant, root).count { $0.at >= instant }
    }

    /// Erases again, in a shop's past that nobody has seen yet, who was erased since; how many records. The database is
    /// closed and complete before and after. Blocks.
    package func replay(_ tenant: String, on database: URL, in root: URL?) throws -> Int {
        let erasures = known(tenant, root)
        guard !erasures.isEmpty else { return 0 }
        return try DatabaseFile.changeAlone(database) { db in
            try RecordErasure.replay(db, erasures, OwnCollections(db, beside: catalog).catalog, now: time.now())
        }
    }

    // MARK: - Looking

    /// The newest first.
    package func list(tenant: String?, before: String?, limit: Int) throws -> [Erasure] {
        try ledger.page(tenant: tenant, before: before, limit: limit)
    }

    package func latest() throws -> [String: (count: Int, at: Instant)] { try ledger.latest() }
}
