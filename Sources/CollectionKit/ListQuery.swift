package import ApplianceCore
import Storage

/// What a list request asks for, read from its query parameters and checked against the collection.
package struct ListQuery: Sendable {
    package enum Limit {
        package static let page = 200
        static let defaultPage = 30
        static let filters = 20
        static let choices = 100
        static let sortKeys = 4
        static let searchLength = 100
    }

    struct Filter: Sendable, Equatable {
        enum Comparison: String, CaseIterable, Sendable {
            case equal = "eq", greater = "gt", greaterOrEqual = "gte", less = "lt", lessOrEqual = "lte", notEqual = "ne"
            case oneOf = "in", like
        }

        let column: String
        let comparison: Comparison
        /// Several for `oneOf`, one otherwise.
        let values: [SQLValue]
    }

    struct SortKey: Sendable, Equatable {
        let column: String
        let descending: Bool
        let isNullable: Bool
    }

    let view: CollectionView
    private(set) var filters: [Filter] = []
    /// Always ends with the row's number or the id, so that the order is total.
    private(set) var sort: [SortKey] = []
    private(set) var search: String?
    private(set) var fields: [String]?
    package private(set) var limit = Limit.defaultPage
    package private(set) var isLimitGiven = false
    private(set) var cursor: ListCursor?
    package private(set) var countsExactly = false
    private(set) var aggregate = Aggregate()
    private(set) var expansion: Expansion?
    /// The time of which the records are asked for; nil for now.
    package private(set) var at: Instant?

    /// Parameters that are no filters. A field of such a name is asked for with an operator: `limit[eq]=5`.
    package static let parameterNames = [
        "limit", "cursor", "sort", "q", "fields", "count", "expand", "group", "sum", "avg", "min", "max", "at",
    ]

    /// With every right.
    package init(_ collection: Collection, parameters: [(name: String, value: String)]) throws {
        try self.init(CollectionView(collection), parameters: parameters)
    }

    package var isAggregate: Bool { !aggregate.isEmpty }
    package var isSearch: Bool { search != nil }

    /// `parameters` are the decoded pairs of the query in their order; `targets` says what may be expanded.
    package init(
        _ view: CollectionView, parameters: [(name: String, value: String)], targets: Expansion.Targets = { _ in nil }
    ) throws {
        self.view = view
        var faults: [DomainError.FieldFault] = []
        var cursorText: String?
        var sortText: String?
        for (name, value) in parameters {
            do throws(ValueFault) {
                switch name {
                case "limit": (limit, isLimitGiven) = (try Self.limit(value), true)
                case "cursor": cursorText = value
                case "sort": sortText = value
                case "q": search = try Self.search(value, view)
                case "fields": fields = try Self.fields(value, view)
                case "count": countsExactly = try Self.count(value)
                case "expand": expansion = try Expansion(value, view, targets)
                case "group": try aggregate.addGroups(value, view)
                case "sum": try aggregate.add(.sum, value, view)
                case "avg": try aggregate.add(.avg, value, view)
                case "min": try aggregate.add(.min, value, view)
                case "max": try aggregate.add(.max, value, view)
                case "at": at = try Self.instant(value)
                default: filters.append(try Self.filter(name, value, view))
                }
            } catch {
                faults.append(.init(String(name.prefix(64)), error.code, error.message))
            }
        }
        if filters.count > Limit.filters { faults.append(.init("", "too_many", "At most \(Limit.filters) filters.")) }
        do throws(ValueFault) {
            sort = try sortText.map { text throws(ValueFault) in try Self.sort(text, view) } ?? [Self.newestFirst]
            cursor = try cursorText.map { text throws(ValueFault) in try ListCursor(text, sort: sort, at: at) }
        } catch {
            faults.append(.init(cursorText == nil ? "sort" : "cursor", error.code, error.message))
        }
        do throws(ValueFault) {
            try aggregate.check(view)
            if isAggregate, cursorText != nil || sortText != nil || fields != nil || expansion != nil {
                throw ValueFault("contradiction", "Groups and figures have no sort, cursor, fields or expand.")
            }
        } catch {
            faults.append(.init("group", error.code, error.message))
        }
        if !faults.isEmpty { throw DomainError.invalid(faults) }
    }

    private static func limit(_ text: String) throws(ValueFault) -> Int {
        guard text.utf8.count <= 4, let value = Int(text), (1...Limit.page).contains(value) else {
            throw ValueFault("out_of_range", "Between 1 and \(Limit.page).")
        }
        return value
    }

    private static func instant(_ text: String) throws(ValueFault) -> Instant {
        guard let at = Instant(text) else { throw ValueFault("not_a_time", "A time such as 2026-11-21T01:59:30Z.") }
        return at
    }

    private static func search(_ text: String, _ collection: CollectionView) throws(ValueFault) -> String? {
        guard collection.grant.search != nil else {
            throw ValueFault("not_searchable", "No field of \(collection.collection.name) is searched.")
        }
        return try words(text)
    }

    private static func words(_ text: String) throws(ValueFault) -> String? {
        guard text.unicodeScalars.count <= Limit.searchLength, let clean = TextRules.normalized(text) else {
            throw ValueFault("not_a_search", "At most \(Limit.searchLength) characters of plain text.")
        }
        return clean.isEmpty ? nil : clean
    }

    private static func count(_ text: String) throws(ValueFault) -> Bool {
        guard text == "exact" else { throw ValueFault("not_a_choice", "One of exact.") }
        return true
    }

    private static func fields(_ text: String, _ collection: CollectionView) throws(ValueFault) -> [String] {
        let names = text.split(separator: ",").map(String.init)
        for name in names where collection.column(name) == nil {
            throw ValueFault("unknown_field", "There is no field \(name.prefix(64)).")
        }
        guard !names.isEmpty, Set(names).count == names.count else {
            throw ValueFault("not_a_list", "Names of fields, each once, with commas between.")
        }
        return names
    }

    private static func sort(_ text: String, _ collection: CollectionView) throws(ValueFault) -> [SortKey] {
        var keys: [SortKey] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let name = part.hasPrefix("-") ? String(part.dropFirst()) : String(part)
            guard let type = collection.column(name) else {
                throw ValueFault("unknown_field", "There is no field \(name.prefix(64)) to sort by.")
            }
            // A cursor holds the values that it stands at.
            guard type.isSortable else { throw ValueFault("wrong_type", "\(name) cannot be sorted by.") }
            guard !keys.contains(where: { $0.column == name }) else {
                throw ValueFault("twice", "\(name) occurs twice.")
            }
            keys.append(
                SortKey(
                    column: name, descending: part.hasPrefix("-"), isNullable: !Collection.systemColumns.contains(name))
            )
        }
        guard keys.count <= Limit.sortKeys else { throw ValueFault("too_many", "At most \(Limit.sortKeys) fields.") }
        // No two records have the same id: what stands behind it decides nothing. Among others that are alike the row's
        // number decides, that is, which was added first: each index ends with it.
        if let end = keys.firstIndex(where: { $0.column == "id" }) {
            keys.removeSubrange((end + 1)...)
        } else {
            keys.append(SortKey(column: rowNumber, descending: keys.last?.descending ?? true, isNullable: false))
        }
        return keys
    }

    /// What SQLite calls the number of a row; no field has that name. One that was brought back has a new one.
    static let rowNumber = "rowid"
    private static let newestFirst = SortKey(column: rowNumber, descending: true, isNullable: false)

    /// `name` or `name[gt]`.
    private static func filter(_ name: String, _ text: String, _ collection: CollectionView) throws(ValueFault)
        -> Filter
    {
        var column = name
        var comparison = Filter.Comparison.equal
        if name.hasSuffix("]"), let bracket = name.firstIndex(of: "[") {
            column = String(name[..<bracket])
            let word = String(name[name.index(after: bracket)...].dropLast())
            guard let known = Filter.Comparison(rawValue: word) else {
                throw ValueFault("unknown_operator", "One of gt, gte, lt, lte, ne, in, like.")
            }
            comparison = known
        }
        guard let field = collection.column(column) else {
            throw ValueFault("unknown_field", "There is no such field or parameter.")
        }
        guard field.comparisons.contains(comparison) else {
            let known = field.comparisons.map(\.rawValue).joined(separator: ", ")
            throw ValueFault("wrong_type", "\(column) can be compared with \(known).")
        }
        switch comparison {
        case .oneOf:
            let parts = text.split(separator: ",", omittingEmptySubsequences: false)
            guard parts.count <= Limit.choices else { throw ValueFault("too_many", "At most \(Limit.choices) values.") }
            var values: [SQLValue] = []
            for part in parts { values.append(try field.value(parameter: String(part))) }
            return Filter(column: column, comparison: comparison, values: values)
        case .like:
            guard let pattern = try words(text) else { throw ValueFault("required", "A pattern with % and _.") }
            return Filter(column: column, comparison: comparison, values: [.text(pattern)])
        default:
            return Filter(column: column, comparison: comparison, values: [try field.value(parameter: text)])
        }
    }
}
