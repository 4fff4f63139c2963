import ApplianceCore
import Crypto
import Foundation
import Testing

@testable import Storage

/// A log in a folder that somebody else wrote: its sums may all be right, and what it says still make no sense.
struct HostileLogTests {
    private static let good = batch(at: .earliest)

    private static func batch(at time: Instant) -> LogBatch {
        LogBatch(
            kind: .changes, pageSize: 4096, pages: 3, databasePages: 10,
            position: WriteAheadLog.Position(sequence: 1, salt1: 2, salt2: 3, frame: 4, checksum: Checksum(5, 6)),
            first: 7, last: 7, epoch: 8, firstTime: time, time: time, previous: LogBatch.noDigest,
            owner: LogBatch.owner("ten_a"))
    }

    @Test func `a damaged head is refused`() throws {
        let bytes = Self.good.encoded()
        #expect(try LogBatch.decode(bytes) == Self.good)
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                #expect(throws: LogFault.self) { try LogBatch.decode(damaged) }
            }
        }
        for count in 0..<bytes.count {
            #expect(throws: LogFault.self) { try LogBatch.decode(Array(bytes.prefix(count))) }
        }
    }

    @Test func `bytes that are exchanged between the look at their sum and their use are refused`() throws {
        let storage = try TestStorage()
        let epoch = LogFolder(root: storage.url("backups"), name: "ten_a").epoch(1)
        try FileSystem.makeFolder(epoch)
        // Does not compress: what is put in its place lies at the same bytes.
        var random = SeededRandom(seed: 3)
        let honest = (0..<1 << 20).map { _ in UInt8.random(in: 0...255, using: &random) }
        let forged = honest.prefix(900_000) + (900_000..<1 << 20).map { _ in UInt8.random(in: 0...255, using: &random) }
        func write(_ plain: [UInt8]) throws -> (entry: LogFolder.Entry, bytes: Data) {
            let source = storage.url("plain")
            try AtomicFile.publish(plain, to: source)
            let batch = Self.batch(at: Instant(seconds: 1_790_000_000))
            var segment = try LogSegmentWriter(LogFolder.file(batch, to: batch, in: epoch), nil)
            _ = try segment.append(batch, payload: FileReader(source).next)
            try segment.publish()
            let entry = try #require(try LogFolder.entries(epoch).first)
            return (entry, try Data(contentsOf: entry.url))
        }
        let other = try write(Array(forged)).bytes
        let (entry, bytes) = try write(honest)
        #expect(other.count == bytes.count)
        let reader = try LogReader(entry, nil)
        let head = try #require(try reader.head())
        let handle = try FileHandle(forWritingTo: entry.url)
        var read: [UInt8] = []
        #expect(throws: LogFault(reason: "the SHA-256 of a batch does not match")) {
            try reader.payload(head) { part in
                if read.isEmpty { try handle.write(contentsOf: other) }
                read.append(contentsOf: part)
            }
        }
        #expect(read == Array(forged))
    }

    @Test func `names that claim numbers without a next one are no part of the log`() throws {
        let storage = try TestStorage()
        let folder = LogFolder(root: storage.url("backups"), name: "ten_a")
        for epoch in ["18446744073709551615", "99999999999999999999999", "-1", "0000000001"] {
            try FileSystem.makeFolder(folder.url.appending(path: epoch))
        }
        let name = "0000000001-18446744073709551615_0-1.changes"
        try AtomicFile.publish([1], to: folder.epoch(1).appending(path: name))
        let epochs = try folder.epochs()
        #expect(epochs.map(\.number) == [1] && epochs.allSatisfy(\.entries.isEmpty))
    }

    @Test func `a forged head is refused or means what it says`() throws {
        var random = SeededRandom(seed: 7)
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = Array(Self.good.encoded().dropLast(32))
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 8..<bytes.count, using: &random)
                bytes[index] = Bool.random(using: &random) ? UInt8.random(in: 0...255, using: &random) : 0xFF
            }
            bytes += SHA256.hash(data: bytes)
            guard let batch = try? LogBatch.decode(bytes) else { continue }
            accepted += 1
            #expect(batch.payloadBytes >= 0 && batch.first <= batch.last)
            #expect(try LogBatch.decode(batch.encoded()) == batch)
        }
        #expect(accepted > 1000)
    }
}
