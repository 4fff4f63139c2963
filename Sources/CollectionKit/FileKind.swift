import ApplianceCore

/// What an uploaded file is: what its first bytes say, held against what the upload claims.
///
/// A browser that shows a file believes this type (`X-Content-Type-Options: nosniff`), so a page must never get in
/// under the name of a picture.
package enum FileKind {
    package enum Limit {
        /// Bytes looked at.
        package static let head = 512
        static let type = 100
    }

    package static let unknown = "application/octet-stream"

    /// Shown in the browser where it asks for them; everything else is only ever downloaded.
    private static let shown: Set = [
        "image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain",
    ]

    package static func isShown(_ type: String) -> Bool { shown.contains(type) }

    private static let signatures: [(type: String, offset: Int, bytes: [UInt8])] = [
        ("image/png", 0, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), ("image/jpeg", 0, [0xFF, 0xD8, 0xFF]),
        ("image/gif", 0, Array("GIF87a".utf8)), ("image/gif", 0, Array("GIF89a".utf8)),
        ("image/webp", 8, Array("WEBP".utf8)), ("application/pdf", 0, Array("%PDF-".utf8)),
    ]

    /// The type that the first bytes give away; nil when they give none away.
    static func sniffed(_ head: [UInt8]) -> String? {
        signatures.first { head.dropFirst($0.offset).starts(with: $0.bytes) }?.type
    }

    /// The type to keep. Throws `type_mismatch` when the bytes are not what was claimed. `claimed` is a Content-Type;
    /// nil or the unknown one leaves it to the bytes.
    package static func type(claimed: String?, head: [UInt8]) throws -> String {
        let found = sniffed(head)
        guard let claimed = claimed.map(essence), claimed != unknown else { return found ?? unknown }
        guard isType(claimed) else {
            throw DomainError(.unsupportedMedia, "type_malformed", "The Content-Type is not a type such as image/png.")
        }
        if claimed == found { return claimed }
        let isRecognised = signatures.contains { $0.type == claimed }
        guard found == nil, !isRecognised else {
            throw DomainError.invalid(
                "type", "type_mismatch",
                "The upload says \(claimed), and its bytes say \(found ?? "something else").")
        }
        return claimed
    }

    private static func essence(_ field: String) -> String {
        String(field.prefix { $0 != ";" }).lowercased().filter { $0 != " " }
    }

    private static func isType(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.utf8.count <= Limit.type && parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy {
                        $0.isASCIIDigit || (0x61...0x7A).contains($0) || "!#$&-^_.+".utf8.contains($0)
                    }
            }
    }

    /// A name to keep and to offer for a download: the last part of a path, without what controls or hides.
    package static func name(_ text: String) -> String {
        let last = text.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
        let visible = last.unicodeScalars.filter { TextRules.normalized("a\($0)b") != nil }
        let clean = TextRules.normalized(String(String.UnicodeScalarView(visible))) ?? ""
        let name = String(clean.drop { $0 == "." }.prefix(nameLength))
        return name.isEmpty ? "file" : name
    }

    /// Characters.
    private static let nameLength = 200
}
