import ApplianceCore
import HTTPTypes
import Hummingbird

/// The `Host` of a request: exactly one, well formed, and perhaps naming a shop by its first label.
enum HostName {
    /// RFC 9112 §3.2: a request without Host, or with two, is answered 400.
    static func check(_ request: Request) throws {
        guard request.head.headerFields[.host] == nil, let authority = request.head.authority, isWellFormed(authority)
        else {
            throw DomainError.malformed("host_malformed", "The request needs exactly one well-formed Host.")
        }
    }

    /// Letters, digits, dots, dashes and underscores, or an address in brackets; then perhaps a port.
    private static func isWellFormed(_ authority: String) -> Bool {
        guard !authority.isEmpty, authority.utf8.count <= 260 else { return false }
        let (host, port) = split(authority)
        guard port.map({ $0.utf8.count <= 5 && (UInt16($0) ?? 0) > 0 }) ?? true else { return false }
        if host.hasPrefix("[") {
            return host.hasSuffix("]")
                && host.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        return !host.isEmpty && !host.contains("..")
            && host.utf8.allSatisfy {
                $0.isASCIIDigit || (0x61...0x7A).contains($0 | 0x20) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F
            }
    }

    private static func split(_ authority: String) -> (host: Substring, port: Substring?) {
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return (authority[...], nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    /// The label in front of `domain`, such as `acme` of `acme.shops.example`; nil when the host is not below it.
    static func tenantLabel(_ request: Request, below domain: String?) -> String? {
        guard let domain, let authority = request.head.authority else { return nil }
        var host = split(authority).host.lowercased()
        if host.hasSuffix(".") { host.removeLast() }
        guard host.hasSuffix("." + domain.lowercased()) else { return nil }
        let label = String(host.dropLast(domain.utf8.count + 1))
        return label.isEmpty || label == "www" ? nil : label
    }
}
