import ApplianceCore
package import GRDB
package import Storage

/// A page of records as the JSON body of the answer.
package struct ListPage: Sendable {
    package let json: [UInt8]
    package let nextCursor: String?
}

extension ListQuery {
    /// Call before a search runs: takes the newest records into the index. Where the disk takes no writes, or the
    /// shop is busy, what was made in the last moments is not found yet; all else is.
    package func prepareSearch(in database: DatabaseFile) async throws {
        guard isSearch, let index = view.collection.search, try database.read({ try index.isBehind($0) }) else {
            return
        }
        do {
            try await database.write { try index.catchUp($0) }
        } catch let error as DomainError where [.unavailable, .storageFull].contains(error.category) {}
    }

    /// Runs the query: one statement, two with `count=exact`. Rows go from SQLite to the body without a struct between.
    package func page(_ db: Database) throws -> ListPage {
        var parameters: [SQLValue] = []
        let text = pageSQL(&parameters)
        var body = Array(#"{"items":["#.utf8)
        body.reserveCapacity(8192)
        var count = 0
        var last: [SQLValue] = []
        var next: String?
        try db.each(text, parameters) { row in
            if count == limit {
                next = ListCursor(values: last).text(sort: sort, at: at)
            } else {
                if count > 0 { body.append(UInt8(ascii: ",")) }
                row.withBytes(0) { body.append(contentsOf: $0) }
                if count == limit - 1 { last = sort.indices.map { row.value(Int32($0 + 1)) } }
            }
            count += 1
        }
        body.append(contentsOf: #"],"nextCursor":"#.utf8)
        JSON(next).write(to: &body)
        if countsExactly {
            body.append(contentsOf: #","total":"#.utf8)
            body.append(contentsOf: String(try total(db)).utf8)
        }
        body.append(UInt8(ascii: "}"))
        return ListPage(json: body, nextCursor: next)
    }

    package func total(_ db: Database) throws -> Int64 {
        var parameters: [SQLValue] = []
        let text = "SELECT count(*) FROM \(view.sql.table)" + whereSQL(&parameters, withCursor: false)
        return try db.first(text, parameters) { $0.integer(0) } ?? 0
    }

    /// Every record that matches, in order, for an export: column values as `Collection.exportColumns` names them.
    func eachRecord(_ db: Database, columns: [String], _ body: (SQLStatement) throws -> Void) throws {
        var parameters: [SQLValue] = []
        let list = columns.map(CollectionSQL.quoted).joined(separator: ", ")
        var text = "SELECT \(list) FROM \(view.sql.table)" + whereSQL(&parameters, withCursor: true) + orderSQL
        if isLimitGiven { text += " LIMIT \(limit)" }
        try db.each(text, parameters, body)
    }

    /// One record more than the page, to know whether there is a next one.
    func pageSQL(_ parameters: inout [SQLValue]) -> String {
        let keys = sort.map { CollectionSQL.quoted($0.column) }.joined(separator: ", ")
        return "SELECT \(recordJSON(&parameters)), \(keys) FROM \(view.sql.table)"
            + whereSQL(&parameters, withCursor: true) + orderSQL + " LIMIT \(limit + 1)"
    }

    /// One record in the form that the query asks for.
    package func record(_ db: Database, id: String) throws -> [UInt8] {
        var parameters: [SQLValue] = [.text(id)]
        var text = "SELECT \(recordJSON(&parameters)) FROM \(view.sql.table) WHERE id = ?1"
        if let own = view.ownColumn(.read) { text += " AND \(own) = \(bind(.text(view.user), &parameters))" }
        guard let json = try db.first(text, parameters, { row in row.withBytes(0) { Array($0) } }) else {
            throw DomainError.notFound("record")
        }
        return json
    }

    /// All records as JSON, for an export.
    func recordsSQL(_ parameters: inout [SQLValue]) -> String {
        "SELECT \(recordJSON(&parameters)) FROM \(view.sql.table)" + whereSQL(&parameters, withCursor: true) + orderSQL
            + (isLimitGiven ? " LIMIT \(limit)" : "")
    }

    private func recordJSON(_ parameters: inout [SQLValue]) -> String {
        let chosen = fields.map { names in
            "json_object(" + names.map { "'\($0)', " + jsonColumn($0) }.joined(separator: ", ") + ")"
        }
        let json = chosen ?? view.sql.json
        return expansion?.sql(json, of: view.sql.table) { bind($0, &parameters) } ?? json
    }

    func jsonColumn(_ name: String) -> String {
        view.column(name).map { CollectionSQL.jsonValue(name, $0) } ?? "NULL"
    }

    private var orderSQL: String {
        " ORDER BY "
            + sort.map { CollectionSQL.quoted($0.column) + ($0.descending ? " DESC" : "") }.joined(separator: ", ")
    }

    func whereSQL(_ parameters: inout [SQLValue], withCursor: Bool) -> String {
        var conditions = filters.map { condition($0, &parameters) }
        if let own = view.ownColumn(.read) { conditions.append("\(own) = \(bind(.text(view.user), &parameters))") }
        if let search, let index = view.collection.search, let scope = view.grant.search {
            conditions.append(index.condition(bind(.text(SearchIndex.match(search, scope)), &parameters)))
        }
        if withCursor, let cursor { conditions.append(behindSQL(cursor, &parameters)) }
        return conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
    }

    private func bind(_ value: SQLValue, _ parameters: inout [SQLValue]) -> String {
        parameters.append(value)
        return "?\(parameters.count)"
    }

    private func condition(_ filter: Filter, _ parameters: inout [SQLValue]) -> String {
        if case .references = view.column(filter.column) { return listCondition(filter, &parameters) }
        let column = CollectionSQL.quoted(filter.column)
        let values = filter.values.map { bind($0, &parameters) }
        let value = values.first ?? "NULL"
        return switch filter.comparison {
        // "IS" keeps an index usable and finds nulls.
        case .equal: "\(column) IS \(value)"
        case .notEqual: "\(column) IS NOT \(value)"
        case .greater: "\(column) > \(value)"
        case .greaterOrEqual: "\(column) >= \(value)"
        case .less: "\(column) < \(value)"
        case .lessOrEqual: "\(column) <= \(value)"
        // IN finds no nulls.
        case .oneOf where filter.values.contains(.null):
            "(\(column) IN (\(values.joined(separator: ", "))) OR \(column) IS NULL)"
        case .oneOf: "\(column) IN (\(values.joined(separator: ", ")))"
        case .like: "\(column) LIKE \(value)"
        }
    }

    /// A list has one of the values; null stands for a list that has none.
    private func listCondition(_ filter: Filter, _ parameters: inout [SQLValue]) -> String {
        let links = CollectionSQL.links(view.collection.table, filter.column)
        let ids = filter.values.filter { $0 != .null }.map { bind($0, &parameters) }.joined(separator: ", ")
        var alternatives: [String] = []
        if !ids.isEmpty { alternatives.append("id IN (SELECT recordId FROM \(links) WHERE targetId IN (\(ids)))") }
        if filter.values.contains(.null) { alternatives.append("id NOT IN (SELECT recordId FROM \(links))") }
        let any = "(" + alternatives.joined(separator: " OR ") + ")"
        return filter.comparison == .notEqual ? "NOT \(any)" : any
    }

    /// "Behind the cursor" in the order of the keys: (a behind) or (a same and b behind) or …
    private func behindSQL(_ cursor: ListCursor, _ parameters: inout [SQLValue]) -> String {
        var alternatives: [String] = []
        var same: [String] = []
        for (key, value) in zip(sort, cursor.values) {
            let parameter = bind(value, &parameters)
            let column = CollectionSQL.quoted(key.column)
            alternatives.append((same + [behindSQL(key, value, column, parameter)]).joined(separator: " AND "))
            same.append("\(column) IS \(parameter)")
        }
        let behind = "(" + alternatives.map { "(\($0))" }.joined(separator: " OR ") + ")"
        // Said once more for the first key alone, because a range is what lets an index start at the right place.
        guard let first = sort.first, case let value? = cursor.values.first, value != .null,
            !(first.isNullable && first.descending), sort.count > 1
        else { return behind }
        let bound = "?\(parameters.count - sort.count + 1)"
        return "\(CollectionSQL.quoted(first.column)) \(first.descending ? "<=" : ">=") \(bound) AND \(behind)"
    }

    /// Nulls come first in ascending order, as SQLite sorts them.
    private func behindSQL(_ key: SortKey, _ value: SQLValue, _ column: String, _ parameter: String) -> String {
        switch (key.descending, value == .null) {
        case (false, true): "\(column) IS NOT NULL"
        case (false, false): "\(column) > \(parameter)"
        case (true, true): "0"
        case (true, false):
            key.isNullable ? "(\(column) < \(parameter) OR \(column) IS NULL)" : "\(column) < \(parameter)"
        }
    }
}
