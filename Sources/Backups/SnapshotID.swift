package import ApplianceCore

/// The name of a snapshot's folder: the UTC second at which it began, as a file name (`2026-11-21T02-00-00Z`).
package struct SnapshotID: Hashable, Comparable, Sendable {
    /// A whole second.
    package let instant: Instant

    package init(_ instant: Instant) { self.instant = Instant(seconds: instant.seconds) }

    /// The id one second later: the next free one while the clock stands still or was set back.
    package var next: SnapshotID { SnapshotID(instant.adding(.seconds(1))) }

    package static func < (a: SnapshotID, b: SnapshotID) -> Bool { a.instant < b.instant }
}

extension SnapshotID: CustomStringConvertible, LosslessStringConvertible {
    package var description: String {
        instant.description.prefix(19).replacing(":", with: "-") + "Z"
    }

    /// Exactly the text that `description` gives; anything else, such as `../x`, is nil.
    package init?(_ text: String) {
        var bytes = Array(text.utf8)
        guard bytes.count == 20 else { return nil }
        bytes[13] = UInt8(ascii: ":")
        bytes[16] = UInt8(ascii: ":")
        guard let instant = Instant(String(decoding: bytes, as: UTF8.self)) else { return nil }
        self.init(instant)
        guard description == text else { return nil }
    }
}

extension SnapshotID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = SnapshotID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a snapshot id")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
