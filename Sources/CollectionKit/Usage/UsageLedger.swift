package import ApplianceCore
package import GRDB
import Storage

/// What a shop's plan says of one meter, in the period that a moment falls into.
package struct MeterTerms: Sendable, Equatable {
    package let period: BillingPeriod
    /// Nil for as much as one likes; it is counted all the same.
    package let limit: Int64?
    /// What may be reached with what the plan lets pass over the limit.
    package let ceiling: Int64?

    package init(period: BillingPeriod, limit: Int64?, ceiling: Int64?) {
        (self.period, self.limit, self.ceiling) = (period, limit, ceiling)
    }
}

/// Where modules count what a shop uses, and ask whether there is some left: in the transaction of the change that the
/// count guards, in the shop's own file. `RecordContext.usage` has one.
///
///     let reservation = try context.usage?.reserve(db, "tasks", key: task, subject: "claude")   // throws 429
///     try context.usage?.commit(db, key: task)                                                  // or release
///
/// A collection that declares `meter` does both with each record that is made. Rules: `facts/usage.md`.
package struct UsageLedger: Sendable {
    package enum Limit {
        package static let key = 200
        package static let subject = 200
        /// Of one reservation or event.
        package static let quantity: ClosedRange<Int64> = 0...1_000_000_000
        package static let cost: ClosedRange<Int64> = 0...1_000_000_000_00
        /// How late an event still counts for the period in which it happened.
        package static let late = Duration.hours(24)
        /// How long a reservation holds what nobody settles.
        package static let reservation = Duration.hours(24)
    }

    /// What the ledger asks of the shop's plan, and tells of what happened.
    package struct Book: Sendable {
        /// What the plan says of a meter at an instant.
        let terms: @Sendable (_ meter: String, _ at: Instant) -> MeterTerms
        /// Cents for one unit of a subject; throws where there is no price, or where the plan does not open it.
        let price: @Sendable (_ subject: String) throws -> Int64
        /// What a refusal says of the plan beside its own members.
        let details: @Sendable ([JSON.Member]) -> [JSON.Member]
        /// Something is there to be settled later: a reservation, or a notice.
        let touched: @Sendable () -> Void

        package init(
            terms: @escaping @Sendable (_ meter: String, _ at: Instant) -> MeterTerms,
            price: @escaping @Sendable (_ subject: String) throws -> Int64,
            details: @escaping @Sendable ([JSON.Member]) -> [JSON.Member], touched: @escaping @Sendable () -> Void
        ) {
            (self.terms, self.price, self.details, self.touched) = (terms, price, details, touched)
        }
    }

    package let now: Instant
    /// Who uses, as audit logs name people.
    package let actor: String
    private let ids: IdentifierSource
    private let zone: LocalTime
    private let book: Book

    package init(now: Instant, actor: String, ids: IdentifierSource, zone: LocalTime, book: Book) {
        (self.now, self.actor, self.ids, self.zone, self.book) = (now, actor, ids, zone, book)
    }

    /// Cents for one unit, such as a task of an agent. Throws 422 for one without a price and 403 for one that the plan
    /// does not open, before any quota is looked at.
    package func price(of subject: String) throws -> Int64 { try book.price(subject) }

    // MARK: - Reserving

    /// Takes `quantity` from what the period has left; throws 429 `quota_exceeded` when that is too little. The same
    /// `key` gives the first answer again, and 409 `usage_key_reused` for another request.
    @discardableResult
    package func reserve(
        _ db: Database, _ meter: String, _ quantity: Int64 = 1, cost: Int64 = 0, key: String, subject: String = "",
        for lifetime: Duration = Limit.reservation
    ) throws -> Reservation {
        try Self.check(key: key, subject: subject, quantity: quantity, cost: cost)
        if let known = try Reservation.find(db, key: key) {
            guard known.meter == meter, known.quantity == quantity, known.cost == cost, known.subject == subject else {
                throw DomainError.conflict(
                    "usage_key_reused", "This key was used for something else.", hint: "Take a new key.")
            }
            return known
        }
        let terms = book.terms(meter, now)
        let used = try MeterPeriod.find(db, meter, terms.period)
        if let ceiling = terms.ceiling, used.total + quantity > ceiling {
            throw exceeded(meter, terms, used: used.total)
        }
        let reservation = Reservation(
            id: ids.next("rsv"), key: key, meter: meter, periodStart: terms.period.start, quantity: quantity,
            cost: cost,
            subject: subject, actor: actor, state: .reserved, createdAt: now, expiresAt: now.adding(lifetime))
        try reservation.insert(db)
        try MeterPeriod.add(db, meter, terms.period, reserved: quantity)
        book.touched()
        try note(db, meter, terms)
        return reservation
    }

    /// Turns a reservation into use: of `quantity` and `cost` where they came out otherwise. Twice is the same as once.
    /// One that has expired meanwhile counts too, because the work was done, marked where the period is full.
    package func commit(_ db: Database, key: String, quantity: Int64? = nil, cost: Int64? = nil) throws {
        guard let reservation = try Reservation.find(db, key: key) else { throw DomainError.notFound("reservation") }
        guard reservation.state != .committed else { return }
        guard reservation.state != .released else {
            throw DomainError.conflict("reservation_released", "What was reserved was given back.")
        }
        let (quantity, cost) = (quantity ?? reservation.quantity, cost ?? reservation.cost)
        try Self.check(key: key, subject: "", quantity: quantity, cost: cost)
        let period = try MeterPeriod.stored(db, reservation.meter, start: reservation.periodStart)
        if reservation.state == .reserved {
            try MeterPeriod.add(db, reservation.meter, period.period, reserved: -reservation.quantity)
        }
        let terms = book.terms(reservation.meter, reservation.periodStart)
        let used = try MeterPeriod.stored(db, reservation.meter, start: reservation.periodStart)
        let isOver = terms.ceiling.map { used.total + quantity > $0 } ?? false
        try reservation.settle(db, .committed, at: now)
        let event = UsageEvent(
            id: key, meter: reservation.meter, quantity: quantity, cost: cost, subject: reservation.subject,
            actor: reservation.actor, source: "reservation", at: reservation.createdAt)
        try append(db, event, to: period.period, isAdjustment: false, isOver: isOver)
        try note(db, reservation.meter, terms)
    }

    /// Gives a reservation back: what failed does not count. Twice is the same as once.
    package func release(_ db: Database, key: String) throws {
        guard let reservation = try Reservation.find(db, key: key), reservation.state == .reserved else { return }
        try Self.release(db, reservation, .released, at: now)
    }

    private static func release(
        _ db: Database, _ reservation: Reservation, _ state: Reservation.State, at now: Instant
    ) throws {
        let period = try MeterPeriod.stored(db, reservation.meter, start: reservation.periodStart)
        try MeterPeriod.add(db, reservation.meter, period.period, reserved: -reservation.quantity)
        try reservation.settle(db, state, at: now)
    }

    /// Gives back what nobody settled in time: a crash between reserving and settling, for instance. How many.
    package static func expire(_ db: Database, now: Instant) throws -> Int {
        let due = try Reservation.due(db, now: now)
        for reservation in due { try release(db, reservation, .expired, at: now) }
        return due.count
    }

    package static func hasExpired(_ db: Database, now: Instant) throws -> Bool {
        try !Reservation.due(db, now: now, limit: 1).isEmpty
    }

    /// Both at once, for what is used by being made. Throws 429 `quota_exceeded`.
    package func use(
        _ db: Database, _ meter: String, _ quantity: Int64 = 1, cost: Int64 = 0, key: String, subject: String = ""
    ) throws {
        try Self.check(key: key, subject: subject, quantity: quantity, cost: cost)
        let terms = book.terms(meter, now)
        let used = try MeterPeriod.find(db, meter, terms.period)
        if let ceiling = terms.ceiling, used.total + quantity > ceiling {
            throw exceeded(meter, terms, used: used.total)
        }
        let event = UsageEvent(
            id: key, meter: meter, quantity: quantity, cost: cost, subject: subject, actor: actor, source: "use",
            at: now)
        guard try append(db, event, to: terms.period, isAdjustment: false, isOver: false) else { return }
        try note(db, meter, terms)
    }

    /// Counts what has happened already, whatever the limits say. An event known by its id counts once: false then. One
    /// that comes more than a day late counts for the period that it comes in, marked as an adjustment.
    @discardableResult
    package func record(_ db: Database, _ event: UsageEvent) throws -> Bool {
        try Self.check(key: event.id, subject: event.subject, quantity: event.quantity, cost: event.cost)
        let isLate = now > event.at.adding(Limit.late)
        let current = book.terms(event.meter, now)
        let own = book.terms(event.meter, min(event.at, now))
        let isAdjustment = isLate && own.period != current.period
        let terms = isAdjustment ? current : own
        let used = try MeterPeriod.find(db, event.meter, terms.period)
        let isOver = terms.ceiling.map { used.total + event.quantity > $0 } ?? false
        guard try append(db, event, to: terms.period, isAdjustment: isAdjustment, isOver: isOver) else { return false }
        try note(db, event.meter, terms)
        return true
    }

    @discardableResult
    private func append(
        _ db: Database, _ event: UsageEvent, to period: BillingPeriod, isAdjustment: Bool, isOver: Bool
    ) throws -> Bool {
        guard try event.insert(db, period, recordedAt: now, isAdjustment: isAdjustment, isOver: isOver) else {
            return false
        }
        try MeterPeriod.add(db, event.meter, period, committed: event.quantity, cost: event.cost)
        try UsageRollup.add(db, event, day: zone.date(of: event.at))
        return true
    }

    private func note(_ db: Database, _ meter: String, _ terms: MeterTerms) throws {
        if try UsageNotice.note(db, meter, terms, at: now) { book.touched() }
    }

    private static func check(key: String, subject: String, quantity: Int64, cost: Int64) throws {
        guard (1...Limit.key).contains(key.utf8.count), subject.utf8.count <= Limit.subject,
            Limit.quantity.contains(quantity), Limit.cost.contains(cost)
        else { throw DomainError.invalid("usage", "out_of_range", "A key, quantity or cost is out of range.") }
    }

    /// What is refused when a period is used up: until when, how much there was, and how to get more.
    package func exceeded(_ meter: String, _ terms: MeterTerms, used: Int64) -> DomainError {
        let wait = terms.period.end.since(now).wholeMilliseconds
        var error = DomainError(
            .tooMany, "quota_exceeded", "This period's \(meter) are used up.",
            hint: "There are new ones from \(terms.period.end), or at once with another plan.",
            retryAfter: Int(max(1, (wait + 999) / 1000)))
        error.details = book.details([
            .init("meter", .string(meter)), .init("limit", JSON(terms.limit)), .init("used", .integer(used)),
            .init("remaining", JSON(terms.ceiling.map { max(0, $0 - used) })),
            .init("resetAt", JSON(terms.period.end)),
        ])
        return error
    }
}
