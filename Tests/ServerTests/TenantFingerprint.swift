import ApplianceCore
import Storage
import Tenancy
import Testing

@testable import ApplianceServer

extension TestServer {
    /// Every row of every table of a shop's file, as text: what must not change when others try to.
    func fingerprint(_ shop: Shop) throws -> [String: [String]] {
        try appliance.directory.file(shop.id).read { db in
            let tables = try db.all(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
            ) { $0.text(0) ?? "" }
            var rows: [String: [String]] = [:]
            for table in tables {
                let columns = try db.all("SELECT name FROM pragma_table_info(?1)", [.text(table)]) { $0.text(0) }
                rows[table] = try db.all("SELECT * FROM \"\(table)\"") { row in
                    (0..<Int32(columns.count)).map { "\(row.value($0))" }.joined(separator: "|")
                }
            }
            return rows
        }
    }
}
