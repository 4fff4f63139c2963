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

    /// `former` is what an earlier state was stored in: blocks that have not changed since are taken from there.
    /// `progress` is that of the copy which `plain` is still being made by. Each part has been decompressed again and
    /// compared before it is written; throws `FileFault` where it is another.
    static func compress(
        _ plain: URL, following progress: CopyProgress? = nil, to target: URL, former: URL? = nil,
        _ deflate: Deflate = .best
    ) throws -> Sums {
        try progress?.wait(for: 1)
        let reader = try FileReader(plain)
        var wanted: Int64 = 0
        var file = try AtomicFile(target)
        var sums = (plain: Digest(), stored: Digest())
        let members = former.flatMap { GzipMembers.FormerMembers($0, deflate) }
        try GzipMembers.compress(deflate, former: members) { block in
            wanted += Int64(block.count)
            try progress?.wait(for: wanted)
            return try reader.fill(block)
        } plain: { part in
            sums.plain.update(part)
        } packed: { part in
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
        try checkEntry(entry.path, storedBytes: entry.storedBytes, in: snapshot)
    }

    private static func checkEntry(_ path: String, storedBytes: Int64, in snapshot: URL) throws {
        for folder in [snapshot, snapshot.appending(path: path).deletingLastPathComponent()] {
            guard let kind = EntryKind(folder) else { throw FileFault(reason: "it is missing") }
            guard kind == .folder else { throw FileFault(reason: "its folder is \(kind.words)") }
        }
        guard let kind = EntryKind(snapshot.appending(path: path)) else {
            throw FileFault(reason: "it is missing")
        }
        guard case .file(let bytes) = kind else { throw FileFault(reason: "it is \(kind.words)") }
        guard bytes == storedBytes else {
            throw FileFault(reason: "it has \(bytes) bytes instead of \(storedBytes)")
        }
    }

    static func extract(
        _ entry: Manifest.File, from snapshot: URL, to target: URL, isKept: Bool = false
    ) throws {
        let sums = Sums(
            bytes: entry.bytes, storedBytes: entry.storedBytes, sha256: entry.sha256, storedSha256: entry.storedSha256)
        try extract(sums, of: entry.path, from: snapshot, to: target, isKept: isKept)
    }

    /// Decompresses to a new file at `target`, never more than `sums` say, and compares sizes and both SHA-256.
    ///
    /// The stored bytes are hashed before they are decompressed. Throws `FileFault`, or `DomainError` when writing
    /// fails.
    static func extract(
        _ sums: Sums, of path: String, from snapshot: URL, to target: URL, _ deflate: Deflate = .best,
        isKept: Bool = false
    ) throws {
        try checkEntry(path, storedBytes: sums.storedBytes, in: snapshot)
        let stored = snapshot.appending(path: path)
        guard try storedDigest(stored) == sums.storedSha256 else {
            throw FileFault(reason: "its SHA-256 does not match")
        }
        let reader = try FileReader(stored)
        var output = try PlainFile(target, isKept: isKept)
        var digest = Digest()
        do {
            try GzipMembers.decompress(deflate, read: reader.fill) { part in
                guard digest.count + Int64(part.count) <= sums.bytes else {
                    throw FileFault(reason: "it decompresses to more than \(sums.bytes) bytes")
                }
                try Cores.together(2) { step in step == 0 ? digest.update(part) : try output.write(part) }
            }
        } catch is Gzip.Damage {
            throw FileFault(reason: "it is not a whole gzip file")
        }
        guard digest.count == sums.bytes, digest.hexadecimal() == sums.sha256 else {
            throw FileFault(reason: "the SHA-256 of its content does not match")
        }
    }

    /// Reads what has just been stored again: it is what `compress` wrote, and that has given back its plain bytes.
    /// Throws `FileFault`.
    static func reread(_ sums: Sums, of path: String, in snapshot: URL) throws {
        try checkEntry(path, storedBytes: sums.storedBytes, in: snapshot)
        guard try storedDigest(snapshot.appending(path: path)) == sums.storedSha256 else {
            throw FileFault(reason: "it does not give back what was stored in it")
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
