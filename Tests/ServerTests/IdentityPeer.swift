import ApplianceCore
import Crypto
import CryptoExtras
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing

/// An identity provider on this machine: OpenID Connect, and OAuth as GitHub has it. It keeps to the rules unless told
/// otherwise, and holds the client to them: PKCE, secret, redirect address.
final class IdentityPeer: Sendable {
    /// Somebody with an account there.
    struct Someone: Sendable {
        var subject = "42"
        var email: String? = "owner@acme.example"
        var isVerified = true
    }

    /// How it strays from the rules.
    struct Conduct: Sendable {
        /// Claims in other words.
        var claims: [JSON.Member] = []
        var usesWrongKey = false
        /// Says of the address only when asked for it.
        var tellsEmailLater = false
        /// Of the discovery document.
        var issuer: String?
        /// Instead of whatever is asked for.
        var answer: (@Sendable () -> Response)?
    }

    private struct Grant: Sendable {
        let someone: Someone
        let query: [String: String]
    }

    private struct State: Sendable {
        var conduct = Conduct()
        var grants: [String: Grant] = [:]
        var tokens: [String: Grant] = [:]
        var asked: [String] = []
    }

    static let clientID = "the-client"
    static let secret = "the client's secret: + & %"

    private let key: _RSA.Signing.PrivateKey
    private let wrongKey: _RSA.Signing.PrivateKey
    private let state = Mutex(State())
    private let port = Mutex(0)

    init() throws {
        key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        wrongKey = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    }

    var issuer: String { "http://127.0.0.1:\(port.withLock { $0 })" }
    /// The paths that were asked for.
    var asked: [String] { state.withLock { $0.asked } }
    func behave(_ conduct: Conduct = Conduct()) { state.withLock { $0.conduct = conduct } }

    /// Runs `body` while it listens.
    static func run(_ body: (IdentityPeer) async throws -> Void) async throws {
        let peer = try IdentityPeer()
        let (ports, opened) = AsyncStream.makeStream(of: Int.self)
        let app = Application(
            router: peer.router(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { opened.yield($0.localAddress?.port ?? 0) }, logger: TestServer.logger)
        let group = ServiceGroup(configuration: .init(services: [app], logger: TestServer.logger))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            let listening = await ports.first { _ in true } ?? 0
            peer.port.withLock { $0 = listening }
            let result: Result<Void, any Error>
            do { result = .success(try await body(peer)) } catch { result = .failure(error) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try result.get()
        }
    }

    // MARK: - What a browser does there

    /// Somebody agrees: the query that the browser brings back.
    func agree(to location: String, _ someone: Someone) throws -> String {
        let query = try Self.query(location)
        #expect(query["response_type"] == "code" && query["client_id"] == Self.clientID)
        #expect(query["code_challenge_method"] == "S256" && query["code_challenge"]?.utf8.count == 43)
        let state = try #require(query["state"])
        #expect(state.utf8.count == 43)
        let code = Random.token()
        self.state.withLock { $0.grants[code] = Grant(someone: someone, query: query) }
        return "code=\(code)&state=\(state)"
    }

    static func query(_ location: String) throws -> [String: String] {
        let parts = try #require(URLComponents(string: location))
        return Dictionary((parts.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { $1 })
    }

    // MARK: - What it answers

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/.well-known/openid-configuration") { [self] request, _ in answer(request) { discovery } }
        router.get("/keys") { [self] request, _ in try answer(request) { ["keys": [try publicKey()]] } }
        router.get("/userinfo") { [self] request, _ in try answer(request) { try claims(of: grant(request)) } }
        router.get("/api/v3/user") { [self] request, _ in
            try answer(request) { ["id": JSON(Int64(try grant(request).someone.subject)), "login": "asha"] }
        }
        router.get("/api/v3/user/emails") { [self] request, _ in
            try answer(request) {
                let someone = try grant(request).someone
                return [
                    ["email": "second@acme.example", "primary": false, "verified": true],
                    ["email": JSON(someone.email), "primary": true, "verified": .bool(someone.isVerified)],
                ]
            }
        }
        for path in ["/token", "/login/oauth/access_token"] {
            router.post(RouterPath(path)) { [self] request, _ in
                let body = try await request.body.collect(upTo: 1 << 16)
                let form = try Self.query("http://x/?" + String(buffer: body))
                return try answer(request) { try tokens(request, form, isGitHub: path != "/token") }
            }
        }
        return router
    }

    private func answer(_ request: Request, _ make: () throws -> JSON) rethrows -> Response {
        let conduct = state.withLock { state in
            state.asked.append(request.uri.path)
            return state.conduct
        }
        if let answer = conduct.answer { return answer() }
        return Self.response(try make())
    }

    static func response(_ json: JSON) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }

    private var discovery: JSON {
        [
            "issuer": .string(state.withLock { $0.conduct.issuer } ?? issuer),
            "authorization_endpoint": .string("\(issuer)/authorize"), "token_endpoint": .string("\(issuer)/token"),
            "userinfo_endpoint": .string("\(issuer)/userinfo"), "jwks_uri": .string("\(issuer)/keys"),
        ]
    }

    private func publicKey() throws -> JSON {
        let numbers = try key.publicKey.getKeyPrimitives()
        return [
            "kty": "RSA", "kid": "k1", "use": "sig", "n": .string(Base64URL.encode(Array(numbers.modulus))),
            "e": .string(Base64URL.encode(Array(numbers.publicExponent))),
        ]
    }

    private func grant(_ request: Request) throws -> Grant {
        let token = request.headers[.authorization]?.dropFirst("Bearer ".count)
        return try #require(state.withLock { $0.tokens[String(token ?? "")] })
    }

    private func claims(of grant: Grant) -> JSON {
        [
            "sub": .string(grant.someone.subject), "email": JSON(grant.someone.email),
            "email_verified": .bool(grant.someone.isVerified),
        ]
    }

    /// A code is good once, for the client that has the secret and the verifier.
    private func tokens(_ request: Request, _ form: [String: String], isGitHub: Bool) throws -> JSON {
        let grant = state.withLock { $0.grants.removeValue(forKey: form["code"] ?? "") }
        let verifier = Array((form["code_verifier"] ?? "").utf8)
        guard let grant, isClient(request, form, isGitHub: isGitHub),
            grant.query["code_challenge"] == Base64URL.encode(Array(SHA256.hash(data: verifier))),
            grant.query["redirect_uri"] == form["redirect_uri"], form["grant_type"] == "authorization_code"
        else { return ["error": "bad_verification_code"] }
        let access = Random.token()
        state.withLock { $0.tokens[access] = grant }
        let plain: JSON = ["access_token": .string(access), "token_type": "bearer"]
        return isGitHub ? plain : plain.adding(["id_token": .string(try idToken(grant))])
    }

    private func isClient(_ request: Request, _ form: [String: String], isGitHub: Bool) -> Bool {
        guard form["client_id"] == Self.clientID else { return false }
        if isGitHub { return form["client_secret"] == Self.secret }
        let pair = "\(FormEncoding.escaped(Self.clientID)):\(FormEncoding.escaped(Self.secret))"
        return request.headers[.authorization] == "Basic \(Data(pair.utf8).base64EncodedString())"
            && form["client_secret"] == nil
    }

    private func idToken(_ grant: Grant) throws -> String {
        let conduct = state.withLock { $0.conduct }
        let now = TestClock().now.seconds
        var members: [JSON.Member] = [
            .init("iss", .string(issuer)), .init("aud", .string(Self.clientID)),
            .init("nonce", JSON(grant.query["nonce"])), .init("iat", .integer(now)),
            .init("exp", .integer(now + 3600)),
        ]
        let about = claims(of: grant).objectValue ?? []
        members += conduct.tellsEmailLater ? about.filter { $0.name == "sub" } : about
        members.removeAll { member in conduct.claims.contains { $0.name == member.name } }
        let header: JSON = ["alg": "RS256", "kid": "k1"]
        let claims = JSON.object(members + conduct.claims.filter { $0.value != .null })
        let signed = "\(Base64URL.encode(header.bytes)).\(Base64URL.encode(claims.bytes))"
        let signature = try (conduct.usesWrongKey ? wrongKey : key).signature(
            for: SHA256.hash(data: Array(signed.utf8)), padding: .insecurePKCS1v1_5)
        return "\(signed).\(Base64URL.encode(Array(signature.rawRepresentation)))"
    }
}
