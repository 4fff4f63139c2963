package import ApplianceCore
package import GRDB
package import Storage

/// Answers to writes, kept in the tenant's file in the transaction of the write itself: a client that did not get its
/// answer asks again with the same `Idempotency-Key` and gets it, whatever happened between (a lost connection, a kill,
/// a restart). The one writer of a file makes a second request wait for the first and then replay it.
package struct Idempotency: Sendable {
    package enum Limit {
        /// Characters of a key: visible ASCII.
        package static let key = 255
        /// How long an answer is kept.
        package static let lifetime = Duration.seconds(24 * 3600)
    }

    /// What is kept of an answer.
    package struct Answer: Sendable, Equatable {
        package let status: Int
        package let location: String?
        package let etag: String?
        package let body: [UInt8]

        package init(status: Int, location: String?, etag: String?, body: [UInt8]) {
            (self.status, self.location, self.etag, self.body) = (status, location, etag, body)
        }
    }

    package static let baseSQL = """
        CREATE TABLE idempotency (
            actor TEXT NOT NULL, key TEXT NOT NULL, request TEXT NOT NULL, at TEXT NOT NULL, status INTEGER NOT NULL,
            location TEXT, etag TEXT, body TEXT NOT NULL, PRIMARY KEY (actor, key)
        ) STRICT;
        CREATE INDEX idempotency_at ON idempotency (at);
        """

    private let actor: String
    private let key: String
    private let request: String

    /// Keys of different people are different keys. `request` says what is asked for: method, address and body.
    package init(key: String, actor: Actor, request: [UInt8]) throws {
        guard (1...Limit.key).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw DomainError.malformed(
                "idempotency_key_malformed", "Idempotency-Key has 1 to \(Limit.key) visible ASCII characters.")
        }
        (self.key, self.actor, self.request) = (key, actor.text, Digest.of(request))
    }

    /// The kept answer, or that of `make`, which is kept then. What throws is kept no more than the write itself.
    package func write(
        _ file: DatabaseFile, now: Instant, alone: Bool = false, make: @escaping @Sendable (Database) throws -> Answer
    ) async throws -> (answer: Answer, isReplay: Bool) {
        try await file.write(alone: alone) { db in try answer(db, now: now, make: make) }
    }

    /// The kept answer; nil when there is none. Throws `idempotency_key_reused` for that of another request.
    package func kept(_ db: Database, now: Instant) throws -> Answer? {
        let kept = try db.first(
            "SELECT request, status, location, etag, body FROM idempotency WHERE actor = ?1 AND key = ?2 AND at > ?3",
            [.text(actor), .text(key), SQLValue(now.subtracting(Limit.lifetime))]
        ) { row in
            (
                request: row.text(0),
                answer: Answer(
                    status: Int(row.integer(1)), location: row.text(2), etag: row.text(3),
                    body: row.withBytes(4) { Array($0) })
            )
        }
        if let kept {
            guard kept.request == request else {
                throw DomainError.conflict(
                    "idempotency_key_reused", "This Idempotency-Key was used for another request.",
                    hint: "Take a new key for a new request.")
            }
            return kept.answer
        }
        return nil
    }

    private func answer(
        _ db: Database, now: Instant, make: (Database) throws -> Answer
    ) throws -> (answer: Answer, isReplay: Bool) {
        if let kept = try kept(db, now: now) { return (kept, true) }
        let answer = try make(db)
        try keep(answer, db, now: now)
        return (answer, false)
    }

    package func keep(_ answer: Answer, _ db: Database, now: Instant) throws {
        try db.run(
            "INSERT OR REPLACE INTO idempotency VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            [
                .text(actor), .text(key), .text(request), SQLValue(now), .integer(Int64(answer.status)),
                SQLValue(answer.location), SQLValue(answer.etag), .text(String(decoding: answer.body, as: UTF8.self)),
            ])
    }

    /// Removes answers whose time is over.
    package static func purge(_ db: Database, now: Instant) throws {
        try db.run("DELETE FROM idempotency WHERE at <= ?1", [SQLValue(now.subtracting(Limit.lifetime))])
    }

    package static func hasDue(_ db: Database, now: Instant) throws -> Bool {
        try db.first("SELECT 1 FROM idempotency WHERE at <= ?1", [SQLValue(now.subtracting(Limit.lifetime))]) { _ in
            true
        }
            ?? false
    }
}
