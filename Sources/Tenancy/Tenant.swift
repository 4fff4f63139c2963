package import ApplianceCore
import CollectionKit
import Foundation
import Storage

/// A shop: one row of `system.sqlite`, one folder and one SQLite file.
package struct Tenant: Sendable, Codable, Equatable {
    package private(set) var id: String
    package private(set) var slug: String
    package var name: String
    package var status: Status
    package var plan: String
    package var modules: [String]
    package var timeZone: String
    package var currency: String
    package var ownerEmail: String
    package var trialEndsAt: Instant?
    package var suspendedAt: Instant?
    package var suspensionReason: String?
    /// When the subscription began that followed the trial; nil while there was none.
    package var convertedAt: Instant?
    /// The end of what is paid for; nil for a subscription without an end.
    package var paidUntil: Instant?
    /// From when the shop ends because somebody cancelled it.
    package var cancelsAt: Instant?
    /// When the days of grace are over, the read-only days, and those for owners only: set when the end was set, so
    /// that other rules later on shorten nobody's time. Nil where the clock moves nothing.
    package var graceEndsAt: Instant?
    package var suspensionEndsAt: Instant?
    package var deletionDueAt: Instant?
    /// A public file of its own.
    package var logoFileID: String?
    /// Web origins whose pages may use its API; nil for none.
    package var corsOrigins: [String]?
    /// Its owner lets no operator in.
    package var isSupportRefused: Bool?
    package private(set) var createdAt: Instant
    package var updatedAt: Instant
    package var version: Int64

    static let columns = """
        id, slug, name, status, plan, modules, timeZone, currency, ownerEmail, trialEndsAt, suspendedAt,
        suspensionReason, createdAt, updatedAt, version, convertedAt, paidUntil, cancelsAt, graceEndsAt,
        suspensionEndsAt, deletionDueAt, logoFileId, corsOrigins, isSupportRefused
        """

    init(_ row: SQLStatement) throws {
        func text(_ column: Int32) throws -> String {
            guard let text = row.text(column) else { throw DomainError.internal("tenants: column \(column) is null") }
            return text
        }
        func instant(_ column: Int32) -> Instant? { row.text(column).flatMap(Instant.init) }
        (id, slug, name) = (try text(0), try text(1), try text(2))
        guard let status = Status(rawValue: try text(3)), let created = instant(12), let updated = instant(13) else {
            throw DomainError.internal("tenants: malformed row \(id)")
        }
        (self.status, plan) = (status, try text(4))
        modules = try text(5).split(separator: ",").map(String.init)
        (timeZone, currency, ownerEmail) = (try text(6), try text(7), try text(8))
        (trialEndsAt, suspendedAt, suspensionReason) = (instant(9), instant(10), row.text(11))
        (createdAt, updatedAt, version) = (created, updated, row.integer(14))
        (convertedAt, paidUntil, cancelsAt) = (instant(15), instant(16), instant(17))
        (graceEndsAt, suspensionEndsAt, deletionDueAt) = (instant(18), instant(19), instant(20))
        logoFileID = row.text(21)
        corsOrigins = row.text(22).map { $0.split(separator: ",").map(String.init) }
        isSupportRefused = row.text(23) == "yes" ? true : nil
    }

    init(_ input: TenantInput, id: String, now: Instant, rules: LifecycleRules = .standard) {
        (self.id, slug, name, plan) = (id, input.slug, input.name, input.plan)
        (modules, timeZone, currency, ownerEmail) = (input.modules, input.timeZone, input.currency, input.ownerEmail)
        status = input.trialDays > 0 ? .trialing : .active
        trialEndsAt =
            input.trialDays > 0 ? Self.localTime(input.timeZone).endOfDay(after: input.trialDays, from: now) : nil
        convertedAt = input.trialDays > 0 ? nil : now
        (createdAt, updatedAt, version) = (now, now, 1)
        plan(rules, now: now)
    }

    /// The same shop under another id and slug, as an import or a copy makes it.
    init(_ other: Tenant, id: String, slug: String, now: Instant) {
        self = other
        (self.id, self.slug, createdAt, updatedAt, version) = (id, slug, now, now, 1)
    }

    /// A copy to try things in: no trial that runs out, and nobody's address.
    mutating func becomeSandbox() {
        (status, trialEndsAt, paidUntil, cancelsAt) = (.active, nil, nil, nil)
        (suspendedAt, suspensionReason) = (nil, nil)
        plan(.standard, now: createdAt)
        (name, ownerEmail) = (String(name.prefix(180)) + " (sandbox)", "owner@sandbox.invalid")
    }

    /// A shop's past beside the shop: to look at until somebody says that it may change and act.
    mutating func becomePast(_ reason: String, now: Instant) {
        trialEndsAt = nil
        suspend(reason, now: now)
    }

    /// Dates that a record of before they were kept does not have.
    mutating func completeDates(_ rules: LifecycleRules, now: Instant) {
        if status == .active, convertedAt == nil { convertedAt = createdAt }
        if status == .trialing || status == .active, graceEndsAt == nil { plan(rules, now: now) }
    }

    var values: [SQLValue] {
        [
            .text(id), .text(slug), .text(name), .text(status.rawValue), .text(plan),
            .text(modules.joined(separator: ",")), .text(timeZone), .text(currency), .text(ownerEmail),
            SQLValue(trialEndsAt), SQLValue(suspendedAt), SQLValue(suspensionReason), SQLValue(createdAt),
            SQLValue(updatedAt), .integer(version), SQLValue(convertedAt), SQLValue(paidUntil), SQLValue(cancelsAt),
            SQLValue(graceEndsAt), SQLValue(suspensionEndsAt), SQLValue(deletionDueAt),
            SQLValue(logoFileID), SQLValue(corsOrigins?.joined(separator: ",")),
            SQLValue(refusesSupport ? "yes" : nil),
        ]
    }

    /// The zone was checked when it was stored; a system that has lost it since falls back to UTC.
    package var localTime: LocalTime { Self.localTime(timeZone) }

    private static func localTime(_ name: String) -> LocalTime { LocalTime(name) ?? .utc }

    package var refusesSupport: Bool { isSupportRefused == true }
    package var logoPath: String? { logoFileID.map { "/public/\(slug)/\($0)" } }

    package func has(module: String?) -> Bool { module.map { modules.contains($0) } ?? true }

    /// As it is at `now`.
    package func json(at now: Instant) -> JSON { settled(at: now).json }

    private var json: JSON {
        [
            "id": .string(id), "slug": .string(slug), "name": .string(name), "status": .string(status.rawValue),
            "plan": .string(plan), "modules": .array(modules.map { .string($0) }), "timeZone": .string(timeZone),
            "currency": .string(currency), "ownerEmail": .string(ownerEmail), "trialEndsAt": JSON(trialEndsAt),
            "suspendedAt": JSON(suspendedAt), "suspensionReason": JSON(suspensionReason),
            "convertedAt": JSON(convertedAt), "paidUntil": JSON(paidUntil), "cancelsAt": JSON(cancelsAt),
            "graceEndsAt": JSON(graceEndsAt), "suspensionEndsAt": JSON(suspensionEndsAt),
            "deletionDueAt": JSON(deletionDueAt), "logo": JSON(logoPath),
            "corsOrigins": .array((corsOrigins ?? []).map { .string($0) }), "refusesSupport": .bool(refusesSupport),
            "createdAt": JSON(createdAt), "updatedAt": JSON(updatedAt), "version": .integer(version),
        ]
    }

    /// What a sign-in tells of the shop: enough to write its times and its money as the shop does, and what its
    /// people should know of how it stands.
    package func briefJSON(at now: Instant) -> JSON {
        [
            "id": .string(id), "slug": .string(slug), "name": .string(name),
            "status": .string(status(at: now).rawValue), "timeZone": .string(timeZone), "currency": .string(currency),
            "modules": .array(modules.map { .string($0) }), "logo": JSON(logoPath),
            "notice": notice(at: now) ?? .null,
        ]
    }

    /// The row as text, kept in each snapshot so that a lost control plane can be made again.
    package var record: String {
        (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    package init(record: String) throws {
        self = try JSONDecoder().decode(Tenant.self, from: Data(record.utf8))
    }
}
