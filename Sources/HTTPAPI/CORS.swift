import ApplianceCore
import HTTPTypes
import Hummingbird
import Tenancy

/// Which pages of other sites may use the API (Fetch standard, CORS): those of the operators' list for every shop, and
/// those of a shop's own list for that shop. Origins are named one by one in the answer, never `*`, because credentials
/// go with them.
struct CORS: Sendable {
    private enum Limit {
        /// Seconds that a browser keeps the answer to its question.
        static let maxAge = 600
    }

    private static let methods = "GET, HEAD, POST, PUT, PATCH, DELETE"
    private static let requestHeaders = [
        "Authorization", "Content-Type", "X-Tenant-ID", "X-CSRF-Token", "Idempotency-Key", "If-Match", "If-None-Match",
        "Last-Event-ID",
    ].joined(separator: ", ")
    private static let responseHeaders =
        "ETag, Location, X-Request-Id, X-Tenant-ID, Retry-After, RateLimit, RateLimit-Policy, Idempotent-Replayed"

    private let settings: Settings
    private let directory: TenantDirectory

    init(_ services: HTTPServices) { (settings, directory) = (services.settings, services.directory) }

    /// Whether any page of another site may use anything.
    var isEnabled: Bool { !settings.corsOrigins.isEmpty || !directory.origins.isEmpty }

    /// The origin of a request that another site's page made; nil where the page is ours, or none.
    private func origin(of request: Request) -> String? {
        guard let origin = request.headers[.origin], let authority = request.head.authority,
            origin != "https://\(authority)", origin != "http://\(authority)"
        else { return nil }
        return origin
    }

    /// Whether pages of `text` may use a shop's API; without a shop those on the operators' list alone.
    private func allows(_ text: String, tenant id: String?) -> Bool {
        guard let origin = WebOrigin(text) else { return false }
        if settings.corsOrigins.contains(where: { $0.matches(origin) }) { return true }
        let own = id.flatMap { directory[$0]?.corsOrigins } ?? []
        return own.contains { WebOrigin.pattern($0)?.matches(origin) ?? false }
    }

    /// Whether the request comes from a page of another site that may use the shop's API.
    func allows(_ request: Request, tenant id: String?) -> Bool {
        guard isEnabled, let origin = origin(of: request) else { return false }
        return allows(origin, tenant: id)
    }

    /// The answer to a browser's question whether it may ask. It does not say for whom yet, so any shop's list counts
    /// where the host names none; what the request then gets is decided by its own shop's list.
    func preflight(_ request: Request, host: RequestHost.Meaning) throws -> Response? {
        guard request.method == .options, request.headers[.corsMethod] != nil, let text = origin(of: request),
            let origin = WebOrigin(text)
        else { return nil }
        let named: String? = if case .shop(let id) = host { id } else { nil }
        guard allows(text, tenant: named) || named == nil && directory.origins.contains(where: { $0.matches(origin) })
        else {
            throw DomainError.forbidden(
                "origin_not_allowed", "Pages of this origin may not use the API.",
                hint: "The operator can allow it: appliance settings set cors-origins.")
        }
        var response = Response(status: .noContent)
        response.headers[.corsAllowMethods] = Self.methods
        response.headers[.corsAllowHeaders] = Self.requestHeaders
        response.headers[.corsMaxAge] = String(Limit.maxAge)
        response.headers[.vary] = "Origin"
        add(to: &response, text)
        return response
    }

    /// Lets the page read the answer, where it may.
    func complete(_ response: inout Response, to request: Request, tenant id: String?) {
        guard isEnabled else { return }
        response.headers[.vary] = response.headers[.vary].map { "\($0), Origin" } ?? "Origin"
        guard let origin = origin(of: request), allows(origin, tenant: id) else { return }
        response.headers[.corsExposeHeaders] = Self.responseHeaders
        add(to: &response, origin)
    }

    private func add(to response: inout Response, _ origin: String) {
        response.headers[.corsAllowOrigin] = origin
        response.headers[.corsAllowCredentials] = "true"
    }
}
