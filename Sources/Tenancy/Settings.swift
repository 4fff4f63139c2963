package import ApplianceCore
package import CollectionKit
import GRDB
package import Storage
import Synchronization

/// What operators change at run time: kept in `system.sqlite`, read once, asked in memory.
package final class Settings: Sendable {
    package enum Key: String, CaseIterable, Sendable {
        case signup
        case defaultTenant = "default-tenant"
        case corsOrigins = "cors-origins"
        case ownerRestore = "owner-restore"

        package var fallback: String {
            switch self {
            case .signup: "on"
            case .ownerRestore: "7"
            case .defaultTenant, .corsOrigins: ""
            }
        }

        package var text: String {
            switch self {
            case .signup: "on: anybody can start the trial of a shop. off: only operators make shops."
            case .defaultTenant: "The shop that is meant where a sign-in names none; empty for none."
            case .corsOrigins:
                "Web origins whose pages may use the API of every shop, with commas between: "
                    + "https://app.example.com, https://*.example.com."
            case .ownerRestore: "How many days an owner may bring the own shop back, 1 to 365; off for none."
            }
        }
    }

    static let schema = """
        CREATE TABLE settings (
            key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, updatedAt TEXT NOT NULL, updatedBy TEXT NOT NULL
        ) STRICT;
        """

    private struct State {
        var values: [Key: String] = [:]
        var origins: [WebOrigin] = []
    }

    private let system: DatabaseFile
    private let directory: TenantDirectory
    private let time: TimeSource
    private let state = Mutex(State())

    package init(system: DatabaseFile, directory: TenantDirectory, time: TimeSource) throws {
        (self.system, self.directory, self.time) = (system, directory, time)
        try load()
    }

    /// Reads anew: at the start, and after a restore of the control plane.
    package func load() throws {
        let rows = try system.read { db in
            try db.all("SELECT key, value FROM settings", []) { ($0.text(0) ?? "", $0.text(1) ?? "") }
        }
        state.withLock { state in
            state.values = [:]
            for (key, value) in rows { if let key = Key(rawValue: key) { state.values[key] = value } }
            state.origins = Self.origins(state.values)
        }
    }

    private static func origins(_ values: [Key: String]) -> [WebOrigin] {
        (values[.corsOrigins] ?? "").split(separator: ",").compactMap { WebOrigin.pattern(String($0)) }
    }

    package subscript(_ key: Key) -> String { state.withLock { $0.values[key] } ?? key.fallback }

    /// 0 where only operators restore.
    package var ownerRestoreDays: Int64 { Int64(self[.ownerRestore]) ?? 0 }
    package var isSignupOpen: Bool { self[.signup] == "on" }
    /// The shop that is meant where nobody names one.
    package var defaultTenant: Tenant? {
        let slug = self[.defaultTenant]
        return slug.isEmpty ? nil : directory[slug]
    }
    package var corsOrigins: [WebOrigin] { state.withLock { $0.origins } }

    /// Throws 422 for a value that the setting cannot have.
    package func set(_ key: Key, _ value: String, by actor: Actor, requestID: String) async throws {
        let value = try checked(key, value)
        let now = time.now()
        try await system.write { db in
            try db.run(
                """
                INSERT INTO settings VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (key) DO UPDATE SET value = ?2, updatedAt = ?3, updatedBy = ?4
                """, [.text(key.rawValue), .text(value), SQLValue(now), .text(actor.text)])
            let report: JSON = ["value": .string(value)]
            try AuditTrail.append(
                db, at: now, actor: actor, action: "settings.set", target: key.rawValue, requestID: requestID,
                data: report.text)
        }
        state.withLock { state in
            state.values[key] = value
            state.origins = Self.origins(state.values)
        }
        directory.access.announce(())
    }

    private func checked(_ key: Key, _ text: String) throws -> String {
        guard let value = TextRules.normalized(text), value.utf8.count <= 4000 else {
            throw DomainError.invalid("value", "not_valid", "At most 4000 bytes of plain text.")
        }
        switch key {
        case .signup:
            guard value == "on" || value == "off" else {
                throw DomainError.invalid("value", "not_a_choice", "on or off.")
            }
            return value
        case .defaultTenant:
            guard value.isEmpty || directory[value] != nil else {
                throw DomainError.invalid("value", "not_found", "There is no shop \"\(value.prefix(40))\".")
            }
            return value.isEmpty ? "" : directory[value]?.slug ?? ""
        case .ownerRestore:
            guard value == "off" || Int64(value).map({ (1...365).contains($0) }) ?? false else {
                throw DomainError.invalid("value", "not_a_choice", "off, or 1 to 365 days.")
            }
            return value
        case .corsOrigins:
            return try WebOrigin.checked(value.split(separator: ",").map(String.init), field: "value")
                .joined(separator: ",")
        }
    }

    package func json(_ key: Key) -> JSON {
        [
            "key": .string(key.rawValue), "value": .string(self[key]), "default": .string(key.fallback),
            "help": .string(key.text),
        ]
    }
}
