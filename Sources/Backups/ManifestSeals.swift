import ApplianceCore
import Crypto
import Foundation
import Storage

/// The seal of a snapshot, `manifest.seal`: HMAC-SHA256 over the manifest's bytes with a key of this installation.
///
/// The manifest's checksum finds damage; the seal finds people. Whoever can write to `backups/` but has not
/// `master.key` can make a manifest with a right checksum, and none with a right seal.
package struct ManifestSeals: Sendable {
    enum Limit {
        /// Bytes of a seal's file.
        static let file = 1024
    }

    private static let format = "appliance-seal-1"
    private let keys: @Sendable () -> [[UInt8]]

    /// `keys` are the secrets, the one that seals first and those of before behind it; asked each time, because keys
    /// are rotated.
    package init(keys: @escaping @Sendable () -> [[UInt8]]) { self.keys = keys }

    /// Tells which key made a seal, and nothing of the key.
    var id: String { keys().first.map(Self.id) ?? "" }
    /// Those of all keys.
    var ids: Set<String> { Set(keys().map(Self.id)) }

    /// One line: the format, the key's id, the sum.
    func seal(_ manifest: [UInt8]) throws -> [UInt8] {
        guard let key = keys().first else { throw DomainError.internal("no key to seal with") }
        return Array("\(Self.format) \(Self.id(key)) \(Self.sum(manifest, key))\n".utf8)
    }

    /// Throws `ManifestFault` unless one of the keys made this seal of the manifest at `url`. Reads it in parts: a
    /// stranger's is never held in memory, however large it is.
    func check(_ url: URL, seal: [UInt8]?) throws {
        guard let seal else { throw ManifestFault(reason: "it has no seal", isUnsealed: true) }
        let words = String(decoding: seal, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[0] == Self.format else { throw ManifestFault(reason: "its seal is none of ours") }
        guard let key = keys().first(where: { Self.id($0) == words[1] }) else {
            throw ManifestFault(reason: "it was sealed with another master.key", isUnsealed: true)
        }
        var sum = HMAC<SHA256>(key: SymmetricKey(data: key))
        do {
            let reader = try FileReader(url)
            while case let part = try reader.next(), !part.isEmpty { sum.update(data: part) }
        } catch {
            throw ManifestFault(reason: "it cannot be read")
        }
        // `==` of a code takes the same time wherever the two differ.
        guard let sealed = Self.bytes(words[2]), sum.finalize() == sealed else {
            throw ManifestFault(reason: "its seal does not match: it is damaged, or changed by one without master.key")
        }
    }

    private static func id(_ key: [UInt8]) -> String { String(sum(Array("id".utf8), key).prefix(16)) }

    private static func sum(_ bytes: [UInt8], _ key: [UInt8]) -> String {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key))).hexadecimal
    }

    /// Of 64 hexadecimal digits and the end of the line.
    private static func bytes(_ text: Substring) -> [UInt8]? {
        guard text.utf8.count == 65, text.utf8.last == 0x0A else { return nil }
        let digits = Array(text.utf8.dropLast())
        let bytes = stride(from: 0, to: 64, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16)
        }
        return bytes.count == 32 ? bytes : nil
    }
}
