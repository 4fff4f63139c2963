import ApplianceCore
import Crypto
import Foundation
import Synchronization

/// The seal of one file of the change log, its last 96 bytes: HMAC-SHA256 with a key of this installation.
///
/// The sums in the heads find damage; the seal finds people. It covers the heads of all batches, which hold the SHA-256
/// of their pages, and the file's place: shop, epoch, and the numbers and times in its name. So nothing in it can be
/// changed, and no file stand for another, without `master.key`.
struct LogSeal: Equatable, Sendable {
    /// Tells which key made it, and nothing of the key.
    let keyID: [UInt8]
    /// SHA-256 of all heads in the file, one behind the other.
    let heads: [UInt8]
    let code: [UInt8]

    static let byteCount = messageBytes + 32 + sumBytes
    static let keyIDBytes = 8
    private static let messageBytes = 16 + keyIDBytes + 32
    /// Of the seal's own SHA-256: a flipped bit is damage, and not another key.
    private static let sumBytes = 8
    private static let magic: UInt64 = 0x4150_4c42_5345_414c  // "APLBSEAL"
    private static let format: UInt64 = 1

    /// What the code is made over, with the file's place behind it.
    static func message(_ keyID: [UInt8], _ heads: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        bytes.append(bigEndian: magic)
        bytes.append(bigEndian: format)
        return bytes + keyID + heads
    }

    func encoded() -> [UInt8] {
        let bytes = Self.message(keyID, heads) + code
        return bytes + SHA256.hash(data: bytes).prefix(Self.sumBytes)
    }

    /// Nil for what is no seal at all; believes nothing.
    static func decode(_ bytes: [UInt8]) throws -> LogSeal? {
        guard bytes.count == byteCount, bytes.bigEndian64(0) == magic else { return nil }
        guard SHA256.hash(data: bytes.dropLast(sumBytes)).prefix(sumBytes).elementsEqual(bytes.suffix(sumBytes)) else {
            throw LogFault(reason: "its seal is not as it was written")
        }
        guard bytes.bigEndian64(8) == format else {
            throw LogFault(reason: "its seal is of a newer format than this program knows")
        }
        func part(_ start: Int, _ count: Int) -> [UInt8] { Array(bytes[start..<start + count]) }
        return LogSeal(
            keyID: part(16, keyIDBytes), heads: part(16 + keyIDBytes, 32), code: part(messageBytes, 32))
    }
}

/// Makes and checks the seals of the change log.
package struct LogSeals: Sendable {
    private struct Key: Sendable {
        let id: [UInt8]
        let key: SymmetricKey
    }

    /// The keys as they were last asked for: ids cost as much as seals.
    private final class Known: Sendable {
        let ring = Mutex<(secrets: [[UInt8]], keys: [Key])>(([], []))
    }

    private let secrets: @Sendable () -> [[UInt8]]
    private let known = Known()

    /// `keys` are the secrets, the one that seals first and those of before behind it; asked each time, because keys
    /// are rotated.
    package init(keys: @escaping @Sendable () -> [[UInt8]]) { secrets = keys }

    /// Tells which key seals, and nothing of it.
    var id: String { keys().first?.id.hexadecimal ?? "" }
    /// Those of all keys.
    var ids: Set<String> { Set(keys().map(\.id.hexadecimal)) }

    private func keys() -> [Key] {
        let secrets = secrets()
        return known.ring.withLock { ring in
            if ring.secrets != secrets { ring = (secrets, secrets.map(Self.key)) }
            return ring.keys
        }
    }

    private static func key(_ secret: [UInt8]) -> Key {
        let key = SymmetricKey(data: secret)
        let id = HMAC<SHA256>.authenticationCode(for: Array("id".utf8), using: key)
        return Key(id: Array(id.prefix(LogSeal.keyIDBytes)), key: key)
    }

    /// `heads` is the SHA-256 of all heads in the file.
    func seal(heads: [UInt8], at place: String) throws -> LogSeal {
        guard let key = keys().first else { throw DomainError.internal("no key to seal with") }
        let message = LogSeal.message(key.id, heads) + Array(place.utf8)
        let code = HMAC<SHA256>.authenticationCode(for: message, using: key.key)
        return LogSeal(keyID: key.id, heads: heads, code: Array(code))
    }

    func knows(_ seal: LogSeal) -> Bool { keys().contains { $0.id == seal.keyID } }

    /// Whether one of the keys made it for a file there.
    func isRight(_ seal: LogSeal, at place: String) -> Bool { isRight(seal, place, keys()[...]) }

    /// As `isRight`, for the key that seals now.
    func isCurrent(_ seal: LogSeal, at place: String) -> Bool { isRight(seal, place, keys().prefix(1)) }

    private func isRight(_ seal: LogSeal, _ place: String, _ keys: ArraySlice<Key>) -> Bool {
        guard let key = keys.first(where: { $0.id == seal.keyID }) else { return false }
        let message = LogSeal.message(seal.keyID, seal.heads) + Array(place.utf8)
        return HMAC<SHA256>.isValidAuthenticationCode(seal.code, authenticating: message, using: key.key)
    }
}

/// `older.seals` in an epoch's folder: the seals of files that have none of the key that seals now in themselves,
/// because they are older than it, or than seals. A line for each: the file's name and its seal.
///
/// So nothing of a log is written again when keys are rotated. Each line vouches for itself.
enum OlderSeals {
    static let name = "older.seals"
    private static let limit = 64 << 20

    /// Empty when there are none, and when the file cannot be read: then nothing vouches for those files.
    static func read(_ epoch: URL) -> [String: LogSeal] {
        let url = epoch.appending(path: name)
        guard let status = FileSystem.status(url), status.st_mode & S_IFMT == S_IFREG,
            let bytes = try? FileReader.contents(url, limit: limit)
        else { return [:] }
        return parse(bytes)
    }

    /// Nothing that is no line is taken.
    static func parse(_ bytes: [UInt8]) -> [String: LogSeal] {
        var seals: [String: LogSeal] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard words.count == 2, let sealed = Self.bytes(words[1]), let seal = try? LogSeal.decode(sealed) else {
                continue
            }
            seals[String(decoding: words[0], as: UTF8.self)] = seal
        }
        return seals
    }

    static func encoded(_ seals: [String: LogSeal]) -> [UInt8] {
        let lines = seals.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.encoded().hexadecimal)\n" }
        return Array(lines.joined().utf8)
    }

    private static func bytes(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        func value(_ digit: UInt8) -> UInt8? {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        guard digits.count == 2 * LogSeal.byteCount else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(LogSeal.byteCount)
        for index in stride(from: digits.startIndex, to: digits.endIndex, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}

/// What vouches for the files of a log while it is read: the seal of each, or its line among the older ones.
final class LogProof {
    private let seals: LogSeals
    /// By the epoch's folder: read once, and only where they are needed.
    private var older: [URL: [String: LogSeal]] = [:]

    init(_ seals: LogSeals) { self.seals = seals }

    /// The SHA-256 that the heads of the file must have; `own` is the seal in it. Throws where nobody vouches for it.
    func heads(of file: URL, _ own: LogSeal?) throws -> [UInt8] {
        let place = LogFolder.place(file)
        var strange = own
        for find in [{ own }, { self.older(file) }] {
            guard let seal = find() else { continue }
            strange = seal
            guard seals.knows(seal) else { continue }
            guard seals.isRight(seal, at: place) else { throw Self.mismatch }
            return seal.heads
        }
        throw LogFault(
            reason: strange == nil ? "it has no seal" : "it was sealed with another master.key", isUnsealed: true)
    }

    static let mismatch = LogFault(
        reason: "its seal does not match: it is damaged, or changed by one without master.key")

    private func older(_ file: URL) -> LogSeal? {
        let epoch = file.deletingLastPathComponent()
        let lines = older[epoch] ?? OlderSeals.read(epoch)
        older[epoch] = lines
        return lines[file.lastPathComponent]
    }
}
