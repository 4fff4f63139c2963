package import ApplianceCore

extension Plan {
    package enum Limit {
        static let name = 20
        static let title = 60
        static let description = 500
        package static let prices = 20
        static let agents = 100
        package static let overage: Int64 = 900
        package static let price: Int64 = 1_000_000_000_00
        static let basisPoints: Int64 = 10_000
    }

    /// The members of a definition, all of them, as `POST /api/admin/plans` takes them.
    package var definition: JSON {
        [
            "name": .string(name), "title": .string(title),
            "description": JSON(description.isEmpty ? nil : description),
            "isOffered": .bool(isOffered),
            "prices": .array(prices.map(\.json)),
            "features": .array(Feature.allCases.filter(features.contains).map { .string($0.rawValue) }),
            "limits": .object(PlanLimit.allCases.map { .init($0.rawValue, JSON(limits[$0])) }),
            "overagePercent": .object(
                PlanLimit.allCases.compactMap { limit in
                    overagePercent[limit].map { .init(limit.rawValue, .integer($0)) }
                }),
            "agents": agents.map { .array($0.sorted().map { .string($0) }) } ?? .null,
            "support": JSON(support.isEmpty ? nil : support),
            "commissionBasisPoints": .integer(commission),
        ]
    }

    package var json: JSON { definition.adding(["version": JSON(version)]) }

    /// Reads a definition; throws all its faults together.
    package convenience init(definition: JSON, version: Int) throws {
        var reader = try InputReader(body: definition)
        let name = reader.text("name", required: true, max: Limit.name, check: TextRules.isSlug) ?? ""
        let title = reader.text("title", required: true, max: Limit.title) ?? ""
        let description = reader.text("description", max: Limit.description) ?? ""
        let isOffered = reader.flag("isOffered") ?? false
        let prices = Self.prices(&reader)
        let features = reader.texts("features", allowed: Feature.allCases.map(\.rawValue)) ?? []
        let limits = Self.limits("limits", &reader) { $0.range }
        let overage = Self.limits("overagePercent", &reader) { $0.kind == .period ? 0...Limit.overage : nil }
        let agents = reader.texts("agents", allowed: nil)
        if let agents, agents.count > Limit.agents || !agents.allSatisfy(TextRules.isSlug) {
            reader.faults.append(.init("agents", "not_valid", "At most \(Limit.agents) names of a-z, 0-9 and dashes."))
        }
        let support = reader.text("support", max: Limit.title) ?? ""
        let commission = reader.integer("commissionBasisPoints", in: 0...Limit.basisPoints) ?? 0
        try reader.finish()
        self.init(
            name: name, version: version, title: title, description: description, isOffered: isOffered,
            prices: prices, features: Set(features.compactMap(Feature.init(rawValue:))), limits: limits,
            overagePercent: overage, agents: agents.map { Set($0) }, support: support, commission: commission)
    }

    private static func prices(_ reader: inout InputReader) -> [Price] {
        guard let value = reader.member("prices") else { return [] }
        let prices = value.arrayValue?.compactMap(Price.init)
        guard let prices, prices.count == value.arrayValue?.count, prices.count <= Limit.prices,
            Set(prices.map { "\($0.currency) \($0.interval)" }).count == prices.count
        else {
            reader.faults.append(
                .init(
                    "prices", "not_valid",
                    "A list of {amount, currency, interval}: minor units, an ISO 4217 code, and month or year; each "
                        + "currency and interval once."))
            return []
        }
        return prices
    }

    /// `{"tasks": 10}`; null or absent is no limit. `range` is nil for a limit that has no such number.
    private static func limits(
        _ name: String, _ reader: inout InputReader, in range: (PlanLimit) -> ClosedRange<Int64>?
    ) -> [PlanLimit: Int64] {
        guard let value = reader.member(name) else { return [:] }
        guard let members = value.objectValue else {
            reader.faults.append(.init(name, "wrong_type", "Expected an object of limits."))
            return [:]
        }
        var limits: [PlanLimit: Int64] = [:]
        for member in members {
            let field = "\(name).\(member.name.prefix(40))"
            guard let limit = PlanLimit(rawValue: member.name), let range = range(limit) else {
                let known = PlanLimit.allCases.filter { range($0) != nil }.map(\.rawValue).joined(separator: ", ")
                reader.faults.append(.init(field, "unknown_field", "One of \(known)."))
                continue
            }
            if member.value == .null { continue }
            guard let number = member.value.integerValue, range.contains(number) else {
                reader.faults.append(
                    .init(field, "out_of_range", "Between \(range.lowerBound) and \(range.upperBound), or null."))
                continue
            }
            limits[limit] = number
        }
        return limits
    }
}

extension Plan.Price {
    package var json: JSON {
        ["amount": .integer(amount), "currency": .string(currency), "interval": .string(interval.rawValue)]
    }

    /// Nil when it is none.
    init?(_ json: JSON) {
        guard let members = json.objectValue, members.count == 3, let amount = json["amount"]?.integerValue,
            (0...Plan.Limit.price).contains(amount), let currency = json["currency"]?.stringValue,
            Currency(currency) != nil, let interval = json["interval"]?.stringValue.flatMap(Interval.init(rawValue:))
        else { return nil }
        self.init(amount: amount, currency: currency, interval: interval)
    }
}
