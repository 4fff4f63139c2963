import ApplianceCore
import Crypto
import Foundation

/// What a file of the change log is not. `reason` completes "… is damaged: ".
package struct LogFault: Error, Equatable {
    package let reason: String
    /// Nothing is wrong with it but that nobody here can tell who wrote it.
    package var isUnsealed = false
}

/// The head of one batch of the change log: the pages that some commits left, or a whole database to start from.
///
/// On disk 272 bytes, big-endian, followed by `payloadBytes` of gzip. Each head holds the SHA-256 of its payload and
/// that of the head before, so that what is missing, exchanged or altered anywhere in the chain shows.
struct LogBatch: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        /// The payload is the database file itself.
        case base = 0
        /// For each changed page, ascending: its number (4 bytes) and its content.
        case changes = 1
        /// As `changes`, for many batches at once: only the last content of each page.
        case merged = 2

        /// How names of files end.
        var name: String {
            switch self {
            case .base: "base"
            case .changes: "changes"
            case .merged: "merged"
            }
        }

        init?(name: Substring) {
            guard let kind = [Kind.base, .changes, .merged].first(where: { $0.name == name }) else { return nil }
            self = kind
        }
    }

    let kind: Kind
    let pageSize: Int
    /// Pages in the payload.
    let pages: UInt32
    /// Size of the database afterwards.
    let databasePages: UInt32
    /// How far the WAL had been read.
    let position: WriteAheadLog.Position
    /// Running numbers of the batches that it stands for; equal unless merged.
    let first: UInt64
    let last: UInt64
    /// The unbroken chain that it belongs to.
    let epoch: UInt64
    /// When the first and the last of these had their last commit.
    let firstTime: Instant
    let time: Instant
    /// `chain` of the batch before; zeros for a base.
    let previous: [UInt8]
    /// SHA-256 of the database's name, so that one tenant's log is never taken for another's.
    let owner: [UInt8]
    var payloadBytes: Int64 = 0
    var payloadDigest = Self.noDigest
    /// `chain` of the last batch that it stands for, where it stands for others: what follows goes on from that.
    var continues = Self.noDigest

    /// Running numbers stay below, so that the next one always exists, whatever a foreign file claims.
    static let numbers = UInt64(Int64.max)
    static let byteCount = numberBytes + 5 * digestBytes
    static let noDigest = [UInt8](repeating: 0, count: digestBytes)
    private static let digestBytes = 32
    private static let numberBytes = 112
    private static let magic: UInt64 = 0x4150_4c42_4154_4348  // "APLBATCH"
    private static let format: UInt64 = 1
    private static let pageSizes: ClosedRange<UInt64> = 9...16

    static func owner(_ name: String) -> [UInt8] { Digest.raw(name) }

    /// What the next head names as `previous`: this head's own digest, or that of the last one it stands for.
    var chain: [UInt8] { continues == Self.noDigest ? Array(encoded().suffix(Self.digestBytes)) : continues }

    func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        bytes.append(bigEndian: Self.magic)
        bytes.append(bigEndian: UInt16(truncatingIfNeeded: Self.format))
        bytes.append(kind.rawValue)
        bytes.append(UInt8(truncatingIfNeeded: pageSize.trailingZeroBitCount))
        for value in [
            pages, databasePages, position.sequence, position.salt1, position.salt2, position.frame,
            position.checksum.first, position.checksum.second,
        ] { bytes.append(bigEndian: value) }
        for value in [first, last, epoch] { bytes.append(bigEndian: value) }
        for value in [firstTime.milliseconds, time.milliseconds, payloadBytes] { bytes.append(bigEndian: value) }
        bytes.append(contentsOf: repeatElement(0, count: Self.numberBytes - bytes.count))
        for digest in [payloadDigest, previous, continues, owner] { bytes.append(contentsOf: digest) }
        bytes.append(contentsOf: SHA256.hash(data: bytes))
        return bytes
    }

    /// Believes nothing: the bytes may come from a folder that somebody else wrote.
    static func decode(_ bytes: [UInt8]) throws -> LogBatch {
        guard bytes.count == byteCount, bytes.bigEndian64(0) == magic else {
            throw LogFault(reason: "a batch does not begin where it should")
        }
        guard bytes.suffix(digestBytes).elementsEqual(SHA256.hash(data: bytes.dropLast(digestBytes))) else {
            throw LogFault(reason: "the head of a batch is not as it was written")
        }
        guard bytes.bigEndian(8, bytes: 2) == format else {
            throw LogFault(reason: "it is of a newer format than this program knows")
        }
        let exponent = bytes.bigEndian(11, bytes: 1)
        guard let kind = Kind(rawValue: bytes[10]), pageSizes.contains(exponent) else {
            throw LogFault(reason: "the head of a batch makes no sense")
        }
        func digest(_ index: Int) -> [UInt8] { Array(bytes.dropFirst(numberBytes + index * digestBytes).prefix(32)) }
        func time(_ offset: Int) -> Instant {
            Instant(milliseconds: Int64(bitPattern: bytes.bigEndian64(offset)))
        }
        let batch = LogBatch(
            kind: kind, pageSize: 1 << Int(exponent), pages: bytes.bigEndian32(12),
            databasePages: bytes.bigEndian32(16),
            position: WriteAheadLog.Position(
                sequence: bytes.bigEndian32(20), salt1: bytes.bigEndian32(24), salt2: bytes.bigEndian32(28),
                frame: bytes.bigEndian32(32),
                checksum: Checksum(bytes.bigEndian32(36), bytes.bigEndian32(40))),
            first: bytes.bigEndian64(44), last: bytes.bigEndian64(52), epoch: bytes.bigEndian64(60),
            firstTime: time(68), time: time(76), previous: digest(1), owner: digest(3),
            payloadBytes: Int64(bitPattern: bytes.bigEndian64(84)), payloadDigest: digest(0), continues: digest(2))
        guard batch.payloadBytes >= 0, batch.first <= batch.last, batch.last < numbers else {
            throw LogFault(reason: "the head of a batch makes no sense")
        }
        return batch
    }
}
