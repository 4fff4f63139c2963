import ApplianceCore
import GRDB
import Storage

/// Records that are there when a formula comes or changes get its values too.
extension OwnMigration {
    private enum Limit {
        /// Records that are computed at a time.
        static let records = 500
    }

    var computesAnew: Bool {
        guard let from, !to.rules.computed.isEmpty else { return false }
        return from.fields.map(\.description) != to.fields.map(\.description)
    }

    /// `values` with what follows from them; which fields have none within their limits, and why.
    private func computed(_ values: [SQLValue]) -> (values: [SQLValue], faults: [Int: String]) {
        var (values, faults) = (values, [Int: String]())
        for index in to.rules.computed {
            guard let formula = to.fields[index].formula else { continue }
            do throws(ValueFault) {
                let result = try formula.value { name in to.index(of: name).map { values[$0] } ?? .null }
                values[index] = try to.fields[index].checked(result)
            } catch {
                values[index] = .null
                faults[index] = error.message
            }
        }
        return (values, faults)
    }

    func checkComputed(_ db: Database, _ plan: inout Plan) throws {
        guard computesAnew, let from else { return }
        let columns = to.fields.map { field in former(field).map { CollectionSQL.quoted($0.name) } ?? "NULL" }
        let fills = to.fields.map { former($0) == nil || $0.isRequired ? $0.constant : nil }
        let count = Int32(to.fields.count)
        var changed: [Int: Int64] = [:]
        var broken: [Int: (count: Int64, first: String)] = [:]
        try db.each("SELECT \(columns.joined(separator: ", ")), id FROM \(from.sql.table)", []) { row in
            let stored = (0..<count).map { row.value($0) }
            let result = computed(zip(stored, fills).map { $0 == .null ? $1 ?? .null : $0 })
            for index in to.rules.computed where result.values[index] != stored[index] {
                changed[index, default: 0] += 1
            }
            for (index, message) in result.faults {
                let first = broken[index]?.first ?? "\(row.text(count) ?? ""): \(message)"
                broken[index] = ((broken[index]?.count ?? 0) + 1, first)
            }
        }
        for index in to.rules.computed {
            if let records = changed[index] { plan.add("computeField", to.fields[index].name, records) }
            guard let (records, first) = broken[index] else { continue }
            plan.refused.append(
                .init("fields[\(index)].formula", "records_break_it", "\(records) records break this, first \(first)"))
        }
    }

    /// By pages, so that memory does not grow with the records.
    func compute(_ db: Database) throws {
        let columns = to.fields.map { CollectionSQL.quoted($0.name) }
        let wanted = to.rules.computed
        let page = """
            SELECT \(columns.joined(separator: ", ")), id FROM \(to.sql.table) WHERE id > ?1 ORDER BY id
            LIMIT \(Limit.records)
            """
        let sets = wanted.enumerated().map { "\(columns[$1]) = ?\($0 + 2)" }.joined(separator: ", ")
        let update = "UPDATE \(to.sql.table) SET \(sets), version = version + 1 WHERE id = ?1"
        let count = Int32(to.fields.count)
        var last = ""
        while true {
            let rows = try db.all(page, [.text(last)]) { row in
                (id: row.text(count) ?? "", values: (0..<count).map { row.value($0) })
            }
            for row in rows {
                let values = computed(row.values).values
                guard values != row.values else { continue }
                try db.run(update, [.text(row.id)] + wanted.map { values[$0] })
            }
            guard rows.count == Limit.records, let end = rows.last else { return }
            last = end.id
        }
    }
}
