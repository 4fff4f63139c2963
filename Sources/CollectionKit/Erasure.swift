package import ApplianceCore

/// That what a record told about a person was taken out of it. Kept outside the shop's file, so that no backup brings
/// the person back; nothing in it tells who that was.
package struct Erasure: Codable, Sendable, Equatable {
    /// `ers_…`.
    package let id: String
    package let tenant: String
    package let collection: String
    package let record: String
    /// Eight random hexadecimal digits, which stand for the person. Not made from what was erased: that could be
    /// guessed.
    package let token: String
    package let at: Instant

    package init(id: String, tenant: String, collection: String, record: String, token: String, at: Instant) {
        (self.id, self.tenant, self.collection) = (id, tenant, collection)
        (self.record, self.token, self.at) = (record, token, at)
    }

    package enum Limit {
        /// Bytes of each word in it.
        static let word = 80
        static let token = 8
    }

    package static func makeToken() -> String {
        Random.bytes(Limit.token / 2).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }.joined()
    }

    /// Whether it can be one of ours: a file from outside may say anything.
    package var isSound: Bool {
        [id, tenant, collection, record].allSatisfy(Self.isPlain) && token.utf8.count == Limit.token
            && token.utf8.allSatisfy { $0.isASCIIDigit || (0x61...0x66).contains($0) }
    }

    package static func isPlain(_ word: String) -> Bool {
        !word.isEmpty && word.utf8.count <= Limit.word
            && word.utf8.allSatisfy { byte in
                byte.isASCIIDigit || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_")
                    || byte == UInt8(ascii: "-")
            }
    }

    package var json: JSON {
        [
            "id": .string(id), "tenantId": .string(tenant), "collection": .string(collection),
            "recordId": .string(record), "pseudonym": .string(token), "at": JSON(at),
        ]
    }
}
