package import ApplianceCore
package import CollectionKit
import GRDB
package import Storage
import Synchronization

/// Leave for one operator to act inside one shop, for a while and for a reason. Without one a shop's records are closed
/// to operators. The shop's log tells when it begins and ends, its people see it on every page, and its owner can
/// refuse it.
package struct ActAsGrant: Sendable, Equatable {
    package let id: String
    package let operatorID: String
    package let operatorEmail: String
    package let tenantID: String
    package let reason: String
    package let isWritable: Bool
    package let startedAt: Instant
    package let expiresAt: Instant
    package let endedAt: Instant?

    package var json: JSON {
        [
            "id": .string(id), "operatorId": .string(operatorID), "operatorEmail": .string(operatorEmail),
            "tenantId": .string(tenantID), "reason": .string(reason), "isWritable": .bool(isWritable),
            "startedAt": JSON(startedAt), "expiresAt": JSON(expiresAt), "endedAt": JSON(endedAt),
        ]
    }

    func isActive(_ now: Instant) -> Bool { endedAt == nil && expiresAt > now }
}

/// The grants there are: in `system.sqlite`, and those under way in memory, where each request of an operator looks.
package final class ActAs: Sendable {
    package enum Limit {
        package static let minutes: ClosedRange<Int64> = 1...240
        package static let usual: Int64 = 30
        /// Listed, the latest first.
        static let listed = 200
    }

    static let schema = """
        CREATE TABLE actAs (
            id TEXT PRIMARY KEY NOT NULL, operatorId TEXT NOT NULL, operatorEmail TEXT NOT NULL, tenantId TEXT NOT NULL,
            reason TEXT NOT NULL, isWritable INTEGER NOT NULL, startedAt TEXT NOT NULL, expiresAt TEXT NOT NULL,
            endedAt TEXT
        ) STRICT;
        CREATE INDEX actAs_tenant ON actAs (tenantId, id);
        """

    private struct Key: Hashable {
        let operatorID: String
        let tenantID: String
    }

    private let system: DatabaseFile
    private let directory: TenantDirectory
    private let ids: IdentifierSource
    private let time: TimeSource
    private let underWay = Mutex<[Key: ActAsGrant]>([:])

    package init(
        system: DatabaseFile, directory: TenantDirectory, ids: IdentifierSource, time: TimeSource
    ) throws {
        (self.system, self.directory, self.ids, self.time) = (system, directory, ids, time)
        try load()
    }

    /// Reads anew what is under way: at the start, and after a restore of the control plane.
    package func load() throws {
        let now = time.now()
        let grants = try system.read { db in
            try db.all(
                "SELECT \(Self.columns) FROM actAs WHERE endedAt IS NULL AND expiresAt > ?1", [SQLValue(now)], Self.make
            )
        }
        underWay.withLock { underWay in
            underWay = Dictionary(grants.map { (Self.key($0), $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    private static let columns =
        "id, operatorId, operatorEmail, tenantId, reason, isWritable, startedAt, expiresAt, endedAt"

    private static func make(_ row: SQLStatement) -> ActAsGrant {
        ActAsGrant(
            id: row.text(0) ?? "", operatorID: row.text(1) ?? "", operatorEmail: row.text(2) ?? "",
            tenantID: row.text(3) ?? "", reason: row.text(4) ?? "", isWritable: row.integer(5) != 0,
            startedAt: row.text(6).flatMap(Instant.init) ?? .earliest,
            expiresAt: row.text(7).flatMap(Instant.init) ?? .earliest, endedAt: row.text(8).flatMap(Instant.init))
    }

    private static func key(_ grant: ActAsGrant) -> Key { Key(operatorID: grant.operatorID, tenantID: grant.tenantID) }

    // MARK: - Asking

    /// The leave that an operator has for a shop now; nil without one.
    package func grant(operator id: String, tenant: String) -> ActAsGrant? {
        let grant = underWay.withLock { $0[Key(operatorID: id, tenantID: tenant)] }
        return grant.flatMap { $0.isActive(time.now()) ? $0 : nil }
    }

    /// Who acts in a shop now.
    package func active(in tenant: String) -> [ActAsGrant] {
        let now = time.now()
        return underWay.withLock { Array($0.values) }.filter { $0.tenantID == tenant && $0.isActive(now) }
            .sorted { $0.id < $1.id }
    }

    /// The latest first, ended ones too.
    package func list(tenant: String) throws -> [ActAsGrant] {
        try system.read { db in
            try db.all(
                "SELECT \(Self.columns) FROM actAs WHERE tenantId = ?1 ORDER BY id DESC LIMIT \(Limit.listed)",
                [.text(tenant)], Self.make)
        }
    }

    // MARK: - Beginning and ending

    /// Begins anew where the operator has leave already. Written to the shop's log first.
    package func start(
        _ person: Operator, in tenant: Tenant, reason: String, minutes: Int64, isWritable: Bool, by actor: Actor,
        requestID: String
    ) async throws -> ActAsGrant {
        guard !tenant.refusesSupport else {
            throw DomainError.forbidden(
                "act_as_refused", "This shop does not let operators in.",
                hint: "Its owner can allow it, under Shop settings.")
        }
        guard person.role.may(.support) else {
            throw DomainError.forbidden("not_permitted", "An operator with the role \(person.role) may not do this.")
        }
        guard person.role.writesInShops || !isWritable else {
            throw DomainError.forbidden("act_as_read_only", "Support looks into shops and changes nothing there.")
        }
        if let before = grant(operator: person.id, tenant: tenant.id) {
            _ = try await end(before.id, by: actor, requestID: requestID)
        }
        let now = time.now()
        let grant = ActAsGrant(
            id: ids.next("act"), operatorID: person.id, operatorEmail: person.email, tenantID: tenant.id,
            reason: reason, isWritable: isWritable, startedAt: now, expiresAt: now.adding(.minutes(minutes)),
            endedAt: nil)
        try await note(grant, "operator.act-as", by: actor, requestID: requestID)
        try await system.write { db in
            try db.run(
                "INSERT INTO actAs (\(Self.columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL)",
                [
                    .text(grant.id), .text(grant.operatorID), .text(grant.operatorEmail), .text(grant.tenantID),
                    .text(grant.reason), .integer(isWritable ? 1 : 0), SQLValue(now), SQLValue(grant.expiresAt),
                ])
            try AuditTrail.append(
                db, at: now, actor: actor, action: "operator.act-as", target: tenant.id, requestID: requestID,
                data: Self.report(grant))
        }
        underWay.withLock { underWay in
            underWay = underWay.filter { $1.isActive(now) }
            underWay[Self.key(grant)] = grant
        }
        return grant
    }

    /// Ends a grant by its id; over when this returns. Ending one that is over changes nothing.
    package func end(_ id: String, by actor: Actor, requestID: String) async throws -> ActAsGrant {
        let now = time.now()
        let (grant, wasActive) = try await system.write { db -> (ActAsGrant?, Bool) in
            let columns = Self.columns
            guard let grant = try db.first("SELECT \(columns) FROM actAs WHERE id = ?1", [.text(id)], Self.make) else {
                return (nil, false)
            }
            guard grant.isActive(now) else { return (grant, false) }
            try db.run("UPDATE actAs SET endedAt = ?2 WHERE id = ?1", [.text(id), SQLValue(now)])
            try AuditTrail.append(
                db, at: now, actor: actor, action: "operator.act-as-end", target: grant.tenantID,
                requestID: requestID, data: Self.report(grant))
            return (try db.first("SELECT \(columns) FROM actAs WHERE id = ?1", [.text(id)], Self.make), true)
        }
        guard let grant else { throw DomainError.notFound("leave to act") }
        underWay.withLock { underWay in
            if underWay[Self.key(grant)]?.id == id { underWay[Self.key(grant)] = nil }
        }
        directory.access.announce(())
        if wasActive { try await note(grant, "operator.act-as-end", by: actor, requestID: requestID) }
        return grant
    }

    /// The shop's owner wants nobody in there.
    package func endAll(in tenant: String, by actor: Actor, requestID: String) async throws {
        for grant in active(in: tenant) { _ = try await end(grant.id, by: actor, requestID: requestID) }
    }

    private static func report(_ grant: ActAsGrant) -> String {
        let report: JSON = [
            "operator": .string(grant.operatorID), "reason": .string(grant.reason),
            "isWritable": .bool(grant.isWritable), "expiresAt": JSON(grant.expiresAt),
        ]
        return report.text
    }

    private func note(_ grant: ActAsGrant, _ action: String, by actor: Actor, requestID: String) async throws {
        let now = time.now()
        try await directory.file(grant.tenantID).write { db in
            try AuditTrail.append(
                db, at: now, actor: actor, action: action, target: grant.id, requestID: requestID,
                data: Self.report(grant))
        }
    }
}
