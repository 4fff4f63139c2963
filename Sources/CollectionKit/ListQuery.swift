import ApplianceCore
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

    let collection: Collection
    private(set) var filters: [Filter] = []
    /// Always ends with `id`, so that the order is total.
    private(set) var sort: [SortKey] = []
    private(set) var search: String?
    private(set) var fields: [String]?
    package private(set) var limit = Limit.defaultPage
    package private(set) var isLimitGiven = false
    private(set) var cursor: ListCursor?
    package private(set) var countsExactly = false

    /// `parameters` are the decoded pairs of the query in their order.
    package init(_ collection: Collection, parameters: [(name: String, value: String)]) throws {
        self.collection = collection
        var faults: [DomainError.FieldFault] = []
        var cursorText: String?
        var sortText: String?
        for (name, value) in parameters {
            do throws(ValueFault) {
                switch name {
                case "limit": (limit, isLimitGiven) = (try Self.limit(value), true)
                case "cursor": cursorText = value
                case "sort": sortText = value
                case "q": search = try Self.search(value)
                case "fields": fields = try Self.fields(value, collection)
                case "count": countsExactly = try Self.count(value)
                default: filters.append(try Self.filter(name, value, collection))
                }
            } catch {
                faults.append(.init(String(name.prefix(64)), error.code, error.message))
            }
        }
        if filters.count > Limit.filters { faults.append(.init("", "too_many", "At most \(Limit.filters) filters.")) }
        do throws(ValueFault) {
            sort = try Self.sort(sortText ?? "-id", collection)
            cursor = try cursorText.map { text throws(ValueFault) in try ListCursor(text, sort: sort) }
        } catch {
            faults.append(.init(cursorText == nil ? "sort" : "cursor", error.code, error.message))
        }
        if !faults.isEmpty { throw DomainError.invalid(faults) }
    }

    private static func limit(_ text: String) throws(ValueFault) -> Int {
        guard text.utf8.count <= 4, let value = Int(text), (1...Limit.page).contains(value) else {
            throw ValueFault("out_of_range", "Between 1 and \(Limit.page).")
        }
        return value
    }

    private static func search(_ text: String) throws(ValueFault) -> String? {
        guard text.unicodeScalars.count <= Limit.searchLength, let clean = TextRules.normalized(text) else {
            throw ValueFault("not_a_search", "At most \(Limit.searchLength) characters of plain text.")
        }
        return clean.isEmpty ? nil : clean
    }

    private static func count(_ text: String) throws(ValueFault) -> Bool {
        guard text == "exact" else { throw ValueFault("not_a_choice", "One of exact.") }
        return true
    }

    private static func fields(_ text: String, _ collection: Collection) throws(ValueFault) -> [String] {
        let names = text.split(separator: ",").map(String.init)
        for name in names where collection.column(name) == nil {
            throw ValueFault("unknown_field", "There is no field \(name.prefix(64)).")
        }
        guard !names.isEmpty, Set(names).count == names.count else {
            throw ValueFault("not_a_list", "Names of fields, each once, with commas between.")
        }
        return names
    }

    private static func sort(_ text: String, _ collection: Collection) throws(ValueFault) -> [SortKey] {
        var keys: [SortKey] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let name = part.hasPrefix("-") ? String(part.dropFirst()) : String(part)
            guard let type = collection.column(name) else {
                throw ValueFault("unknown_field", "There is no field \(name.prefix(64)) to sort by.")
            }
            // A cursor holds the values that it stands at.
            if case .text(.multiline, _) = type { throw ValueFault("wrong_type", "\(name) is too long to sort by.") }
            guard !keys.contains(where: { $0.column == name }) else {
                throw ValueFault("twice", "\(name) occurs twice.")
            }
            keys.append(
                SortKey(column: name, descending: part.hasPrefix("-"), isNullable: collection.field(name) != nil))
        }
        guard keys.count <= Limit.sortKeys else { throw ValueFault("too_many", "At most \(Limit.sortKeys) fields.") }
        // No two records have the same id: what stands behind it decides nothing.
        if let end = keys.firstIndex(where: { $0.column == "id" }) {
            keys.removeSubrange((end + 1)...)
        } else {
            keys.append(SortKey(column: "id", descending: keys.last?.descending ?? true, isNullable: false))
        }
        return keys
    }

    /// `name` or `name[gt]`.
    private static func filter(_ name: String, _ text: String, _ collection: Collection) throws(ValueFault) -> Filter {
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
        switch comparison {
        case .oneOf:
            let parts = text.split(separator: ",", omittingEmptySubsequences: false)
            guard parts.count <= Limit.choices else { throw ValueFault("too_many", "At most \(Limit.choices) values.") }
            var values: [SQLValue] = []
            for part in parts { values.append(try field.value(parameter: String(part))) }
            return Filter(column: column, comparison: comparison, values: values)
        case .like:
            guard case .text = field else { throw ValueFault("wrong_type", "Only texts can be compared with like.") }
            guard let pattern = try search(text) else { throw ValueFault("required", "A pattern with % and _.") }
            return Filter(column: column, comparison: comparison, values: [.text(pattern)])
        default:
            return Filter(column: column, comparison: comparison, values: [try field.value(parameter: text)])
        }
    }
}

extension Collection {
    /// The type of a declared field or of one that every record has.
    func column(_ name: String) -> FieldType? {
        switch name {
        case "id": .text(.line, max: 64)
        case "createdAt", "updatedAt": .instant
        case "version": .integer(0...Int64.max)
        default: field(name)?.type
        }
    }
}

extension FieldType {
    /// The column value that a query parameter means. `null` stands for an empty field.
    func value(parameter text: String) throws(ValueFault) -> SQLValue {
        if text == "null" { return .null }
        switch self {
        case .integer, .money:
            guard text.utf8.count <= 20, let number = Int64(text) else {
                throw ValueFault("wrong_type", "Expected a whole number.")
            }
            return .integer(number)
        case .boolean:
            guard text == "true" || text == "false" else { throw ValueFault("wrong_type", "Expected true or false.") }
            return .integer(text == "true" ? 1 : 0)
        case .instant:
            // A day stands for its first instant in UTC.
            if let date = CivilDate(text) { return .text(LocalTime.utc.instant(date).description) }
            return try Field.instant(text)
        case .date: return try Field.date(text)
        case .choice(let choices): return try Field.choice(text, choices)
        case .text, .currency, .reference:
            guard text.utf8.count <= 1000, let clean = TextRules.normalized(text, multiline: true) else {
                throw ValueFault("control_characters", "Control characters are not allowed.")
            }
            return .text(clean)
        }
    }
}
