import ApplianceCore
import HTTPTypes
import Hummingbird
import Synchronization
import Tenancy

/// There is such an address, and it has other methods.
struct MethodNotAllowed: Error {
    /// For the `Allow` field (RFC 9110 §10.2.1).
    let methods: [String]
}

/// Which methods each address has, for who asked with another one. Looked at only where no route took the request, so
/// a request that is answered costs nothing here.
final class AllowedMethods: Sendable {
    /// By the pattern of the path.
    private let methods = Mutex<[String: [String]]>([:])

    func add(_ method: HTTPRequest.Method, _ pattern: String) {
        methods.withLock { methods in
            let also = method == .get ? [HTTPRequest.Method.head] : []
            methods[pattern, default: []] += ([method] + also).map(\.rawValue)
        }
    }

    /// What to answer instead of the router's `error`: it knows not found alone.
    func explaining(_ error: any Error, _ request: Request) -> any Error {
        guard let error = error as? HTTPError, error.status == .notFound, let methods = methods(of: request.uri.path),
            !methods.contains(request.method.rawValue)
        else { return error }
        return MethodNotAllowed(methods: methods)
    }

    /// Nil for an address that there is not. A collection of a shop's own may be there or not: all names that one could
    /// have are answered alike.
    private func methods(of path: String) -> [String]? {
        let parts = path.split(separator: "/")
        let isOwn = parts.count > 1 && OwnName.isCollection(parts[1])
        return methods.withLock { methods in
            // Where words and parameters both match, the word is meant: `{` stands behind all letters.
            let found = methods.filter { pattern, _ in
                Self.matches(pattern, parts) && (isOwn || !pattern.contains(Routes.ownCollection))
            }
            return found.min { $0.key < $1.key }?.value
        }
    }

    private static func matches(_ pattern: String, _ parts: [Substring]) -> Bool {
        var words = pattern.split(separator: "/")
        if words.last == "**" {
            words.removeLast()
            guard parts.count > words.count else { return false }
        } else if words.count != parts.count {
            return false
        }
        return zip(words, parts).allSatisfy { word, part in word.hasPrefix("{") || word == part }
    }
}
