import ApplianceCore
package import Foundation
import GRDB

/// What a restore takes over from the live file into the past that replaces it, because it is about now and not about
/// then: a credential that was ended must not come back to life, and what was used stays used.
package struct StandingRows: Sendable {
    /// Become what they are in the live file, without what is there no more.
    let replaced: [String]
    /// Get the live file's rows besides their own; of rows with one key the live one counts.
    let merged: [String]
    /// Only ever grow: get the rows that came behind their last.
    let appended: [String]
    /// Emptied where there is no live file that can be read.
    let emptied: [String]

    package init(replaced: [String], merged: [String], appended: [String] = [], emptied: [String]) {
        (self.replaced, self.merged, self.appended, self.emptied) = (replaced, merged, appended, emptied)
    }

    /// Call inside a transaction on `past`. Tables that one of both has not are left as they are: a backup may be older
    /// than they are.
    func carry(into past: Database, from live: Database?) throws {
        // An emptied file can be read too, and knows nothing.
        guard let live, try emptied.allSatisfy({ try live.tableExists($0) || !past.tableExists($0) }) else {
            for table in emptied where try past.tableExists(table) { try past.run("DELETE FROM \(Self.quoted(table))") }
            return
        }
        for table in replaced + merged + appended where try past.tableExists(table) && live.tableExists(table) {
            if replaced.contains(table) { try past.run("DELETE FROM \(Self.quoted(table))") }
            let last = appended.contains(table) ? try past.first(Self.lastRow(table), [], { $0.integer(0) }) : nil
            try Self.copy(table, after: last ?? 0, into: past, from: live)
        }
    }

    private static func lastRow(_ table: String) -> String { "SELECT max(rowid) FROM \(quoted(table))" }

    /// `last`: 0 for all rows; tables without row numbers have none but these.
    private static func copy(_ table: String, after last: Int64, into past: Database, from live: Database) throws {
        let known = try columns(of: table, past)
        let names = try columns(of: table, live).filter { known.contains($0) }
        guard !names.isEmpty else { return }
        let list = names.map(quoted).joined(separator: ", ")
        let parameters = names.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        let insert = "INSERT OR REPLACE INTO \(quoted(table)) (\(list)) VALUES (\(parameters))"
        let rows = "SELECT \(list) FROM \(quoted(table))" + (last > 0 ? " WHERE rowid > ?1 ORDER BY rowid" : "")
        try live.each(rows, last > 0 ? [.integer(last)] : []) { row in
            try past.run(insert, names.indices.map { row.value(Int32($0)) })
        }
    }

    private static func columns(of table: String, _ db: Database) throws -> [String] {
        try db.all("SELECT name FROM pragma_table_info(?1) ORDER BY cid", [.text(table)]) { $0.text(0) ?? "" }
    }

    private static func quoted(_ name: String) -> String { "\"\(name)\"" }
}

extension StandingRows {
    /// `past`: a file that nobody else has open, complete in itself; so it is afterwards, and on disk. `live`: closed,
    /// with or without a WAL. One that is not there, or is damaged, gives nothing.
    package func carry(into past: URL, from live: URL) throws {
        let source = FileSystem.exists(live) ? try? DatabaseConfiguration.openReader(live) : nil
        defer { try? source?.close() }
        do {
            try DatabaseFile.changeAlone(past) { past in
                guard let source else { return try carry(into: past, from: nil) }
                try source.read { live in try carry(into: past, from: live) }
            }
        } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) {
            try DatabaseFile.changeAlone(past) { try carry(into: $0, from: nil) }
        }
    }
}
