import ApplianceCore
import NIOHTTP1
import Tenancy
import Testing

@testable import ApplianceServer

/// Runs `body` with a server that knows the peer as `work`, its operator, and the shops acme and bela.
func withPeer(
    _ members: KeyValuePairs<String, JSON> = [:],
    _ body: (_ peer: IdentityPeer, _ server: TestServer, _ operator: Person, _ acme: Shop, _ bela: Shop) async throws ->
        Void
) async throws {
    try await IdentityPeer.run { peer in
        try await withShops([.loopbackIssuers: "on", .url: "https://shops.example"]) { server, person, acme, bela in
            try await server.addProvider(peer, members, by: person)
            try await body(peer, server, person, acme, bela)
        }
    }
}

/// What a browser keeps between its way there and back.
struct SignInTrip {
    let location: String
    let cookie: String
}

extension TestServer {
    func addProvider(
        _ peer: IdentityPeer, _ members: KeyValuePairs<String, JSON> = [:], by person: Person
    ) async throws {
        let plain: JSON = [
            "clientId": .string(IdentityPeer.clientID), "clientSecret": .string(IdentityPeer.secret),
            "issuer": .string(peer.issuer),
        ]
        let named: JSON = members.contains { $0.key == "name" } ? plain : plain.adding(["name": "work"])
        try await expect(
            201, "POST", "/api/admin/identity-providers", by: person, json: named.adding(members))
    }

    func depart(_ query: String = "", provider: String = "work") async throws -> SignInTrip {
        let answer = try await expect(302, "GET", "/api/auth/oauth/\(provider)/start?moved=1\(query)")
        let cookie = try #require(answer["Set-Cookie"])
        #expect(cookie.contains("; HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Max-Age=600"))
        return SignInTrip(
            location: try #require(answer["Location"]), cookie: String(cookie.prefix { $0 != ";" }))
    }

    /// `back`: the query that the provider gave the browser.
    func arrive(_ back: String, cookie: String?, provider: String = "work") async throws -> ServerAnswer {
        try await expect(
            303, "GET", "/api/auth/oauth/\(provider)/callback?\(back)",
            headers: [("Sec-Fetch-Site", "cross-site")] + (cookie.map { [("Cookie", $0)] } ?? []))
    }

    /// The whole way of somebody who agrees.
    func enter(
        _ peer: IdentityPeer, _ someone: IdentityPeer.Someone, _ query: String = "", provider: String = "work"
    ) async throws -> ServerAnswer {
        await appliance.signIn.settle()
        let trip = try await depart(query, provider: provider)
        return try await arrive(peer.agree(to: trip.location, someone), cookie: trip.cookie, provider: provider)
    }

    /// Who is signed in after an answer that leads to the page; null where nobody is.
    func whoEntered(_ answer: ServerAnswer) async throws -> JSON {
        guard let cookie = answer.headers["Set-Cookie"].first(where: { $0.hasPrefix("sid=") }) else { return .null }
        let me = try await expect(
            200, "GET", "/api/auth/me", headers: [("Cookie", String(cookie.prefix { $0 != ";" }))])
        return me.json
    }
}

extension ServerAnswer {
    /// What the sign-in page is told.
    var problem: String? {
        let start = "/admin#/login?problem="
        guard let location = self["Location"], location.hasPrefix(start) else { return nil }
        return String(location.dropFirst(start.count))
    }
}
