import ApplianceCore
import CollectionKit
import Crypto
import Foundation
import Tenancy
import Testing

@testable import ApplianceServer

/// Signing in with an identity provider, against one that listens on this machine.
struct IdentitySignInTests {
    private static let owner = IdentityPeer.Someone()

    @Test func `a verified address opens the account that is there, and the page works after that`() async throws {
        try await withPeer { peer, server, person, acme, _ in
            let offered = try await server.expect(200, "GET", "/api/auth/providers")
            #expect(offered.items == [["name": "work", "label": "work", "kind": "oidc"]])
            let answer = try await server.enter(peer, Self.owner, "&shop=acme&then=%2Fshop%2Frecords%2Fcustomers")
            #expect(answer["Location"] == "/admin#/shop/records/customers")
            let me = try await server.whoEntered(answer)
            #expect(me["user"]?["email"] == "owner@acme.example" && me["tenant"]?["slug"] == "acme")
            #expect(me["csrfToken"]?.stringValue?.isEmpty == false)
            let events = try await server.expect(200, "GET", "/api/audit?action=user.link-identity", by: acme.owner)
            #expect(events.items.count == 1 && events.items.first?["data"]?["provider"] == "work")
            _ = try await server.enter(peer, Self.owner, "&shop=acme")
            let uses = try await server.expect(200, "GET", "/api/audit?action=user.enter-by-identity", by: acme.owner)
            #expect(uses.items.count == 1)
            let mail = try await server.expect(200, "GET", "/api/admin/outbox", by: person)
            let told = mail.items.filter { $0["kind"] == "identity-linked" }
            #expect(told.count == 1 && told.first?["recipient"] == "owner@acme.example")
            let own = try await server.expect(200, "GET", "/api/auth/identities", by: acme.owner)
            #expect(own.items.first?["subject"] == "42" && own.items.first?["issuer"] == .string(peer.issuer))
        }
    }

    @Test func `from the first time on the subject counts, and the address no more`() async throws {
        try await withPeer { peer, server, _, acme, _ in
            _ = try await server.enter(peer, Self.owner, "&shop=acme")
            let moved = IdentityPeer.Someone(email: "new@elsewhere.example", isVerified: false)
            for query in ["&shop=acme", ""] {
                let me = try await server.whoEntered(server.enter(peer, moved, query))
                #expect(me["user"]?["email"] == "owner@acme.example", "\(query)")
            }
            let successor = IdentityPeer.Someone(subject: "43")
            #expect(try await server.enter(peer, successor, "&shop=acme").problem == "no_account")
            let link = try #require(
                try await server.expect(200, "GET", "/api/auth/identities", by: acme.owner).items.first?["id"]?
                    .stringValue)
            try await server.expect(204, "DELETE", "/api/auth/identities/\(link)", by: acme.owner)
            try await server.expect(404, "DELETE", "/api/auth/identities/\(link)", by: acme.owner)
            #expect(try await server.enter(peer, successor, "&shop=acme")["Location"] == "/admin#/")
            #expect(try await server.enter(peer, Self.owner, "&shop=acme").problem == "no_account")
        }
    }

    @Test func `nobody gets in without an account, a verified address, or leave`() async throws {
        try await withPeer { peer, server, person, acme, _ in
            let users = try await server.expect(200, "GET", "/api/users", by: acme.owner).items.count
            for (someone, query, problem) in [
                (IdentityPeer.Someone(email: "stranger@x.example"), "", "no_account"),
                (.init(email: "stranger@x.example"), "&shop=acme", "no_account"),
                (.init(), "&shop=bela", "no_account"), (.init(), "&shop=nobody", "no_account"),
                (.init(isVerified: false), "&shop=acme", "email_not_verified"),
                (.init(email: nil), "", "email_not_verified"),
            ] as [(IdentityPeer.Someone, String, String)] {
                let answer = try await server.enter(peer, someone, query)
                #expect(answer.problem == problem, "\(someone) \(query)")
                #expect(try await server.whoEntered(answer) == .null)
            }
            #expect(try await server.expect(200, "GET", "/api/users", by: acme.owner).items.count == users)
            let leaver = try await server.addUser("leaver", .staff, to: acme)
            let someone = IdentityPeer.Someone(subject: "7", email: "leaver@acme.example")
            #expect(try await server.enter(peer, someone, "&shop=acme")["Location"] == "/admin#/")
            try await server.expect(200, "POST", "/api/users/\(leaver.id)/disable", by: acme.owner)
            #expect(try await server.enter(peer, someone, "&shop=acme").problem == "no_account")
            try await server.expect(200, "POST", "/api/users/\(leaver.id)/enable", by: acme.owner)
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/cancel", by: person, json: ["reason": "closed", "now": true])
            #expect(try await server.enter(peer, someone, "&shop=acme").problem == "tenant_cancelled")
            #expect(try await server.enter(peer, Self.owner, "&shop=acme")["Location"] == "/admin#/")
        }
    }

    @Test func `a sign-in is good once, in its browser, for ten minutes, at its provider`() async throws {
        try await withPeer { peer, server, person, _, _ in
            try await server.addProvider(peer, ["name": "other"], by: person)
            let trip = try await server.depart("&shop=acme")
            let back = try peer.agree(to: trip.location, Self.owner)
            #expect(try await server.arrive(back, cookie: trip.cookie)["Location"] == "/admin#/")
            #expect(try await server.arrive(back, cookie: trip.cookie).problem == "sign_in_again")
            let other = try await server.depart().cookie
            for cookie in [nil, "sign-in=", "sign-in=another", other] {
                let trip = try await server.depart()
                let back = try peer.agree(to: trip.location, Self.owner)
                #expect(try await server.arrive(back, cookie: cookie).problem == "sign_in_again")
                #expect(try await server.arrive(back, cookie: trip.cookie).problem == "sign_in_again")
            }
            let mixed = try await server.depart()
            let mixedBack = try peer.agree(to: mixed.location, Self.owner)
            #expect(
                try await server.arrive(mixedBack, cookie: mixed.cookie, provider: "other").problem == "sign_in_again")
            let late = try await server.depart()
            let lateBack = try peer.agree(to: late.location, Self.owner)
            server.clock.advance(.minutes(10))
            #expect(try await server.arrive(lateBack, cookie: late.cookie).problem == "sign_in_again")
            for back in ["", "state=&code=", "code=x", "state=%FF", "state=x&error=access_denied"] {
                let problem = try await server.arrive(back, cookie: trip.cookie).problem
                #expect(problem == "sign_in_again" || problem == "query_malformed", "\(back)")
            }
        }
    }

    @Test func `the second factor is asked for as after a password, and makes the link`() async throws {
        try await withPeer { peer, server, _, acme, _ in
            let enrolled = try await server.expect(
                200, "POST", "/api/auth/totp/enrol", by: acme.owner, json: ["password": .string(goodPassword)])
            let secret = try #require(enrolled.json["secret"]?.stringValue)
            let confirmed = try await server.expect(
                200, "POST", "/api/auth/totp/confirm", by: acme.owner,
                json: ["code": .string(try TestCode.now(secret, server.clock.now))])
            let answer = try await server.enter(peer, Self.owner, "&shop=acme&then=/shop/plan")
            #expect(answer["Location"] == "/admin#/login?continue=1&then=%2Fshop%2Fplan")
            #expect(try await server.whoEntered(answer) == .null)
            #expect(try await server.expect(200, "GET", "/api/auth/identities", by: acme.owner).items.isEmpty)
            let cookie = try #require(answer["Set-Cookie"]).prefix { $0 != ";" }
            let pending = try await server.expect(
                202, "GET", "/api/auth/pending", headers: [("Cookie", String(cookie))])
            #expect(pending.json["needs"] == "code")
            let challenge = try #require(pending.json["challenge"])
            let recovery = try #require(confirmed.json["recoveryCodes"]?.arrayValue?.first)
            let wrong = try await server.send(
                "POST", "/api/auth/totp", json: ["challenge": challenge, "code": "000000"])
            #expect(wrong.code == "wrong_code")
            let entered = try await server.expect(
                200, "POST", "/api/auth/totp", json: ["challenge": challenge, "code": recovery])
            #expect(entered.json["user"]?["email"] == "owner@acme.example")
            #expect(try await server.expect(200, "GET", "/api/auth/identities", by: acme.owner).items.count == 1)
            let over = try await server.send("GET", "/api/auth/pending", headers: [("Cookie", String(cookie))])
            #expect(over.status == 401 && over.code == "sign_in_again")
        }
    }

    @Test func `who has accounts in several shops chooses, and the subject opens what was chosen`() async throws {
        try await withPeer { peer, server, person, acme, bela in
            for shop in [acme, bela] {
                try await server.expect(
                    201, "POST", "/api/users", by: shop.owner,
                    json: ["email": "both@x.example", "password": .string(goodPassword), "role": "admin"])
            }
            _ = try await server.appliance.signIn.renewAccountIndex()
            let both = IdentityPeer.Someone(subject: "b", email: "both@x.example")
            let answer = try await server.enter(peer, both)
            #expect(answer["Location"] == "/admin#/login?continue=1")
            let cookie = String(try #require(answer["Set-Cookie"]).prefix { $0 != ";" })
            let pending = try await server.expect(202, "GET", "/api/auth/pending", headers: [("Cookie", cookie)]).json
            let offered = (pending["shops"]?.arrayValue ?? []).compactMap { $0["slug"]?.stringValue }
            #expect(offered == ["acme", "bela"])
            let challenge = try #require(pending["challenge"])
            let chosen = try await server.expect(
                200, "POST", "/api/auth/shop", json: ["challenge": challenge, "shop": "bela"])
            #expect(chosen.json["tenant"]?["slug"] == "bela" && chosen.json["user"]?["email"] == "both@x.example")
            // The address is another now: only bela, which was chosen, knows the subject.
            let moved = IdentityPeer.Someone(subject: "b", email: "moved@x.example")
            #expect(try await server.whoEntered(server.enter(peer, moved))["tenant"]?["slug"] == "bela")
            #expect(try await server.appliance.signIn.renewAccountIndex() <= 2)
            #expect(try await server.whoEntered(server.enter(peer, moved))["tenant"]?["slug"] == "bela")
            try await server.expect(
                200, "PATCH", "/api/admin/settings/default-tenant", by: person, json: ["value": "acme"])
            #expect(try await server.whoEntered(server.enter(peer, both))["tenant"]?["slug"] == "acme")
        }
    }

    @Test func `a provider is for operators, for shops, or for everybody`() async throws {
        try await withPeer(["audience": "operators"]) { peer, server, person, _, _ in
            let chief = IdentityPeer.Someone(subject: "op", email: "op@example.com")
            #expect(try await server.whoEntered(server.enter(peer, chief))["user"]?["role"] == "operator")
            for query in ["", "&shop=acme"] {
                #expect(try await server.enter(peer, Self.owner, query).problem == "no_account")
            }
            let events = try await server.expect(200, "GET", "/api/admin/audit?limit=100", by: person)
            #expect(events.text.contains("operator.link-identity"))
            let path = "/api/admin/identity-providers/work"
            try await server.expect(200, "PATCH", path, by: person, json: ["audience": "shops"])
            #expect(try await server.enter(peer, chief).problem == "no_account")
            #expect(try await server.enter(peer, Self.owner)["Location"] == "/admin#/")
            try await server.expect(200, "PATCH", path, by: person, json: ["enabled": false])
            #expect(try await server.expect(200, "GET", "/api/auth/providers").items.isEmpty)
            let off = try await server.expect(303, "GET", "/api/auth/oauth/work/start?moved=1")
            #expect(off.problem == "provider_unknown")
        }
    }

    @Test func `a link that was taken away does not come back with a restore`() async throws {
        try await withPeer { peer, server, person, acme, _ in
            _ = try await server.enter(peer, Self.owner, "&shop=acme")
            let moved = IdentityPeer.Someone(email: "moved@x.example")
            #expect(try await server.enter(peer, moved, "&shop=acme")["Location"] == "/admin#/")
            try await server.expect(201, "POST", "/api/admin/backups", by: person)
            let links = try await server.expect(200, "GET", "/api/auth/identities", by: acme.owner).items
            let link = try #require(links.first?["id"]?.stringValue)
            try await server.expect(204, "DELETE", "/api/auth/identities/\(link)", by: acme.owner)
            try await server.expect(
                200, "POST", "/api/admin/restores", by: person, json: ["tenants": ["acme"], "confirm": "acme"])
            #expect(try await server.enter(peer, moved, "&shop=acme").problem == "no_account")
        }
    }

    @Test func `GitHub's number of the user counts, and its verified primary address`() async throws {
        try await withPeer { peer, server, person, _, _ in
            try await server.addProvider(peer, ["name": "github", "kind": "github"], by: person)
            let trip = try await server.depart(provider: "github")
            let query = try IdentityPeer.query(trip.location)
            #expect(trip.location.hasPrefix("\(peer.issuer)/login/oauth/authorize?"))
            #expect(query["scope"] == "read:user user:email" && query["allow_signup"] == "false")
            let unverified = IdentityPeer.Someone(isVerified: false)
            #expect(try await server.enter(peer, unverified, provider: "github").problem == "email_not_verified")
            #expect(
                try await server.whoEntered(server.enter(peer, Self.owner, provider: "github"))["user"]?["email"]
                    == "owner@acme.example")
            let moved = IdentityPeer.Someone(email: "x@y.example")
            #expect(try await server.enter(peer, moved, provider: "github")["Location"] == "/admin#/")
            let refused = try await server.depart(provider: "github")
            let state = try #require(IdentityPeer.query(refused.location)["state"])
            let wrong = try await server.arrive(
                "code=wrong&state=\(state)", cookie: refused.cookie, provider: "github")
            #expect(wrong.problem == "provider_answer_refused")
        }
    }
}

/// What an authenticator app shows (RFC 6238).
enum TestCode {
    static func now(_ secret: String, _ instant: Instant) throws -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var (bits, pending, key): (Int, UInt64, [UInt8]) = (0, 0, [])
        for character in secret {
            let digit = try #require(alphabet.firstIndex(of: character))
            (pending, bits) = ((pending << 5 | UInt64(digit)) & 0xFFFF, bits + 5)
            guard bits >= 8 else { continue }
            bits -= 8
            key.append(UInt8(truncatingIfNeeded: pending >> UInt64(bits)))
        }
        let counter = UInt64(instant.seconds / 30)
        let message = (0..<8).reversed().map { UInt8(truncatingIfNeeded: counter >> ($0 * 8)) }
        let code = Array(
            HMAC<Insecure.SHA1>.authenticationCode(for: message, using: SymmetricKey(data: Data(key))))
        let start = Int(code[19] & 15)
        let number = code[start..<start + 4].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } & 0x7FFF_FFFF
        return String(String(number % 1_000_000 + 1_000_000).dropFirst())
    }
}
