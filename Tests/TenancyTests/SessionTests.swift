import ApplianceCore
import CollectionKit
import Storage
import Testing

@testable import Tenancy

struct SessionTests {
    private static let boss = ControlPlane.boss

    /// Whether token and cookie of a sign-in are good: both, or neither.
    private func alive(_ plane: ControlPlane, _ grants: Sessions.Grant...) async throws -> [Bool] {
        var alive: [Bool] = []
        for grant in grants {
            let byToken = try await plane.signIn.sessions.principal(token: grant.token)
            let byCookie = try plane.signIn.sessions.principal(cookie: grant.cookie)
            #expect(byToken == byCookie)
            alive.append(byToken == grant.principal)
        }
        return alive
    }

    @Test func `token and cookie stand for the person who signed in`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let grant = try await plane.enter(tenant)
            #expect(grant.principal.standing == .user(tenant: tenant.id, role: .owner))
            #expect(grant.principal.expiresAt == plane.clock.now.adding(.hours(24)))
            #expect(try await alive(plane, grant) == [true])
            plane.signIn.sessions.forgetAll()
            #expect(try await alive(plane, grant) == [true])
        }
    }

    @Test func `signing out ends this session and no other`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let (first, second) = (try await plane.enter(tenant), try await plane.enter(tenant))
            #expect(try await alive(plane, first, second) == [true, true])
            try await plane.signIn.sessions.end(first.principal)
            #expect(try await alive(plane, first, second) == [false, true])
            plane.signIn.sessions.forgetAll()
            #expect(try await alive(plane, first, second) == [false, true])
        }
    }

    @Test func `disabling a user ends all sessions at once`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let user = try await plane.addUser("staff", .staff, to: tenant)
            let (seen, unseen) = (try await plane.enter(tenant, "staff"), try await plane.enter(tenant, "staff"))
            let owner = try await plane.enter(tenant)
            #expect(try await alive(plane, seen) == [true])
            _ = try await plane.signIn.disableUser(tenant, user.id, by: Self.boss, requestID: "r")
            #expect(try await alive(plane, seen, unseen, owner) == [false, false, true])
        }
    }

    @Test func `a new password ends all sessions at once`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let grant = try await plane.enter(tenant)
            #expect(try await alive(plane, grant) == [true])
            _ = try await plane.signIn.resetUserPassword(
                tenant, grant.principal.id, password: "another horse, another battery", by: Self.boss, requestID: "r")
            #expect(try await alive(plane, grant) == [false])
            #expect(await refusal { try await plane.enter(tenant) }?.code == "invalid_credentials")
            let actions = try plane.audit(plane.directory.file(tenant.id))
            #expect(actions == ["user.reset-password \(grant.principal.id)"])
        }
    }

    @Test func `operators' sessions end the same ways`() async throws {
        try await ControlPlane.run { plane in
            let signIn = plane.signIn
            for email in ["a@op.example", "b@op.example"] {
                _ = try await signIn.createOperator(email: email, password: ControlPlane.password, by: Self.boss)
            }
            func enter(_ email: String) async throws -> Sessions.Grant {
                try await signIn.operator(email: email, password: ControlPlane.password, origin: ControlPlane.origin)
            }
            let (first, second) = (try await enter("a@op.example"), try await enter("b@op.example"))
            #expect(try await alive(plane, first, second) == [true, true])
            _ = try await signIn.resetOperatorPassword(
                "a@op.example", password: "another horse, another battery", by: Self.boss)
            _ = try await signIn.disableOperator("b@op.example", by: Self.boss)
            #expect(try await alive(plane, first, second) == [false, false])
        }
    }

    @Test func `a session ends after 24 hours, remembered or not`() async throws {
        try await ControlPlane.run { plane in
            let grant = try await plane.enter(try await plane.makeShop())
            plane.clock.advance(.hours(24) - .milliseconds(1))
            #expect(try await alive(plane, grant) == [true])
            plane.clock.advance(.milliseconds(1))
            #expect(try await alive(plane, grant) == [false])
            plane.signIn.sessions.forgetAll()
            #expect(try await alive(plane, grant) == [false])
        }
    }

    @Test func `the file keeps no secret of a session`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let grant = try await plane.enter(tenant)
            let secret = try #require(grant.cookie.split(separator: ".").last)
            let rows = try plane.directory.file(tenant.id).read { db in
                try db.all("SELECT id || cookieHash || address || userAgent FROM sessions") { $0.text(0) ?? "" }
            }
            #expect(rows.count == 1 && rows.allSatisfy { !$0.contains(secret) && !$0.contains(grant.token) })
        }
    }

    @Test func `a cookie is good for the shop that gave it only`() async throws {
        try await ControlPlane.run { plane in
            let (acme, bela) = (try await plane.makeShop("acme"), try await plane.makeShop("bela"))
            let grant = try await plane.enter(acme)
            let secret = try #require(grant.cookie.split(separator: ".").last)
            let forged = [
                "\(bela.id).\(secret)", "acme.\(secret)", "operator.\(secret)", ".\(secret)", "\(secret)",
                "\(acme.id).", "\(acme.id).\(secret).x", "../\(acme.id).\(secret)", "", ".", "ten_none.\(secret)",
            ]
            for cookie in forged { #expect(try plane.signIn.sessions.principal(cookie: cookie) == nil) }
        }
    }

    @Test func `a CSRF token belongs to one session`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let (first, second) = (try await plane.enter(tenant), try await plane.enter(tenant))
            let sessions = plane.signIn.sessions
            #expect(sessions.isCSRFToken(first.csrfToken, of: first.principal))
            for token in [second.csrfToken, "", first.csrfToken + "A", String(first.csrfToken.dropLast())] {
                #expect(!sessions.isCSRFToken(token, of: first.principal))
            }
        }
    }
}
