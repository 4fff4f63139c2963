package import ApplianceCore
package import CollectionKit
import GRDB
package import Storage
import Synchronization

/// Terms and privacy policy: texts with versions, and who accepted which, when and from where.
package final class LegalTexts: Sendable {
    package enum Kind: String, CaseIterable, Sendable { case terms, privacy }

    package enum Limit {
        package static let characters = 100_000
    }

    package struct Text: Sendable {
        package let kind: Kind
        /// 1 is what the appliance comes with.
        package let version: Int64
        package let body: String
        package let publishedAt: Instant?
        package let publishedBy: String

        package func json(withBody: Bool) -> JSON {
            let json: JSON = [
                "kind": .string(kind.rawValue), "version": .integer(version), "publishedAt": JSON(publishedAt),
                "publishedBy": .string(publishedBy),
            ]
            return withBody ? json.adding(["body": .string(body)]) : json
        }
    }

    static let schema = """
        CREATE TABLE legalTexts (
            kind TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, publishedAt TEXT NOT NULL,
            publishedBy TEXT NOT NULL, PRIMARY KEY (kind, version)
        ) STRICT;
        """

    /// In each shop's file, so that it goes where the shop goes.
    static let acceptanceSchema = """
        CREATE TABLE legalAcceptances (
            userId TEXT NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL, at TEXT NOT NULL,
            address TEXT NOT NULL, PRIMARY KEY (userId, kind, version)
        ) STRICT;
        """

    private let system: DatabaseFile
    private let directory: TenantDirectory
    private let time: TimeSource
    private let latest = Mutex<[Kind: Text]>([:])

    package init(system: DatabaseFile, directory: TenantDirectory, time: TimeSource) throws {
        (self.system, self.directory, self.time) = (system, directory, time)
        try load()
    }

    package func load() throws {
        let texts = try Kind.allCases.compactMap { try versions(of: $0).first }
        latest.withLock { latest in
            latest = Dictionary(texts.map { ($0.kind, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    package func current(_ kind: Kind) -> Text { latest.withLock { $0[kind] } ?? Self.shipped(kind) }

    /// The latest first, down to what the appliance comes with.
    package func versions(of kind: Kind) throws -> [Text] {
        let published = try system.read { db in
            try db.all(
                """
                SELECT version, body, publishedAt, publishedBy FROM legalTexts WHERE kind = ?1 ORDER BY version DESC
                """, [.text(kind.rawValue)]
            ) { row in
                Text(
                    kind: kind, version: row.integer(0), body: row.text(1) ?? "",
                    publishedAt: row.text(2).flatMap(Instant.init), publishedBy: row.text(3) ?? "")
            }
        }
        return published + [Self.shipped(kind)]
    }

    /// Makes a new version, which everybody is asked to accept.
    package func publish(_ kind: Kind, _ body: String, by actor: Actor, requestID: String) async throws -> Text {
        guard let body = TextRules.normalized(body, multiline: true), !body.isEmpty,
            body.unicodeScalars.count <= Limit.characters
        else { throw DomainError.invalid("body", "not_valid", "1 to \(Limit.characters) characters of plain text.") }
        let now = time.now()
        let text = try await system.write { db in
            let last = try db.first(
                "SELECT max(version) FROM legalTexts WHERE kind = ?1", [.text(kind.rawValue)]
            ) { $0.integer(0) }
            let text = Text(
                kind: kind, version: max(last ?? 0, 1) + 1, body: body, publishedAt: now, publishedBy: actor.text)
            try db.run(
                "INSERT INTO legalTexts VALUES (?1, ?2, ?3, ?4, ?5)",
                [.text(kind.rawValue), .integer(text.version), .text(body), SQLValue(now), .text(actor.text)])
            let report: JSON = ["version": .integer(text.version)]
            try AuditTrail.append(
                db, at: now, actor: actor, action: "legal.publish", target: kind.rawValue, requestID: requestID,
                data: report.text)
            return text
        }
        latest.withLock { latest in
            if latest[kind].map({ $0.version < text.version }) ?? true { latest[kind] = text }
        }
        return text
    }

    // MARK: - Accepting

    /// Throws `terms_changed` unless `version` is the one that holds.
    package func requireCurrentTerms(_ version: Int64?) throws {
        guard version != current(.terms).version else { return }
        throw DomainError.invalid(
            "termsVersion", "terms_changed", "Accept the current terms: version \(current(.terms).version).")
    }

    /// Notes that a user of a shop accepts both texts as they are now. Twice is the same as once.
    package func accept(_ userID: String, of tenant: String, address: String, requestID: String) async throws {
        let now = time.now()
        let texts = Kind.allCases.map { current($0) }
        try await directory.file(tenant).write { db in
            for text in texts {
                try db.run(
                    "INSERT INTO legalAcceptances VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
                    [.text(userID), .text(text.kind.rawValue), .integer(text.version), SQLValue(now), .text(address)])
                guard db.changesCount == 1 else { continue }
                let report: JSON = ["version": .integer(text.version), "address": .string(address)]
                try AuditTrail.append(
                    db, at: now, actor: Actor(.user, userID), action: "legal.accept", target: text.kind.rawValue,
                    requestID: requestID, data: report.text)
            }
        }
    }

    /// The texts that a user has yet to accept: those published here in a version they have not. What the appliance
    /// comes with is asked for at sign-up only.
    package func due(_ userID: String, of tenant: String) throws -> [Text] {
        let published = Kind.allCases.map { current($0) }.filter { $0.version > 1 }
        guard !published.isEmpty else { return [] }
        let accepted = try directory.file(tenant).read { db in
            try db.all(
                "SELECT kind, max(version) FROM legalAcceptances WHERE userId = ?1 GROUP BY kind", [.text(userID)]
            ) { ($0.text(0) ?? "", $0.integer(1)) }
        }
        return published.filter { text in !accepted.contains { $0.0 == text.kind.rawValue && $0.1 >= text.version } }
    }

    private static func shipped(_ kind: Kind) -> Text {
        let body =
            switch kind {
            case .terms:
                """
                # Terms of use

                These are the terms that the appliance comes with. Your operator can replace them.

                - You use the service for your own business and keep your password to yourself.
                - Your data stays yours: you can export all of it at any time.
                - A trial ends by itself. Nothing is paid or deleted without somebody saying so.
                - The service is provided as it is.
                """
            case .privacy:
                """
                # Privacy

                This is the notice that the appliance comes with. Your operator can replace it.

                - We keep what you enter, and the address and time of each sign-in, to run the service.
                - Each shop's data lies in a database of its own and is shown to nobody else.
                - You can ask for a copy of your data, for corrections, and for its removal.
                """
            }
        return Text(kind: kind, version: 1, body: body, publishedAt: nil, publishedBy: "system")
    }
}
