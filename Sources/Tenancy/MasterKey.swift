import ApplianceCore
import Crypto
import Foundation
package import Storage
import Synchronization

/// `data/master.key`: 32 random bytes from which this installation's keys are derived (HKDF-SHA256, one name each).
/// After a rotation `data/master.key.retired` holds the keys of before, the latest first: they open what was sealed
/// with them, in a restored snapshot too, and seal nothing more.
package struct MasterKey: Sendable {
    package enum Limit {
        /// Keys of before that are kept.
        static let retired = 16
    }

    fileprivate static let length = 32
    private let directory: DataDirectory
    private let ring: KeyRing

    /// Reads the key, or makes it on the first start (mode 0600).
    package init(_ directory: DataDirectory) throws {
        self.directory = directory
        let url = directory.masterKey
        if !FileSystem.exists(url) { try AtomicFile.publish(Random.bytes(Self.length), to: url) }
        let bytes = try FileReader.contents(url, limit: 4096)
        guard bytes.count == Self.length else {
            throw DomainError.unavailable("master_key_damaged", "master.key is not a key of \(Self.length) bytes.")
        }
        guard !Self.isGuessable(bytes) else {
            throw DomainError.unavailable(
                "master_key_guessable", "master.key is no random key: anybody could make sessions with it.",
                hint: "Remove it, and a random one is made. What was sealed with it has to be entered again.")
        }
        ring = KeyRing(current: bytes, retired: try Self.retired(directory).filter { $0 != bytes })
    }

    /// What somebody typed or a template shipped: nothing but printable characters, few different bytes, or bytes that
    /// count. Of random keys one in 10^13 is refused.
    static func isGuessable(_ bytes: [UInt8]) -> Bool {
        let isText = bytes.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x0A || $0 == 0x0D }
        let steps = Set(zip(bytes, bytes.dropFirst()).map { $1 &- $0 })
        return isText || Set(bytes).count <= 8 || steps.count <= 2
    }

    private static func retired(_ directory: DataDirectory) throws -> [[UInt8]] {
        guard FileSystem.exists(directory.retiredKeys) else { return [] }
        let bytes = try FileReader.contents(directory.retiredKeys, limit: 4096)
        guard bytes.count.isMultiple(of: length) else {
            throw DomainError.unavailable(
                "master_key_damaged", "master.key.retired is not a list of keys of \(length) bytes.")
        }
        return stride(from: 0, to: bytes.count, by: length).map { Array(bytes[$0..<$0 + length]) }
    }

    /// As `init`, but makes no key: nil where there is none.
    package static func existing(_ directory: DataDirectory) throws -> MasterKey? {
        FileSystem.exists(directory.masterKey) ? try MasterKey(directory) : nil
    }

    /// For the seals of snapshots' manifests: from all keys, the one that seals first.
    package var manifestKeys: [[UInt8]] {
        allDerived("snapshot manifests").map { key in key.withUnsafeBytes { Array($0) } }
    }

    /// For the seals of the change log, as above. Asked for with each file of it, so they are derived once.
    package var logKeys: [[UInt8]] {
        ring.logKeys { key in Self.derived("change log", from: key).withUnsafeBytes { Array($0) } }
    }

    /// From the key that seals.
    func derived(_ purpose: String) -> SymmetricKey { Self.derived(purpose, from: ring.keys[0]) }

    /// From all keys, the one that seals first.
    func allDerived(_ purpose: String) -> [SymmetricKey] { ring.keys.map { Self.derived(purpose, from: $0) } }

    private static func derived(_ purpose: String, from key: SymmetricKey) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Data("appliance/\(purpose)".utf8), outputByteCount: 32)
    }

    package var retiredCount: Int { ring.keys.count - 1 }

    /// Seals with a new key from now on. The old one is on disk among the retired before the new one is there, so that
    /// nothing sealed is ever without its key, whenever the process ends.
    package func rotate() throws {
        try ring.change { current, retired in
            let kept = Array(([current] + retired).prefix(Limit.retired))
            let new = Random.bytes(Self.length)
            try AtomicFile.publish(Array(kept.joined()), to: directory.retiredKeys)
            try AtomicFile.publish(new, to: directory.masterKey)
            return (new, kept)
        }
    }

    /// Lets go of the keys of before: what is still sealed with them, in old snapshots for instance, opens no more.
    package func forgetRetired() throws {
        try ring.change { current, _ in
            try FileSystem.remove(directory.retiredKeys)
            return (current, [])
        }
    }
}

/// The keys as bytes, behind a lock: a rotation holds for everybody who has the value.
private final class KeyRing: Sendable {
    private struct State {
        var current: [UInt8]
        var retired: [[UInt8]]
        var logKeys: [[UInt8]]?
    }

    private let state: Mutex<State>

    init(current: [UInt8], retired: [[UInt8]]) { state = Mutex(State(current: current, retired: retired)) }

    /// The one that seals first; never empty.
    var keys: [SymmetricKey] {
        state.withLock { state in ([state.current] + state.retired).map { SymmetricKey(data: $0) } }
    }

    func logKeys(_ derive: (SymmetricKey) -> [UInt8]) -> [[UInt8]] {
        state.withLock { state in
            let keys = state.logKeys ?? ([state.current] + state.retired).map { derive(SymmetricKey(data: $0)) }
            state.logKeys = keys
            return keys
        }
    }

    func change(_ body: ([UInt8], [[UInt8]]) throws -> ([UInt8], [[UInt8]])) throws {
        try state.withLock { state in
            (state.current, state.retired) = try body(state.current, state.retired)
            state.logKeys = nil
        }
    }
}
