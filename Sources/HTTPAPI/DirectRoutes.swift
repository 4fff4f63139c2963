import ApplianceCore
import HTTPTypes
import Hummingbird
import Tenancy

/// How a request may be answered on its connection's event loop, without a task of Hummingbird's between. What decides
/// is what the handler waits for; the answer is the same either way.
package enum DirectHandling: Sendable {
    /// Not at all: the handler takes a file, streams, or works for long.
    case none
    /// By this closure, which waits for nothing; nil leaves the request to the route's handler.
    case immediate(@Sendable (TenantRequestContext) throws -> PlainAnswer?)
    /// By the route's handler itself: it waits for a commit and no more, and its request and answer are small.
    case afterCommit
}

/// What became of a request that a connection tried to answer itself.
enum DirectAnswer {
    case now(PlainAnswer)
    /// With what the plan's rates leave, if it has any.
    case afterCommit(@Sendable () async throws -> Response, RateLimitFields?)
}

/// A route that a connection can answer. Nil from either closure says that it needs the general way after all, for
/// instance because the credential was never seen before.
struct DirectRoute: Sendable {
    let pattern: String
    /// What record ids of the collection start with, where the route names one.
    let idPrefix: String?
    /// Who asks, and that they may.
    let admit: @Sendable (Request, ApplianceRequestContext) throws -> TenantRequestContext?
    let answer: @Sendable (TenantRequestContext) throws -> DirectAnswer?
}

/// Finds the direct route of a path: one look-up for `/api/customers`, one for what stands before the last slash in
/// `/api/customers/cus_…`. Whatever else there is has Hummingbird's router.
struct DirectRoutes: Sendable {
    private struct Methods: Sendable {
        var get: DirectRoute?
        var post: DirectRoute?
        var patch: DirectRoute?
        var delete: DirectRoute?

        subscript(_ method: HTTPRequest.Method) -> DirectRoute? {
            switch method {
            case .get: get
            case .post: post
            case .patch: patch
            case .delete: delete
            default: nil
            }
        }

        mutating func set(_ method: HTTPRequest.Method, _ route: DirectRoute) {
            switch method {
            case .get: get = route
            case .post: post = route
            case .patch: patch = route
            case .delete: delete = route
            default: preconditionFailure("no direct routes for \(method)")
            }
        }
    }

    private var whole: [Substring: Methods] = [:]
    private var byRecord: [Substring: Methods] = [:]

    private static let record = "/{id}"

    mutating func add(_ method: HTTPRequest.Method, _ route: DirectRoute) {
        if route.pattern.hasSuffix(Self.record) {
            byRecord[route.pattern.dropLast(Self.record.count), default: Methods()].set(method, route)
        } else {
            whole[route.pattern[...], default: Methods()].set(method, route)
        }
    }

    /// The route of `target`, a request's path and query, and the record that it names.
    func find(_ method: HTTPRequest.Method, _ target: String) -> (route: DirectRoute, recordID: String?)? {
        let path = target.utf8.firstIndex(of: UInt8(ascii: "?")).map { target[..<$0] } ?? target[...]
        if let route = whole[path]?[method] { return (route, nil) }
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        guard let route = byRecord[path[..<slash]]?[method], let prefix = route.idPrefix else {
            return findOwn(method, path)
        }
        let id = path[path.utf8.index(after: slash)...]
        // Tells ids from words such as `import`, and leaves escapes to those who decode them.
        guard id.hasPrefix(prefix), id.utf8.allSatisfy(Self.isPlain) else { return nil }
        return (route, String(id))
    }

    private static let api = "/api/"
    private static let own = api + Routes.ownCollection

    /// As `find`, for what a shop may have declared for itself: whether it has, its own file says.
    private func findOwn(
        _ method: HTTPRequest.Method, _ path: Substring
    ) -> (route: DirectRoute, recordID: String?)? {
        guard path.hasPrefix(Self.api) else { return nil }
        let parts = path.dropFirst(Self.api.count).split(
            separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard let name = parts.first, parts.count <= 2, OwnName.isCollection(name) else { return nil }
        guard parts.count == 2 else { return whole[Self.own[...]]?[method].map { ($0, nil) } }
        guard let route = byRecord[Self.own[...]]?[method], parts[1].utf8.contains(UInt8(ascii: "_")),
            parts[1].utf8.allSatisfy(Self.isPlain)
        else { return nil }
        return (route, String(parts[1]))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }
}
