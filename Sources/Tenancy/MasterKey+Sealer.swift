import ApplianceCore
package import CollectionKit
import Crypto
import Foundation

extension MasterKey {
    private static let version = "v1."

    /// Seals the secrets in one tenant's records: AES-256-GCM under a key derived from the master key, a random nonce
    /// each time. Tenant and place are authenticated: a sealed value copied to another shop or field does not open.
    package func sealer(tenant: String) -> SecretSealer {
        SecretSealer(
            seal: { plain, place in
                let box = try AES.GCM.seal(
                    Data(plain.utf8), using: derived("record secrets"), authenticating: Self.context(tenant, place))
                guard let combined = box.combined else { throw DomainError.internal("AES-GCM without a nonce") }
                return Self.version + combined.base64EncodedString()
            },
            open: { sealed, place in
                let context = Self.context(tenant, place)
                // The current key first; those of before only where it does not fit.
                guard let box = Self.box(sealed),
                    let plain = allDerived("record secrets").lazy.compactMap({ key in
                        try? AES.GCM.open(box, using: key, authenticating: context)
                    }).first, let text = String(data: plain, encoding: .utf8)
                else {
                    throw DomainError(
                        .unavailable, "secret_unreadable", "A secret of this shop cannot be opened.",
                        hint: "Enter it again. It was sealed with another master.key.", cause: "\(tenant) \(place)")
                }
                return text
            })
    }

    /// Whether it was sealed with the key that seals now.
    func isCurrent(_ sealed: String, _ place: String, tenant: String) -> Bool {
        guard let box = Self.box(sealed) else { return false }
        let (key, context) = (derived("record secrets"), Self.context(tenant, place))
        return (try? AES.GCM.open(box, using: key, authenticating: context)) != nil
    }

    private static func box(_ sealed: String) -> AES.GCM.SealedBox? {
        guard sealed.hasPrefix(version) else { return nil }
        return Data(base64Encoded: String(sealed.dropFirst(version.utf8.count))).flatMap {
            try? AES.GCM.SealedBox(combined: $0)
        }
    }

    private static func context(_ tenant: String, _ place: String) -> Data { Data("\(tenant)/\(place)".utf8) }
}
