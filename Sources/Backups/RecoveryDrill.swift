package import ApplianceCore
import Foundation
import GRDB
package import Storage

/// A shop's backup, restored to a scratch folder and checked, with the clock running.
package struct RecoveryDrill: Sendable {
    package let id: String
    package let tenantID: String
    package let at: Instant
    /// Where from: a snapshot's id, the change log, or both.
    package let source: String
    /// All that was committed before this instant would have been back.
    package let stateAt: Instant
    /// Of the restored database.
    package let bytes: Int64
    /// From the search for the copy to the end of its last check.
    package let duration: Duration
    /// Why it could not have been restored; nil when it could.
    package let problem: String?

    package var json: JSON {
        [
            "id": .string(id), "tenantId": .string(tenantID), "at": JSON(at), "source": .string(source),
            "stateAt": JSON(stateAt), "bytes": JSON(bytes), "seconds": JSON(duration.roundedSeconds),
            "ok": .bool(problem == nil), "problem": JSON(problem),
        ]
    }
}

extension RecoveryDrill {
    fileprivate init(
        _ item: RestorePlan.Item, _ proof: BackupService.Proof, id: String, at: Instant, took duration: Duration
    ) {
        self.init(
            id: id, tenantID: item.tenant?.id ?? "", at: at, source: item.origin, stateAt: item.at, bytes: proof.bytes,
            duration: duration, problem: proof.problem)
    }
}

extension RestorePlan.Item {
    fileprivate var origin: String {
        guard let snapshot else { return "change log" }
        return log == nil ? snapshot.description : "\(snapshot) and change log"
    }
}

/// The `drills` table of `system.sqlite`.
package struct DrillStore: Sendable {
    private enum Limit {
        /// Drills remembered of each shop.
        static let kept = 100
    }

    private let system: DatabaseFile
    private static let columns = "id, tenantId, at, source, stateAt, bytes, milliseconds, problem"

    package init(_ system: DatabaseFile) { self.system = system }

    private static func drill(_ row: SQLStatement) -> RecoveryDrill {
        RecoveryDrill(
            id: row.text(0) ?? "", tenantID: row.text(1) ?? "", at: row.text(2).flatMap(Instant.init) ?? .earliest,
            source: row.text(3) ?? "", stateAt: row.text(4).flatMap(Instant.init) ?? .earliest, bytes: row.integer(5),
            duration: .milliseconds(row.integer(6)), problem: row.text(7))
    }

    package func add(_ drill: RecoveryDrill) async throws {
        try await system.write { db in
            try db.run(
                "INSERT INTO drills (\(Self.columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                [
                    .text(drill.id), .text(drill.tenantID), SQLValue(drill.at), .text(drill.source),
                    SQLValue(drill.stateAt), .integer(drill.bytes), .integer(drill.duration.wholeMilliseconds),
                    SQLValue(drill.problem),
                ])
            try db.run(
                """
                DELETE FROM drills WHERE tenantId = ?1 AND id <=
                    (SELECT id FROM drills WHERE tenantId = ?1 ORDER BY id DESC LIMIT 1 OFFSET \(Limit.kept))
                """, [.text(drill.tenantID)])
        }
    }

    /// The newest first; of all shops, or of one.
    package func list(tenant: String? = nil, limit: Int = 100) throws -> [RecoveryDrill] {
        try system.read { db in
            try db.all(
                "SELECT \(Self.columns) FROM drills WHERE (?1 IS NULL OR tenantId = ?1) ORDER BY id DESC LIMIT ?2",
                [SQLValue(tenant), .integer(Int64(limit))], Self.drill)
        }
    }

    /// The newest of each shop, by its id.
    package func latest() throws -> [String: RecoveryDrill] {
        let drills = try system.read { db in
            try db.all(
                "SELECT \(Self.columns) FROM drills WHERE id IN (SELECT max(id) FROM drills GROUP BY tenantId)", [],
                Self.drill)
        }
        return Dictionary(drills.map { ($0.tenantID, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

extension BackupService {
    /// Restores a shop's newest snapshot into scratch, and then the shop at a second by lot of what its change log has;
    /// each is checked as a restore would before it swaps. The slower of the two is what is told. Throws only when
    /// there is nothing to drill with; what is wrong is the result.
    package func drill(_ tenant: String, id: String) async throws -> RecoveryDrill {
        await environment.services.changeLog?.flush()
        var requests: [RestoreRequest] = [try RestoreRequest(tenants: [tenant])]
        if let second = try await secondByLot(tenant) {
            requests.append(try RestoreRequest(tenants: [tenant], at: second))
        }
        var slowest: RecoveryDrill?
        for request in requests {
            do {
                let drill = try await drill(request, id: id)
                if drill.problem != nil { return drill }
                if slowest.map({ $0.duration < drill.duration }) ?? true { slowest = drill }
            } catch let error as DomainError where error.category == .notFound {}
        }
        guard let slowest else { throw DomainError.noSnapshot("of \(tenant)") }
        return slowest
    }

    private func drill(_ request: RestoreRequest, id: String) async throws -> RecoveryDrill {
        let start = ContinuousClock.now
        let plan = try await plan(request)
        guard let item = plan.items.first else { throw DomainError.noSnapshot("of a shop") }
        let proof = try await prove(plan)
        return RecoveryDrill(item, proof, id: id, at: plan.plannedAt, took: ContinuousClock.now - start)
    }

    private func secondByLot(_ tenant: String) async throws -> Instant? {
        let tenants = try await environment.source.tenants()
        let id = tenants.first { $0.id == tenant || $0.slug == tenant }?.id ?? tenant
        let epochs = try await environment.services.longWork { [catalog] in
            try LogFolder(root: catalog.root, name: id).epochs()
        }
        guard let epoch = epochs.randomElement(), let first = epoch.base?.time, let last = epoch.end else { return nil }
        return Instant(milliseconds: Int64.random(in: first.milliseconds...max(first, last).milliseconds))
    }
}

extension BackupService {
    /// Chains of each database's change log, oldest first, by its name; without those that begin with a stranger's
    /// file. Lists every folder of the log.
    package func logSpans() async throws -> [String: [RecoveryReport.Span]] {
        try await environment.services.longWork { [catalog, environment] in
            var spans: [String: [RecoveryReport.Span]] = [:]
            for name in try LogFolder.names(root: catalog.root) {
                // A folder that cannot be listed gives nothing back: the report says so, and goes on with the others.
                let epochs = (try? LogFolder(root: catalog.root, name: name).epochs()) ?? []
                spans[name] = epochs.filter { $0.isOurs(environment.logSeals) }.compactMap { epoch in
                    guard let from = epoch.base?.time, let to = epoch.end else { return nil }
                    return RecoveryReport.Span(from: from, to: to)
                }
            }
            return spans
        }
    }

    /// Names of the databases that have a change log.
    package func loggedNames() async throws -> Set<String> {
        try await environment.services.longWork { [catalog] in Set(try LogFolder.names(root: catalog.root)) }
    }
}
