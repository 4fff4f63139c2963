import ApplianceCore
import HTTPTypes
import Hummingbird
import Tenancy

/// Counts the requests of each shop by route and holds them to the rates of its plan: API requests of the shop together
/// and of one person or key. A plan without rates costs one look-up.
///
/// People at the page are not held to what a plan grants programs, which would close the page of a small plan after a
/// few clicks: theirs is a rate that nobody reaches by hand (see Decisions).
struct TenantLimits: Sendable {
    /// For one person at the page, where the plan has a rate at all.
    private static let page = RateRule(limit: 600, window: .minutes(1))
    private static let pagePolicy = page.policy("page")

    let plans: PlanDirectory
    let usage: UsageService
    let time: TimeSource

    /// What the guard says of a request.
    enum Admission {
        /// Nothing bounds it.
        case free
        /// Allowed, with the fields that tell how much is left.
        case counted([HTTPField])
        case refused(DomainError, [HTTPField])
    }

    /// One bucket that a request takes from.
    private struct Layer {
        let name: String
        let rule: RateRule
        let outcome: RateRule.Outcome
    }

    /// Operators are nobody's customers: they are neither counted nor held up.
    func admit(_ context: TenantRequestContext, _ route: String) throws -> Admission {
        guard !context.principal.isOperator else { return .free }
        let own = plans[context.tenant.id]
        if let ceiling = own.plan.ceiling(.apiCalls) { try usage.takeCall(context.tenant, ceiling, context.database) }
        own.traffic.calls.count(route)
        guard let rates = own.plan.rates else { return .free }
        return admit(context, own, rates)
    }

    private func admit(_ context: TenantRequestContext, _ own: Entitlements, _ rates: PlanRates) -> Admission {
        let (now, traffic, person) = (time.ticks(), own.traffic, context.principal.id)
        guard context.request.headers[.authorization] != nil else {
            let outcome = traffic.page.take(person, Self.page, now: now)
            return admission([Layer(name: "page", rule: Self.page, outcome: outcome)], Self.pagePolicy, own)
        }
        var layers: [Layer] = []
        if let rule = rates.user {
            layers.append(Layer(name: "user", rule: rule, outcome: traffic.people.take(person, rule, now: now)))
        }
        if let rule = rates.shop, layers.last?.outcome.isAllowed ?? true {
            layers.append(Layer(name: "minute", rule: rule, outcome: traffic.shop.take(rule, now: now)))
        }
        // What the shop refuses did not use up the person's share.
        if let last = layers.last, !last.outcome.isAllowed, layers.count == 2, let rule = rates.user {
            traffic.people.giveBack(person, rule)
        }
        return admission(layers, rates.policy, own)
    }

    private func admission(_ layers: [Layer], _ policy: String, _ own: Entitlements) -> Admission {
        guard let last = layers.last else { return .free }
        let fields = [
            HTTPField(name: .rateLimitPolicy, value: policy), HTTPField(name: .rateLimit, value: Self.text(layers)),
        ]
        guard !last.outcome.isAllowed else { return .counted(fields) }
        let wait = max(1, Self.seconds(last.outcome.wait))
        var error = DomainError(
            .tooMany, "rate_limited",
            "Too many requests: the plan \(own.plan.title) allows \(last.rule.burst) a minute.",
            hint: "Try again in \(wait) s; another plan allows more.", retryAfter: Int(wait))
        error.details = own.details([
            .init("limit", .integer(last.rule.burst)), .init("remaining", 0),
            .init("resetAt", JSON(time.now().adding(.seconds(wait)))),
        ])
        return .refused(error, fields)
    }

    /// `"user";r=4;t=12, "minute";…` (draft-ietf-httpapi-ratelimit-headers-10). Appended piece by piece: interpolation
    /// and joining would cost more than the limit.
    private static func text(_ layers: [Layer]) -> String {
        var text = ""
        text.reserveCapacity(layers.count * 32)
        for layer in layers {
            let left = layer.outcome.isAllowed ? layer.outcome.reset : layer.outcome.wait
            text += text.isEmpty ? "\"" : ", \""
            text += layer.name
            text += "\";r="
            text += String(layer.outcome.remaining)
            text += ";t="
            text += String(seconds(left))
        }
        return text
    }

    private static func seconds(_ nanoseconds: Int64) -> Int64 { (nanoseconds + 999_999_999) / 1_000_000_000 }

    /// For a request that was admitted and then left to another way, which asks again.
    func takeBack(_ context: TenantRequestContext, _ route: String) {
        guard !context.principal.isOperator else { return }
        let own = plans[context.tenant.id]
        own.traffic.calls.takeBack(route)
        if own.plan.limit(.apiCalls) != nil { own.traffic.callQuota.takeBack() }
        guard let rates = own.plan.rates else { return }
        guard context.request.headers[.authorization] != nil else {
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
        case .refused(let error, let fields): return Self.refusal(error, fields, context).response
        case .counted(let fields):
            var response = try await handler()
            response.headers.append(contentsOf: fields)
            return response
        }
    }

    /// The same for what a connection answers itself.
    func guarding(
        _ context: TenantRequestContext, _ route: String, _ answer: () throws -> DirectAnswer?
    ) throws -> DirectAnswer? {
        let admission = try admit(context, route)
        if case .refused(let error, let fields) = admission { return .now(Self.refusal(error, fields, context)) }
        guard let answer = try answer() else {
            takeBack(context, route)
            return nil
        }
        guard case .counted(let fields) = admission else { return answer }
        switch answer {
        case .now(var plain):
            plain.fields += fields
            return .now(plain)
        case .afterCommit(let work):
            return .afterCommit {
                var response = try await work()
                response.headers.append(contentsOf: fields)
                return response
            }
        }
    }

    private static func refusal(
        _ error: DomainError, _ fields: [HTTPField], _ context: TenantRequestContext
    ) -> PlainAnswer {
        var answer = Problem.answer(error, requestID: context.requestID)
        answer.fields += fields
        return answer
    }
}
