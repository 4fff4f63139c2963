import ApplianceCore
package import CollectionKit
import GRDB
import Storage

/// Plans and who has them, changed: each in one transaction with its audit event, and in the directory right after.
extension Tenants {
    /// Writes a plan's next version, which no shop has yet. Throws `plan_unchanged`.
    package func publish(_ definition: Plan, by actor: Actor, requestID: String) async throws -> PlanStore.Version {
        let now = time.now()
        let version = try await system.write { db in
            let version = try PlanStore.insert(db, definition, now: now, by: actor.text)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "plan.create",
                target: "\(version.plan.name)/\(version.plan.version)", requestID: requestID,
                data: version.plan.definition.text)
            return version
        }
        directory.plans.put(version)
        return version
    }

    /// The plan that a change names: its newest version unless one is given.
    package func wanted(_ name: String, version: Int?) throws -> Plan {
        guard let plan = version.map({ directory.plans.plan(name, version: $0) }) ?? directory.plans.current(name)
        else {
            throw DomainError.invalid(
                "plan", "not_a_choice", "One of \(directory.plans.names.joined(separator: ", ")), in a version it has.")
        }
        return plan
    }

    /// Gives a shop another plan or another version, at once. The anchor of its periods stays; what it has beyond the
    /// new limits stays too, and only new things are refused.
    package func changePlan(
        _ key: String, to plan: Plan, by actor: Actor, requestID: String
    ) async throws -> Tenant {
        guard let known = directory[key] else { throw DomainError.notFound("shop") }
        let (now, before) = (time.now(), directory.plans[known.id])
        guard before.plan.name != plan.name || before.plan.version != plan.version else {
            throw DomainError.conflict("plan_unchanged", "The shop has this plan already.")
        }
        let anchor = before.subscription?.anchor ?? known.localTime.date(of: known.createdAt)
        let subscription = Subscription(
            tenantID: known.id, plan: plan.name, planVersion: plan.version, anchor: anchor, changedAt: now)
        let changed = try await system.write { db in
            try db.run(
                "UPDATE tenants SET plan = ?2, updatedAt = ?3, version = version + 1 WHERE id = ?1",
                [.text(known.id), .text(plan.name), SQLValue(now)])
            guard let tenant = try Self.row(db, known.id) else { throw DomainError.notFound("shop") }
            try subscription.update(db)
            let data: JSON = [
                "from": .string("\(before.plan.name)/\(before.plan.version)"),
                "to": .string("\(plan.name)/\(plan.version)"),
            ]
            try AuditTrail.append(
                db, at: now, actor: actor, action: "tenant.change-plan", target: tenant.id, requestID: requestID,
                data: data.text)
            return tenant
        }
        directory.plans.put(subscription)
        directory.put(changed)
        return changed
    }
}
