import ApplianceCore
import CollectionKit
import HTTPTypes
import Hummingbird
import Tenancy

/// Finds out who asks and for which shop. A credential decides; a header or a host name may only repeat it.
struct Authenticator: Sendable {
    let services: HTTPServices
    let host: RequestHost
    let cors: CORS

    init(services: HTTPServices) {
        (self.services, host, cors) = (services, RequestHost(services), CORS(services))
    }

    func signedIn(_ request: Request, _ http: ApplianceRequestContext) async throws -> SignedInRequestContext {
        guard let principal = try await principal(request, http) else {
            throw DomainError(.unauthenticated, "sign_in_required", "Sign in first.")
        }
        return SignedInRequestContext(
            request: request, http: http, principal: principal,
            isByCookie: !request.headers.contains(.authorization))
    }

    /// As `signedIn` for a credential that was seen before, which needs no waiting; nil for any other.
    func remembered(_ request: Request, _ http: ApplianceRequestContext) throws -> SignedInRequestContext? {
        let sessions = services.signIn.sessions
        switch credential(of: request) {
        case .token(let token):
            guard let principal = sessions.remembered(token) else { return nil }
            if principal.isKey { services.signIn.noteUse(of: principal) }
            return SignedInRequestContext(request: request, http: http, principal: principal, isByCookie: false)
        case .cookie(let cookie):
            guard let principal = sessions.remembered(cookie) else { return nil }
            if !Self.isSafe(request.method) { try checkForgery(request, principal) }
            return SignedInRequestContext(request: request, http: http, principal: principal, isByCookie: true)
        case nil: return nil
        }
    }

    /// The person of a request that takes long, as of now; nil once their access has ended or the shop is closed.
    func current(_ context: TenantRequestContext) async throws -> Principal? {
        let now = services.time.now()
        guard let tenant = services.directory[context.tenant.id], tenant.status(at: now).rights.isWritable,
            let principal = try await principal(context.request, context.http), principal.id == context.principal.id,
            principal.expiresAt > now, context.http.isControl || mayAct(principal, in: tenant.id)
        else { return nil }
        return principal
    }

    private func principal(_ request: Request, _ http: ApplianceRequestContext) async throws -> Principal? {
        if http.isControl { return .commandLine }
        switch credential(of: request) {
        case .token(let token):
            let principal = try await services.signIn.sessions.principal(token: token)
            if let principal, principal.isKey { services.signIn.noteUse(of: principal) }
            return principal
        case .cookie(let cookie):
            let principal = try services.signIn.sessions.principal(cookie: cookie)
            if let principal, !Self.isSafe(request.method) { try checkForgery(request, principal) }
            return principal
        case nil: return nil
        }
    }

    private func mayAct(_ principal: Principal, in tenant: String) -> Bool {
        !principal.isOperator || services.actAs.grant(operator: principal.id, tenant: tenant) != nil
    }

    private enum Credential {
        case token(String)
        case cookie(String)
    }

    /// `Authorization` decides where there is one, whatever the cookie says.
    private func credential(of request: Request) -> Credential? {
        guard let authorization = request.headers.value(.authorization) else {
            return SessionCookie(isTLS: services.isTLS).value(in: request).map { .cookie($0) }
        }
        let bytes = authorization.utf8
        guard bytes.count <= 4096, let start = bytes.index(bytes.startIndex, offsetBy: 7, limitedBy: bytes.endIndex),
            bytes[..<start].elementsEqual("bearer ".utf8, by: { $0 | 0x20 == $1 })
        else { return nil }
        return .token(String(authorization[start...]))
    }

    static func isSafe(_ method: HTTPRequest.Method) -> Bool { [.get, .head, .options].contains(method) }

    /// A browser sends cookies by itself, so an unsafe request by cookie must prove that our page made it: it comes
    /// from our origin and carries the session's token.
    private func checkForgery(_ request: Request, _ principal: Principal) throws {
        if !cors.allows(request, tenant: principal.tenantID) { try Self.checkOrigin(request) }
        guard let token = request.headers[.csrfToken], services.signIn.sessions.isCSRFToken(token, of: principal) else {
            throw DomainError.forbidden(
                "csrf_token_required", "The request lacks its X-CSRF-Token.", hint: "Load the page again.")
        }
    }

    /// Refuses what a page of another site sent. Clients that are no browsers send neither header.
    static func checkOrigin(_ request: Request) throws {
        if let site = request.headers[.secFetchSite] {
            guard site == "same-origin" || site == "none" else { throw foreignOrigin }
        } else if let origin = request.headers[.origin] {
            guard let authority = request.head.authority,
                origin == "http://\(authority)" || origin == "https://\(authority)"
            else { throw foreignOrigin }
        }
    }

    /// As `checkOrigin`, but for pages of other sites that may sign people in to the shop.
    func checkOriginBeforeSignIn(_ request: Request) throws {
        let named: String? = if case .shop(let id) = host.meaning(of: request) { id } else { nil }
        let header = request.headers[.tenantID].flatMap { services.directory[$0.lowercased()]?.id }
        if !cors.allows(request, tenant: named ?? header) { try Self.checkOrigin(request) }
    }

    private static let foreignOrigin = DomainError.forbidden("foreign_origin", "The request comes from another site.")

    // MARK: - Which tenant

    /// For routes that need no shop: a user's credential and what header or host name must still agree.
    func checkNamedTenant(_ context: SignedInRequestContext) throws {
        guard let own = context.principal.tenantID, let named = try namedTenant(context.request), named != own else {
            return
        }
        throw DomainError.forbidden("tenant_mismatch", "The credential belongs to another shop.")
    }

    func tenantContext(_ context: SignedInRequestContext) throws -> TenantRequestContext {
        let named = try namedTenant(context.request)
        if let own = context.principal.tenantID {
            guard let tenant = services.directory[own] else { throw DomainError.notFound("shop") }
            if let named, named != tenant.id {
                throw DomainError.forbidden("tenant_mismatch", "The credential belongs to another shop.")
            }
            // A key of a plan that had keys is left when the shop changes to one that has none.
            if context.principal.isKey { try services.directory.plans[tenant.id].require(.apiKeys) }
            return try TenantRequestContext(
                context, tenant: tenant, now: services.time.now(), database: services.directory.file)
        }
        guard let tenant = named.flatMap({ services.directory[$0] }) else {
            throw DomainError.malformed("tenant_required", "Name the shop with X-Tenant-ID.")
        }
        return try TenantRequestContext(
            context, tenant: tenant, now: services.time.now(), isReadOnly: try isReadOnly(context, tenant),
            database: services.directory.file)
    }

    /// Whether the operator may only look. Throws where they have no leave to be in the shop at all; the command line,
    /// which the machine's own account alone can reach, needs none.
    private func isReadOnly(_ context: SignedInRequestContext, _ tenant: Tenant) throws -> Bool {
        if context.http.isControl { return false }
        guard let grant = services.actAs.grant(operator: context.principal.id, tenant: tenant.id) else {
            throw DomainError.forbidden(
                "act_as_required", "Operators see a shop's records only while they act in it.",
                hint: "Say why: POST /api/admin/tenants/\(tenant.slug)/act-as, or appliance tenant act-as.")
        }
        return !grant.isWritable
    }

    /// The id of the shop that the header or the host names. An unknown one is not told apart from a foreign one.
    func namedTenant(_ request: Request) throws -> String? {
        let header = request.headers.value(.tenantID)
        let byHost: String? = if case .shop(let id) = host.meaning(of: request) { id } else { nil }
        guard let header else { return byHost }
        guard let tenant = services.directory[header.lowercased()] else {
            throw DomainError.forbidden("tenant_mismatch", "The credential belongs to another shop.")
        }
        guard byHost == nil || byHost == tenant.id else {
            throw DomainError.forbidden("tenant_mismatch", "X-Tenant-ID and the host name two shops.")
        }
        return tenant.id
    }
}

/// The browser's session cookie, or with another label one as well kept. With TLS it has the `__Host-` prefix, which
/// pins it to this host, path `/` and TLS.
struct SessionCookie {
    let isTLS: Bool
    var label = "sid"

    private var name: String { isTLS ? "__Host-\(label)" : label }
    private var attributes: String { "; Path=/; HttpOnly; SameSite=Lax" + (isTLS ? "; Secure" : "") }

    func value(in request: Request) -> String? {
        for field in request.headers[values: .cookie] where field.utf8.count <= 8192 {
            for pair in field.split(separator: ";") {
                let trimmed = pair.drop { $0 == " " }
                if trimmed.hasPrefix(name + "=") { return String(trimmed.dropFirst(name.utf8.count + 1)) }
            }
        }
        return nil
    }

    func set(_ value: String, for lifetime: Duration) -> String {
        "\(name)=\(value)\(attributes); Max-Age=\(lifetime.wholeMilliseconds / 1000)"
    }

    var cleared: String { "\(name)=\(attributes); Max-Age=0" }
}
