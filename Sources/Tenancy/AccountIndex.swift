import ApplianceCore
import GRDB
import Storage

/// The `accountShops` table of `system.sqlite`: in which shops an address has an account, so that people need not name
/// theirs. A help and no proof: the shop's own file decides, and what is missing here is learned at the next sign-in
/// that names the shop, or by night.
enum AccountIndex {
    enum Limit {
        /// Shops whose passwords one sign-in is compared with.
        static let shops = 5
    }

    static let schema = """
        CREATE TABLE accountShops (
            accountHash TEXT NOT NULL, tenantId TEXT NOT NULL, PRIMARY KEY (accountHash, tenantId)
        ) STRICT;
        """

    private static func hash(_ email: String) -> String { Digest.of(Array(email.lowercased().utf8)) }

    static func shops(_ db: Database, _ email: String) throws -> [String] {
        try db.all(
            "SELECT tenantId FROM accountShops WHERE accountHash = ?1 ORDER BY tenantId LIMIT \(Limit.shops)",
            [.text(hash(email))]
        ) { $0.text(0) ?? "" }
    }

    static func has(_ db: Database, _ email: String, _ tenantID: String) throws -> Bool {
        try db.first(
            "SELECT 1 FROM accountShops WHERE accountHash = ?1 AND tenantId = ?2",
            [.text(hash(email)), .text(tenantID)]
        ) { _ in true } ?? false
    }

    static func add(_ db: Database, _ email: String, _ tenantID: String) throws {
        try db.run("INSERT OR IGNORE INTO accountShops VALUES (?1, ?2)", [.text(hash(email)), .text(tenantID)])
    }

    /// What a shop has now, in place of what was known of it.
    static func replace(_ db: Database, tenantID: String, emails: [String]) throws {
        try db.run("DELETE FROM accountShops WHERE tenantId = ?1", [.text(tenantID)])
        for email in emails { try add(db, email, tenantID) }
    }

    static func known(_ db: Database, tenantID: String) throws -> Set<String> {
        Set(
            try db.all("SELECT accountHash FROM accountShops WHERE tenantId = ?1", [.text(tenantID)]) {
                $0.text(0) ?? ""
            })
    }

    static func isCurrent(_ db: Database, tenantID: String, emails: [String]) throws -> Bool {
        try known(db, tenantID: tenantID) == Set(emails.map(hash))
    }
}
