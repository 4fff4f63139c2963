import ApplianceCore
import Crypto
package import Foundation

/// SHA-256 of bytes as they pass.
package struct Digest: Sendable {
    private var hash = SHA256()
    package private(set) var count: Int64 = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
        count += Int64(bytes.count)
    }

    /// 64 hexadecimal digits.
    package func hexadecimal() -> String { Array(hash.finalize()).hexadecimal }

    package static func ofFile(_ url: URL) throws -> String {
        let reader = try FileReader(url)
        var digest = Digest()
        while case let part = try reader.next(), !part.isEmpty { digest.update(part) }
        return digest.hexadecimal()
    }

    package static func of(_ bytes: [UInt8]) -> String { Array(SHA256.hash(data: bytes)).hexadecimal }
    package static func raw(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }
}
