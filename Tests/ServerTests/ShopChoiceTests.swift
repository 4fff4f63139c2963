import ApplianceCore
import CollectionKit
import Tenancy
import Testing

@testable import ApplianceServer

/// Signing in without naming a shop.
struct ShopChoiceTests {
    private func logIn(_ server: TestServer, _ email: String, _ password: String = goodPassword) async throws
        -> ServerAnswer
    {
        await server.appliance.signIn.settle()
        return try await server.send(
            "POST", "/api/auth/login", json: ["email": .string(email), "password": .string(password)])
    }

    /// Makes `both@x.example` a user of both shops.
    private func addToBoth(_ server: TestServer, _ acme: Shop, _ bela: Shop, other: String = goodPassword) async throws
    {
        for (shop, password) in [(acme, goodPassword), (bela, other)] {
            try await server.expect(
                201, "POST", "/api/users", by: shop.owner,
                json: ["email": "both@x.example", "password": .string(password), "role": "admin"])
        }
        #expect(try await server.appliance.signIn.renewAccountIndex() >= 0)
    }

    @Test func `who is in one shop is let in there`() async throws {
        try await withShops { server, _, acme, _ in
            let answer = try await logIn(server, "owner@acme.example")
            #expect(answer.status == 200 && answer.json["tenant"]?["slug"] == "acme")
            #expect(try await logIn(server, "op@example.com").json["user"]?["role"] == "operator")
            #expect(try await logIn(server, "owner@acme.example", "wrong but long enough").status == 401)
            #expect(try await logIn(server, "nobody@acme.example").code == "invalid_credentials")
        }
    }

    @Test func `who is in two chooses, after the password was right`() async throws {
        try await withShops { server, _, acme, bela in
            try await addToBoth(server, acme, bela)
            let wrong = try await logIn(server, "both@x.example", "wrong but long enough")
            #expect(wrong.status == 401 && !wrong.text.contains("acme"))
            let answer = try await logIn(server, "both@x.example")
            #expect(answer.status == 202 && answer.json["needs"] == "shop" && answer["Set-Cookie"] == nil)
            let offered = answer.json["shops"]?.arrayValue?.map { $0["slug"] }
            #expect(Set(offered?.compactMap { $0?.stringValue } ?? []) == ["acme", "bela"])
            let challenge = try #require(answer.json["challenge"])
            func choose(_ shop: JSON) async throws -> ServerAnswer {
                try await server.send(
                    "POST", "/api/auth/shop", json: ["challenge": challenge, "shop": shop])
            }
            #expect(try await choose("nobody").status == 422)
            let code = try await server.send(
                "POST", "/api/auth/totp", json: ["challenge": challenge, "code": "000000"])
            #expect(code.status == 401)
            let chosen = try await choose("bela")
            #expect(chosen.status == 200 && chosen.json["tenant"]?["slug"] == "bela")
            #expect(try await choose("acme").code == "sign_in_again")
        }
    }

    @Test func `another password in the second shop opens the first`() async throws {
        try await withShops { server, _, acme, bela in
            try await addToBoth(server, acme, bela, other: "another horse, another battery")
            let answer = try await logIn(server, "both@x.example")
            #expect(answer.status == 200 && answer.json["tenant"]?["slug"] == "acme")
        }
    }

    @Test func `failures count in the shops too`() async throws {
        try await withShops { server, _, _, _ in
            for _ in 0..<5 {
                #expect(try await logIn(server, "owner@acme.example", "wrong but long enough").status == 401)
            }
            #expect(try await logIn(server, "owner@acme.example").status == 429)
            let named = try await server.send(
                "POST", "/api/auth/login", tenant: "acme",
                json: ["email": "owner@acme.example", "password": .string(goodPassword)])
            #expect(named.status == 429)
        }
    }
}
