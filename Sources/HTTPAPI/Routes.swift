import ApplianceCore
package import CollectionKit
import HTTPTypes
package import Hummingbird
package import NIOCore
import Storage
package import Tenancy

/// Registers every route of the server together with who may use it. Nothing reaches a handler but through here, so the
/// list of routes is complete: the OpenAPI document and the isolation tests are made from it.
package final class Routes {
    /// Who may use a route.
    package enum Access: Sendable, Equatable {
        case open
        /// Anybody signed in, of whatever shop.
        case signedIn
        /// A person of the shop (or an operator acting in it) with this permission on the collection.
        case tenant(Permissions.Operation)
        /// An owner or admin of the shop.
        case tenantManager
        case `operator`
    }

    /// A line of the route list.
    package struct Entry: Sendable {
        package let method: String
        package let path: String
        package let access: Access
        package let summary: String
        /// The collection whose record `{id}` names.
        package let collection: String?
        /// What an operator's role must have.
        package let right: OperatorRight?
        /// What it takes and gives.
        package let shape: RouteShape

        /// The same route, of one of the shop's own collections.
        func of(_ own: String) -> Entry {
            Entry(
                method: method, path: path.replacing(Routes.ownCollection, with: own), access: access, summary: summary,
                collection: own, right: right, shape: shape)
        }
    }

    /// What stands in the path, and as the collection, of routes of whatever shops declare for themselves.
    package static let ownCollection = "{collection}"

    package private(set) var entries: [Entry] = []
    package let router: Router<ApplianceRequestContext>
    package let services: HTTPServices
    private let authenticator: Authenticator
    private let kept: KeptAnswers
    private let limits: TenantLimits
    private let pipeline: RequestPipeline
    private let methods = AllowedMethods()
    private var direct = DirectRoutes()

    package init(_ services: HTTPServices, finished: @escaping @Sendable (RequestPipeline.Outcome) -> Void) {
        self.services = services
        authenticator = Authenticator(services: services)
        kept = KeptAnswers(services)
        limits = TenantLimits(plans: services.directory.plans, usage: services.usage, time: services.time)
        router = Router(context: ApplianceRequestContext.self, options: .autoGenerateHeadEndpoints)
        pipeline = RequestPipeline(services, methods, finished: finished)
        router.add(middleware: pipeline)
    }

    /// Makes the handlers of a new connection, in their order. Call once all routes are registered.
    package func connectionHandlers(
        _ limits: ConnectionGuard.Limits
    ) -> @Sendable () -> [any RemovableChannelHandler] {
        let (direct, pipeline, time) = (direct, pipeline, services.time)
        let (responseHead, loops) = (ResponseHead(isTLS: services.isTLS), LoopStates())
        return {
            let connectionGuard = ConnectionGuard(limits)
            return [
                connectionGuard,
                DirectResponder(
                    direct, pipeline: pipeline, responseHead: responseHead, time: time, loops: loops,
                    connectionGuard: connectionGuard),
            ]
        }
    }

    private func add(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ summary: String, _ shape: RouteShape,
        collection: String? = nil, right: OperatorRight? = nil,
        _ handler: @escaping @Sendable (Request, ApplianceRequestContext) async throws -> Response
    ) {
        entries.append(
            Entry(
                method: method.rawValue, path: path, access: access, summary: summary, collection: collection,
                right: right, shape: shape))
        methods.add(method, path)
        router.on(RouterPath(path), method: method) { request, context in try await handler(request, context) }
    }

    package func open(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ shape: RouteShape = RouteShape(),
        _ handler: @escaping @Sendable (Request, ApplianceRequestContext) async throws -> Response
    ) {
        add(method, path, .open, summary, shape, handler)
    }

    /// An open route that tells those more who are signed in to a shop.
    package func openInShop(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ shape: RouteShape = RouteShape(),
        _ handler: @escaping @Sendable (Request, TenantRequestContext?) async throws -> Response
    ) {
        add(method, path, .open, summary, shape) { [authenticator] request, http in
            // Who cannot prove to be somebody is nobody here, and is answered as such.
            let signedIn = try? await authenticator.signedIn(request, http)
            return try await handler(request, signedIn.flatMap { try? authenticator.tenantContext($0) })
        }
    }

    package func signedIn(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ shape: RouteShape = RouteShape(),
        _ handler: @escaping @Sendable (SignedInRequestContext) async throws -> Response
    ) {
        add(method, path, .signedIn, summary, shape) { [authenticator] request, http in
            let context = try await authenticator.signedIn(request, http)
            try authenticator.checkNamedTenant(context)
            return try await handler(context)
        }
    }

    /// A route for operators whose role has a right: unless said, looking for what reads, and everything for what
    /// changes something.
    package func `operator`(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ shape: RouteShape = RouteShape(),
        needs right: OperatorRight? = nil,
        _ handler: @escaping @Sendable (OperatorRequestContext) async throws -> Response
    ) {
        let right = right ?? (method == .get ? .view : .manage)
        add(method, path, .operator, summary, shape, right: right) { [authenticator, kept, services] request, http in
            let context = try OperatorRequestContext(await authenticator.signedIn(request, http))
            try context.require(right)
            guard method == .post else { return try await handler(context) }
            return try await kept.answer(request, by: context.principal.actor, in: services.signIn.system) {
                try await handler(context.with($0))
            }
        }
    }

    /// A route for the people who manage a shop.
    package func tenantManager(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ shape: RouteShape = RouteShape(),
        _ handler: @escaping @Sendable (TenantRequestContext) async throws -> Response
    ) {
        let label = "\(method.rawValue) \(path)"
        add(method, path, .tenantManager, summary, shape) { [authenticator, kept, limits, services] request, http in
            let context = try authenticator.tenantContext(await authenticator.signedIn(request, http))
            guard context.principal.managesUsers else {
                throw DomainError.forbidden("not_permitted", "Your role does not allow this.")
            }
            return try await limits.guarding(context, label) {
                try await Self.auditOperator(context, services)
                guard method == .post else { return try await handler(context) }
                return try await kept.answer(request, by: context.principal.actor, in: context.database) {
                    try await handler(context.with($0))
                }
            }
        }
    }

    /// A route inside a shop that no single collection stands behind. The handler asks again for each one it touches.
    /// `keepsAnswer`: it keeps what an `Idempotency-Key` asks for itself, in the transaction of its change.
    package func tenant(
        _ method: HTTPRequest.Method, _ path: String, _ operation: Permissions.Operation, _ summary: String,
        _ shape: RouteShape = RouteShape(), keepsAnswer: Bool = false,
        _ handler: @escaping @Sendable (TenantRequestContext) async throws -> Response
    ) {
        let label = "\(method.rawValue) \(path)"
        add(method, path, .tenant(operation), summary, shape) { [authenticator, kept, limits, services] request, http in
            let context = try authenticator.tenantContext(await authenticator.signedIn(request, http))
            try context.require(operation, .standard)
            return try await limits.guarding(context, label) {
                try await Self.auditOperator(context, services)
                guard method == .post, !keepsAnswer else { return try await handler(context) }
                return try await kept.answer(request, by: context.principal.actor, in: context.database) {
                    try await handler(context.with($0))
                }
            }
        }
    }

    /// A route on the records of a collection.
    package func collection(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ entry: CollectionCatalog.Entry,
        _ operation: Permissions.Operation, _ shape: RouteShape = RouteShape(), direct: DirectHandling = .none,
        _ handler: @escaping @Sendable (TenantRequestContext) async throws -> Response
    ) {
        let (collection, module) = (entry.collection, entry.module)
        @Sendable func admit(_ context: TenantRequestContext) throws {
            guard context.tenant.has(module: module) else {
                throw DomainError.forbidden(
                    "module_not_enabled", "This shop does not have the module \(module ?? "").",
                    hint: "An operator can enable it.")
            }
            try context.require(operation, collection)
        }
        let label = "\(method.rawValue) \(path)"
        add(method, path, .tenant(operation), summary, shape, collection: entry.collection.name) {
            [authenticator, limits, services] request, http in
            let context = try authenticator.tenantContext(await authenticator.signedIn(request, http))
            try admit(context)
            return try await limits.guarding(context, label) {
                try await Self.auditOperator(context, services)
                return try await handler(context)
            }
        }
        addDirect(
            method, path, collection.idPrefix + "_", direct,
            admit: { context in
                try admit(context)
                return true
            }, handler)
    }

    /// A route on the records of whatever collection the shop declared for itself under the name in the path.
    package func ownCollection(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ operation: Permissions.Operation,
        _ shape: RouteShape = RouteShape(), direct: DirectHandling = .none,
        _ handler: @escaping @Sendable (TenantRequestContext) async throws -> Response
    ) {
        let label = "\(method.rawValue) \(path)"
        add(method, path, .tenant(operation), summary, shape, collection: Self.ownCollection) {
            [authenticator, limits, services] request, http in
            // Nobody is asked to sign in for a page that there is not.
            guard OwnName.isCollection(HTTPServices.collectionName(request)) else { throw HTTPError(.notFound) }
            let context = try authenticator.tenantContext(await authenticator.signedIn(request, http))
            try context.require(operation, services.ownCollection(context))
            return try await limits.guarding(context, label) {
                try await Self.auditOperator(context, services)
                do {
                    return try await handler(context)
                } catch let error as DomainError where error.category == .internal && method == .get {
                    // Changed between the look at its declaration and the reading: a second look knows that.
                    return try await handler(context)
                }
            }
        }
        var direct = direct
        if case .immediate(let answer) = direct {
            direct = .immediate { context in
                do {
                    return try answer(context)
                } catch let error as DomainError where error.category == .internal {
                    return nil
                }
            }
        }
        addDirect(
            method, path, "", direct,
            admit: { [services] context in
                guard let own = try? services.ownCollection(context) else { return false }
                try context.require(operation, own)
                return true
            }, handler)
    }

    /// The same guards as the general way, for requests that need not wait for any of them: an operator's access is
    /// written to the shop's log first, and so is not among them.
    private func addDirect(
        _ method: HTTPRequest.Method, _ path: String, _ idPrefix: String, _ handling: DirectHandling,
        admit: @escaping @Sendable (TenantRequestContext) throws -> Bool,
        _ handler: @escaping @Sendable (TenantRequestContext) async throws -> Response
    ) {
        if case .none = handling { return }
        let label = "\(method.rawValue) \(path)"
        let route = DirectRoute(
            pattern: path, idPrefix: idPrefix,
            admit: { [authenticator] request, http in
                guard let signedIn = try authenticator.remembered(request, http), !signedIn.principal.isOperator else {
                    return nil
                }
                let context = try authenticator.tenantContext(signedIn)
                return try admit(context) ? context : nil
            },
            answer: { [limits] context in
                try limits.guarding(context, label) {
                    switch handling {
                    case .none: nil
                    case .immediate(let answer): try answer(context).map { .now($0) }
                    case .afterCommit: .afterCommit({ try await handler(context) }, nil)
                    }
                }
            })
        direct.add(method, route)
    }

    /// What an operator does inside a shop is in that shop's log, reading included, before it happens.
    private static func auditOperator(_ context: TenantRequestContext, _ services: HTTPServices) async throws {
        guard context.principal.isOperator else { return }
        let (now, principal, id) = (services.time.now(), context.principal, context.requestID)
        let target = "\(context.request.method.rawValue) \(context.request.uri.path.prefix(200))"
        try await context.database.write { db in
            try AuditTrail.append(
                db, at: now, actor: principal.actor, action: "operator.access", target: target, requestID: id, data: nil
            )
        }
    }
}
