import ApplianceCore
import Crypto
import CryptoExtras
import Foundation
import Testing

@testable import Tenancy

/// Identity tokens: only what is right in every respect counts.
struct IDTokenTests {
    private static let issuer = "https://accounts.example"
    private static let expected = IDToken.Expectation(
        issuer: issuer, clientID: "client", nonce: "nonce-1", now: Instant("2026-11-21T02:00:00.000Z") ?? .earliest)
    private static var now: Int64 { expected.now.seconds }

    private static let good: JSON = [
        "iss": .string(issuer), "aud": "client", "sub": "42", "nonce": "nonce-1", "iat": .integer(now - 5),
        "exp": .integer(now + 300), "email": "asha@example.com", "email_verified": true,
    ]

    /// The claims with some of them in other words; null takes one away.
    private static func claims(_ changes: KeyValuePairs<String, JSON> = [:]) -> JSON {
        let kept = (good.objectValue ?? []).filter { member in !changes.contains { $0.key == member.name } }
        return .object(kept + changes.filter { $0.value != .null }.map { JSON.Member($0.key, $0.value) })
    }

    private struct Keys {
        let rsa: _RSA.Signing.PrivateKey
        let other: _RSA.Signing.PrivateKey
        let p256 = P256.Signing.PrivateKey()

        init() throws {
            rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
            other = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        }

        func json(_ key: _RSA.Signing.PrivateKey, _ more: KeyValuePairs<String, JSON> = [:]) throws -> JSON {
            let numbers = try key.publicKey.getKeyPrimitives()
            let plain: JSON = [
                "kty": "RSA", "n": .string(Base64URL.encode(Array(numbers.modulus))),
                "e": .string(Base64URL.encode(Array(numbers.publicExponent))),
            ]
            return plain.adding(more)
        }

        func p256JSON(_ more: KeyValuePairs<String, JSON> = [:]) -> JSON {
            let point = Array(p256.publicKey.rawRepresentation)
            let plain: JSON = [
                "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(Array(point.prefix(32)))),
                "y": .string(Base64URL.encode(Array(point.suffix(32)))),
            ]
            return plain.adding(more)
        }

        var set: [JSONWebKey] {
            get throws {
                JSONWebKey.set([
                    "keys": [
                        try json(rsa, ["kid": "r1", "use": "sig", "alg": "RS256"]), try json(other, ["kid": "r2"]),
                        p256JSON(["kid": "e1"]),
                    ]
                ])
            }
        }
    }

    private static func token(_ header: JSON, _ claims: JSON, _ sign: ([UInt8]) throws -> [UInt8]) rethrows -> String {
        let signed = "\(Base64URL.encode(header.bytes)).\(Base64URL.encode(claims.bytes))"
        return "\(signed).\(Base64URL.encode(try sign(Array(signed.utf8))))"
    }

    private static func rs256(
        _ key: _RSA.Signing.PrivateKey, _ claims: JSON = claims(), header: JSON = ["alg": "RS256", "kid": "r1"]
    ) throws -> String {
        try token(header, claims) { bytes in
            Array(try key.signature(for: SHA256.hash(data: bytes), padding: .insecurePKCS1v1_5).rawRepresentation)
        }
    }

    private static func check(_ token: String, _ keys: [JSONWebKey]) throws -> IDToken {
        guard let key = try IDToken.key(of: token, among: keys) else { throw IDToken.refused("no key") }
        return try IDToken(token, key: key, expecting: expected)
    }

    private static func cause(_ token: String, _ keys: [JSONWebKey]) async -> String {
        let error = await refusal { try check(token, keys) }
        guard let error else { return "accepted" }
        return error.code == "provider_answer_refused" ? error.cause ?? "" : error.code
    }

    @Test func `a token that is right in every respect counts`() throws {
        let keys = try Keys()
        let set = try keys.set
        #expect(set.count == 3)
        let token = try Self.check(Self.rs256(keys.rsa), set)
        #expect(token.subject == "42" && IdentityProviders.verifiedEmail(token.claims) == "asha@example.com")
        let elliptic = try Self.token(["alg": "ES256", "kid": "e1"], Self.claims()) {
            Array(try keys.p256.signature(for: $0).rawRepresentation)
        }
        #expect(try Self.check(elliptic, set).subject == "42")
        let unnamed = try Self.token(["alg": "ES256"], Self.claims()) {
            Array(try keys.p256.signature(for: $0).rawRepresentation)
        }
        #expect(try Self.check(unnamed, set).subject == "42")
        let several = try Self.rs256(keys.rsa, Self.claims(["aud": ["other", "client"], "azp": "client"]))
        #expect(try Self.check(several, set).subject == "42")
    }

    @Test func `a wrong key, algorithm or signature is refused`() async throws {
        let keys = try Keys()
        let set = try keys.set
        #expect(await Self.cause(try Self.rs256(keys.other), set).contains("signature"))
        #expect(
            await Self.cause(try Self.rs256(keys.rsa, header: ["alg": "RS256", "kid": "r9"]), set)
                == "identity token refused: no key")
        // Two keys could be meant.
        #expect(await Self.cause(try Self.rs256(keys.rsa, header: ["alg": "RS256"]), set).hasSuffix("no key"))
        let critical: JSON = ["alg": "RS256", "kid": "r1", "crit": ["b64"]]
        #expect(await Self.cause(try Self.rs256(keys.rsa, header: critical), set).contains("critical"))
        for name in ["none", "None", "HS256", "RS512", "rs256", "PS256"] {
            let token = try Self.rs256(keys.rsa, header: ["alg": .string(name), "kid": "r1"])
            #expect(await Self.cause(token, set).contains("algorithm"), "\(name)")
        }
        let good = try Self.rs256(keys.rsa)
        let unsigned = good.split(separator: ".").dropLast().joined(separator: ".") + "."
        #expect(await Self.cause(unsigned, set).contains("no signed token"))
        #expect(await Self.cause(good + "=", set).contains("no signed token"))
        #expect(await Self.cause(good + ".x", set).contains("no signed token"))
        // The signature of one key under the name of the other kind.
        let mixed = try Self.rs256(keys.rsa, header: ["alg": "ES256", "kid": "r1"])
        #expect(await Self.cause(mixed, set).hasSuffix("no key"))
    }

    /// RFC 8725 §2.1: the public key, which everybody has, taken for the secret of an HMAC.
    @Test func `HS256 with the public key is refused`() async throws {
        let keys = try Keys()
        for secret in [keys.rsa.publicKey.derRepresentation, Data(keys.rsa.publicKey.pemRepresentation.utf8)] {
            let token = Self.token(["alg": "HS256", "kid": "r1"], Self.claims()) { bytes in
                Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: secret)))
            }
            #expect(await Self.cause(token, try keys.set).contains("algorithm"))
        }
        let symmetric = JSONWebKey(["kty": "oct", "k": "c2VjcmV0", "kid": "r1"])
        #expect(symmetric == nil)
    }

    @Test func `what it says has to be meant for us, now`() async throws {
        let keys = try Keys()
        let set = try keys.set
        let now = Self.now
        let wrong: [(KeyValuePairs<String, JSON>, String)] = [
            (["iss": "https://accounts.example/"], "issuer"), (["iss": .null], "issuer"),
            (["aud": "other"], "another client"), (["aud": []], "another client"), (["aud": .null], "another client"),
            (["aud": ["client", "other"]], "another client"), (["azp": "other"], "another client"),
            (["nonce": "nonce-2"], "nonce"), (["nonce": .null], "nonce"), (["sub": ""], "nobody"),
            (["sub": 42], "nobody"), (["exp": .integer(now - 60)], "expired"), (["exp": .null], "expired"),
            (["exp": "soon"], "expired"), (["exp": .number(1e300)], "expired"), (["iat": .integer(now + 61)], "future"),
            (["iat": .null], "future"), (["nbf": .integer(now + 61)], "yet"), (["nbf": "x"], "yet"),
        ]
        for (changes, reason) in wrong {
            let cause = await Self.cause(try Self.rs256(keys.rsa, Self.claims(changes)), set)
            #expect(cause.contains(reason), "\(changes): \(cause)")
        }
        let late = try Self.rs256(keys.rsa, Self.claims(["exp": .integer(now - 59), "iat": .integer(now + 60)]))
        #expect(try Self.check(late, set).subject == "42")
    }

    @Test func `an address counts only with the provider's word that it is verified`() {
        let texts: [(KeyValuePairs<String, JSON>, String?)] = [
            ([:], "asha@example.com"), (["email_verified": "true"], "asha@example.com"),
            (["email_verified": .null], nil), (["email_verified": false], nil), (["email_verified": "yes"], nil),
            (["email_verified": 1], nil), (["email": .null], nil), (["email": "no address"], nil),
        ]
        for (changes, address) in texts {
            #expect(IdentityProviders.verifiedEmail(Self.claims(changes)) == address, "\(changes)")
        }
    }

    @Test func `keys that cannot check what we take are left out`() throws {
        let keys = try Keys()
        let point = keys.p256JSON()
        let out: [JSON] = [
            try keys.json(keys.rsa, ["use": "enc"]), try keys.json(keys.rsa, ["alg": "RS512"]),
            ["kty": "RSA", "n": "AQAB", "e": "AQAB"], ["kty": "RSA"], ["kty": "OKP", "crv": "Ed25519", "x": "AA"],
            point.adding(["alg": "ES384"]), ["kty": "EC", "crv": "P-384", "x": point["x"] ?? .null],
            ["kty": "EC", "crv": "P-256", "x": point["x"] ?? .null, "y": point["x"] ?? .null], [:], 1,
        ]
        #expect(JSONWebKey.set(["keys": .array(out)]).isEmpty)
        #expect(JSONWebKey.set(["keys": 1]).isEmpty && JSONWebKey.set(.null).isEmpty)
        let many = Array(repeating: point, count: 60)
        #expect(JSONWebKey.set(["keys": .array(many)]).count == JSONWebKey.Limit.count)
    }

    @Test(
        arguments: [
            ("", []), ("AA", [0]), ("AAE", [0, 1]), ("AAEC", [0, 1, 2]), ("_-8", [255, 239]), ("A", nil), ("AB", nil),
            ("AA==", nil), ("+/8", nil), ("AA AA", nil), ("AAEB\n", nil),
        ] as [(String, [UInt8]?)])
    func `base64url has one spelling`(text: String, bytes: [UInt8]?) {
        #expect(Base64URL.decode(text) == bytes)
        if let bytes { #expect(Base64URL.encode(bytes) == text) }
    }
}
