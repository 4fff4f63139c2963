import ApplianceCore
import Foundation
import Storage
import Testing

@testable import Backups

/// With libdeflate where the system has it, and always with zlib.
struct GzipMembersTests {
    private static let engines = [Deflate.zlib] + (Deflate.best.library == nil ? [] : [Deflate.best])
    /// Around the sizes of a block (256 KiB) and of a round (2 MiB).
    private static let sizes = [1, 4096, 262_143, 262_144, 262_145, 2_097_151, 2_097_152, 2_097_153, 7_000_000]

    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "gzip-\(Random.token(bytes: 9))")
        try FileSystem.makeFolder(folder)
        defer { try? FileSystem.remove(folder) }
        try body(folder)
    }

    /// Half of it compresses, half does not.
    private func sample(_ count: Int) -> [UInt8] {
        var random = SeededGenerator(UInt64(count))
        return (0..<count).map { index -> UInt8 in
            let isRegular = index / 5000 % 2 == 0
            return isRegular ? UInt8(index / 64 % 256) : UInt8.random(in: 0...255, using: &random)
        }
    }

    private func extract(_ sums: StoredFile.Sums, in folder: URL, _ deflate: Deflate) throws -> [UInt8] {
        let target = folder.appending(path: Random.token(bytes: 9))
        try StoredFile.extract(sums, of: "a.gz", from: folder, to: target, deflate)
        return try contents(target)
    }

    @Test(arguments: sizes) func `what one engine packs, every engine unpacks, and gunzip`(size: Int) throws {
        let plain = sample(size)
        for packing in Self.engines {
            try withFolder { folder in
                let source = folder.appending(path: "plain")
                try AtomicFile.publish(plain, to: source)
                let sums = try StoredFile.compress(source, to: folder.appending(path: "a.gz"), packing)
                #expect(sums.bytes == Int64(size) && sums.sha256 == Digest.of(plain))
                for unpacking in Self.engines { #expect(try extract(sums, in: folder, unpacking) == plain) }
                let gunzip = Process()
                gunzip.executableURL = URL(filePath: "/bin/gzip")
                gunzip.arguments = ["-dk", folder.appending(path: "a.gz").path]
                try gunzip.run()
                gunzip.waitUntilExit()
                #expect(try contents(folder.appending(path: "a")) == plain)
            }
        }
    }

    /// What zlib packed is another sequence of bytes than what libdeflate packs, so it shows what was taken over.
    @Test(.enabled(if: Deflate.best.library != nil))
    func `blocks that did not change are taken from what was stored before`() throws {
        let plain = sample(7_000_000)
        try withFolder { folder in
            let (source, former) = (folder.appending(path: "plain"), folder.appending(path: "former.gz"))
            try AtomicFile.publish(plain, to: source)
            _ = try StoredFile.compress(source, to: former, .zlib)
            let old = try contents(former)
            func packed(_ plain: [UInt8]) throws -> [UInt8] {
                try AtomicFile.publish(plain, to: source)
                let sums = try StoredFile.compress(source, to: folder.appending(path: "a.gz"), former: former)
                #expect(try extract(sums, in: folder, .zlib) == plain && sums.sha256 == Digest.of(plain))
                return try contents(folder.appending(path: "a.gz"))
            }
            #expect(try packed(plain) == old)
            var changed = plain
            changed[3_000_000] ^= 1
            let new = try packed(changed)
            #expect(new != old && new.starts(with: old.prefix(100_000)) && new.suffix(100_000) == old.suffix(100_000))
            #expect(try packed(plain + sample(900_000)).starts(with: old.prefix(100_000)))
            #expect(try packed(Array(plain.prefix(2_500_000))).starts(with: old.prefix(100_000)))
            // Whatever the former has become, what is stored is right.
            var random = SeededGenerator(5)
            for _ in 0..<20 {
                var bad = old
                bad[Int.random(in: 0..<bad.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                try overwrite(former, bad)
                _ = try packed(plain)
            }
            for bad in [Array(old.prefix(old.count / 2)), [1, 2, 3], try Gzip.compressed(plain, level: 1)] {
                try overwrite(former, bad)
                _ = try packed(plain)
            }
        }
    }

    @Test func `one long member, as older snapshots have, is read as well`() throws {
        let plain = sample(3_000_000)
        let packed = try Gzip.compressed(plain, level: 6)
        for engine in Self.engines {
            try withFolder { folder in
                try AtomicFile.publish(packed, to: folder.appending(path: "a.gz"))
                let sums = StoredFile.Sums(
                    bytes: Int64(plain.count), storedBytes: Int64(packed.count), sha256: Digest.of(plain),
                    storedSha256: Digest.of(packed))
                #expect(try extract(sums, in: folder, engine) == plain)
            }
        }
    }

    @Test func `a member that is cut, changed or followed by something else is refused`() throws {
        let plain = sample(600_000)
        try withFolder { folder in
            let source = folder.appending(path: "plain")
            try AtomicFile.publish(plain, to: source)
            let good = folder.appending(path: "good.gz")
            _ = try StoredFile.compress(source, to: good)
            let bytes = try contents(good)
            var flipped = bytes
            flipped[bytes.count / 2] ^= 4
            for bad in [Array(bytes.dropLast()), Array(bytes.prefix(bytes.count / 2)), bytes + [0], flipped] {
                let url = folder.appending(path: "a.gz")
                try AtomicFile.publish(bad, to: url)
                let sums = StoredFile.Sums(
                    bytes: Int64(plain.count), storedBytes: Int64(bad.count), sha256: Digest.of(plain),
                    storedSha256: Digest.of(bad))
                for engine in Self.engines {
                    #expect(throws: FileFault(reason: "it is not a whole gzip file")) {
                        try extract(sums, in: folder, engine)
                    }
                }
            }
        }
    }
}
