package import ApplianceCore

extension ListQuery {
    /// The fields of an index on which the query would be one range: those asked for by equality, then its order, or
    /// else what it compares. Nil where the collection has such an index, and where none could help.
    package var missingIndex: [String]? {
        let asked = filters.filter { !isList($0.column) }
        var equal: [String] = []
        for filter in asked where [.equal, .oneOf].contains(filter.comparison) && !equal.contains(filter.column) {
            equal.append(filter.column)
        }
        let compared = asked.first { [.greater, .greaterOrEqual, .less, .lessOrEqual].contains($0.comparison) }
        let order = sort.map(\.column).filter { !equal.contains($0) && !["id", Self.rowNumber].contains($0) }
        let tail = order.isEmpty ? [compared?.column].compactMap { $0 } : order
        let wanted = equal + tail.filter { !equal.contains($0) }
        return wanted.isEmpty || isServed(equal, tail) ? nil : wanted
    }

    private func isList(_ column: String) -> Bool {
        if case .references = view.column(column) { true } else { false }
    }

    /// By an index that begins with the fields asked for by equality, in whatever order, and goes on with the rest.
    private func isServed(_ equal: [String], _ tail: [String]) -> Bool {
        if equal.contains("id") { return true }
        return view.collection.indexedFields.contains { fields in
            Set(fields.prefix(equal.count)) == Set(equal) && fields.dropFirst(equal.count).starts(with: tail)
        }
    }

    /// What to tell about a query that was stopped: which index would have helped, where there is one.
    package func explaining(_ error: DomainError) -> DomainError {
        guard error.code == "query_too_slow", let fields = missingIndex else { return error }
        var told = error
        let names = fields.joined(separator: ", ")
        told.hint = "An index on \(names) would serve this: \(view.collection.name) declares none that begins so."
        told.faults = fields.map { .init($0, "no_index", "No index serves this filter or order.") }
        return told
    }
}

extension Collection {
    /// The fields of each index that the table has.
    var indexedFields: [[String]] {
        let single = fields.filter { field in
            switch field.type {
            case .reference, .user: true
            default: field.uniqueness == .exact
            }
        }
        return indexes + unique + single.map { [$0.name] } + (retention == .untilDeleted ? [] : [["createdAt"]])
    }
}
