package import ApplianceCore
package import CollectionKit
import GRDB
package import Storage

/// Seals anew what was sealed with keys of before: file by file, in small transactions. Each value is sealed with the
/// current key or it is not, so a run that was cut short is simply run again.
package struct SecretRotation: Sendable {
    private enum Limit {
        /// Values in one transaction.
        static let batch = 200
    }

    /// A column that holds sealed values, and what each was bound to.
    private struct Place: Sendable {
        let table: String
        let column: String
        let key: String
        let context: @Sendable (_ id: String) -> String
    }

    package struct Report: Sendable {
        package var sealedAnew = 0
        package var current = 0
        /// Sealed with a key that is not here.
        package var unreadable = 0

        package var json: JSON {
            ["sealedAnew": JSON(sealedAnew), "current": JSON(current), "unreadable": JSON(unreadable)]
        }
    }

    private let master: MasterKey
    private let system: DatabaseFile
    private let directory: TenantDirectory
    private let collections: [Collection]

    package init(
        master: MasterKey, system: DatabaseFile, directory: TenantDirectory, catalog: CollectionCatalog
    ) {
        (self.master, self.system, self.directory) = (master, system, directory)
        collections = catalog.collections
    }

    /// `seals` false only counts.
    package func run(seals: Bool, progress: @Sendable (WorkProgress) async -> Void = { _ in }) async throws -> Report {
        var report = Report()
        let tenants = directory.all
        try await pass(system, tenant: "outbox", [Self.outbox], seals, &report)
        try await pass(system, tenant: "system", [Self.secondFactors, Self.identityProviders], seals, &report)
        for (index, tenant) in tenants.enumerated() {
            try Task.checkCancellation()
            await progress(
                WorkProgress("sealing", done: Int64(index), total: Int64(tenants.count), detail: tenant.slug))
            let places = collections.flatMap(Self.places) + [Self.secondFactors]
            try await pass(directory.file(tenant.id), tenant: tenant.id, places, seals, &report)
        }
        return report
    }

    private static let outbox = Place(table: "outbox", column: "link", key: "id", context: { $0 })
    private static let secondFactors = Place(
        table: "secondFactors", column: "secret", key: "userId", context: { "totp \($0)" })

    private static let identityProviders = Place(
        table: "identityProviders", column: "clientSecret", key: "name", context: IdentityProvider.secretPlace)

    private static func places(_ collection: Collection) -> [Place] {
        collection.fields.filter(\.isWriteOnly).map { field in
            let context = "\(collection.name).\(field.name)"
            return Place(table: collection.name, column: field.name, key: "id", context: { _ in context })
        }
    }

    private func pass(
        _ file: DatabaseFile, tenant: String, _ places: [Place], _ seals: Bool, _ report: inout Report
    ) async throws {
        for place in places {
            guard try file.read({ db in try Self.exists(db, place) }) else { continue }
            var after = ""
            while true {
                let values = try file.read { [after] db in try Self.values(db, place, after: after) }
                guard let last = values.last else { break }
                after = last.id
                let old = values.filter { isOld($0.sealed, place.context($0.id), tenant, &report) }
                if seals, !old.isEmpty {
                    report.sealedAnew += try await seal(file, tenant: tenant, place, old)
                }
            }
        }
    }

    private static func exists(_ db: Database, _ place: Place) throws -> Bool {
        try db.first(
            "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2", [.text(place.table), .text(place.column)]
        ) { _ in true } ?? false
    }

    private struct Value: Sendable {
        let id: String
        let sealed: String
    }

    /// Names come from declarations of ours, never from outside.
    private static func values(_ db: Database, _ place: Place, after: String) throws -> [Value] {
        try db.all(
            """
            SELECT "\(place.key)", "\(place.column)" FROM "\(place.table)"
            WHERE "\(place.key)" > ?1 AND "\(place.column)" IS NOT NULL ORDER BY "\(place.key)" LIMIT \(Limit.batch)
            """, [.text(after)]
        ) { Value(id: $0.text(0) ?? "", sealed: $0.text(1) ?? "") }
    }

    private func isOld(_ sealed: String, _ context: String, _ tenant: String, _ report: inout Report) -> Bool {
        if master.isCurrent(sealed, context, tenant: tenant) {
            report.current += 1
            return false
        }
        guard (try? master.sealer(tenant: tenant).open(sealed, context)) != nil else {
            report.unreadable += 1
            return false
        }
        return true
    }

    /// Only where the value is still the one that was read: a person may have entered another meanwhile.
    private func seal(_ file: DatabaseFile, tenant: String, _ place: Place, _ values: [Value]) async throws -> Int {
        let sealer = master.sealer(tenant: tenant)
        return try await file.write { db in
            var count = 0
            for value in values {
                let context = place.context(value.id)
                let anew = try sealer.seal(try sealer.open(value.sealed, context), context)
                try db.run(
                    """
                    UPDATE "\(place.table)" SET "\(place.column)" = ?3
                    WHERE "\(place.key)" = ?1 AND "\(place.column)" = ?2
                    """, [.text(value.id), .text(value.sealed), .text(anew)])
                count += db.changesCount
            }
            return count
        }
    }
}
