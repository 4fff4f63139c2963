import ApplianceCore
import Foundation
import Storage
import Testing

@testable import Tenancy

struct AccessTokenTests {
    private func tokens(in folder: URL, _ name: String = "data") async throws -> AccessTokens {
        let data = DataDirectory(folder.appending(path: name))
        try data.prepare()
        let tokens = AccessTokens(try MasterKey(data))
        await tokens.prepare()
        return tokens
    }

    private func issue(_ tokens: AccessTokens, now: Instant) async throws -> String {
        try await tokens.issue(
            subject: "usr_1", tenant: "ten_1", session: "ses_1", role: "owner", now: now,
            expiresAt: now.adding(.hours(24)))
    }

    private static func encoded(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

    @Test func `a token says who, where and until when`() async throws {
        try await withFolder { folder in
            let tokens = try await tokens(in: folder)
            let now = try instant("2026-11-21T02:00:00Z")
            let claims = try #require(await tokens.check(try await issue(tokens, now: now), now: now))
            #expect(claims.sub == "usr_1" && claims.tid == "ten_1" && claims.sid == "ses_1" && claims.role == "owner")
            #expect(claims.iat == 1_795_226_400 && claims.exp == claims.iat + 86_400)
        }
    }

    @Test func `a token of the same claims by another key is refused`() async throws {
        try await withFolder { folder in
            let (ours, theirs) = (try await tokens(in: folder), try await tokens(in: folder, "other"))
            let now = try instant("2026-11-21T02:00:00Z")
            #expect(await ours.check(try await issue(theirs, now: now), now: now) == nil)
            #expect(await ours.check(try await issue(ours, now: now), now: now) != nil)
        }
    }

    @Test func `a token expires by our clock, to the second`() async throws {
        try await withFolder { folder in
            let tokens = try await tokens(in: folder)
            let now = try instant("2026-11-21T02:00:00Z")
            let token = try await issue(tokens, now: now)
            #expect(await tokens.check(token, now: now.adding(.seconds(86_399))) != nil)
            #expect(await tokens.check(token, now: now.adding(.seconds(86_400))) == nil)
        }
    }

    @Test(arguments: [
        #"{"alg":"none","typ":"JWT"}"#, #"{"alg":"none","typ":"JWT","kid":"1"}"#, #"{"alg":"HS512","kid":"1"}"#,
        #"{"alg":"RS256","kid":"1"}"#, #"{"alg":"HS256","kid":"../../dev/null"}"#, #"{"alg":"HS256","kid":"2"}"#,
        #"{"kid":"1"}"#, "{}", "",
    ])
    func `another header is refused, with the signature or without`(header: String) async throws {
        try await withFolder { folder in
            let tokens = try await tokens(in: folder)
            let now = try instant("2026-11-21T02:00:00Z")
            let parts = try await issue(tokens, now: now).split(separator: ".").map(String.init)
            for signature in ["", try #require(parts.last)] {
                let forged = [Self.encoded(header), parts[1], signature].joined(separator: ".")
                #expect(await tokens.check(forged, now: now) == nil)
            }
        }
    }

    @Test func `other claims under the signature are refused`() async throws {
        try await withFolder { folder in
            let tokens = try await tokens(in: folder)
            let now = try instant("2026-11-21T02:00:00Z")
            var parts = try await issue(tokens, now: now).split(separator: ".").map(String.init)
            parts[1] = Self.encoded(
                #"{"iss":"appliance","sub":"usr_2","tid":"ten_1","sid":"ses_1","role":"owner","iat":1,"exp":4000000000}"#
            )
            #expect(await tokens.check(parts.joined(separator: "."), now: now) == nil)
        }
    }

    @Test func `what is no token at all is refused`() async throws {
        try await withFolder { folder in
            let tokens = try await tokens(in: folder)
            let now = try instant("2026-11-21T02:00:00Z")
            let good = try await issue(tokens, now: now)
            let texts = [
                "", ".", "..", "...", good + ".", "." + good, good + "=", good.replacing(".", with: " "),
                String(repeating: "A", count: 100_000), good.uppercased(), "\u{0}", "🔑.🔑.🔑",
            ]
            for text in texts { #expect(await tokens.check(text, now: now) == nil, "\(text.prefix(40))") }
        }
    }

    @Test func `the master key is made once, private, and read again`() async throws {
        try await withFolder { folder in
            let now = try instant("2026-11-21T02:00:00Z")
            let token = try await issue(try await tokens(in: folder), now: now)
            let key = DataDirectory(folder.appending(path: "data")).masterKey
            #expect(try #require(FileSystem.status(key)).st_mode & 0o777 == 0o600 && FileSystem.size(key) == 32)
            #expect(try await tokens(in: folder).check(token, now: now) != nil)
        }
    }

    @Test(arguments: [0, 1, 31, 33, 4096]) func `a master key of another length is refused`(length: Int) throws {
        try refuse(key: (0..<length).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test func `a master key of zeros is refused`() throws {
        try refuse(key: [UInt8](repeating: 0, count: 32), code: "master_key_guessable")
    }

    private func refuse(key bytes: [UInt8], code: String = "master_key_damaged") throws {
        let data = DataDirectory(
            FileManager.default.temporaryDirectory.appending(path: "key-\(Random.token(bytes: 9))"))
        try data.prepare()
        defer { try? FileSystem.remove(data.root) }
        try Data(bytes).write(to: data.masterKey)
        let error = #expect(throws: DomainError.self) { try MasterKey(data) }
        #expect(error?.code == code)
        #expect(try Data(contentsOf: data.masterKey) == Data(bytes), "a damaged key must not be written over")
    }
}
