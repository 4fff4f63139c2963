package import ApplianceCore

/// A step from one state to another that is allowed. All others are refused: this table is the state machine, for
/// people, for the clock, and for the documentation, which is drawn from it.
package struct TenantMove: Sendable {
    package enum Name: String, Sendable, CaseIterable {
        case create
        case extendTrial = "extend-trial"
        case convert, renew, activate, suspend, cancel
        case cancelNow = "cancel-now"
        case reactivate
        case trialEnd = "trial-end"
        case periodEnd = "period-end"
        case graceEnd = "grace-end"
        case cancellation
        case suspensionEnd = "suspension-end"
        case delete, undelete
        case erase = "purge"
    }

    /// Who makes it.
    package enum Maker: String, Sendable { case person, clock, either }

    package let name: Name
    package let from: Set<Tenant.Status>
    /// Where it can lead; empty where the state stays until a date.
    package let to: Set<Tenant.Status>
    package let maker: Maker
    /// Whether nobody may make it without saying why.
    package let needsReason: Bool
    package let text: String

    private init(
        _ name: Name, from: Set<Tenant.Status>, to: Set<Tenant.Status>, by maker: Maker = .person,
        needsReason: Bool = false, _ text: String
    ) {
        (self.name, self.from, self.to) = (name, from, to)
        (self.maker, self.needsReason, self.text) = (maker, needsReason, text)
    }

    package static let table: [TenantMove] = [
        .init(.create, from: [], to: [.trialing, .active], "A shop is made, with days of trial or without."),
        .init(
            .extendTrial, from: [.trialing, .pastDue, .suspended, .cancelled], to: [.trialing],
            "The trial gets more days; one that is over goes on from today."),
        .init(
            .convert, from: [.trialing, .pastDue, .suspended, .cancelled], to: [.active],
            "The trial becomes a subscription."),
        .init(
            .renew, from: [.active, .pastDue, .suspended, .cancelled], to: [.active],
            "The subscription is paid until a later date."),
        .init(
            .activate, from: [.trialing, .pastDue, .suspended, .cancelled], to: [.active],
            "Ends trial, grace, suspension or cancellation."),
        .init(
            .suspend, from: [.trialing, .active, .pastDue], to: [.suspended], needsReason: true,
            "Read-only until a person lifts it; the clock moves it no further."),
        .init(
            .cancel, from: [.trialing, .active, .pastDue], to: [], needsReason: true,
            "Notes that the shop ends with its period; until then nothing changes."),
        .init(
            .cancelNow, from: [.trialing, .active, .pastDue, .suspended], to: [.cancelled], needsReason: true,
            "Ends the shop at once."),
        .init(
            .reactivate, from: [.trialing, .active, .pastDue, .suspended, .cancelled],
            to: [.trialing, .active, .pastDue],
            "Takes a suspension or cancellation back: the shop is what it was before."),
        .init(.trialEnd, from: [.trialing], to: [.pastDue], by: .clock, "The last day of the trial is over."),
        .init(.periodEnd, from: [.active], to: [.pastDue], by: .clock, "The paid period is over."),
        .init(.graceEnd, from: [.pastDue], to: [.suspended], by: .clock, "The days of grace are over."),
        .init(
            .cancellation, from: [.trialing, .active, .pastDue], to: [.suspended], by: .clock,
            "The date of a cancellation has come."),
        .init(.suspensionEnd, from: [.suspended], to: [.cancelled], by: .clock, "The read-only days are over."),
        .init(
            .delete, from: [.trialing, .active, .pastDue, .suspended, .cancelled], to: [.deleted],
            "Into the trash for 30 days. The clock never does this."),
        .init(
            .undelete, from: [.deleted], to: [.trialing, .active, .pastDue, .suspended, .cancelled],
            "Out of the trash, as it was."),
        .init(.erase, from: [.deleted], to: [.erased], by: .either, "Gone for good."),
    ]

    package static func named(_ name: Name) -> TenantMove? { table.first { $0.name == name } }

    /// Throws unless a shop in `status` may be moved so.
    package static func check(_ name: Name, from status: Tenant.Status) throws(DomainError) {
        guard let move = named(name), !move.from.contains(status) else { return }
        if move.to == [status] {
            throw DomainError.conflict("already_\(status.rawValue)", "It is \(status.words) already.")
        }
        throw DomainError.conflict(
            "illegal_move", "A shop that is \(status.words) cannot be moved by \(name.rawValue).",
            hint: "That is possible when it is \(move.from.map(\.words).sorted().joined(separator: ", ")).")
    }

    package var json: JSON {
        [
            "name": .string(name.rawValue), "from": .array(Self.ordered(from)), "to": .array(Self.ordered(to)),
            "by": .string(maker.rawValue), "needsReason": .bool(needsReason), "text": .string(text),
        ]
    }

    private static func ordered(_ statuses: Set<Tenant.Status>) -> [JSON] {
        Tenant.Status.allCases.filter(statuses.contains).map { .string($0.rawValue) }
    }
}

extension Tenant.Status {
    /// For sentences: `past due`.
    package var words: String { rawValue.replacing("_", with: " ") }
}
