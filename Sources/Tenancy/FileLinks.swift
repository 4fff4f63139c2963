package import ApplianceCore
import Crypto
import Foundation

/// Signs addresses of private files that whoever has them may use until they expire: HMAC-SHA-256 under a key derived
/// from the master key, over shop, file and expiry. Nothing is kept: deleting the file ends its links.
package struct FileLinks: Sendable {
    package enum Limit {
        /// Seconds.
        package static let lifetime: ClosedRange<Int64> = 60...604_800
        package static let usual: Int64 = 3600
    }

    private let key: SymmetricKey

    package init(_ master: MasterKey) { key = master.derived("file links") }

    /// `expires` in seconds since 1970.
    package func signature(tenant: String, file: String, expires: Int64) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Self.message(tenant, file, expires), using: key)
        return Base64URL.encode(Array(code))
    }

    /// Whether the two parameters of an address open the file now.
    package func opens(tenant: String, file: String, expires: String, signature: String, now: Instant) -> Bool {
        guard expires.utf8.count <= 15, let seconds = Int64(expires), seconds > now.seconds,
            signature.utf8.count <= 64
        else { return false }
        let (given, right) = (signature.utf8, self.signature(tenant: tenant, file: file, expires: seconds).utf8)
        // All bytes are looked at, so that the time it takes tells nothing.
        return given.count == right.count && zip(given, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func message(_ tenant: String, _ file: String, _ expires: Int64) -> Data {
        Data("\(tenant)/\(file)/\(expires)".utf8)
    }
}
