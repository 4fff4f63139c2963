import ApplianceCore
import Foundation

/// Which addresses the server itself may call: `https` ones, so that nobody on the way answers for a provider.
struct ProviderAddress: Sendable {
    /// Whether plain http to this machine is good too: for tests, and for a provider that runs beside the server.
    let allowsLoopback: Bool

    func allows(_ text: String) -> Bool {
        guard text.utf8.count <= 2000, !text.contains(where: \.isWhitespace), let parts = URLComponents(string: text),
            let host = parts.host, !host.isEmpty, parts.user == nil, parts.password == nil, parts.fragment == nil
        else { return false }
        return switch parts.scheme {
        case "https": true
        case "http": allowsLoopback && ["127.0.0.1", "[::1]", "::1", "localhost"].contains(host)
        default: false
        }
    }

    /// An issuer has no query either (OpenID Connect Discovery §2).
    func allowsIssuer(_ text: String) -> Bool {
        allows(text) && text.utf8.count <= IdentityProvider.Limit.issuer && !text.contains("?")
    }
}
