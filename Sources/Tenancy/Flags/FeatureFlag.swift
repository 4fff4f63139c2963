package import ApplianceCore
import GRDB
import Storage
import Synchronization

/// Whether something new is there for a shop: by the shop itself, by its plan, or for all, perhaps between two dates.
package struct FeatureFlag: Sendable, Equatable {
    package enum Limit {
        package static let flags = 500
        package static let rules = 500
        package static let name = 40
        package static let description = 200
    }

    /// What holds for a shop or a plan, from `from` until before `until`.
    package struct Rule: Sendable, Equatable {
        package enum Subject: Sendable, Hashable {
            /// By id.
            case tenant(String)
            case plan(String)
        }

        package let subject: Subject
        package let isOn: Bool
        package let from: Instant?
        package let until: Instant?

        func holds(at now: Instant) -> Bool { (from.map { $0 <= now } ?? true) && (until.map { now < $0 } ?? true) }

        package var json: JSON {
            let subject: JSON.Member =
                switch subject {
                case .tenant(let id): .init("tenant", .string(id))
                case .plan(let name): .init("plan", .string(name))
                }
            return .object([
                subject, .init("isOn", .bool(isOn)), .init("from", JSON(from)), .init("until", JSON(until)),
            ])
        }
    }

    package let name: String
    package let description: String
    /// Where no rule holds.
    package let isOn: Bool
    package let rules: [Rule]

    /// A shop's own rule before its plan's; of several that hold the last one.
    package func isOn(tenant: String, plan: String, at now: Instant) -> Bool {
        func rule(_ subject: Rule.Subject) -> Rule? { rules.last { $0.subject == subject && $0.holds(at: now) } }
        return (rule(.tenant(tenant)) ?? rule(.plan(plan)))?.isOn ?? isOn
    }

    package var json: JSON {
        [
            "name": .string(name), "description": JSON(description.isEmpty ? nil : description), "isOn": .bool(isOn),
            "rules": .array(rules.map(\.json)),
        ]
    }

    /// Reads a flag; `tenant` makes an id of an id or a slug, nil where there is none.
    package init(_ body: JSON, tenant: (String) -> String?) throws {
        var reader = try InputReader(body: body)
        name = reader.text("name", required: true, max: Limit.name, check: TextRules.isSlug) ?? ""
        description = reader.text("description", max: Limit.description) ?? ""
        isOn = reader.flag("isOn") ?? false
        var rules: [Rule] = []
        var faults: [DomainError.FieldFault] = []
        let list = reader.member("rules")
        if let list, list.arrayValue == nil || (list.arrayValue?.count ?? 0) > Limit.rules {
            faults.append(.init("rules", "not_valid", "A list of at most \(Limit.rules) rules."))
        }
        for (index, value) in (list?.arrayValue ?? []).prefix(Limit.rules).enumerated() {
            do {
                rules.append(try Rule(value, tenant: tenant))
            } catch {
                faults += error.faults.map { .init("rules.\(index).\($0.field)", $0.code, $0.message) }
            }
        }
        reader.faults += faults
        self.rules = rules
        try reader.finish()
    }
}

extension FeatureFlag.Rule {
    fileprivate init(_ body: JSON, tenant: (String) -> String?) throws(DomainError) {
        guard body.objectValue != nil else { throw DomainError.invalid("", "wrong_type", "Expected an object.") }
        do {
            var reader = try InputReader(body: body)
            let shop = reader.text("tenant", max: 40)
            let plan = reader.text("plan", max: 20)
            isOn = reader.flag("isOn") ?? true
            from = reader.moment("from", .utc)
            until = reader.moment("until", .utc)
            let id = shop.flatMap(tenant)
            if let shop, id == nil {
                reader.faults.append(.init("tenant", "not_found", "There is no shop \(shop.prefix(40))."))
            }
            if (shop == nil) == (plan == nil) {
                reader.faults.append(.init("tenant", "required", "Exactly one of tenant and plan."))
            }
            if let from, let until, from >= until {
                reader.faults.append(.init("until", "out_of_range", "Must be behind the beginning."))
            }
            subject = id.map { .tenant($0) } ?? .plan(plan ?? "")
            try reader.finish()
        } catch {
            throw DomainError(any: error)
        }
    }
}

/// The `flags` table of `system.sqlite`.
package enum FlagStore {
    static let schema = """
        CREATE TABLE flags (
            name TEXT PRIMARY KEY NOT NULL, definition TEXT NOT NULL, updatedAt TEXT NOT NULL, updatedBy TEXT NOT NULL
        ) STRICT;
        """
}

/// All flags in memory: asking is a look-up, and a change is seen by the next request.
package final class FlagDirectory: Sendable {
    private let flags = Mutex<[String: FeatureFlag]>([:])

    func load(_ system: DatabaseFile) throws {
        let all = try system.read { db in
            try db.all("SELECT definition FROM flags") { row in
                try FeatureFlag(JSONParser.parse(Array((row.text(0) ?? "").utf8)), tenant: { $0 })
            }
        }
        flags.withLock { flags in
            flags = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    package var all: [FeatureFlag] { flags.withLock { Array($0.values) }.sorted { $0.name < $1.name } }

    package subscript(_ name: String) -> FeatureFlag? { flags.withLock { $0[name] } }

    /// What nobody has declared is off.
    package func isOn(_ name: String, tenant: String, plan: String, at now: Instant) -> Bool {
        self[name]?.isOn(tenant: tenant, plan: plan, at: now) ?? false
    }

    func put(_ flag: FeatureFlag) { flags.withLock { $0[flag.name] = flag } }
    func remove(_ name: String) { flags.withLock { $0[name] = nil } }
}
