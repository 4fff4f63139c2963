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
                guard sealed.hasPrefix(Self.version),
                    let combined = Data(base64Encoded: String(sealed.dropFirst(Self.version.utf8.count))),
                    let box = try? AES.GCM.SealedBox(combined: combined),
                    let plain = try? AES.GCM.open(
                        box, using: derived("record secrets"), authenticating: Self.context(tenant, place)),
                    let text = String(data: plain, encoding: .utf8)
                else {
                    throw DomainError(
                        .unavailable, "secret_unreadable", "A secret of this shop cannot be opened.",
                        hint: "Enter it again. It was sealed with another master.key.", cause: "\(tenant) \(place)")
                }
                return text
            })
    }

    private static func context(_ tenant: String, _ place: String) -> Data { Data("\(tenant)/\(place)".utf8) }
}
