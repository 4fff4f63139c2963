package import ApplianceCore
package import CollectionKit
package import GRDB
import Storage

/// What a shop declared for itself, as its file has it: kept beside the records, so that it goes with them into
/// snapshots, copies and the past.
package final class OwnCollections: Sendable {
    static let baseSQL = """
        CREATE TABLE ownCollections (
            name TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL, declaration TEXT NOT NULL,
            createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL
        ) STRICT;
        """

    package struct Stored: Sendable {
        package let declaration: OwnDeclaration
        package let version: Int64
        package let createdAt: String
        package let updatedAt: String

        package var json: JSON {
            declaration.json.adding([
                "version": .integer(version), "createdAt": .string(createdAt), "updatedAt": .string(updatedAt),
            ])
        }
    }

    /// By name.
    package let all: [Stored]
    /// Those of the modules, and these.
    package let catalog: CollectionCatalog
    private let byName: [String: Int]

    /// A declaration that this version cannot read is left out, and its records stay in the file.
    package init(_ db: Database, beside modules: CollectionCatalog) throws {
        typealias Row = (name: String, version: Int64, text: String, createdAt: String, updatedAt: String)
        let rows: [Row] =
            try db.first("SELECT 1 FROM sqlite_schema WHERE name = 'ownCollections'") { _ in true } == nil
            ? []
            : db.all("SELECT name, version, declaration, createdAt, updatedAt FROM ownCollections ORDER BY name") {
                ($0.text(0) ?? "", $0.integer(1), $0.text(2) ?? "", $0.text(3) ?? "", $0.text(4) ?? "")
            }
        let surroundings = OwnDeclaration.Surroundings(modules, targets: nil, prefixes: [])
        let read = rows.compactMap { row -> Stored? in
            guard let json = try? JSONParser.parse(Array(row.text.utf8)),
                let declaration = try? OwnDeclaration(json, version: row.version, in: surroundings),
                declaration.name == row.name
            else { return nil }
            return Stored(
                declaration: declaration, version: row.version, createdAt: row.createdAt, updatedAt: row.updatedAt)
        }
        all = read
        catalog = read.isEmpty ? modules : modules.adding(read.map(\.declaration.collection))
        byName = Dictionary(
            read.enumerated().map { ($1.declaration.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package subscript(_ name: String) -> Stored? { byName[name].map { all[$0] } }

    /// Collections of the shop whose records refer to those of `name`, beside itself.
    private func referring(to name: String) -> [String] {
        all.map(\.declaration).filter { other in
            other.name != name
                && other.collection.fields.contains { field in
                    field.type.target == name
                }
        }.map(\.name)
    }

    private func surroundings(_ modules: CollectionCatalog, targets: Set<String>) -> OwnDeclaration.Surroundings {
        .init(
            modules, targets: targets.union(all.map(\.declaration.name)),
            prefixes: Set(catalog.collections.map(\.idPrefix)).union(Self.otherPrefixes))
    }

    /// Of ids that are no records'.
    private static let otherPrefixes: Set<String> = [
        "ten", "usr", "opr", "fil", "key", "inv", "ses", "req", "run", "out", "res", "evt",
    ]

    // MARK: - Changes

    /// A change of what there is, looked at: what it asks of the records, and what it makes of them.
    package struct Change: Sendable {
        package let declaration: OwnDeclaration
        let former: Stored?
        package var migration: OwnMigration {
            OwnMigration(
                from: former?.declaration.collection, to: declaration.collection, renamed: declaration.renamed)
        }
    }

    /// Reads what somebody declares. `targets`: what the shop has of modules. `name`: what is changed; nil for a new
    /// one. Throws `not_found`, `collection_exists` and `validation_failed`.
    package func change(
        _ body: JSON, of name: String?, modules: CollectionCatalog, targets: Set<String>
    ) throws -> Change {
        let former = try name.map { name in
            guard let stored = self[name] else { throw DomainError.notFound("collection") }
            return stored
        }
        let declaration = try OwnDeclaration(
            body, version: (former?.version ?? 0) + 1, former: former?.declaration,
            in: surroundings(modules, targets: targets))
        if former == nil, all.contains(where: { $0.declaration.name.lowercased() == declaration.name.lowercased() }) {
            throw DomainError.conflict("collection_exists", "The shop already has \(declaration.name).")
        }
        return Change(declaration: declaration, former: former)
    }

    /// Throws 402 `own_collection_limit` when the plan has no room for one more.
    package func requireRoom(_ entitlements: Entitlements) throws {
        let (limit, used) = (entitlements.limit(.ownCollections), Int64(all.count))
        guard used >= min(limit ?? .max, Int64(OwnDeclaration.Limit.collections)) else { return }
        guard let limit, limit <= used else {
            throw DomainError.conflict(
                "too_many_collections", "A shop has at most \(OwnDeclaration.Limit.collections) collections of its own."
            )
        }
        var error = DomainError(
            .paymentRequired, "own_collection_limit",
            "The plan \(entitlements.plan.title) has \(limit) collection\(limit == 1 ? "" : "s") of one's own.",
            hint: "Delete one that nobody needs, or take another plan.")
        error.details = entitlements.details([
            .init("limit", .integer(limit)), .init("used", .integer(used)), .init("remaining", 0),
        ])
        throw error
    }

    /// Does it, alone in the transaction. Throws `collection_changed` where somebody was faster, and
    /// `validation_failed` with what the records forbid.
    package static func apply(
        _ db: Database, _ change: Change, beside modules: CollectionCatalog, entitlements: Entitlements,
        _ context: RecordContext
    ) throws -> Stored {
        let now = try OwnCollections(db, beside: modules)
        let (declaration, former) = (change.declaration, change.former)
        guard now[declaration.name]?.version == former?.version else { throw Self.overtaken }
        if former == nil { try now.requireRoom(entitlements) }
        let missing = declaration.collection.fields.first { field in
            guard let target = field.type.target else { return false }
            return target != declaration.name && now.catalog[target] == nil
        }
        if missing != nil { throw Self.overtaken }
        let plan = try change.migration.plan(db)
        if !plan.refused.isEmpty { throw DomainError.invalid(plan.refused) }
        try change.migration.apply(db)
        let (version, at) = ((former?.version ?? 0) + 1, context.now.description)
        try db.run(
            "INSERT OR REPLACE INTO ownCollections VALUES (?1, ?2, ?3, ?4, ?5)",
            [
                .text(declaration.name), .integer(version), .text(declaration.json.text),
                .text(former?.createdAt ?? at), .text(at),
            ])
        let data = plan.json.adding(["declaration": declaration.json])
        try AuditTrail.append(
            db, context, action: former == nil ? "collections.declare" : "collections.change",
            target: declaration.name, data: data.text)
        return Stored(
            declaration: declaration, version: version, createdAt: former?.createdAt ?? at, updatedAt: at)
    }

    /// Takes a collection away with its records, alone in the transaction. Throws `collection_in_use` as long as
    /// another refers to it.
    package static func delete(
        _ db: Database, _ name: String, ifVersion: Int64?, beside modules: CollectionCatalog, _ context: RecordContext
    ) throws {
        let now = try OwnCollections(db, beside: modules)
        guard let stored = now[name] else { throw DomainError.notFound("collection") }
        if let ifVersion, ifVersion != stored.version { throw Self.overtaken }
        try now.requireUnreferred(name)
        let records = try stored.declaration.collection.count(db)
        try OwnMigration.drop(db, stored.declaration.collection)
        try db.run("DELETE FROM ownCollections WHERE name = ?1", [.text(name)])
        let data: JSON = ["records": .integer(records), "declaration": stored.declaration.json]
        try AuditTrail.append(db, context, action: "collections.delete", target: name, data: data.text)
    }

    package func requireUnreferred(_ name: String) throws {
        let others = referring(to: name)
        guard others.isEmpty else {
            throw DomainError.conflict(
                "collection_in_use", "Records of \(others.joined(separator: ", ")) refer to this.",
                hint: "Take those fields away first.")
        }
    }

    private static let overtaken = DomainError(
        .preconditionFailed, "version_changed", "The collection was changed by somebody else.",
        hint: "Read it again and repeat the change.")
}
