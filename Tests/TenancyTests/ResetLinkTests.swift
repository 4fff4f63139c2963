import ApplianceCore
import CollectionKit
import Storage
import Testing

@testable import Tenancy

struct ResetLinkTests {
    private static let boss = ControlPlane.boss
    private static let other = "another horse, another battery"

    private func token(_ plane: ControlPlane, _ tenant: Tenant?, _ key: String) async throws -> String {
        let link = try await plane.signIn.resetLink(tenant, key, by: Self.boss, requestID: "r")
        return try #require(link.address.split(separator: "/").last.map(String.init))
    }

    private func reset(_ plane: ControlPlane, _ token: String, _ password: String = other) async -> DomainError? {
        await refusal { try await plane.signIn.reset(token: token, password: password) }
    }

    private func messages(_ plane: ControlPlane) async throws -> [JSON] {
        await plane.signIn.settle()
        return try plane.outbox.list(limit: 100, cursor: nil, search: nil).items
    }

    @Test func `a link sets the password once, and ends sessions and other links`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let grant = try await plane.enter(tenant)
            let (first, second) = (
                try await token(plane, tenant, "owner@acme.example"), try await token(plane, tenant, grant.principal.id)
            )
            #expect(await reset(plane, first) == nil)
            #expect(await reset(plane, first)?.code == "link_ended")
            #expect(await reset(plane, second)?.code == "link_ended")
            #expect(try await plane.signIn.sessions.principal(token: grant.token) == nil)
            #expect(await refusal { try await plane.enter(tenant) }?.code == "invalid_credentials")
            _ = try await plane.signIn.user(
                tenant, email: "owner@acme.example", password: Self.other, origin: ControlPlane.origin)
            #expect(try await messages(plane).map { $0["kind"] } == ["password_changed"])
        }
    }

    @Test func `an operator's link works the same, and opens no shop`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            _ = try await plane.signIn.createOperator(
                email: "a@op.example", password: ControlPlane.password, by: Self.boss)
            let token = try await token(plane, nil, "a@op.example")
            let secret = try #require(token.split(separator: ".").last)
            #expect(token.hasPrefix("operator."))
            #expect(await reset(plane, "\(tenant.id).\(secret)")?.code == "link_ended")
            #expect(await reset(plane, token) == nil)
            _ = try await plane.signIn.operator(
                email: "a@op.example", password: Self.other, origin: ControlPlane.origin)
        }
    }

    @Test func `a link lives thirty minutes`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let (late, good) = (
                try await token(plane, tenant, "owner@acme.example"),
                try await token(plane, tenant, "owner@acme.example")
            )
            plane.clock.advance(.minutes(30) - .milliseconds(1))
            #expect(await reset(plane, good, "short")?.code == "validation_failed")
            #expect(await reset(plane, good, "OWNER@acme.example")?.faults.map(\.code) == ["too_common"])
            #expect(await reset(plane, good) == nil)
            plane.clock.advance(.milliseconds(1))
            #expect(await reset(plane, late)?.code == "link_ended")
        }
    }

    @Test func `who asks is sent a link, three at a time, and nobody else is`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            for email in ["owner@acme.example", "nobody@acme.example", "", "x"] {
                for _ in 0..<5 {
                    try plane.signIn.forgot(tenantID: tenant.id, email: email)
                    plane.clock.advance(.milliseconds(1))
                }
            }
            try plane.signIn.forgot(tenantID: nil, email: "owner@acme.example")
            let sent = try await messages(plane)
            #expect(sent.count == 3 && sent.allSatisfy { $0["recipient"] == "owner@acme.example" })
            plane.clock.advance(.minutes(30))
            try plane.signIn.forgot(tenantID: tenant.id, email: "owner@acme.example")
            let body = try #require(try await messages(plane).first?["body"]?.stringValue)
            let token = try #require(body.split(whereSeparator: \.isWhitespace).first { $0.contains("#/reset/") })
            #expect(await reset(plane, String(try #require(token.split(separator: "/").last))) == nil)
        }
    }

    @Test func `a disabled account gets no link, and one from before is dead`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let user = try await plane.addUser("staff", .staff, to: tenant)
            let before = try await token(plane, tenant, user.id)
            _ = try await plane.signIn.disableUser(tenant, user.id, by: Self.boss, requestID: "r")
            #expect(await reset(plane, before)?.code == "link_ended")
            #expect(await refusal { try await token(plane, tenant, user.id) }?.code == "disabled")
            try plane.signIn.forgot(tenantID: tenant.id, email: user.email)
            #expect(try await messages(plane).isEmpty)
        }
    }
}
