import ApplianceCore
package import GRDB
import Storage

/// Figures over the records that a list would have: how many, and sums and the like of numbers, by groups.
/// `?group=kind,occurredAt.month&sum=amount`
struct Aggregate: Sendable {
    enum Limit {
        static let groups = 3
        static let figures = 8
        /// Groups in an answer; more is a 422.
        static let rows = 1000
    }

    enum Function: String, CaseIterable, Sendable { case sum, avg, min, max }

    struct Group: Sendable {
        /// As asked for: `occurredAt.month`.
        let name: String
        let column: String
        /// Characters of a day or an instant; nil for all.
        let prefix: Int?
    }

    var groups: [Group] = []
    var figures: [(function: Function, column: String)] = []

    var isEmpty: Bool { groups.isEmpty && figures.isEmpty }

    mutating func addGroups(_ text: String, _ collection: CollectionView) throws(ValueFault) {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let column = halves.first, let type = collection.column(column), type.isSortable else {
                throw ValueFault("unknown_field", "There is no field \(part.prefix(64)) to group by.")
            }
            var prefix: Int?
            if halves.count == 2 {
                switch (type, halves[1]) {
                case (.date, "year"), (.instant, "year"): prefix = 4
                case (.date, "month"), (.instant, "month"): prefix = 7
                case (.instant, "day"): prefix = 10
                default: throw ValueFault("wrong_type", "Only days and times have .year, .month and .day.")
                }
            }
            guard !groups.contains(where: { $0.name == part }) else {
                throw ValueFault("twice", "\(part) occurs twice.")
            }
            groups.append(Group(name: String(part), column: column, prefix: prefix))
        }
        guard groups.count <= Limit.groups else { throw ValueFault("too_many", "At most \(Limit.groups) groups.") }
    }

    mutating func add(_ function: Function, _ text: String, _ collection: CollectionView) throws(ValueFault) {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let type = collection.column(String(part)) else {
                throw ValueFault("unknown_field", "There is no field \(part.prefix(64)).")
            }
            switch (type, function) {
            case (.integer, _), (.decimal, _), (.money, _), (.date, .min), (.date, .max), (.instant, .min),
                (.instant, .max):
                figures.append((function, String(part)))
            default: throw ValueFault("wrong_type", "\(part) has no \(function.rawValue).")
            }
        }
        guard figures.count <= Limit.figures else { throw ValueFault("too_many", "At most \(Limit.figures) figures.") }
    }

    /// Amounts of different currencies do not add up.
    func check(_ collection: CollectionView) throws(ValueFault) {
        for figure in figures {
            guard case .money(let currency, _) = collection.column(figure.column),
                !groups.contains(where: { $0.column == currency })
            else { continue }
            throw ValueFault(
                "mixed_currencies", "Group by \(currency) too: \(figure.column) is in different currencies.")
        }
    }
}

extension ListQuery {
    /// `{"items":[{"kind":"sale","currency":"INR","count":2,"sum":{"amount":2354}}]}`, in the order of the groups.
    package func aggregate(_ db: Database) throws -> [UInt8] {
        var parameters: [SQLValue] = []
        let groups = aggregate.groups.map { group in
            let column = CollectionSQL.quoted(group.column)
            return group.prefix.map { "substr(\(column), 1, \($0))" } ?? column
        }
        let named = zip(aggregate.groups, groups).map { group, expression in
            let value = group.prefix == nil ? jsonColumn(group.column) : expression
            return "'\(group.name)', \(value)"
        }
        let members = named + ["'count', count(*)"] + figures()
        let by =
            groups.isEmpty
            ? "" : " GROUP BY \(groups.joined(separator: ", ")) ORDER BY \(groups.joined(separator: ", "))"
        let text =
            "SELECT json_object(\(members.joined(separator: ", "))) FROM \(view.sql.table)"
            + whereSQL(&parameters, withCursor: false) + by + " LIMIT \(Aggregate.Limit.rows + 1)"
        var body = Array(#"{"items":["#.utf8)
        var count = 0
        do {
            try db.each(text, parameters) { row in
                if count > 0 { body.append(UInt8(ascii: ",")) }
                row.withBytes(0) { body.append(contentsOf: $0) }
                count += 1
            }
        } catch let error as DatabaseError where error.message == "integer overflow" {
            throw DomainError.invalid("sum", "out_of_range", "The sum is too large.")
        }
        guard count <= Aggregate.Limit.rows else {
            throw DomainError.invalid("group", "too_many", "More than \(Aggregate.Limit.rows) groups.")
        }
        body.append(contentsOf: "]}".utf8)
        return body
    }

    /// `'sum', json_object('amount', sum("amount"))`. An average is a number with a fraction, of the last digit.
    private func figures() -> [String] {
        Aggregate.Function.allCases.compactMap { function in
            let columns = aggregate.figures.filter { $0.function == function }.map(\.column)
            guard !columns.isEmpty else { return nil }
            let values = columns.map { name in
                let value = "\(function.rawValue)(\(CollectionSQL.quoted(name)))"
                guard case .decimal(let scale, _) = view.column(name), scale > 0 else {
                    return "'\(name)', \(value)"
                }
                let whole = function == .avg ? "CAST(round(\(value)) AS INTEGER)" : value
                return "'\(name)', \(CollectionSQL.decimal(whole, scale))"
            }
            return "'\(function.rawValue)', json_object(\(values.joined(separator: ", ")))"
        }
    }
}
