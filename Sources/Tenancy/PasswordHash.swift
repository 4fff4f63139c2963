import ApplianceCore
import CAppliance
import Crypto
import Foundation
import NIOPosix
import Synchronization

extension String {
    /// NFC, so that the same password typed on two systems is the same bytes.
    var precomposed: String { precomposedStringWithCanonicalMapping }
}

/// Hashes and checks passwords with bcrypt (libxcrypt's `crypt_r`), on threads of its own with a bounded queue: a flood
/// of sign-ins must not slow the rest of the API.
///
/// bcrypt cuts its input at 72 bytes, so longer passwords are hashed with SHA-256 first, under a tag of their own.
package final class PasswordHasher: Sendable {
    package enum Limit {
        /// Sign-ins that may wait; at cost 12 and two cores that is some six seconds of work.
        static let waiting = 64
        static let bcryptBytes = 72
        package static let cost = 12
    }

    private static let longTag = "bcrypt-sha256:"

    private let cost: Int
    private let threads = NIOThreadPool(numberOfThreads: 1)
    private let waiting = Waiting()
    /// Compared when there is no such account, so that both answers take the same time.
    private let decoy: Mutex<String?> = Mutex(nil)

    /// `cost` is the logarithm of bcrypt's rounds, 4–15; tests use 4.
    package init(cost: Int = Limit.cost) {
        self.cost = min(max(cost, 4), 15)
        threads.start()
    }

    package func shutdown() async throws { try await threads.shutdownGracefully() }

    package func hash(_ password: String) async throws -> String {
        let cost = cost
        return try await work { try Self.hash(password, cost: cost) }
    }

    /// False also when `hash` is nil, after the same work.
    package func verify(_ password: String, _ hash: String?) async throws -> Bool {
        try await work { [self] in
            if let hash {
                let matches = Self.verify(password, hash)
                if !matches { repeatWork(password, hash) }
                return matches
            }
            let made = try decoy.withLock { decoy in
                let made = try decoy ?? Self.hash(Random.token(), cost: cost)
                decoy = made
                return made
            }
            _ = Self.verify(password, made)
            return false
        }
    }

    /// A hash of a lower cost is checked as often as takes the time of one of the present cost: how fast a wrong
    /// password is refused must not tell of an account that came from another system.
    private func repeatWork(_ password: String, _ stored: String) {
        guard let own = Self.cost(of: stored), own < cost else { return }
        for _ in 1..<(1 << min(cost - own, 11)) { _ = Self.verify(password, stored) }
    }

    /// Whether a hash is to be made anew with the present cost.
    func isOutdated(_ stored: String) -> Bool { Self.cost(of: stored).map { $0 < cost } ?? false }

    /// The logarithm of the rounds of a bcrypt hash; nil for anything else.
    static func cost(of stored: String) -> Int? {
        let hash = stored.hasPrefix(longTag) ? stored.dropFirst(longTag.utf8.count) : stored[...]
        let parts = hash.split(separator: "$")
        guard parts.count == 3, parts[0].hasPrefix("2") else { return nil }
        return Int(parts[1])
    }

    private func work<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        guard waiting.enter(limit: Limit.waiting) else {
            throw DomainError.unavailable("sign_in_busy", "Too many people are signing in at this moment.")
        }
        defer { waiting.leave() }
        return try await threads.runIfActive {
            // Hashing takes what others leave: two cores shared with a crowd that signs in would double their delays.
            cappliance_give_way()
            return try body()
        }
    }

    static func hash(_ password: String, cost: Int) throws -> String {
        let alphabet = Array("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        // 22 characters carry 128 bits; the last one only two of its six.
        var salt = Random.bytes(22).map { alphabet[Int($0 & 63)] }
        salt[21] = alphabet[Int((Random.bytes(1).first ?? 0) & 3) << 4]
        let setting = "$2b$" + (cost < 10 ? "0" : "") + String(cost) + "$" + String(decoding: salt, as: UTF8.self)
        let (tag, phrase) = Self.phrase(password)
        guard let hash = crypt(phrase, setting) else { throw DomainError.internal("bcrypt refused its setting") }
        return tag + hash
    }

    /// Accepts `$2a$`, `$2b$` and `$2y$` of other systems too.
    static func verify(_ password: String, _ stored: String) -> Bool {
        let (tag, phrase) = Self.phrase(password)
        guard stored.hasPrefix(tag), tag.isEmpty != stored.hasPrefix(longTag) else { return false }
        let expected = String(stored.dropFirst(tag.count))
        guard expected.hasPrefix("$2"), let hash = crypt(phrase, expected), hash.utf8.count == expected.utf8.count
        else {
            return false
        }
        // In constant time.
        return zip(hash.utf8, expected.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func phrase(_ password: String) -> (tag: String, phrase: String) {
        let text = password.precomposed
        guard text.utf8.count > Limit.bcryptBytes || text.utf8.contains(0) else { return ("", text) }
        return (longTag, Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString())
    }

    private static func crypt(_ phrase: String, _ setting: String) -> String? {
        var out = [CChar](repeating: 0, count: 128)
        guard cappliance_crypt(phrase, setting, &out, Int32(out.count)) == 0 else { return nil }
        return String(decoding: out.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Counts who waits.
private final class Waiting: Sendable {
    private let count = Atomic<Int>(0)

    func enter(limit: Int) -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= limit { return true }
        leave()
        return false
    }

    func leave() { count.subtract(1, ordering: .relaxed) }
}
