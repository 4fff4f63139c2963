import ApplianceCore
import CollectionKit
import Storage
import Testing

@testable import Tenancy

struct AccountTests {
    private static let boss = ControlPlane.boss

    @Test func `a wrong password, an unknown address and a disabled account answer alike`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let user = try await plane.addUser("gone", .staff, to: tenant)
            _ = try await plane.signIn.disableUser(tenant, user.id, by: Self.boss, requestID: "r")
            let attempts = [
                ("owner@acme.example", "wrong password, really"), ("nobody@acme.example", ControlPlane.password),
                ("gone@acme.example", ControlPlane.password), ("", ""),
            ]
            for (email, password) in attempts {
                let error = await refusal {
                    try await plane.signIn.user(tenant, email: email, password: password, origin: ControlPlane.origin)
                }
                #expect(
                    error
                        == DomainError(
                            .unauthenticated, "invalid_credentials", "The address or the password is not right."))
            }
        }
    }

    @Test func `an account of one shop is none of another`() async throws {
        try await ControlPlane.run { plane in
            _ = try await plane.makeShop("acme")
            let bela = try await plane.makeShop("bela")
            let error = await refusal {
                try await plane.signIn.user(
                    bela, email: "owner@acme.example", password: ControlPlane.password, origin: ControlPlane.origin)
            }
            #expect(error?.code == "invalid_credentials")
        }
    }

    @Test func `addresses are compared without case, and are one each`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            #expect(
                try await plane.signIn.user(
                    tenant, email: "Owner@ACME.example", password: ControlPlane.password, origin: ControlPlane.origin
                ).principal.email == "owner@acme.example")
            let error = await refusal {
                try await plane.signIn.createUser(
                    tenant, email: "OWNER@acme.example", name: "", role: .viewer, password: ControlPlane.password,
                    by: Self.boss, requestID: "r")
            }
            #expect(error?.code == "email_taken")
        }
    }

    @Test func `the last owner of a shop stays`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let second = try await plane.addUser("second", .owner, to: tenant)
            _ = try await plane.addUser("admin", .admin, to: tenant)
            _ = try await plane.signIn.disableUser(tenant, "owner@acme.example", by: Self.boss, requestID: "r")
            let error = await refusal {
                try await plane.signIn.disableUser(tenant, second.id, by: Self.boss, requestID: "r")
            }
            #expect(error?.code == "last_owner")
            #expect(try await plane.enter(tenant, "second").principal.id == second.id)
        }
    }

    @Test func `the last owner keeps the role, a disabled one does not count`() async throws {
        try await ControlPlane.run { plane in
            let (tenant, signIn) = (try await plane.makeShop(), plane.signIn)
            let second = try await plane.addUser("second", .owner, to: tenant)
            _ = try await signIn.disableUser(tenant, second.id, by: Self.boss, requestID: "r")
            let error = await refusal {
                try await signIn.setUserRole(tenant, "owner@acme.example", .staff, by: Self.boss, requestID: "r")
            }
            #expect(error?.code == "last_owner")
            _ = try await signIn.enableUser(tenant, second.id, by: Self.boss, requestID: "r")
            let former = try await signIn.setUserRole(
                tenant, "owner@acme.example", .staff, by: Self.boss, requestID: "r")
            #expect(former.role == .staff)
            #expect(try await plane.enter(tenant, "second").principal.id == second.id)
        }
    }

    @Test func `the last operator stays`() async throws {
        try await ControlPlane.run { plane in
            let signIn = plane.signIn
            for email in ["a@op.example", "b@op.example"] {
                _ = try await signIn.createOperator(email: email, password: ControlPlane.password, by: Self.boss)
            }
            _ = try await signIn.disableOperator("a@op.example", by: Self.boss)
            let error = await refusal { try await signIn.disableOperator("b@op.example", by: Self.boss) }
            #expect(error?.code == "last_operator")
            #expect(try signIn.operators().map(\.isDisabled) == [true, false])
            let actions = try plane.audit(plane.system).compactMap { $0.split(separator: " ").first.map(String.init) }
            #expect(actions == ["operator.create", "operator.create", "operator.disable"])
        }
    }

    @Test func `of two owners who disable each other at once one remains`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let second = try await plane.addUser("second", .owner, to: tenant)
            let signIn = plane.signIn
            async let one = refusal {
                try await signIn.disableUser(tenant, "owner@acme.example", by: Self.boss, requestID: "r")
            }
            async let other = refusal { try await signIn.disableUser(tenant, second.id, by: Self.boss, requestID: "r") }
            #expect(await [one?.code, other?.code].compactMap(\.self) == ["last_owner"])
        }
    }

    @Test func `weak passwords and false addresses are refused together`() async throws {
        try await ControlPlane.run { plane in
            let error = await refusal {
                try await plane.signIn.createOperator(email: "no address", password: "short", by: Self.boss)
            }
            #expect(error?.faults.map(\.field) == ["email", "password"])
        }
    }

    // MARK: - Setup links

    private func use(_ plane: ControlPlane, _ token: String, _ email: String) async -> DomainError? {
        await refusal {
            try await plane.signIn.setUp(
                token: token, email: email, password: ControlPlane.password, origin: ControlPlane.origin)
        }
    }

    @Test func `a setup link makes one operator, once`() async throws {
        try await ControlPlane.run { plane in
            #expect(try !plane.signIn.hasOperator())
            let token = try await plane.signIn.makeSetupLink()
            #expect(await use(plane, token, "a@op.example") == nil)
            #expect(await use(plane, token, "b@op.example")?.code == "setup_link_expired")
            #expect(try plane.signIn.hasOperator())
            #expect(try plane.signIn.operators().map(\.email) == ["a@op.example"])
        }
    }

    @Test func `of ten who use one setup link at once one becomes operator`() async throws {
        try await ControlPlane.run { plane in
            let token = try await plane.signIn.makeSetupLink()
            await withTaskGroup { group in
                for index in 0..<10 { group.addTask { _ = await use(plane, token, "a\(index)@op.example") } }
            }
            #expect(try plane.signIn.operators().count == 1)
        }
    }

    @Test func `a setup link lives thirty minutes`() async throws {
        try await ControlPlane.run { plane in
            let late = try await plane.signIn.makeSetupLink()
            plane.clock.advance(.minutes(30))
            #expect(await use(plane, late, "a@op.example")?.code == "setup_link_expired")
            let good = try await plane.signIn.makeSetupLink()
            plane.clock.advance(.minutes(30) - .milliseconds(1))
            #expect(await use(plane, good, "a@op.example") == nil)
        }
    }

    @Test func `a new setup link ends the one before, and is kept as a hash only`() async throws {
        try await ControlPlane.run { plane in
            let (old, new) = (try await plane.signIn.makeSetupLink(), try await plane.signIn.makeSetupLink())
            #expect(await use(plane, old, "a@op.example")?.code == "setup_link_expired")
            let kept = try plane.system.read { db in
                try db.all("SELECT tokenHash FROM setupLinks") { $0.text(0) }
            }
            #expect(kept.count == 1 && kept.first != new)
            #expect(await use(plane, new, "a@op.example") == nil)
        }
    }
}
