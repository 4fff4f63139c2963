import ApplianceCore
import Foundation
import Testing

@testable import ApplianceServer

struct SignInTests {
    private func logIn(
        _ server: TestServer, _ email: String, _ password: String, tenant: String? = nil,
        headers: [(String, String)] = []
    ) async throws -> ServerAnswer {
        try await server.send(
            "POST", "/api/auth/login", tenant: tenant, json: ["email": .string(email), "password": .string(password)],
            headers: headers)
    }

    @Test func `every wrong sign-in has the same answer`() async throws {
        try await withShops { server, _, _, _ in
            let wrong = "a wrong but long enough password"
            let answers = [
                try await logIn(server, "owner@acme.example", wrong, tenant: "acme"),
                try await logIn(server, "nobody@acme.example", wrong, tenant: "acme"),
                try await logIn(server, "owner@acme.example", goodPassword, tenant: "bela"),
                try await logIn(server, "owner@acme.example", goodPassword, tenant: "nobody"),
                try await logIn(server, "owner@acme.example", wrong),
                try await logIn(server, "op@example.com", goodPassword, tenant: "acme"),
                try await logIn(server, "op@example.com", wrong), try await logIn(server, "no@example.com", wrong),
            ]
            let bodies = answers.map { answer in
                JSON.object((answer.json.objectValue ?? []).filter { $0.name != "requestId" }).text
            }
            #expect(answers.allSatisfy { $0.status == 401 && $0.code == "invalid_credentials" })
            #expect(Set(bodies).count == 1)
            #expect(answers.allSatisfy { $0["Set-Cookie"] == nil })
        }
    }

    @Test func `a sign-in tells who and where, and sets a cookie for browsers`() async throws {
        try await withShops { server, _, acme, _ in
            let answer = try await logIn(server, "owner@acme.example", goodPassword, tenant: acme.id)
            #expect(answer.json["tenant"]?["slug"] == "acme" && answer.json["user"]?["role"] == "owner")
            #expect(answer.json["expiresAt"]?.stringValue == server.clock.now.adding(.hours(24)).description)
            let cookie = try #require(answer["Set-Cookie"])
            #expect(
                cookie.hasPrefix("sid=\(acme.id).")
                    && cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400"))
        }
    }

    @Test func `the hundred-and-first attempt in a quarter of an hour waits`() async throws {
        try await withServer { server in
            for number in 0..<100 {
                #expect(try await logIn(server, "no\(number)@example.com", "no").status == 401)
            }
            let refused = try await logIn(server, "no@example.com", "no")
            #expect(refused.status == 429 && refused.code == "too_many_requests")
            let seconds = try #require(refused["Retry-After"].flatMap { Int64($0) })
            #expect(seconds > 0 && seconds <= 9)
            server.clock.advance(.seconds(seconds))
            #expect(try await logIn(server, "no@example.com", "no").status == 401)
            #expect(try await logIn(server, "no@example.com", "no").status == 429)
            server.clock.advance(.minutes(15))
            #expect(try await logIn(server, "no@example.com", "no").status == 401)
        }
    }

    // MARK: - Cookies

    @Test func `a change by cookie needs the token of the session`() async throws {
        try await withShops { server, _, acme, bela in
            let cookie = ("Cookie", acme.owner.cookie)
            func create(_ headers: [(String, String)]) async throws -> ServerAnswer {
                try await server.send(
                    "POST", "/api/customers", json: ["name": "Asha"], headers: [cookie] + headers)
            }
            #expect(try await create([]).code == "csrf_token_required")
            #expect(try await create([("X-CSRF-Token", bela.owner.csrfToken)]).code == "csrf_token_required")
            #expect(try await create([("X-CSRF-Token", acme.owner.csrfToken)]).status == 201)
            let me = try await server.expect(200, "GET", "/api/auth/me", headers: [cookie])
            #expect(me.json["csrfToken"]?.stringValue == acme.owner.csrfToken)
            #expect(try await server.expect(200, "GET", "/api/customers", headers: [cookie]).items.count == 1)
        }
    }

    @Test func `what a page of another site sends is refused`() async throws {
        try await withShops { server, _, acme, _ in
            let own = [("Cookie", acme.owner.cookie), ("X-CSRF-Token", acme.owner.csrfToken)]
            let foreign = [
                ("Origin", "https://evil.example"), ("Origin", "null"), ("Origin", "http://127.0.0.1"),
                ("Origin", "http://127.0.0.1:\(server.port).evil.example"), ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Site", "anything"),
            ]
            for header in foreign {
                let change = try await server.send(
                    "POST", "/api/customers", json: ["name": "Asha"], headers: own + [header])
                #expect(change.status == 403 && change.code == "foreign_origin", "\(header)")
                let signIn = try await logIn(
                    server, "owner@acme.example", goodPassword, tenant: "acme", headers: [header])
                #expect(signIn.status == 403 && signIn["Set-Cookie"] == nil, "\(header)")
            }
            for header in [("Origin", "http://127.0.0.1:\(server.port)"), ("Sec-Fetch-Site", "same-origin")] {
                try await server.expect(
                    201, "POST", "/api/customers", json: ["name": "Asha"], headers: own + [header])
            }
            #expect(try await server.expect(200, "GET", "/api/customers", by: acme.owner).items.count == 2)
        }
    }

    @Test func `a token in the header decides, whatever cookie comes with it`() async throws {
        try await withShops { server, _, acme, bela in
            let cookie = [("Cookie", acme.owner.cookie)]
            let me = try await server.expect(200, "GET", "/api/auth/me", by: bela.owner, headers: cookie)
            #expect(me.json["tenant"]?["slug"] == "bela")
            #expect(me.json["tenant"]?["currency"] == "INR" && me.json["tenant"]?["timeZone"] == "Asia/Kolkata")
            #expect(me.json["tenant"]?["modules"]?.arrayValue != nil)
            for value in ["Bearer nonsense", "Basic b3duZXI6cGFzcw==", "Bearer", ""] {
                let answer = try await server.send(
                    "GET", "/api/auth/me", headers: cookie + [("Authorization", value)])
                #expect(answer.status == 401, "\(value)")
            }
        }
    }

    @Test func `signing out ends cookie and token`() async throws {
        try await withShops { server, _, acme, _ in
            let other = try await server.signIn("owner@acme.example", "acme")
            let answer = try await server.expect(204, "POST", "/api/auth/logout", by: acme.owner)
            #expect(answer["Set-Cookie"]?.hasSuffix("Max-Age=0") == true)
            try await server.expect(401, "GET", "/api/customers", by: acme.owner)
            try await server.expect(401, "GET", "/api/customers", headers: [("Cookie", acme.owner.cookie)])
            try await server.expect(401, "POST", "/api/auth/logout", by: acme.owner)
            try await server.expect(200, "GET", "/api/customers", by: other)
        }
    }

    // MARK: - Tokens

    @Test func `no single bit of a signature can be turned`() async throws {
        try await withShops { server, _, acme, _ in
            let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
            let bytes = Array(acme.owner.token.utf8)
            let start = try #require(bytes.lastIndex(of: UInt8(ascii: "."))) + 1
            #expect(bytes.count - start == 43)
            for position in start..<bytes.count {
                let value = try #require(alphabet.firstIndex(of: bytes[position]))
                for bit in 0..<6 {
                    var turned = bytes
                    turned[position] = alphabet[value ^ (1 << bit)]
                    let answer = try await server.send(
                        "GET", "/api/auth/me",
                        headers: [("Authorization", "Bearer \(String(decoding: turned, as: UTF8.self))")])
                    #expect(answer.status == 401, "byte \(position - start), bit \(bit)")
                }
            }
            try await server.expect(200, "GET", "/api/auth/me", by: acme.owner)
        }
    }

    @Test func `a token without a signature, or with another's, is refused`() async throws {
        try await withShops { server, _, acme, bela in
            let parts = acme.owner.token.split(separator: ".").map(String.init)
            let foreign = bela.owner.token.split(separator: ".").map(String.init)
            let none = Base64URL.encode(Array(#"{"alg":"none","typ":"JWT","kid":"1"}"#.utf8))
            let forged = [
                "\(none).\(parts[1]).", "\(none).\(parts[1]).\(parts[2])", "\(parts[0]).\(parts[1]).",
                "\(parts[0]).\(parts[1])", "\(parts[0]).\(foreign[1]).\(parts[2])",
                "\(parts[0]).\(parts[1]).\(foreign[2])", acme.owner.token + "=", acme.owner.token + ".",
            ]
            for token in forged {
                let answer = try await server.send(
                    "GET", "/api/customers", headers: [("Authorization", "Bearer \(token)")])
                #expect(answer.status == 401, "\(token)")
            }
        }
    }

    @Test func `a token of another installation is refused`() async throws {
        try await withShops { server, person, _, _ in
            try await withServer { other in
                let stranger = try await other.setUp()
                try await server.expect(401, "GET", "/api/admin/tenants", by: stranger)
                try await other.expect(401, "GET", "/api/admin/tenants", by: person)
            }
        }
    }

    @Test func `a token expires by the clock`() async throws {
        try await withShops { server, _, acme, _ in
            server.clock.advance(.hours(24) - .seconds(1))
            try await server.expect(200, "GET", "/api/customers", by: acme.owner)
            server.clock.advance(.seconds(1))
            try await server.expect(401, "GET", "/api/customers", by: acme.owner)
            try await server.expect(401, "GET", "/api/customers", headers: [("Cookie", acme.owner.cookie)])
        }
    }
}
