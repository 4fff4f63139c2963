import ApplianceCore
import Foundation
import GRDB
import Storage
import Synchronization

/// What a stored file is not. `reason` completes "tenants/… is damaged: ".
struct FileFault: Error, Equatable {
    let reason: String

    static let unsound = FileFault(reason: "SQLite finds its content damaged")
}

/// What a database says of itself, found in a copy that nobody writes and compared in every later check of it.
struct DatabaseFacts: Equatable, Sendable {
    enum Limit {
        /// Bytes from which on a second connection and a second core are worth their beginning.
        static let large: Int64 = 8 << 20
    }

    let schemaVersion: Int
    /// Rows of each ordinary table.
    let rows: [String: Int64]
    /// See `ContentHash`; nil in manifests from before it was kept.
    let contentHash: String?

    init(schemaVersion: Int, rows: [String: Int64], contentHash: String?) {
        (self.schemaVersion, self.rows, self.contentHash) = (schemaVersion, rows, contentHash)
    }

    init(_ stored: Manifest.File) {
        self.init(schemaVersion: stored.schemaVersion, rows: stored.rows, contentHash: stored.contentHash)
    }

    /// Everything that can be said against a file: that it is ours, of this tenant, whole, with all references and
    /// rules intact. Half of all flipped bits pass `integrity_check`, so the caller has compared the SHA-256 before.
    /// Throws `FileFault`, or `file_newer`.
    ///
    /// From `large` bytes on on all cores, and with the indexes compared instead of each row looked up in each.
    static func prove(
        _ url: URL, schema: DatabaseSchema, tenant: String?, large: Int64 = Limit.large
    ) throws -> DatabaseFacts {
        // A reader of a file in WAL mode leaves these beside it; beside another database they would be poison.
        defer { for suffix in ["-wal", "-shm"] { unlink(url.path + suffix) } }
        let isLarge = FileSystem.size(url) >= large
        var version = 0
        var (content, proof): (ContentHash?, IndexProof?)
        try reading(url) { db in
            try schema.check(db)
            version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            try checkObjects(db, schema, version)
            guard !isLarge else { return proof = try IndexProof(db) }
            try checkIntegrity(db)
            try ReferenceCheck.runWhole(db)
            try checkRules(db, schema, tenant)
            content = try ContentHash(db)
        }
        if let proof { content = try prove(url, schema, tenant, proof) }
        return DatabaseFacts(schemaVersion: version, rows: content?.rows ?? [:], contentHash: content?.hexadecimal)
    }

    /// The parts that read everything, each by itself.
    private static func prove(
        _ url: URL, _ schema: DatabaseSchema, _ tenant: String?, _ proof: IndexProof
    ) throws -> ContentHash? {
        var content: ContentHash?
        let indexes = Array(proof.indexes.values.joined())
        let entries = Mutex<[String: RowSum]>([:])
        let pages = try? IndexPages(url)
        try Cores.together(2 + indexes.count) { step in
            switch step {
            case 0:
                try reading(url) { db in
                    guard try String.fetchAll(db, sql: "PRAGMA quick_check(1)") == ["ok"],
                        try proof.checkLeftovers(db)
                    else { throw FileFault.unsound }
                    try ReferenceCheck.run(db)
                    try checkRules(db, schema, tenant)
                }
            case 1: content = try reading(url) { db in try ContentHash(db, for: proof) }
            default:
                let index = indexes[step - 2]
                let sum = try pages?.entries(index, from: proof.start)
                entries.withLock { $0[index.name] = sum }
            }
        }
        // SQLite has the last word: a shop must not go without backups for what only our comparison does not like.
        if content?.indexed != entries.withLock({ $0 }) { try reading(url) { db in try checkIntegrity(db) } }
        return content
    }

    /// As `prove`, and the file must say what these facts do.
    func check(_ url: URL, schema: DatabaseSchema, tenant: String?) throws {
        let found = try Self.prove(url, schema: schema, tenant: tenant)
        guard found.schemaVersion == schemaVersion else {
            throw FileFault(reason: "its schema version does not match")
        }
        guard found.rows == rows else { throw FileFault(reason: "its row counts do not match") }
        if let contentHash, ContentHash.isComparable(contentHash), found.contentHash != contentHash {
            throw FileFault(reason: "its content hash does not match")
        }
    }

    /// Triggers and views run SQL of whoever wrote them, virtual tables code of their module: only ours may be there.
    private static func checkObjects(_ db: Database, _ schema: DatabaseSchema, _ version: Int) throws {
        let found = try DatabaseSchema.Object.all(db)
        let (required, allowed) = try schema.expected(version: version)
        if let missing = required.subtracting(found).map(\.name).min() {
            throw FileFault(reason: "its \(missing) is missing or another than ours")
        }
        let isPlain = { (object: DatabaseSchema.Object) in
            object.type == "index" || object.type == "table" && !object.sql.uppercased().hasPrefix("CREATE VIRTUAL")
        }
        if let stranger = found.subtracting(allowed).filter({ !isPlain($0) && !schema.recognizes($0) }).min(by: {
            $0.name < $1.name
        }) {
            throw FileFault(reason: "it has a \(stranger.type) that is not ours")
        }
    }

    private static func checkIntegrity(_ db: Database) throws {
        guard try String.fetchAll(db, sql: "PRAGMA integrity_check(1)") == ["ok"] else { throw FileFault.unsound }
    }

    private static func checkRules(_ db: Database, _ schema: DatabaseSchema, _ tenant: String?) throws {
        for rule in schema.invariants where try db.tableExists(rule.table) {
            guard try Row.fetchOne(db, sql: rule.violations) == nil else {
                throw FileFault(reason: "it breaks a rule: \(rule.name)")
            }
        }
        guard let owner = schema.owner, try db.tableExists(owner.table),
            let found = try String.fetchOne(db, sql: owner.violations)
        else { return }
        guard found == tenant else { throw FileFault(reason: "it belongs to the tenant \(found.prefix(64))") }
    }

    static func reading<Value>(_ url: URL, _ body: (Database) throws -> Value) throws -> Value {
        do {
            let queue = try DatabaseConfiguration.openReader(url)
            defer { try? queue.close() }
            return try queue.unsafeRead(body)
        } catch let error as DatabaseError where error.resultCode != .SQLITE_FULL {
            throw FileFault(reason: "SQLite cannot read it (\(error.resultCode.rawValue))")
        } catch let error as DomainError where error.code == "file_foreign" {
            throw FileFault(reason: "it is not one of Appliance's files")
        }
    }
}
