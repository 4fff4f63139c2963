import ApplianceCore
import Foundation
import Storage

/// A manifest that cannot be believed.
struct ManifestFault: Error {
    let reason: String
    /// Whether nothing speaks against it but that nobody vouches for it.
    var isUnsealed = false
}

extension Manifest {
    enum Limit {
        /// Bytes of a manifest: some 60,000 tenants, or a million uploaded files.
        static let manifestBytes = 256 << 20
        /// Bytes of one database: keeps sums of a hostile manifest from overflowing.
        static let fileBytes: Int64 = 1 << 42
    }

    private static let noChecksum = String(repeating: "0", count: 64)

    /// The bytes of `manifest.json`, checksum filled in.
    func encoded() throws -> [UInt8] {
        var manifest = self
        manifest.checksum = Self.noChecksum
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let bytes = Self.summed(Array(try encoder.encode(manifest))) else {
            throw DomainError.internal("a manifest without checksum")
        }
        return bytes
    }

    /// The bytes of a manifest with the checksum that they should have; nil where there is no place for one.
    static func summed(_ bytes: [UInt8]) -> [UInt8]? {
        guard let digits = checksumRange(bytes) else { return nil }
        var bytes = bytes
        bytes.replaceSubrange(digits, with: Array(noChecksum.utf8))
        bytes.replaceSubrange(digits, with: Array(Digest.of(bytes).utf8))
        return bytes
    }

    /// Whether the checksum is right.
    static func isWhole(_ bytes: [UInt8]) -> Bool { summed(bytes) == bytes }

    /// Throws `ManifestFault` unless every byte is as it was written and the paths are ones that we write.
    static func decode(_ bytes: [UInt8], id: SnapshotID) throws -> Manifest {
        var zeroed = bytes
        guard let digits = checksumRange(bytes) else { throw ManifestFault(reason: "it has no checksum") }
        zeroed.replaceSubrange(digits, with: Array(noChecksum.utf8))
        guard Array(Digest.of(zeroed).utf8) == Array(bytes[digits]) else {
            throw ManifestFault(reason: "its checksum does not match")
        }
        let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(bytes))
        // Another format may lack what ours has.
        let format = manifest?.format ?? (try? JSONDecoder().decode(Header.self, from: Data(bytes)))?.format
        guard format == currentFormat else { throw ManifestFault(reason: "it has an unknown format") }
        guard let manifest else { throw ManifestFault(reason: "it is not a manifest") }
        guard manifest.id == id else { throw ManifestFault(reason: "it belongs to snapshot \(manifest.id)") }
        try manifest.checkPaths()
        return manifest
    }

    private struct Header: Codable { let format: Int }

    /// Where the 64 digits are: behind the first `"checksum"` and the quote that follows. In a string the quotes would
    /// be escaped, and among the sorted keys of the whole it comes first.
    private static func checksumRange(_ bytes: [UInt8]) -> Range<Int>? {
        guard let key = bytes.firstRange(of: Array("\"checksum\"".utf8)),
            let quote = bytes[key.upperBound...].firstIndex(of: UInt8(ascii: "\"")), quote + 65 < bytes.count,
            bytes[quote + 65] == UInt8(ascii: "\"")
        else { return nil }
        return quote + 1..<quote + 65
    }

    /// A manifest with a right checksum may still come from a stranger: no path leaves the snapshot's folder.
    private func checkPaths() throws {
        guard files.count(where: { $0.tenant == nil }) == 1 else {
            throw ManifestFault(reason: "it names no system file")
        }
        guard Set(files.map(\.path)).count == files.count else { throw ManifestFault(reason: "it names a file twice") }
        for file in files {
            guard file.path == Self.path(ofTenant: file.tenant?.id), file.tenant.map({ Self.isSafe($0.id) }) ?? true
            else {
                throw ManifestFault(reason: "it names a file outside of the snapshot")
            }
            let contents = file.contents ?? []
            guard contents.allSatisfy(\.isSafe), Set(contents.map(\.sha256)).count == contents.count,
                contents.isEmpty || file.tenant != nil
            else { throw ManifestFault(reason: "it names an uploaded file that cannot be") }
            guard (0...Limit.fileBytes).contains(file.bytes), (0...Limit.fileBytes).contains(file.storedBytes) else {
                throw ManifestFault(reason: "it names an impossible size")
            }
        }
    }

    /// Ids become folder names: only what our ids consist of.
    static func isSafe(_ id: String) -> Bool {
        (1...64).contains(id.utf8.count)
            && id.utf8.allSatisfy {
                $0.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == 0x5F
            }
    }

    /// Below a snapshot's folder; nil is `system.sqlite`.
    static func path(ofTenant id: String?) -> String { id.map { "tenants/\($0).sqlite.gz" } ?? "system.sqlite.gz" }
}
