package import ApplianceCore

/// A shop's plan as its people and the operator read it: what it opens, what it bounds, what is used of it.
package struct SubscriptionReport: Sendable {
    package let tenant: Tenant
    package let entitlements: Entitlements
    package let use: PlanUse
    package let now: Instant

    package init(_ tenant: Tenant, _ entitlements: Entitlements, use: PlanUse, now: Instant) {
        (self.tenant, self.entitlements, self.use, self.now) = (tenant, entitlements, use, now)
    }

    package var period: BillingPeriod { entitlements.period(at: now, tenant) }

    package var json: JSON {
        let (plan, period) = (entitlements.plan, period)
        return [
            "plan": plan.json, "status": .string(tenant.status(at: now).rawValue),
            "trialEndsAt": JSON(tenant.trialEndsAt),
            "anchor": JSON(entitlements.subscription?.anchor.description),
            "changedAt": JSON(entitlements.subscription?.changedAt),
            "period": ["start": JSON(period.start), "end": JSON(period.end)], "renewsAt": JSON(renewsAt),
            "limits": .array(
                PlanLimit.allCases.map { limit in
                    let (allowed, used) = (plan.limit(limit), use[limit])
                    return [
                        "limit": .string(limit.rawValue), "allowed": JSON(allowed), "used": JSON(used),
                        "remaining": JSON(allowed.flatMap { allowed in used.map { max(0, allowed - $0) } }),
                        "resetsAt": limit.kind == .period ? JSON(period.end) : .null,
                    ]
                }),
            "upgradeUrl": .string(Entitlements.upgradePath),
        ]
    }

    /// When the contract runs out that was paid for a year; nil for plans by the month.
    private var renewsAt: Instant? {
        guard let subscription = entitlements.subscription,
            entitlements.plan.prices.contains(where: { $0.interval == .year }),
            !entitlements.plan.prices.contains(where: { $0.interval == .month })
        else { return nil }
        return BillingPeriod.containing(now, anchor: subscription.anchor, months: 12, in: tenant.localTime).end
    }
}

extension Entitlements {
    /// The month of the subscription that `instant` falls into.
    package func period(at instant: Instant, _ tenant: Tenant) -> BillingPeriod {
        let zone = tenant.localTime
        return .containing(instant, anchor: subscription?.anchor ?? zone.date(of: tenant.createdAt), in: zone)
    }
}
