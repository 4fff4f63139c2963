import ApplianceCore
import CollectionKit
import Storage
import Testing

@testable import Tenancy

struct LockoutTests {
    private func attempt(
        _ plane: ControlPlane, _ tenant: Tenant, _ email: String = "owner@acme.example", _ password: String = "wrong"
    ) async -> DomainError? {
        await refusal {
            try await plane.signIn.user(tenant, email: email, password: password, origin: ControlPlane.origin)
        }
    }

    @Test(arguments: ["owner@acme.example", "nobody@acme.example"])
    func `after five failures in a row each one waits twice as long, account or not`(email: String) async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            for _ in 0..<5 { #expect(await attempt(plane, tenant, email)?.code == "invalid_credentials") }
            for seconds in [1, 2, 4, 8, 16] as [Int64] {
                let refused = await attempt(plane, tenant, email, ControlPlane.password)
                #expect(refused?.code == "too_many_failures" && refused?.retryAfter == Int(seconds))
                plane.clock.advance(.seconds(seconds) - .milliseconds(1))
                #expect(await attempt(plane, tenant, email.uppercased())?.code == "too_many_failures")
                plane.clock.advance(.milliseconds(1))
                #expect(await attempt(plane, tenant, email)?.code == "invalid_credentials")
            }
            #expect(SignInFailureStore.wait(after: 14) == .seconds(512))
            for count in [15, 16, 60, 99, 100, .max] as [Int64] {
                #expect(SignInFailureStore.wait(after: count) == .seconds(900))
            }
        }
    }

    @Test func `the right password forgets the failures`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            for _ in 0..<3 {
                for _ in 0..<4 { #expect(await attempt(plane, tenant)?.code == "invalid_credentials") }
                _ = try await plane.enter(tenant)
            }
        }
    }

    @Test func `one account waits, and no other`() async throws {
        try await ControlPlane.run { plane in
            let (acme, bela) = (try await plane.makeShop(), try await plane.makeShop("bela"))
            _ = try await plane.addUser("staff", .staff, to: acme)
            for _ in 0..<6 { _ = await attempt(plane, acme) }
            #expect(await attempt(plane, acme)?.code == "too_many_failures")
            _ = try await plane.enter(acme, "staff")
            _ = try await plane.enter(bela)
            #expect(await attempt(plane, bela, "owner@acme.example")?.code == "invalid_credentials")
        }
    }

    @Test func `after a hundred failures only a new password opens the account`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            for _ in 0..<100 {
                _ = await attempt(plane, tenant)
                plane.clock.advance(.minutes(15))
            }
            #expect(await attempt(plane, tenant, "owner@acme.example", ControlPlane.password)?.code == "account_locked")
            let link = try await plane.signIn.resetLink(
                tenant, "owner@acme.example", by: ControlPlane.boss, requestID: "r")
            let token = try #require(link.address.split(separator: "/").last)
            try await plane.signIn.reset(token: String(token), password: ControlPlane.password)
            _ = try await plane.enter(tenant)
            let events = try plane.audit(plane.directory.file(tenant.id))
            #expect(events.count { $0.hasPrefix("user.sign-in-failures ") } == 2)
        }
    }

    @Test func `failures are forgotten in a day, many in thirty`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            func kept() throws -> Int64? {
                try plane.directory.file(tenant.id).read { db in
                    try db.first("SELECT count(*) FROM signInFailures") { $0.integer(0) }
                }
            }
            for index in 0..<20 { _ = await attempt(plane, tenant, "a\(index)@b.example") }
            for _ in 0..<5 { _ = await attempt(plane, tenant, "often@b.example") }
            #expect(try kept() == 21)
            plane.clock.advance(.days(1) + .seconds(1))
            _ = await attempt(plane, tenant, "later@b.example")
            #expect(try kept() == 2)
            plane.clock.advance(.days(30))
            _ = await attempt(plane, tenant, "last@b.example")
            #expect(try kept() == 1)
            let rows = try plane.directory.file(tenant.id).read { db in
                try db.all("SELECT accountHash FROM signInFailures") { $0.text(0) ?? "" }
            }
            #expect(rows.allSatisfy { !$0.contains("example") })
        }
    }

    // MARK: - Addresses

    @Test func `what an address has used up is used up after a restart`() async throws {
        try await ControlPlane.run { plane in
            for _ in 0..<100 { try plane.signIn.addresses.take("192.0.2.7") }
            #expect(await refusal { try plane.signIn.addresses.take("192.0.2.7") }?.code == "too_many_requests")
            await plane.signIn.settle()
            let restarted = AddressLimits(
                system: plane.system, afterwards: Afterwards(), time: plane.clock.source)
            try restarted.load()
            #expect(await refusal { try restarted.take("192.0.2.7") }?.retryAfter == 9)
            try restarted.take("192.0.2.8")
            plane.clock.advance(.seconds(9))
            try restarted.take("192.0.2.7")
            #expect(await refusal { try restarted.take("192.0.2.7") }?.code == "too_many_requests")
        }
    }
}
