import ApplianceCore
import CollectionKit
import Foundation
import JWTKit
import Storage
import Testing

@testable import Tenancy

struct SigningKeyTests {
    private static let boss = ControlPlane.boss

    private func isAlive(_ plane: ControlPlane, _ token: String) async throws -> Bool {
        plane.signIn.sessions.forgetAll()
        return try await plane.signIn.sessions.principal(token: token) != nil
    }

    private func keyID(_ token: String) throws -> String {
        let head = try #require(token.split(separator: ".").first)
        let padded = head + String(repeating: "=", count: (4 - head.count % 4) % 4)
        let json = try #require(Data(base64Encoded: String(padded)))
        return try JSONParser.parse(Array(json))["kid"]?.stringValue ?? ""
    }

    @Test func `a new key signs, and tokens of the old one are good until they expire`() async throws {
        try await ControlPlane.run { plane in
            let (tenant, sessions) = (try await plane.makeShop(), plane.signIn.sessions)
            try await sessions.loadKeys()
            let old = try await plane.enter(tenant).token
            let keys = try await sessions.rotateKeys(immediately: false, by: Self.boss, requestID: nil)
            #expect(keys.map(\.id) == [2, 1] && keys.map { $0.retiredAt == nil } == [true, false])
            let new = try await plane.enter(tenant).token
            #expect(try keyID(old) == "1" && keyID(new) == "2")
            for token in [old, new] { #expect(try await isAlive(plane, token)) }
            plane.clock.advance(.hours(24))
            #expect(try await sessions.rotateDueKeys() == false)
            #expect(try sessions.signingKeys().map(\.id) == [2])
        }
    }

    @Test func `at once means at once, and browsers stay`() async throws {
        try await ControlPlane.run { plane in
            let (tenant, sessions) = (try await plane.makeShop(), plane.signIn.sessions)
            try await sessions.loadKeys()
            let grant = try await plane.enter(tenant)
            _ = try await sessions.rotateKeys(immediately: true, by: Self.boss, requestID: nil)
            #expect(try await isAlive(plane, grant.token) == false)
            #expect(try sessions.principal(cookie: grant.cookie) == grant.principal)
            let fresh = try await plane.enter(tenant).token
            #expect(try await isAlive(plane, fresh))
        }
    }

    @Test func `the job begins a new key after ninety days`() async throws {
        try await ControlPlane.run { plane in
            let sessions = plane.signIn.sessions
            try await sessions.loadKeys()
            plane.clock.advance(.days(90) - .milliseconds(1))
            #expect(try await sessions.rotateDueKeys() == false)
            plane.clock.advance(.milliseconds(1))
            #expect(try await sessions.rotateDueKeys() == true)
            #expect(try sessions.signingKeys().map(\.id) == [2, 1])
            #expect(try await sessions.rotateDueKeys() == false)
        }
    }

    // MARK: - The master key

    @Test(arguments: [
        "your-256-bit-secret-MUST-change!", "change-me-change-me-change-me-ok", "0123456789abcdef0123456789abcdef",
    ])
    func `a key that somebody typed is refused`(text: String) async throws {
        try await withFolder { folder in
            let data = DataDirectory(folder)
            try data.prepare()
            try AtomicFile.publish(Array(text.utf8), to: data.masterKey)
            #expect(await refusal { try MasterKey(data) }?.code == "master_key_guessable")
        }
    }

    @Test func `a key that counts or repeats is refused, a random one is not`() {
        let counted: [UInt8] = (0..<32).map { UInt8($0) }
        let beef: [UInt8] = [0xDE, 0xAD, 0xBE, 0xEF]
        let repeated = (0..<32).map { beef[$0 % 4] }
        let zeros = [UInt8](repeating: 0, count: 32)
        for bytes in [counted, Array(counted.reversed()), repeated, zeros] {
            #expect(MasterKey.isGuessable(bytes))
        }
        for _ in 0..<1000 { #expect(!MasterKey.isGuessable(Random.bytes(32))) }
    }

    // MARK: - The vectors of `facts/totp-auth.md`: the library that we rely on speaks the standard

    private struct Claims: JWTPayload {
        let sub: String
        let exp: Int
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    private static let payload =
        "eyJzdWIiOiJ1c3JfMSIsInRpZCI6InRfZGVtbyIsImlhdCI6MTc5NTA0NjQwMCwiZXhwIjoxNzk1MTMyODAwfQ"

    @Test func `HS256`() async throws {
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\(Self.payload).O77yd0MKsYW9RTmzqfenjMo6jt9LkN_Q3VQPp9qzvWg"
        let keys = await JWTKeyCollection().add(
            hmac: HMACKey(from: "0123456789abcdef0123456789abcdef"), digestAlgorithm: .sha256)
        #expect(try await keys.verify(token, as: Claims.self).exp == 1_795_132_800)
        let other = await JWTKeyCollection().add(
            hmac: HMACKey(from: "0123456789abcdef0123456789abcdeF"), digestAlgorithm: .sha256)
        await #expect(throws: (any Error).self) { try await other.verify(token, as: Claims.self) }
    }

    @Test func `Ed25519`() async throws {
        let payload = "eyJzdWIiOiJ1c3JfMSIsImlhdCI6MTc5NTA0NjQwMCwiZXhwIjoxNzk1MTMyODAwfQ"
        let token =
            "eyJhbGciOiJFZERTQSIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.\(payload)."
            + "8cptEzN7o0b7dVn1KDHwE4QwFBi2jexoh5hKenirupj-JLLk496FGK3QQqKayVwChJLVUEjePufoIFi46-U4CA"
        let seed = Base64URL.encode((0..<32).map { UInt8($0) })
        let keys = await JWTKeyCollection().add(
            eddsa: try EdDSA.PrivateKey(d: seed, curve: .ed25519), kid: "k1")
        #expect(try await keys.verify(token, as: Claims.self).sub == "usr_1")
    }
}
