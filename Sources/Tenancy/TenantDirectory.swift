package import ApplianceCore
import CollectionKit
import Foundation
package import Storage
import Synchronization

/// All tenants in memory, by id and by slug, each with its data file: which shop a request means is one look-up.
package final class TenantDirectory: Sendable {
    private struct State {
        var byID: [String: Tenant] = [:]
        var idBySlug: [String: String] = [:]
        /// By what API keys call the shop.
        var idByKeyTag: [String: String] = [:]
        var files: [String: DatabaseFile] = [:]
        /// Domains of shops' own, to the shop's id.
        var idByDomain: [String: String] = [:]
        /// What any shop allows; nil until somebody asks.
        var origins: [WebOrigin]?
    }

    /// Tells that somebody's access may have ended: a session, a role, a shop.
    package let access = Announcer<Void>()
    /// What each shop may do by its plan.
    package let plans = PlanDirectory()
    package let prices = PriceBook()
    package let flags = FlagDirectory()
    private let state = Mutex(State())
    private let data: DataDirectory
    private let schema: DatabaseSchema
    private let services: StorageServices

    package init(_ data: DataDirectory, schema: DatabaseSchema, services: StorageServices) {
        (self.data, self.schema, self.services) = (data, schema, services)
    }

    /// Reads all rows anew: at the start, and after a restore of the control plane.
    package func load(_ system: DatabaseFile) throws {
        let tenants = try system.read { db in
            try db.all("SELECT \(Tenant.columns) FROM tenants", []) { try Tenant($0) }
        }
        try plans.load(system)
        let domains = try system.read { db in
            try db.all("SELECT domain, tenantId FROM tenantDomains", []) { ($0.text(0) ?? "", $0.text(1) ?? "") }
        }
        try prices.load(system)
        try flags.load(system)
        state.withLock { state in
            state.idByDomain = Dictionary(domains, uniquingKeysWith: { first, _ in first })
            state.origins = nil
            state.byID = Dictionary(tenants.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            state.idBySlug = Dictionary(tenants.map { ($0.slug, $0.id) }, uniquingKeysWith: { first, _ in first })
            state.idByKeyTag = Dictionary(
                tenants.map { (APIKeyText.tag(ofTenant: $0.id), $0.id) }, uniquingKeysWith: { first, _ in first })
        }
        access.announce(())
    }

    /// By id or slug.
    package subscript(_ key: String) -> Tenant? {
        state.withLock { state in state.byID[key] ?? state.idBySlug[key].flatMap { state.byID[$0] } }
    }

    func tenantID(ofKeyTag tag: String) -> String? { state.withLock { $0.idByKeyTag[tag] } }

    package var all: [Tenant] { state.withLock { Array($0.byID.values) }.sorted { $0.id < $1.id } }
    package var count: Int { state.withLock { $0.byID.count } }

    // MARK: - Hosts and origins

    package var hasDomains: Bool { state.withLock { !$0.idByDomain.isEmpty } }

    /// The shop that has `host`, lower-case and without a port, for a domain of its own.
    package func tenant(domain host: String) -> Tenant? {
        state.withLock { state in state.idByDomain[host].flatMap { state.byID[$0] } }
    }

    package func domains(of id: String) -> [String] {
        state.withLock { state in state.idByDomain.filter { $0.value == id }.map(\.key) }.sorted()
    }

    func setDomain(_ domain: String, _ id: String?) { state.withLock { $0.idByDomain[domain] = id } }

    func forgetDomains(of id: String) {
        state.withLock { state in state.idByDomain = state.idByDomain.filter { $0.value != id } }
    }

    /// The origins that any shop allows: a browser asks for leave before it says who it is.
    package var origins: [WebOrigin] {
        state.withLock { state in
            if let origins = state.origins { return origins }
            let origins = state.byID.values.flatMap { $0.corsOrigins ?? [] }.compactMap { WebOrigin.pattern($0) }
            state.origins = origins
            return origins
        }
    }

    /// The one object for a tenant's file: two would be two writers.
    package func file(_ id: String) -> DatabaseFile {
        state.withLock { state in
            if let file = state.files[id] { return file }
            let file = DatabaseFile(data.tenantDatabase(id), name: id, schema: schema, services: services)
            state.files[id] = file
            return file
        }
    }

    func remove(_ tenant: Tenant) {
        state.withLock { state in
            state.byID[tenant.id] = nil
            state.origins = nil
            state.idByKeyTag[APIKeyText.tag(ofTenant: tenant.id)] = nil
            if state.idBySlug[tenant.slug] == tenant.id { state.idBySlug[tenant.slug] = nil }
        }
        access.announce(())
    }

    func put(_ tenant: Tenant) {
        state.withLock { state in
            state.byID[tenant.id] = tenant
            state.origins = nil
            state.idBySlug[tenant.slug] = tenant.id
            state.idByKeyTag[APIKeyText.tag(ofTenant: tenant.id)] = tenant.id
        }
        access.announce(())
    }
}
