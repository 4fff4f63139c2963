import ApplianceCore
import Crypto
import Foundation
import JWTKit

/// The JWTs that API clients carry: HS256 with a key of this installation, 24 hours, naming tenant, user and session.
/// Signature and claims are checked here; whether the session still lives is for `Sessions`.
struct AccessTokens: Sendable {
    static let lifetime = Duration.hours(24)
    private static let issuer = "appliance"
    private static let keyID = "1"

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

    private let keys = JWTKeyCollection()
    private let key: SymmetricKey

    init(_ master: MasterKey) { key = master.derived("access tokens") }

    /// Registers the one key. JWTKit picks the verifier by key id and compares the header's algorithm with the key's,
    /// so `none` and other algorithms fail.
    func prepare() async {
        await keys.add(hmac: HMACKey(key: key), digestAlgorithm: .sha256, kid: JWKIdentifier(string: Self.keyID))
    }

    func issue(subject: String, tenant: String?, session: String, role: String, now: Instant, expiresAt: Instant)
        async throws -> String
    {
        let claims = Claims(
            iss: Self.issuer, sub: subject, tid: tenant, sid: session, role: role, iat: Int(now.seconds),
            exp: Int(expiresAt.seconds))
        return try await keys.sign(claims, kid: JWKIdentifier(string: Self.keyID))
    }

    /// Nil for anything but an unexpired token of ours.
    func check(_ token: String, now: Instant) async -> Claims? {
        guard token.utf8.count <= 2048, Self.isPlain(token),
            let claims = try? await keys.verify(token, as: Claims.self), claims.iss == Self.issuer,
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
