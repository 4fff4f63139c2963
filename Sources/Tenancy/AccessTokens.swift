import ApplianceCore
import Crypto
import Foundation
import JWTKit
import Synchronization

/// The JWTs that API clients carry: HS256 with keys of this installation, 24 hours, naming tenant, user and session.
/// Signature and claims are checked here; whether the session still lives is for `Sessions`.
final class AccessTokens: Sendable {
    static let lifetime = Duration.hours(24)
    private static let issuer = "appliance"
    private static let firstKey: Int64 = 1

    private struct Keys: Sendable {
        var collection = JWTKeyCollection()
        var current = JWKIdentifier(string: "")
    }

    struct Claims: JWTPayload, Sendable {
        let iss: String
        let sub: String
        let tid: String?
        let sid: String
        let role: String
        let iat: Int
        let exp: Int

        /// Expiry is compared with the injected clock in `check`, not with the system's here.
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    private let keys = Mutex(Keys())
    private let master: MasterKey

    init(_ master: MasterKey) { self.master = master }

    /// Takes these keys, the first of which signs, and no others. JWTKit picks the verifier by key id and compares the
    /// header's algorithm with the key's, so `none` and other algorithms fail.
    func prepare(_ ids: [Int64] = [firstKey]) async {
        let collection = JWTKeyCollection()
        for id in ids {
            await collection.add(
                hmac: HMACKey(key: derived(id)), digestAlgorithm: .sha256, kid: JWKIdentifier(string: "\(id)"))
        }
        let new = Keys(collection: collection, current: JWKIdentifier(string: "\(ids.first ?? Self.firstKey)"))
        keys.withLock { $0 = new }
    }

    private func derived(_ id: Int64) -> SymmetricKey {
        master.derived(id == Self.firstKey ? "access tokens" : "access tokens \(id)")
    }

    func issue(subject: String, tenant: String?, session: String, role: String, now: Instant, expiresAt: Instant)
        async throws -> String
    {
        let claims = Claims(
            iss: Self.issuer, sub: subject, tid: tenant, sid: session, role: role, iat: Int(now.seconds),
            exp: Int(expiresAt.seconds))
        let keys = keys.withLock { $0 }
        return try await keys.collection.sign(claims, kid: keys.current)
    }

    /// Nil for anything but an unexpired token of ours.
    func check(_ token: String, now: Instant) async -> Claims? {
        let collection = keys.withLock { $0.collection }
        guard token.utf8.count <= 2048, Self.isPlain(token),
            let claims = try? await collection.verify(token, as: Claims.self), claims.iss == Self.issuer,
            Int64(claims.exp) > now.seconds
        else { return nil }
        return claims
    }

    /// Exactly one spelling of a token counts: the decoder would forgive padding, and bits behind the signature's end.
    private static func isPlain(_ token: String) -> Bool {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = parts.last, signature.count == 43, let last = signature.last else {
            return false
        }
        // 43 characters carry 258 bits, two more than the signature has.
        return "AEIMQUYcgkosw048".utf8.contains(last) && token.utf8.allSatisfy { $0 != UInt8(ascii: "=") }
    }
}
