package import ApplianceCore

/// Who changes records, when and for which shop: handed to every write.
package struct RecordContext: Sendable {
    package let now: Instant
    package let ids: IdentifierSource
    package let actor: Actor
    package let requestID: String
    /// The shop's currency, for fields that leave theirs out.
    package let currency: String
    /// The shop's zone: what a date without a time means.
    package let timeZone: LocalTime
    /// Seals what the shop keeps secret; nil where no collection has secrets.
    package let sealer: SecretSealer?
    /// Nil where the shop's plan sets no limit, and where nothing is to be refused.
    package let storage: StorageQuota?
    private let makeLedger: (@Sendable () -> UsageLedger)?

    /// `makeLedger` is asked only where something is counted.
    package init(
        now: Instant, ids: IdentifierSource, actor: Actor, requestID: String, currency: String, timeZone: LocalTime,
        sealer: SecretSealer? = nil, storage: StorageQuota? = nil, makeLedger: (@Sendable () -> UsageLedger)? = nil
    ) {
        (self.storage, self.makeLedger) = (storage, makeLedger)
        (self.now, self.ids, self.actor, self.requestID) = (now, ids, actor, requestID)
        (self.currency, self.timeZone, self.sealer) = (currency, timeZone, sealer)
    }

    /// Where what the shop uses is counted; nil where there is no plan to count for.
    package var usage: UsageLedger? { makeLedger?() }
}

/// Who did something, as audit logs name it.
package struct Actor: Sendable, Equatable {
    package enum Kind: String, Sendable { case user, `operator`, system, key }

    package let kind: Kind
    package let id: String

    package init(_ kind: Kind, _ id: String) { (self.kind, self.id) = (kind, id) }

    package static let system = Actor(.system, "system")
    package var text: String { kind == .system ? id : "\(kind.rawValue):\(id)" }
}
