package import ApplianceCore
import Storage

/// What a link that stands for an account carries behind its last slash: which shop it belongs to, and a secret of 256
/// bits that is kept as its hash only.
struct AccountLink: Sendable {
    private static let operatorScope = "operator"

    /// Nil for an operator's.
    let tenantID: String?
    private let secret: String

    /// A new one.
    init(tenantID: String?) { (self.tenantID, secret) = (tenantID, Random.token()) }

    /// Reads what a person brings; nil when it cannot be one of ours.
    init?(_ token: String) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard token.utf8.count <= 200, parts.count == 2, let scope = parts.first, let secret = parts.last,
            !scope.isEmpty, !secret.isEmpty
        else { return nil }
        (tenantID, self.secret) = (scope == Self.operatorScope ? nil : scope, secret)
    }

    var token: String { "\(tenantID ?? Self.operatorScope).\(secret)" }
    var hash: String { Digest.of(Array(secret.utf8)) }

    /// What a person who brings a dead link is told, whatever it died of.
    static let ended = DomainError(
        .gone, "link_ended", "This link was used, was withdrawn or has expired.", hint: "Ask for a new one.")
}

/// A link as it is handed out, once.
package struct IssuedLink: Sendable {
    /// The address to open.
    package let address: String
    package let expiresAt: Instant

    package var json: JSON { ["link": .string(address), "expiresAt": JSON(expiresAt)] }
}
