package import ApplianceCore
package import CollectionKit
import Hummingbird
package import Logging
package import Storage
package import Tenancy

/// What the handlers work with, and the few settings that shape HTTP.
package struct HTTPServices: Sendable {
    package let catalog: CollectionCatalog
    package let directory: TenantDirectory
    package let signIn: SignIn
    package let storage: StorageServices
    package let data: DataDirectory
    package let ids: IdentifierSource
    package let time: TimeSource
    /// Seals the secrets in a tenant's records.
    package let master: MasterKey
    package let logger: Logger
    package let files: FileServices
    package let events: EventHub
    /// Whether browsers reach us by TLS: cookies are then `__Host-` and `Secure`, and HSTS is said.
    package let isTLS: Bool
    /// The domain below which shops have a name of their own, such as `shops.example`.
    package let domain: String?
    /// What a list may take.
    package let queryLimit: DatabaseFile.ReadLimit
    package let past: PastSource
    package let settings: Settings
    package let legal: LegalTexts
    /// Which operators may act in which shops now.
    package let actAs: ActAs
    /// Whose word about a client's address is taken.
    package let proxies: TrustedProxies
    package let usage: UsageService

    package init(
        catalog: CollectionCatalog, directory: TenantDirectory, signIn: SignIn, storage: StorageServices,
        data: DataDirectory, ids: IdentifierSource, time: TimeSource, master: MasterKey, logger: Logger,
        files: FileServices, events: EventHub, isTLS: Bool, domain: String?,
        queryLimit: DatabaseFile.ReadLimit = .request, proxies: TrustedProxies = .none, past: @escaping PastSource,
        settings: Settings, legal: LegalTexts, actAs: ActAs
    ) {
        self.proxies = proxies
        usage = UsageService(directory: directory, system: signIn.system, ids: ids, time: time, logger: logger)
        self.queryLimit = queryLimit
        (self.catalog, self.directory, self.signIn, self.storage) = (catalog, directory, signIn, storage)
        (self.data, self.ids, self.time, self.master, self.logger) = (data, ids, time, master, logger)
        (self.files, self.events, self.isTLS, self.domain) = (files, events, isTLS, domain)
        self.past = past
        (self.settings, self.legal, self.actAs) = (settings, legal, actAs)
    }

    /// What a shop declared for itself: worked out once for each declaration.
    func own(_ file: DatabaseFile) throws -> OwnCollections {
        try file.kept { [catalog] db in try OwnCollections(db, beside: catalog) }
    }

    /// A collection of a module, or of the shop's own; nil where there is none.
    func entry(_ name: String, in file: DatabaseFile) throws -> CollectionCatalog.Entry? {
        try catalog.entry(name) ?? own(file).catalog.entry(name)
    }

    /// What the shop declared for itself beside what its modules have; nil where that is nothing.
    package func ownCatalog(_ context: TenantRequestContext) throws -> CollectionCatalog? {
        let own = try own(context.database)
        return own.all.isEmpty ? nil : own.catalog
    }

    /// The collection of the shop's own that a request names in its path. Throws `not_found`.
    package func ownCollection(_ context: TenantRequestContext) throws -> Collection {
        guard let stored = try own(context.database)[Self.collectionName(context.request)] else {
            throw DomainError.notFound("collection")
        }
        return stored.declaration.collection
    }

    /// The second word of `/api/repairs/rep_…?…`.
    static func collectionName(_ request: Request) -> String {
        let path = (request.head.path ?? "").utf8.prefix { $0 != UInt8(ascii: "?") }
        let parts = path.split(separator: UInt8(ascii: "/"), maxSplits: 2)
        return parts.count > 1 ? String(Substring(parts[1])) : ""
    }

    /// Which collections this person may see records of beside those of another, and how. `also`: what they may do
    /// with them besides.
    func targets(_ context: TenantRequestContext, also operation: Permissions.Operation = .read) -> Expansion.Targets {
        { [self, tenant = context.tenant, principal = context.principal, file = context.database] name in
            guard let entry = try? entry(name, in: file), tenant.has(module: entry.module),
                principal.may(.read, entry.collection), principal.may(operation, entry.collection)
            else { return nil }
            return principal.view(of: entry.collection)
        }
    }

    package func recordContext(_ context: TenantRequestContext) -> RecordContext {
        RecordContext(
            now: time.now(), ids: ids, actor: context.principal.actor, requestID: context.requestID,
            currency: context.tenant.currency, timeZone: context.tenant.localTime,
            sealer: master.sealer(tenant: context.tenant.id), storage: directory.plans[context.tenant.id].storage,
            makeLedger: { [usage] in usage.ledger(context.tenant, actor: context.principal.actor) })
    }
}
