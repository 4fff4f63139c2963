import ApplianceCore
import Foundation
import Storage

/// A gzip in a snapshot: how it is written, and how it is read by somebody who believes nothing.
enum StoredFile {
    /// Sizes and SHA-256 of the SQLite file and of its gzip.
    struct Sums: Equatable {
        let bytes: Int64
        let storedBytes: Int64
        let sha256: String
        let storedSha256: String
    }

    /// One core does 68 MB/s at this level, and half of that at the default one for a tenth less of size.
    private static let level: Int32 = 1

    static func compress(_ plain: URL, to target: URL) throws -> Sums {
        let reader = try FileReader(plain)
        var file = try AtomicFile(target)
        var sums = (plain: Digest(), stored: Digest())
        try Gzip.compress(level: level) {
            let part = try reader.next()
            sums.plain.update(part)
            return part
        } sink: { part in
            sums.stored.update(part)
            try file.write(part)
        }
        try file.publish()
        return Sums(
            bytes: sums.plain.count, storedBytes: sums.stored.count, sha256: sums.plain.hexadecimal(),
            storedSha256: sums.stored.hexadecimal())
    }

    /// Gives the snapshot at `target` a stored file of another one, as a hard link where the file system has them.
    static func link(_ entry: Manifest.File, from source: URL, to target: URL) throws {
        if Foundation.link(source.path, target.path) == 0 { return }
        let reader = try FileReader(source)
        var file = try AtomicFile(target)
        var digest = Digest()
        while case let part = try reader.next(), !part.isEmpty {
            digest.update(part)
            try file.write(part)
        }
        guard digest.hexadecimal() == entry.storedSha256 else { throw FileFault(reason: "its SHA-256 does not match") }
        try file.publish()
    }

    /// Looks only at the folder entry: that there is an ordinary file of the right size.
    static func checkEntry(_ entry: Manifest.File, in snapshot: URL) throws {
        for folder in [snapshot, snapshot.appending(path: entry.path).deletingLastPathComponent()] {
            guard let kind = EntryKind(folder) else { throw FileFault(reason: "it is missing") }
            guard kind == .folder else { throw FileFault(reason: "its folder is \(kind.words)") }
        }
        guard let kind = EntryKind(snapshot.appending(path: entry.path)) else {
            throw FileFault(reason: "it is missing")
        }
        guard case .file(let bytes) = kind else { throw FileFault(reason: "it is \(kind.words)") }
        guard bytes == entry.storedBytes else {
            throw FileFault(reason: "it has \(bytes) bytes instead of \(entry.storedBytes)")
        }
    }

    /// Decompresses to a new file at `target`, never more than the manifest says, and compares sizes and both SHA-256.
    ///
    /// The stored bytes are hashed before zlib sees them. Throws `FileFault`, or `DomainError` when writing fails.
    static func extract(_ entry: Manifest.File, from snapshot: URL, to target: URL) throws {
        try checkEntry(entry, in: snapshot)
        let stored = snapshot.appending(path: entry.path)
        guard try storedDigest(stored) == entry.storedSha256 else {
            throw FileFault(reason: "its SHA-256 does not match")
        }
        let reader = try FileReader(stored)
        let output = try PlainFile(target)
        var digest = Digest()
        do {
            try Gzip.decompress(source: reader.next) { part in
                digest.update(part)
                guard digest.count <= entry.bytes else {
                    throw FileFault(reason: "it decompresses to more than \(entry.bytes) bytes")
                }
                try output.write(part)
            }
        } catch is Gzip.Damage {
            throw FileFault(reason: "it is not a whole gzip file")
        }
        guard digest.count == entry.bytes, digest.hexadecimal() == entry.sha256 else {
            throw FileFault(reason: "the SHA-256 of its content does not match")
        }
    }

    private static func storedDigest(_ url: URL) throws -> String {
        var digest = Digest()
        do {
            let reader = try FileReader(url)
            while case let part = try reader.next(), !part.isEmpty { digest.update(part) }
        } catch {
            throw FileFault(reason: "it cannot be read")
        }
        return digest.hexadecimal()
    }
}
