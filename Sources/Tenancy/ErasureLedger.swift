import ApplianceCore
import CollectionKit
import Foundation
import GRDB
import Storage

/// All erasures of all shops, kept outside the shops' files: in `system.sqlite`, and as one small file each in
/// `backups/erasures/<tenant>/`, for a machine that has nothing but the backups.
struct ErasureLedger: Sendable {
    static let schema = """
        CREATE TABLE erasures (
            id TEXT PRIMARY KEY NOT NULL, tenantId TEXT NOT NULL, collection TEXT NOT NULL, recordId TEXT NOT NULL,
            token TEXT NOT NULL, at TEXT NOT NULL, doneAt TEXT
        ) STRICT;
        CREATE INDEX erasures_tenant ON erasures (tenantId, id);
        CREATE INDEX erasures_pending ON erasures (tenantId) WHERE doneAt IS NULL;
        """

    private enum Limit {
        /// Bytes of one file.
        static let file = 4096
    }

    let system: DatabaseFile

    // MARK: - The table

    private static let columns = "id, tenantId, collection, recordId, token, at"

    static func erasure(_ row: SQLStatement) -> Erasure {
        Erasure(
            id: row.text(0) ?? "", tenant: row.text(1) ?? "", collection: row.text(2) ?? "",
            record: row.text(3) ?? "", token: row.text(4) ?? "", at: row.text(5).flatMap(Instant.init) ?? .earliest)
    }

    static func add(_ db: Database, _ erasure: Erasure, doneAt: Instant?) throws {
        try db.run(
            "INSERT OR IGNORE INTO erasures VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            [
                .text(erasure.id), .text(erasure.tenant), .text(erasure.collection), .text(erasure.record),
                .text(erasure.token), SQLValue(erasure.at), SQLValue(doneAt),
            ])
    }

    func setDone(_ erasures: [Erasure], at now: Instant) async throws {
        try await system.write { db in
            for erasure in erasures {
                try db.run("UPDATE erasures SET doneAt = ?2 WHERE id = ?1", [.text(erasure.id), SQLValue(now)])
            }
        }
    }

    /// Those that a shop's file may not have in it yet.
    func pending() throws -> [Erasure] {
        try system.read { db in
            try db.all("SELECT \(Self.columns) FROM erasures WHERE doneAt IS NULL ORDER BY id", [], Self.erasure)
        }
    }

    func all(of tenant: String) throws -> [Erasure] {
        try system.read { db in
            try db.all(
                "SELECT \(Self.columns) FROM erasures WHERE tenantId = ?1 ORDER BY id", [.text(tenant)], Self.erasure)
        }
    }

    func all() throws -> [Erasure] {
        try system.read { db in try db.all("SELECT \(Self.columns) FROM erasures ORDER BY id", [], Self.erasure) }
    }

    func page(tenant: String?, before: String?, limit: Int) throws -> [Erasure] {
        try system.read { db in
            try db.all(
                """
                SELECT \(Self.columns) FROM erasures WHERE (?1 IS NULL OR tenantId = ?1) AND (?2 IS NULL OR id < ?2)
                ORDER BY id DESC LIMIT ?3
                """, [SQLValue(tenant), SQLValue(before), .integer(Int64(limit))], Self.erasure)
        }
    }

    /// How many there are of each tenant, and when the latest was.
    func latest() throws -> [String: (count: Int, at: Instant)] {
        let rows = try system.read { db in
            try db.all("SELECT tenantId, count(*), max(at) FROM erasures GROUP BY tenantId", []) { row in
                (row.text(0) ?? "", (Int(row.integer(1)), row.text(2).flatMap(Instant.init) ?? .earliest))
            }
        }
        return Dictionary(rows.map { ($0.0, (count: $0.1.0, at: $0.1.1)) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: - The files

    static func folder(_ backups: URL) -> URL { backups.appending(path: "erasures") }

    private static func file(_ backups: URL, _ erasure: Erasure) -> URL {
        folder(backups).appending(path: erasure.tenant).appending(path: "\(erasure.id).json")
    }

    /// Writes those that are not there.
    static func publish(_ erasures: [Erasure], to backups: URL) throws {
        for erasure in erasures {
            let file = file(backups, erasure)
            if FileSystem.exists(file) { continue }
            try FileSystem.makeFolder(file.deletingLastPathComponent())
            try AtomicFile.publish(Array(try JSONEncoder().encode(erasure)), to: file)
        }
    }

    /// What a backups folder knows of a tenant. A file that is not one of ours says nothing.
    static func filed(_ tenant: String, in backups: URL) -> [Erasure] {
        guard Erasure.isPlain(tenant) else { return [] }
        let folder = folder(backups).appending(path: tenant)
        return names(folder).filter { $0.hasSuffix(".json") }.compactMap { name in
            guard let bytes = try? FileReader.contents(folder.appending(path: name), limit: Limit.file),
                let erasure = try? JSONDecoder().decode(Erasure.self, from: Data(bytes)), erasure.isSound,
                erasure.tenant == tenant, name == "\(erasure.id).json"
            else { return nil }
            return erasure
        }
    }

    static func filedTenants(in backups: URL) -> [String] { names(folder(backups)).filter(Erasure.isPlain) }

    private static func names(_ folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }
}
