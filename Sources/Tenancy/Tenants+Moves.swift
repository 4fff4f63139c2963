package import ApplianceCore
package import CollectionKit
import Foundation
import GRDB
import Storage

/// Who asks for a move, and why.
package struct MoveRequest: Sendable {
    package let actor: Actor
    package let requestID: String
    package let reason: String?

    package init(by actor: Actor, requestID: String, reason: String? = nil) {
        (self.actor, self.requestID, self.reason) = (actor, requestID, reason)
    }
}

/// The moves that people make. What the clock has done until then is written down first, so that the log tells it in
/// order; then `TenantMove` decides from the state that holds.
extension Tenants {
    package func suspend(_ key: String, reason: String, by actor: Actor, requestID: String) async throws -> Tenant {
        try await move(.suspend, key, MoveRequest(by: actor, requestID: requestID, reason: reason)) { tenant, now in
            tenant.suspend(reason, now: now)
        }
    }

    package func activate(_ key: String, by actor: Actor, requestID: String, reason: String? = nil) async throws
        -> Tenant
    {
        try await move(.activate, key, MoveRequest(by: actor, requestID: requestID, reason: reason)) {
            [rules] tenant, now in
            // Paid until a day that is past would end it at once.
            tenant.beginSubscription(
                until: tenant.paidUntil.flatMap { $0 > now ? $0 : nil }, rules(tenant.plan), now: now)
        }
    }

    /// Moves the trial's end by whole days of the shop's calendar; a trial that is over goes on from today.
    package func extendTrial(
        _ key: String, days: Int, by actor: Actor, requestID: String, reason: String? = nil
    ) async throws -> Tenant {
        let request = MoveRequest(by: actor, requestID: requestID, reason: reason)
        return try await move(.extendTrial, key, request, ["days": JSON(days)]) { [rules] tenant, now in
            try Self.requireTrial(tenant)
            // The stored end is the midnight behind the last day; a moment before it is on that day.
            let lastMoment = (tenant.trialEndsAt ?? now).subtracting(.milliseconds(1))
            let end = tenant.localTime.endOfDay(after: days, from: max(lastMoment, now))
            tenant.beginTrial(until: end, rules(tenant.plan), now: now)
        }
    }

    /// Makes a subscription of a trial: paid until `paidUntil`, or without an end.
    package func convert(_ key: String, paidUntil: Instant?, _ request: MoveRequest) async throws -> Tenant {
        try await move(.convert, key, request, ["paidUntil": JSON(paidUntil)]) { [rules] tenant, now in
            try Self.requireTrial(tenant)
            try Self.requireFuture(paidUntil, now, "paidUntil")
            tenant.beginSubscription(until: paidUntil, rules(tenant.plan), now: now)
        }
    }

    /// Notes until when the subscription is paid now. It may not become shorter so: that is a cancellation.
    package func renew(_ key: String, paidUntil: Instant, _ request: MoveRequest) async throws -> Tenant {
        try await move(.renew, key, request, ["paidUntil": JSON(paidUntil)]) { [rules] tenant, now in
            guard tenant.convertedAt != nil else {
                throw DomainError.conflict(
                    "no_subscription", "The shop has no subscription yet.", hint: "Convert its trial first.")
            }
            guard !tenant.isHeld else { throw Self.held }
            try Self.requireFuture(paidUntil, now, "paidUntil")
            guard tenant.paidUntil.map({ paidUntil > $0 }) ?? true else {
                throw DomainError.invalid("paidUntil", "not_later", "It is paid longer than that already.")
            }
            tenant.beginSubscription(until: paidUntil, rules(tenant.plan), now: now)
        }
    }

    /// Ends the shop on a date: `at`, or the end of what is paid or tried. Until then nothing changes.
    package func cancel(_ key: String, at date: Instant?, _ request: MoveRequest) async throws -> Tenant {
        try await move(.cancel, key, request, ["at": JSON(date)]) { [rules] tenant, now in
            guard tenant.cancelsAt == nil else {
                throw DomainError.conflict("already_cancelling", "It has a date on which it ends already.")
            }
            let known = tenant.status == .pastDue ? tenant.graceEndsAt : tenant.periodEnd
            guard let end = date ?? known else {
                throw DomainError.conflict(
                    "no_period", "The shop has no paid period whose end could be meant.",
                    hint: "Give a date, or cancel it now.")
            }
            try Self.requireFuture(end, now, "at")
            tenant.cancel(at: end, rules(tenant.plan), now: now)
        }
    }

    package func cancelNow(_ key: String, _ request: MoveRequest) async throws -> Tenant {
        try await move(.cancelNow, key, request) { [rules] tenant, now in
            tenant.cancelNow(request.reason ?? "", rules(tenant.plan), now: now)
        }
    }

    /// Takes a suspension back, or a cancellation, also one that is still to come.
    package func reactivate(_ key: String, _ request: MoveRequest) async throws -> Tenant {
        try await move(.reactivate, key, request) { [rules] tenant, now in
            let isWhole = [.trialing, .active, .pastDue].contains(tenant.status)
            guard !isWhole || tenant.cancelsAt != nil else {
                throw DomainError.conflict("nothing_to_undo", "The shop is neither suspended nor cancelled.")
            }
            tenant.reactivate(rules(tenant.plan), now: now)
        }
    }

    private static func requireTrial(_ tenant: Tenant) throws {
        guard tenant.convertedAt == nil, tenant.trialEndsAt != nil else { throw noTrial }
        guard !tenant.isHeld else { throw held }
    }

    private static let noTrial = DomainError.conflict("no_trial", "The shop is not in a trial.")

    private static let held = DomainError.conflict(
        "held", "A person suspended this shop: a payment or a longer trial does not lift that.",
        hint: "Reactivate it first.")

    private static func requireFuture(_ instant: Instant?, _ now: Instant, _ field: String) throws {
        guard let instant, instant <= now else { return }
        throw DomainError.invalid(field, "not_in_future", "Must be later than now.")
    }

    // MARK: - How

    private func move(
        _ name: TenantMove.Name, _ key: String, _ request: MoveRequest, _ details: JSON = [:],
        _ body: @escaping @Sendable (inout Tenant, Instant) throws -> Void
    ) async throws -> Tenant {
        if TenantMove.named(name)?.needsReason == true, (request.reason ?? "").isEmpty {
            throw DomainError.invalid("reason", "required", "Must be given.")
        }
        guard let known = directory[key] else { throw DomainError.notFound("shop") }
        let now = time.now()
        let changed = try await system.write { db in
            // The row decides, not the copy in memory: two changes may have met in the queue.
            guard var tenant = try Self.row(db, known.id) else { throw DomainError.notFound("shop") }
            try Self.writeSteps(db, &tenant, now)
            let before = tenant.status
            if name == .extendTrial, before == .active { throw Self.noTrial }
            try TenantMove.check(name, from: before)
            try body(&tenant, now)
            try Self.update(db, &tenant, now)
            let report = Self.report(before, tenant.status, request.reason, details)
            try AuditTrail.append(
                db, at: now, actor: request.actor, action: "tenant.\(name.rawValue)", target: tenant.id,
                requestID: request.requestID, data: report.text)
            return tenant
        }
        directory.put(changed)
        return changed
    }

    private static func report(
        _ from: Tenant.Status, _ to: Tenant.Status, _ reason: String?, _ details: JSON
    ) -> JSON {
        let members: [JSON.Member] = [
            .init("from", .string(from.rawValue)), .init("to", .string(to.rawValue)), .init("reason", JSON(reason)),
        ]
        return .object(members + (details.objectValue ?? []))
    }

    private static func update(_ db: Database, _ tenant: inout Tenant, _ now: Instant) throws {
        tenant.updatedAt = now
        tenant.version += 1
        let names = Tenant.columns.split(separator: ",").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        let assignments = names.enumerated().map { "\($1) = ?\($0 + 1)" }.joined(separator: ", ")
        try db.run("UPDATE tenants SET \(assignments) WHERE id = ?1", tenant.values)
    }

    /// Changes of a shop that are no moves, such as its name.
    func change(
        _ key: String, _ action: String, _ request: MoveRequest, data: JSON,
        _ body: @escaping @Sendable (inout Tenant) throws -> Void
    ) async throws -> Tenant {
        guard let known = directory[key] else { throw DomainError.notFound("shop") }
        let now = time.now()
        let changed = try await system.write { db in
            guard var tenant = try Self.row(db, known.id) else { throw DomainError.notFound("shop") }
            try body(&tenant)
            try Self.update(db, &tenant, now)
            try AuditTrail.append(
                db, at: now, actor: request.actor, action: action, target: tenant.id, requestID: request.requestID,
                data: data.text)
            return tenant
        }
        directory.put(changed)
        return changed
    }

    // MARK: - The clock

    /// Writes down what the clock has done to each shop; how many steps. Nothing waits for this.
    package func settleAll() async throws -> Int {
        let now = time.now()
        var count = 0
        for tenant in directory.all where tenant.status(at: now) != tenant.status {
            try Task.checkCancellation()
            count += try await settle(tenant.id, now)
        }
        return count
    }

    private func settle(_ id: String, _ now: Instant) async throws -> Int {
        let (changed, count) = try await system.write { db -> (Tenant?, Int) in
            guard var tenant = try Self.row(db, id) else { return (nil, 0) }
            let count = try Self.writeSteps(db, &tenant, now)
            if count > 0 { try Self.update(db, &tenant, now) }
            return (tenant, count)
        }
        if let changed { directory.put(changed) }
        return count
    }

    @discardableResult
    private static func writeSteps(_ db: Database, _ tenant: inout Tenant, _ now: Instant) throws -> Int {
        let steps = tenant.settle(now)
        for step in steps {
            let report: JSON = [
                "from": .string(step.from.rawValue), "to": .string(step.to.rawValue), "since": JSON(step.at),
            ]
            try AuditTrail.append(
                db, at: now, actor: .system, action: "tenant.\(step.move.rawValue)", target: tenant.id,
                requestID: nil, data: report.text)
        }
        return steps.count
    }

    /// What became of a shop, the latest first: its moves and all else that was done with it.
    package func history(_ id: String, before: Int64? = nil, limit: Int = 100) throws -> [JSON] {
        var filter = AuditTrail.Filter()
        (filter.target, filter.action, filter.before) = (id, "tenant.", before)
        return try system.read { [filter] db in try AuditTrail.list(db, filter, limit: limit) }
    }
}
