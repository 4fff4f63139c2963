import ApplianceCore
import HTTPTypes
import Hummingbird
import Tenancy

/// A request that failed after it was counted: its answer tells how much is left, as any other does.
struct CountedError: Error {
    let error: any Error
    let rates: RateLimitFields
}

/// Counts the requests of each shop by route and holds them to the rates of its plan: API requests of the shop together
/// and of one person or key. A plan without rates costs one look-up.
///
/// People at the page are not held to what a plan grants programs, which would close the page of a small plan after a
/// few clicks: theirs is a rate that nobody reaches by hand (see Decisions).
struct TenantLimits: Sendable {
    /// For one person at the page, where the plan has a rate at all.
    private static let page = RateRule(limit: 600, window: .minutes(1))
    private static let pagePolicy = RatePolicy([("page", page)])

    let plans: PlanDirectory
    let usage: UsageService
    let time: TimeSource

    /// What the guard says of a request.
    enum Admission {
        /// Nothing bounds it.
        case free
        /// Allowed, with the fields that tell how much is left.
        case counted(RateLimitFields)
        case refused(DomainError, RateLimitFields)
    }

    /// Operators are nobody's customers: they are neither counted nor held up.
    func admit(_ context: TenantRequestContext, _ route: String) throws -> Admission {
        guard !context.principal.isOperator else { return .free }
        let own = plans[context.tenant.id]
        if let ceiling = own.plan.callCeiling { try usage.takeCall(context.tenant, ceiling, context.database) }
        own.traffic.calls.count(route)
        guard let rates = own.plan.rates else { return .free }
        return admit(context, own, rates)
    }

    private func admit(_ context: TenantRequestContext, _ own: Entitlements, _ rates: PlanRates) -> Admission {
        let (now, traffic, person) = (time.ticks(), own.traffic, context.principal.id)
        guard !context.isByCookie else {
            let page = traffic.page.take(person, Self.page, now: now)
            let fields = RateLimitFields(policy: Self.pagePolicy, first: .init(page))
            return page.isAllowed ? .counted(fields) : refusal(own, Self.page, fields, fields.first)
        }
        var first: RateLimitFields.Left?
        if let rule = rates.user {
            let user = traffic.people.take(person, rule, now: now)
            let left = RateLimitFields.Left(user)
            guard user.isAllowed else { return refusal(own, rule, .init(policy: rates.policy, first: left), left) }
            first = left
        }
        guard let rule = rates.shop else {
            return first.map { .counted(RateLimitFields(policy: rates.policy, first: $0)) } ?? .free
        }
        let shop = traffic.shop.take(rule, now: now)
        let left = RateLimitFields.Left(shop)
        let fields = RateLimitFields(policy: rates.policy, first: first ?? left, second: first == nil ? nil : left)
        guard !shop.isAllowed else { return .counted(fields) }
        // What the shop refuses did not use up the person's share.
        if let user = rates.user { traffic.people.giveBack(person, user) }
        return refusal(own, rule, fields, left)
    }

    private func refusal(
        _ own: Entitlements, _ rule: RateRule, _ fields: RateLimitFields, _ left: RateLimitFields.Left
    ) -> Admission {
        let wait = max(1, left.seconds)
        var error = DomainError(
            .tooMany, "rate_limited",
            "Too many requests: the plan \(own.plan.title) allows \(rule.burst) a minute.",
            hint: "Try again in \(wait) s; another plan allows more.", retryAfter: Int(wait))
        error.details = own.details([
            .init("limit", .integer(rule.burst)), .init("remaining", 0),
            .init("resetAt", JSON(time.now().adding(.seconds(wait)))),
        ])
        return .refused(error, fields)
    }

    /// For a request that was admitted and then left to another way, which asks again.
    func takeBack(_ context: TenantRequestContext, _ route: String) {
        guard !context.principal.isOperator else { return }
        let own = plans[context.tenant.id]
        own.traffic.calls.takeBack(route)
        if own.plan.callCeiling != nil { own.traffic.callQuota.takeBack() }
        guard let rates = own.plan.rates else { return }
        guard !context.isByCookie else {
            return own.traffic.page.giveBack(context.principal.id, Self.page)
        }
        if let rule = rates.user { own.traffic.people.giveBack(context.principal.id, rule) }
        if let rule = rates.shop { own.traffic.shop.giveBack(rule) }
    }

    // MARK: - Around handlers

    /// Runs `handler` where the plan allows it, and tells how much is left.
    func guarding(
        _ context: TenantRequestContext, _ route: String, _ handler: () async throws -> Response
    ) async throws -> Response {
        switch try admit(context, route) {
        case .free: return try await handler()
        case .refused(let error, let rates): return Self.refusal(error, rates, context).response
        case .counted(let rates):
            do {
                var response = try await handler()
                response.headers.append(contentsOf: rates.fields)
                return response
            } catch {
                throw CountedError(error: error, rates: rates)
            }
        }
    }

    /// The same for what a connection answers itself.
    func guarding(
        _ context: TenantRequestContext, _ route: String, _ make: () throws -> DirectAnswer?
    ) throws -> DirectAnswer? {
        let rates: RateLimitFields?
        switch try admit(context, route) {
        case .refused(let error, let rates): return .now(Self.refusal(error, rates, context))
        case .counted(let left): rates = left
        case .free: rates = nil
        }
        let answer: DirectAnswer?
        do {
            answer = try make()
        } catch {
            throw rates.map { CountedError(error: error, rates: $0) } ?? error
        }
        guard let answer else {
            takeBack(context, route)
            return nil
        }
        guard let rates else { return answer }
        switch answer {
        case .now(var plain):
            plain.rates = rates
            return .now(plain)
        case .afterCommit(let work, _): return .afterCommit(work, rates)
        }
    }

    private static func refusal(
        _ error: DomainError, _ rates: RateLimitFields, _ context: TenantRequestContext
    ) -> PlainAnswer {
        var answer = Problem.answer(error, requestID: context.requestID)
        answer.rates = rates
        return answer
    }
}
