package import ApplianceCore
import CollectionKit
package import GRDB
import Storage

/// What a shop has of all that a plan may bound, at a moment.
package struct PlanUse: Sendable {
    package private(set) var amounts: [PlanLimit: Int64] = [:]

    package init(_ amounts: [PlanLimit: Int64] = [:]) { self.amounts = amounts }

    /// Counted in the shop's own file.
    package init(_ db: Database) throws {
        amounts = [
            .users: try Self.users(db), .storageBytes: try StorageQuota.used(db),
            .ownCollections: try db.first("SELECT count(*) FROM ownCollections") { $0.integer(0) } ?? 0,
        ]
    }

    package subscript(_ limit: PlanLimit) -> Int64? {
        get { amounts[limit] }
        set { amounts[limit] = newValue }
    }

    /// People who may sign in.
    static func users(_ db: Database) throws -> Int64 {
        try db.first("SELECT count(*) FROM users WHERE status = 'active'") { $0.integer(0) } ?? 0
    }
}

/// What moving a shop from one plan to another changes: told before it is done.
package struct PlanChange: Sendable {
    package let from: Plan
    package let to: Plan
    package let use: PlanUse

    package init(from: Plan, to: Plan, use: PlanUse) { (self.from, self.to, self.use) = (from, to, use) }

    /// Limits that the shop is beyond at once: it keeps what it has, and gets no more.
    package var broken: [PlanLimit] {
        PlanLimit.allCases.filter { limit in
            guard let allowed = to.limit(limit), let used = use[limit] else { return false }
            return used > allowed
        }
    }

    package var json: JSON {
        let broken = broken
        return [
            "from": from.briefJSON, "to": to.briefJSON,
            "gains": Self.features(to.features.subtracting(from.features)),
            "loses": Self.features(from.features.subtracting(to.features)),
            "limits": .array(
                PlanLimit.allCases.filter { from.limit($0) != nil || to.limit($0) != nil }.map { limit in
                    [
                        "limit": .string(limit.rawValue), "from": JSON(from.limit(limit)), "to": JSON(to.limit(limit)),
                        "used": JSON(use[limit]), "breaks": .bool(broken.contains(limit)),
                    ]
                }),
            "agents": to.agents.map { .array($0.sorted().map { .string($0) }) } ?? .null,
            "breaks": .array(broken.map { .string($0.rawValue) }),
        ]
    }

    private static func features(_ features: Set<Feature>) -> JSON {
        .array(Feature.allCases.filter(features.contains).map { .string($0.rawValue) })
    }
}

extension Plan {
    /// Enough to name it.
    package var briefJSON: JSON {
        ["name": .string(name), "version": JSON(version), "title": .string(title)]
    }
}
