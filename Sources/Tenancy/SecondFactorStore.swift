import ApplianceCore
import CollectionKit
import GRDB
import Storage

/// The `secondFactors` and `recoveryCodes` tables of a shop's file, or of `system.sqlite` for operators.
enum SecondFactorStore {
    enum Limit {
        static let recoveryCodes = 10
    }

    static let baseSQL = """
        CREATE TABLE secondFactors (
            userId TEXT PRIMARY KEY NOT NULL, secret TEXT NOT NULL, createdAt TEXT NOT NULL, confirmedAt TEXT,
            lastStep INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE recoveryCodes (
            userId TEXT NOT NULL, codeHash TEXT NOT NULL, usedAt TEXT, PRIMARY KEY (userId, codeHash)
        ) STRICT;
        """

    struct Row {
        /// Sealed.
        let secret: String
        let isConfirmed: Bool
        /// The step of the last code that was accepted.
        let lastStep: Int64
    }

    static func find(_ db: Database, userID: String) throws -> Row? {
        try db.first(
            "SELECT secret, confirmedAt, lastStep FROM secondFactors WHERE userId = ?1", [.text(userID)]
        ) { Row(secret: $0.text(0) ?? "", isConfirmed: !$0.isNull(1), lastStep: $0.integer(2)) }
    }

    /// Whether a sign-in needs a code.
    static func isOn(_ db: Database, userID: String) throws -> Bool {
        try db.first(
            "SELECT 1 FROM secondFactors WHERE userId = ?1 AND confirmedAt IS NOT NULL", [.text(userID)]
        ) { _ in true } ?? false
    }

    /// A secret that counts once it is confirmed; replaces one that never was.
    static func begin(_ db: Database, userID: String, secret: String, now: Instant) throws {
        try db.run(
            "INSERT OR REPLACE INTO secondFactors VALUES (?1, ?2, ?3, NULL, 0)",
            [.text(userID), .text(secret), SQLValue(now)])
    }

    static func confirm(_ db: Database, userID: String, step: Int64, now: Instant) throws {
        try db.run(
            "UPDATE secondFactors SET confirmedAt = ?2, lastStep = ?3 WHERE userId = ?1",
            [.text(userID), SQLValue(now), .integer(step)])
    }

    static func setLastStep(_ db: Database, userID: String, _ step: Int64) throws {
        try db.run("UPDATE secondFactors SET lastStep = ?2 WHERE userId = ?1", [.text(userID), .integer(step)])
    }

    static func delete(_ db: Database, userID: String) throws {
        try db.run("DELETE FROM secondFactors WHERE userId = ?1", [.text(userID)])
        try db.run("DELETE FROM recoveryCodes WHERE userId = ?1", [.text(userID)])
    }

    // MARK: - Recovery codes

    /// Ten new codes of 80 bits in place of all before.
    static func replaceRecoveryCodes(_ db: Database, userID: String) throws -> [String] {
        try db.run("DELETE FROM recoveryCodes WHERE userId = ?1", [.text(userID)])
        let codes = (0..<Limit.recoveryCodes).map { _ in Base32.encode(Random.bytes(10)).lowercased() }
        for code in codes {
            try db.run(
                "INSERT INTO recoveryCodes VALUES (?1, ?2, NULL)", [.text(userID), .text(hash(code, userID))])
        }
        return codes.map { code in
            stride(from: 0, to: 16, by: 4).map { String(code.dropFirst($0).prefix(4)) }.joined(separator: "-")
        }
    }

    /// True once for each code. Case, dashes and spaces do not matter.
    static func useRecoveryCode(_ db: Database, userID: String, _ code: String, now: Instant) throws -> Bool {
        let plain = code.lowercased().filter { $0.isLetter || $0.isNumber }
        guard plain.utf8.count == 16 else { return false }
        try db.run(
            "UPDATE recoveryCodes SET usedAt = ?3 WHERE userId = ?1 AND codeHash = ?2 AND usedAt IS NULL",
            [.text(userID), .text(hash(plain, userID)), SQLValue(now)])
        return db.changesCount == 1
    }

    static func countRecoveryCodes(_ db: Database, userID: String) throws -> Int {
        let count = try db.first(
            "SELECT count(*) FROM recoveryCodes WHERE userId = ?1 AND usedAt IS NULL", [.text(userID)]
        ) { $0.integer(0) }
        return Int(count ?? 0)
    }

    private static func hash(_ code: String, _ userID: String) -> String { Digest.of(Array("\(userID) \(code)".utf8)) }
}
