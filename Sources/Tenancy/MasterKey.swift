import ApplianceCore
import Crypto
import Foundation
package import Storage

/// `data/master.key`: 32 random bytes from which this installation's keys are derived (HKDF-SHA256, one name each).
package struct MasterKey: Sendable {
    private static let length = 32
    private let key: SymmetricKey

    /// Reads the key, or makes it on the first start (mode 0600).
    package init(_ directory: DataDirectory) throws {
        let url = directory.masterKey
        if !FileSystem.exists(url) { try AtomicFile.publish(Random.bytes(Self.length), to: url) }
        let bytes = try FileReader.contents(url, limit: 4096)
        guard bytes.count == Self.length, Set(bytes).count > 1 else {
            throw DomainError.unavailable("master_key_damaged", "master.key is not a key of \(Self.length) bytes.")
        }
        key = SymmetricKey(data: bytes)
    }

    func derived(_ purpose: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Data("appliance/\(purpose)".utf8), outputByteCount: 32)
    }
}
