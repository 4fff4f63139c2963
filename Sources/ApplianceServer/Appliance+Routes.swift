import ApplianceCore
import Backups
import CollectionKit
import Foundation
package import HTTPAPI
import Hummingbird
import Logging
import Storage
import Telemetry
import Tenancy

extension Appliance {
    /// Every route there is, in one list of controllers.
    package func makeRoutes() throws -> Routes {
        let services = HTTPServices(
            catalog: catalog, directory: directory, signIn: signIn, storage: storage, data: configuration.data,
            ids: ids, time: time, master: master, logger: logger, files: files, events: events,
            isTLS: configuration.isTLS, domain: configuration.domain, queryLimit: configuration.queryLimit,
            proxies: configuration.proxies,
            past: { [past] tenant, at in try await past.open(tenant, at: at) }, settings: settings, legal: legal,
            actAs: actAs)
        let requests = requests
        let routes = Routes(services) { outcome in
            requests.record(
                method: outcome.method, route: outcome.route, status: outcome.status, seconds: outcome.seconds)
        }
        HealthController(appliance: self).add(to: routes)
        AuthController(services).add(to: routes)
        TenantController(appliance: self).add(to: routes)
        LifecycleController(appliance: self).add(to: routes)
        PlanController(appliance: self).add(to: routes)
        ConsoleController(appliance: self).add(to: routes)
        ActAsController(appliance: self).add(to: routes)
        SecretController(appliance: self).add(to: routes)
        SignupController(services, tenants, modules: Self.optionalModules).add(to: routes)
        LegalController(services).add(to: routes)
        ShopController(services, tenants).add(to: routes)
        UsageAdminController(appliance: self).add(to: routes)
        FlagController(appliance: self).add(to: routes)
        TakeAwayController(appliance: self).add(to: routes)
        RecoveryController(appliance: self).add(to: routes)
        AlertController(alerts: alerts).add(to: routes)
        TrashController(appliance: self).add(to: routes)
        BackupController(appliance: self).add(to: routes)
        RestoreController(appliance: self).add(to: routes)
        RecordRestoreController(appliance: self).add(to: routes)
        OwnRestoreController(appliance: self).add(to: routes)
        OperationsController(appliance: self).add(to: routes)
        HeldMessageController(appliance: self).add(to: routes)
        ErasureController(appliance: self).add(to: routes)
        UserController(services).add(to: routes)
        SubscriptionController(services).add(to: routes)
        UsageController(services).add(to: routes)
        RoleController(services).add(to: routes)
        APIKeyController(services).add(to: routes)
        SigningKeyController(appliance: self).add(to: routes)
        IdentityProviderController(appliance: self).add(to: routes)
        AuditController(services, system: system).add(to: routes)
        CollectionController(services).add(to: routes)
        CollectionController(services).addOwn(to: routes)
        OwnCollectionController(services).add(to: routes)
        BatchController(services).add(to: routes)
        FileController(services).add(to: routes)
        EventController(services).add(to: routes)
        PublicFileController(services).add(to: routes)
        PageFiles(try pageFiles()).add(to: routes)
        OperatorRoleController().add(to: routes)
        PermissionController(services).add(to: routes)
        addOpenAPI(to: routes)
        return routes
    }

    /// Each upload is copied to the backups at once, so that a restore to this second finds it. What fails here is done
    /// by the next snapshot.
    private var files: FileServices {
        let (backups, logger) = (backups, logger)
        return FileServices(limits: configuration.fileLimits, pins: contentPins, links: FileLinks(master)) {
            content, tenant in
            Task {
                do {
                    try await backups.archive([content], of: tenant)
                } catch {
                    let cause = DomainError(any: error).cause ?? "\(error)"
                    logger.warning(
                        "upload not archived yet", metadata: [LogKey.tenant: "\(tenant)", LogKey.error: "\(cause)"])
                }
            }
        }
    }

    /// Last, so that it knows all others.
    private func addOpenAPI(to routes: Routes) {
        let (path, summary) = ("/api/openapi.json", "This API, as OpenAPI 3.1, with the shop's own collections")
        let shape = RouteShape.gives(.openAPI)
        let itself = Routes.Entry(get: path, .open, summary, shape)
        let (entries, services) = (routes.entries + [itself], routes.services)
        let document = OpenAPIDocument.make(catalog: catalog, routes: entries, version: applianceVersion).bytes
        routes.openInShop(.get, path, summary, shape) {
            guard let own = try $1.flatMap(services.ownCatalog) else {
                return Answer.bytes(document, type: "application/json", for: $0)
            }
            let complete = OpenAPIDocument.make(catalog: own, routes: entries, version: applianceVersion)
            return Answer.bytes(complete.bytes, type: "application/json", for: $0)
        }
    }

    private func pageFiles() throws -> [(path: String, content: Data)] {
        let folder = configuration[.web]
        guard !folder.isEmpty else {
            return EmbeddedWeb.files.map { file in
                let base64 = file.base64.withUTF8Buffer { Data($0) }
                return (file.path, Data(base64Encoded: base64) ?? Data())
            }
        }
        let url = URL(filePath: folder)
        return try FileManager.default.subpathsOfDirectory(atPath: folder).compactMap { path in
            guard let content = try? Data(contentsOf: url.appending(path: path)) else { return nil }
            return (path, content)
        }
    }
}
