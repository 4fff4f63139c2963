package import ApplianceCore

/// How many days of each a shop is given behind the end of its trial or paid period (`facts/trials.md`). A plan may
/// have its own.
package struct LifecycleRules: Sendable, Equatable {
    /// Full use behind the end, with a banner.
    package var graceDays = 7
    /// Read-only behind that.
    package var suspendedDays = 30
    /// Owners only behind that; then a person may delete the shop.
    package var keptDays = 60

    package static let standard = LifecycleRules()
    package init() {}
}

/// A step that the clock makes, at the instant it holds from.
package struct TenantStep: Sendable, Equatable {
    package let move: TenantMove.Name
    package let at: Instant
    package let from: Tenant.Status
    package let to: Tenant.Status

    package var json: JSON {
        [
            "move": .string(move.rawValue), "at": JSON(at), "from": .string(from.rawValue), "to": .string(to.rawValue),
        ]
    }
}

/// The state of a shop is a function of its stored dates and of now: no request waits for a job to have run, and a job
/// that is late gives nothing away. The job writes down what has happened, and sends mail.
extension Tenant {
    /// What the shop is at `now`. A few comparisons: asked on every request.
    package func status(at now: Instant) -> Status {
        var status = status
        if status == .trialing || status == .active {
            guard let end = periodEnd, now >= end else { return status }
            status = .pastDue
        }
        if status == .pastDue {
            guard let graceEndsAt, now >= graceEndsAt else { return status }
            status = .suspended
        }
        if status == .suspended {
            guard let suspensionEndsAt, now >= suspensionEndsAt else { return status }
            status = .cancelled
        }
        return status
    }

    /// When trial or paid period end, or before that the shop itself.
    var periodEnd: Instant? { cancelsAt ?? (status == .trialing ? trialEndsAt : paidUntil) }

    /// The next step that the clock will make; nil when it makes none.
    private var nextStep: TenantStep? {
        switch status {
        case .trialing, .active:
            guard let end = periodEnd else { return nil }
            if cancelsAt != nil { return TenantStep(move: .cancellation, at: end, from: status, to: .suspended) }
            let move: TenantMove.Name = status == .trialing ? .trialEnd : .periodEnd
            return TenantStep(move: move, at: end, from: status, to: .pastDue)
        case .pastDue:
            let move: TenantMove.Name = cancelsAt == nil ? .graceEnd : .cancellation
            return graceEndsAt.map { TenantStep(move: move, at: $0, from: .pastDue, to: .suspended) }
        case .suspended:
            return suspensionEndsAt.map {
                TenantStep(move: .suspensionEnd, at: $0, from: .suspended, to: .cancelled)
            }
        case .cancelled, .deleted, .erased: return nil
        }
    }

    /// Writes down what the clock has done by `now`.
    mutating func settle(_ now: Instant) -> [TenantStep] {
        var steps: [TenantStep] = []
        while let step = nextStep, step.at <= now {
            status = step.to
            if step.to == .suspended {
                suspendedAt = step.at
                suspensionReason = step.move == .cancellation ? "Cancelled" : "The days of grace are over"
            }
            steps.append(step)
        }
        return steps
    }

    /// The shop as it is at `now`, whether or not that was written down.
    package func settled(at now: Instant) -> Tenant {
        guard status(at: now) != status else { return self }
        var tenant = self
        _ = tenant.settle(now)
        return tenant
    }

    /// What the clock will do from now on if nobody does anything, the next one first.
    package func upcoming(after now: Instant) -> [TenantStep] {
        var tenant = settled(at: now)
        return tenant.settle(.latest)
    }

    // MARK: - Dates

    /// Sets the days behind the end of the period, in whole days of the shop's calendar. An end that is past counts
    /// from today: whoever takes a shop back gets the days of grace anew.
    mutating func plan(_ rules: LifecycleRules, now: Instant) {
        (graceEndsAt, suspensionEndsAt, deletionDueAt) = (nil, nil, nil)
        guard let end = periodEnd else { return }
        let graceEnd = cancelsAt != nil ? end : after(max(end, now), rules.graceDays)
        let suspensionEnd = after(graceEnd, rules.suspendedDays)
        (graceEndsAt, suspensionEndsAt) = (graceEnd, suspensionEnd)
        deletionDueAt = after(suspensionEnd, rules.keptDays)
    }

    /// The end of the day that is `days` behind the one that ends with `end`.
    private func after(_ end: Instant, _ days: Int) -> Instant {
        localTime.endOfDay(after: days, from: end.subtracting(.milliseconds(1)))
    }

    mutating func beginTrial(until end: Instant, _ rules: LifecycleRules, now: Instant) {
        clearTroubles()
        (status, trialEndsAt, paidUntil, convertedAt) = (.trialing, end, nil, nil)
        plan(rules, now: now)
    }

    mutating func beginSubscription(until end: Instant?, _ rules: LifecycleRules, now: Instant) {
        clearTroubles()
        (status, paidUntil, convertedAt) = (.active, end, convertedAt ?? now)
        plan(rules, now: now)
    }

    /// Back to what it was before it was suspended or cancelled.
    mutating func reactivate(_ rules: LifecycleRules, now: Instant) {
        clearTroubles()
        status = convertedAt == nil && trialEndsAt != nil ? .trialing : .active
        plan(rules, now: now)
        _ = settle(now)
    }

    /// A person's suspension waits for a person: no date ends it.
    mutating func suspend(_ reason: String, now: Instant) {
        (status, suspendedAt, suspensionReason) = (.suspended, now, reason)
        (cancelsAt, graceEndsAt, suspensionEndsAt, deletionDueAt) = (nil, nil, nil, nil)
    }

    mutating func cancel(at end: Instant, _ rules: LifecycleRules, now: Instant) {
        cancelsAt = end
        plan(rules, now: now)
    }

    mutating func cancelNow(_ reason: String, _ rules: LifecycleRules, now: Instant) {
        if suspendedAt == nil { suspendedAt = now }
        (status, suspensionReason, cancelsAt) = (.cancelled, reason, nil)
        (graceEndsAt, suspensionEndsAt) = (nil, now)
        deletionDueAt = localTime.endOfDay(after: rules.keptDays, from: now)
    }

    private mutating func clearTroubles() { (suspendedAt, suspensionReason, cancelsAt) = (nil, nil, nil) }

    /// Whether a person suspended it, rather than the clock.
    var isHeld: Bool { status == .suspended && suspensionEndsAt == nil }

    // MARK: - For people

    /// What the shop's people should know on every page; nil when all is well.
    package func notice(at now: Instant) -> JSON? {
        let tenant = settled(at: now)
        func notice(_ kind: String, _ until: Instant?, _ text: String) -> JSON {
            ["kind": .string(kind), "until": JSON(until), "text": .string(text), "reason": JSON(tenant.reasonShown)]
        }
        switch tenant.status {
        case .trialing, .active:
            guard let end = tenant.cancelsAt else { return nil }
            return notice("ending", end, "This shop ends with \(tenant.lastDay(of: end)).")
        case .pastDue:
            let what = tenant.convertedAt == nil ? "The trial" : "The paid period"
            return notice(
                "past_due", tenant.graceEndsAt,
                "\(what) is over. Everything works "
                    + (tenant.graceEndsAt.map { "until the end of \(tenant.lastDay(of: $0))" } ?? "for now")
                    + "; then the shop can only be read.")
        case .suspended:
            let end =
                tenant.suspensionEndsAt.map { " After \(tenant.lastDay(of: $0)) only its owners can sign in." } ?? ""
            return notice(
                "suspended", tenant.suspensionEndsAt,
                "This shop is suspended: it can be read and exported but not changed.\(end)")
        case .cancelled:
            return notice(
                "cancelled", tenant.deletionDueAt,
                "This shop is cancelled: owners can export its data"
                    + (tenant.deletionDueAt.map { " until \(tenant.lastDay(of: $0))" } ?? "") + ".")
        case .deleted, .erased: return nil
        }
    }

    /// Why, where a person said so.
    private var reasonShown: String? { status == .suspended || status == .cancelled ? suspensionReason : nil }

    /// The last day that something which ends at `end` still holds, where the shop is.
    func lastDay(of end: Instant) -> CivilDate { localTime.date(of: end.subtracting(.milliseconds(1))) }
}
