import ApplianceCore
import GRDB
import Storage

/// People who may sign in to a shop, as many as its plan has seats. Asked in the transaction that adds one, so of many
/// at once only those get in that there is a seat for.
struct Seats: Sendable {
    let entitlements: Entitlements

    /// Throws 402 `seat_limit` when there is no seat for one more.
    func requireOne(_ db: Database) throws {
        guard let limit = entitlements.limit(.users) else { return }
        let used = try PlanUse.users(db)
        guard used >= limit else { return }
        var error = DomainError(
            .paymentRequired, "seat_limit",
            "The plan \(entitlements.plan.title) has \(limit) seat\(limit == 1 ? "" : "s"), and all are taken.",
            hint: "Disable somebody who no longer works here, or take another plan.")
        error.details = entitlements.details([
            .init("limit", .integer(limit)), .init("used", .integer(used)), .init("remaining", 0),
        ])
        throw error
    }
}
