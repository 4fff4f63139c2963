import ApplianceCore

/// Which snapshots are wanted, in restic's words: `within=48h daily=30 monthly=12`. Each rule only adds.
package struct RetentionPolicy: Sendable, Equatable {
    /// Of each of the newest so many periods that have a proved snapshot, the newest one stays. Periods are UTC's.
    package enum Period: String, CaseIterable, Sendable { case hourly, daily, weekly, monthly, yearly }

    package enum Limit {
        /// Most snapshots or periods of one rule.
        static let count = 100_000
        /// Longest text of a policy, in bytes.
        static let text = 200
        /// Longest span, in seconds: a hundred years.
        static let seconds: Int64 = 36_525 * 86_400
    }

    /// The newest so many proved snapshots stay.
    package var last = 0
    package var periods: [Period: Int] = [:]
    /// All younger than this stay.
    package var within = Duration.zero

    /// All of 48 hours, one of each of 30 days, one of each of 12 months.
    package static let standard = RetentionPolicy(last: 0, periods: [.daily: 30, .monthly: 12], within: .hours(48))

    init(last: Int, periods: [Period: Int], within: Duration) {
        (self.last, self.periods, self.within) = (last, periods, within)
    }

    /// Reads the text form: rules with spaces or commas between. Throws `not_valid`, naming the rule.
    package init(_ text: String) throws {
        guard text.utf8.count <= Limit.text else { throw Self.fault(text, "is too long") }
        var seen: Set<Substring> = []
        for rule in text.split(whereSeparator: { $0 == " " || $0 == "," }) {
            let parts = rule.split(separator: "=", maxSplits: 1)
            guard let name = parts.first, let value = parts.dropFirst().first, seen.insert(name).inserted else {
                throw Self.fault(rule, "is not a rule, or given twice")
            }
            try add(name, value, rule)
        }
        guard !seen.isEmpty else { throw Self.fault(text, "has no rule") }
    }

    private mutating func add(_ name: Substring, _ value: Substring, _ rule: Substring) throws {
        if name == "within" {
            guard let span = Span(String(value)) else { throw Self.fault(rule, "needs a span such as 48h or 30d") }
            within = span.duration
            return
        }
        guard let count = Int(value), (0...Limit.count).contains(count) else {
            throw Self.fault(rule, "needs a number from 0 to \(Limit.count)")
        }
        if name == "last" {
            last = count
        } else if let period = Period(rawValue: String(name)) {
            periods[period] = count > 0 ? count : nil
        } else {
            throw Self.fault(rule, "is none of last, hourly, daily, weekly, monthly, yearly, within")
        }
    }

    private static func fault(_ text: some StringProtocol, _ reason: String) -> DomainError {
        .invalid("keep", "not_valid", "\"\(text.prefix(60))\" \(reason).")
    }

    /// The form that `init` reads.
    package var text: String {
        var rules = within > .zero ? ["within=\(Span(within).text)"] : []
        if last > 0 { rules.append("last=\(last)") }
        rules += Period.allCases.compactMap { period in
            periods[period].map { "\(period.rawValue)=\($0)" }
        }
        return rules.isEmpty ? "last=0" : rules.joined(separator: " ")
    }
}

extension RetentionPolicy {
    /// Whole hours, days or weeks as people write them: `48h`, `30d`, `4w`.
    package struct Span: Sendable, Equatable {
        package let duration: Duration

        package init(_ duration: Duration) { self.duration = duration }

        package init?(_ text: String) {
            let seconds: [Character: Int64] = ["h": 3600, "d": 86_400, "w": 7 * 86_400]
            guard let unit = text.last.flatMap({ seconds[$0] }), let count = Int64(text.dropLast()),
                (0...Limit.seconds / unit).contains(count)
            else { return nil }
            duration = .seconds(count * unit)
        }

        package var text: String {
            let hours = duration.components.seconds / 3600
            return hours > 48 && hours % 24 == 0 ? "\(hours / 24)d" : "\(hours)h"
        }
    }
}

/// What a prune must respect.
package struct RetentionRules: Sendable {
    package let policy: RetentionPolicy
    /// How far back each shop can be restored: the proved snapshot from which that window begins is never removed.
    package let window: RetentionPolicy.Span

    package static let standard = RetentionRules(policy: .standard, window: .init(.days(30)))

    package init(policy: RetentionPolicy, window: RetentionPolicy.Span) {
        (self.policy, self.window) = (policy, window)
    }

    /// How long something that is gone from a shop stays in its backups at most, while snapshots are made every hour;
    /// nil where nobody can say.
    package var horizon: Duration? {
        let days: [RetentionPolicy.Period: Int64] = [.daily: 1, .weekly: 7, .monthly: 31, .yearly: 366]
        let periods = policy.periods.map { period, count in
            period == .hourly ? Duration.hours(Int64(count)) : .days(Int64(count) * (days[period] ?? 1))
        }
        // The newest so many are as old as people make them.
        guard policy.last == 0 else { return nil }
        // What the window begins from may be a day older than it.
        return ([window.duration + .days(1), policy.within] + periods).max()
    }

    /// The same promises with other wishes.
    package func with(_ policy: RetentionPolicy?) -> RetentionRules {
        RetentionRules(policy: policy ?? self.policy, window: window)
    }
}
