import ApplianceCore
import CollectionKit
import Foundation
import Storage
import Testing

@testable import Tenancy

struct InvitationTests {
    private static let boss = ControlPlane.boss

    private func invite(_ plane: ControlPlane, _ tenant: Tenant, _ email: String = "new@acme.example") async throws
        -> (id: String, token: String)
    {
        let new = try await plane.signIn.invite(
            tenant, email: email, name: "Nina", role: .admin, by: Self.boss, requestID: "r")
        let (invitation, link) = (new.invitation, new.link)
        #expect(link.address.hasPrefix("https://shops.example/admin#/invitation/\(tenant.id)."))
        return (invitation.id, try #require(link.address.split(separator: "/").last.map(String.init)))
    }

    private func accept(_ plane: ControlPlane, _ token: String) async -> DomainError? {
        await refusal {
            try await plane.signIn.accept(
                token: token, name: nil, password: ControlPlane.password, origin: ControlPlane.origin)
        }
    }

    /// The same slug is taken between the first look and the row.
    @Test func `a shop comes with its owner's invitation, or neither comes`() async throws {
        try await ControlPlane.run { plane in
            let input = try TenantInput(
                ["slug": "acme", "name": "Acme", "ownerEmail": "owner@acme.example"], knownModules: [])
            let signIn = plane.signIn
            @Sendable func create() async throws -> Tenant {
                try await plane.tenants.create(input, by: Self.boss, requestID: "r") { tenant in
                    try signIn.invitation(
                        to: tenant, email: tenant.ownerEmail, name: "", role: .owner, by: Self.boss, requestID: "r")
                }
            }
            let results = await withTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask { () async -> Result<Tenant, any Error> in
                        do { return .success(try await create()) } catch { return .failure(error) }
                    }
                }
                return await group.reduce(into: [Result<Tenant, any Error>]()) { $0.append($1) }
            }
            let made = results.compactMap { try? $0.get() }
            #expect(made.count == 1)
            let tenant = try #require(made.first)
            #expect(try signIn.invitations(tenant).map(\.email) == ["owner@acme.example"])
            let messages = try plane.outbox.list(limit: 10, cursor: nil, search: nil).items
            #expect(messages.map { $0["recipient"] } == [.string("owner@acme.example")])
            #expect(try plane.system.read { db in try AccountIndex.shops(db, "OWNER@acme.example") } == [tenant.id])
            let folders = try FileManager.default.contentsOfDirectory(atPath: plane.data.tenants.path)
            #expect(folders.filter { $0.hasPrefix("ten_") } == [tenant.id])
        }
    }

    @Test func `an invitation makes the user it names, once`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let (id, token) = try await invite(plane, tenant)
            let grant = try await plane.signIn.accept(
                token: token, name: nil, password: ControlPlane.password, origin: ControlPlane.origin
            ).grant
            #expect(grant.principal.standing == .user(tenant: tenant.id, role: .admin))
            #expect(grant.principal.email == "new@acme.example" && grant.principal.name == "Nina")
            #expect(await accept(plane, token)?.code == "link_ended")
            #expect(try plane.signIn.invitations(tenant).map(\.status) == [.accepted])
            let events = try plane.audit(plane.directory.file(tenant.id)).map { $0.prefix { $0 != "{" } }
            #expect(events.suffix(2) == ["invitation.create \(id) ", "invitation.accept \(id)"])
        }
    }

    @Test func `of ten who use one invitation at once one becomes a user`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let token = try await invite(plane, tenant).token
            let ended = await withTaskGroup { group in
                for _ in 0..<10 { group.addTask { await accept(plane, token)?.code } }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(ended.filter { $0 == nil }.count == 1)
            #expect(try plane.directory.file(tenant.id).read { db in try UserStore.list(db) }.count == 2)
        }
    }

    @Test func `an invitation lives seven days`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let (late, good) = (try await invite(plane, tenant).token, try await invite(plane, tenant, "b@c.example"))
            plane.clock.advance(.days(7) - .milliseconds(1))
            #expect(await accept(plane, good.token) == nil)
            plane.clock.advance(.milliseconds(1))
            #expect(await accept(plane, late)?.code == "link_ended")
            #expect(try plane.signIn.invitations(tenant).map(\.status) == [.accepted, .expired])
        }
    }

    @Test func `a withdrawn invitation, and one that a later one replaced, are dead`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let first = try await invite(plane, tenant)
            let second = try await invite(plane, tenant)
            #expect(await accept(plane, first.token)?.code == "link_ended")
            _ = try await plane.signIn.revokeInvitation(tenant, id: second.id, by: Self.boss, requestID: "r")
            #expect(await accept(plane, second.token)?.code == "link_ended")
            let again = await refusal {
                try await plane.signIn.revokeInvitation(tenant, id: second.id, by: Self.boss, requestID: "r")
            }
            #expect(again?.code == "invitation_ended")
        }
    }

    @Test func `nothing but the link opens an invitation`() async throws {
        try await ControlPlane.run { plane in
            let (acme, bela) = (try await plane.makeShop(), try await plane.makeShop("bela"))
            let token = try await invite(plane, acme).token
            let secret = try #require(token.split(separator: ".").last)
            let forged = [
                "\(bela.id).\(secret)", "acme.\(secret)", "operator.\(secret)", "\(secret)", ".\(secret)",
                "\(acme.id).", "\(acme.id).\(secret)x", "", ".", "..",
            ]
            for token in forged { #expect(await accept(plane, token)?.code == "link_ended", "\(token)") }
            let rows = try plane.directory.file(acme.id).read { db in
                try db.all("SELECT id || tokenHash || email FROM invitations") { $0.text(0) ?? "" }
            }
            #expect(rows.count == 1 && rows.allSatisfy { !$0.contains(secret) })
        }
    }

    @Test func `who is a user already is not invited`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            #expect(await refusal { try await invite(plane, tenant, "OWNER@acme.example") }?.code == "email_taken")
            let token = try await invite(plane, tenant).token
            _ = try await plane.addUser("new", .staff, to: tenant)
            #expect(await accept(plane, token)?.code == "email_taken")
        }
    }

    @Test func `the hundred-and-first open invitation is refused`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            for index in 0..<100 { _ = try await invite(plane, tenant, "a\(index)@b.example") }
            #expect(await refusal { try await invite(plane, tenant) }?.code == "too_many_invitations")
            plane.clock.advance(.days(7))
            _ = try await invite(plane, tenant)
        }
    }

    @Test func `the message holds the link, and its row does not`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let token = try await invite(plane, tenant).token
            let items = try plane.outbox.list(limit: 10, cursor: nil, search: nil).items
            #expect(items.first?["body"]?.stringValue?.contains("#/invitation/\(token)\n") == true)
            let kept = try plane.system.read { db in
                try db.all("SELECT body || link FROM outbox") { $0.text(0) ?? "" }
            }
            let secret = try #require(token.split(separator: ".").last)
            #expect(kept.count == 1 && kept.allSatisfy { !$0.contains(secret) })
        }
    }
}
