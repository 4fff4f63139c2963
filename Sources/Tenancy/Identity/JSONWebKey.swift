import ApplianceCore
import Crypto
import CryptoExtras
import Foundation

/// A public key of an issuer (RFC 7517) that can check one of the two algorithms we take; all others are left out when
/// the set is read, those of HS256 and `none` with them.
struct JSONWebKey: Sendable {
    enum Algorithm: String, Sendable {
        case rs256 = "RS256"
        case es256 = "ES256"
    }

    enum Limit {
        /// Keys of one issuer.
        static let count = 50
    }

    private enum Material: Sendable {
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
    }

    let id: String?
    private let material: Material

    /// Nil for a key of another type or use, or one that is no good: RSA below 2048 bits, a point off the curve.
    init?(_ json: JSON) {
        guard json["use"].map({ $0 == "sig" }) ?? true else { return nil }
        id = json["kid"]?.stringValue
        switch json["kty"]?.stringValue {
        case "RSA":
            guard Self.isFor(.rs256, json), let n = Self.bytes(json, "n"), let e = Self.bytes(json, "e"),
                n.count <= 1024, let key = try? _RSA.Signing.PublicKey(n: n, e: e)
            else { return nil }
            material = .rsa(key)
        case "EC":
            guard Self.isFor(.es256, json), json["crv"] == "P-256", let x = Self.bytes(json, "x"),
                let y = Self.bytes(json, "y"), x.count == 32, y.count == 32,
                let key = try? P256.Signing.PublicKey(rawRepresentation: x + y)
            else { return nil }
            material = .p256(key)
        default: return nil
        }
    }

    /// The keys of a `jwks_uri` that can be used.
    static func set(_ json: JSON) -> [JSONWebKey] {
        (json["keys"]?.arrayValue ?? []).prefix(Limit.count).compactMap { JSONWebKey($0) }
    }

    private static func isFor(_ algorithm: Algorithm, _ json: JSON) -> Bool {
        json["alg"].map { $0 == .string(algorithm.rawValue) } ?? true
    }

    private static func bytes(_ json: JSON, _ name: String) -> [UInt8]? {
        json[name]?.stringValue.flatMap { Base64URL.decode($0) }
    }

    var algorithm: Algorithm {
        switch material {
        case .rsa: .rs256
        case .p256: .es256
        }
    }

    func isSignature(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        switch material {
        case .rsa(let key):
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: SHA256.hash(data: bytes),
                padding: .insecurePKCS1v1_5)
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: bytes)
        }
    }
}
