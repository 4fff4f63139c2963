import ApplianceCore
import GRDB
import Storage

/// The `signInFailures` table of a shop's file, or of `system.sqlite` for operators: how often in a row a sign-in with
/// an address failed, whether there is such an account or not. Addresses are kept as hashes: people type passwords
/// into the wrong field.
enum SignInFailureStore {
    enum Limit {
        /// Failures in a row that cost nothing.
        static let free: Int64 = 4
        static let longestWait: Int64 = 900
        /// From here on only a new password helps (NIST SP 800-63B-4 §3.2.2).
        static let locked: Int64 = 100
        /// How long few failures are remembered, and many.
        static let memory = Duration.days(1)
        static let longMemory = Duration.days(30)
    }

    static let baseSQL = """
        CREATE TABLE signInFailures (
            accountHash TEXT PRIMARY KEY NOT NULL, count INTEGER NOT NULL, lastAt TEXT NOT NULL, openAt TEXT NOT NULL
        ) STRICT;
        CREATE INDEX signInFailures_last ON signInFailures (lastAt);
        """

    private static func hash(_ account: String) -> String { Digest.of(Array(account.lowercased().utf8)) }

    /// Throws 429 while the account has to wait.
    static func requireOpen(_ db: Database, _ account: String, now: Instant) throws {
        let row = try db.first(
            "SELECT count, openAt FROM signInFailures WHERE accountHash = ?1", [.text(hash(account))]
        ) { (count: $0.integer(0), openAt: $0.text(1).flatMap(Instant.init) ?? .earliest) }
        guard let row else { return }
        guard row.count < Limit.locked else {
            throw DomainError(
                .tooMany, "account_locked", "Signing in failed too often.",
                hint: "Set a new password with the link for forgotten ones, or ask who manages users.")
        }
        guard row.openAt > now else { return }
        throw DomainError(
            .tooMany, "too_many_failures", "Signing in failed several times: wait a moment.",
            retryAfter: Int(max(1, (row.openAt.since(now).wholeMilliseconds + 999) / 1000)))
    }

    /// How long an account waits after its `count`th failure in a row: 1 s after the fifth, twice as long each time.
    static func wait(after count: Int64) -> Duration {
        guard count > Limit.free else { return .zero }
        return .seconds(min(Limit.longestWait, 1 << min(count - Limit.free - 1, 20)))
    }

    /// Notes a failure; how many there were in a row with it.
    static func note(_ db: Database, _ account: String, now: Instant) throws -> Int64 {
        try db.run(
            "DELETE FROM signInFailures WHERE lastAt < ?1 AND (count <= ?2 OR lastAt < ?3)",
            [
                SQLValue(now.subtracting(Limit.memory)), .integer(Limit.free),
                SQLValue(now.subtracting(Limit.longMemory)),
            ])
        let before = try db.first(
            "SELECT count FROM signInFailures WHERE accountHash = ?1", [.text(hash(account))]
        ) { $0.integer(0) }
        let count = min((before ?? 0) + 1, Limit.locked)
        try db.run(
            "INSERT OR REPLACE INTO signInFailures VALUES (?1, ?2, ?3, ?4)",
            [
                .text(hash(account)), .integer(count), SQLValue(now), SQLValue(now.adding(wait(after: count))),
            ])
        return count
    }

    static func has(_ db: Database, _ account: String) throws -> Bool {
        try db.first("SELECT 1 FROM signInFailures WHERE accountHash = ?1", [.text(hash(account))]) { _ in true }
            ?? false
    }

    static func clear(_ db: Database, _ account: String) throws {
        try db.run("DELETE FROM signInFailures WHERE accountHash = ?1", [.text(hash(account))])
    }
}
