import ApplianceCore
import CollectionKit
import HTTPAPI
import Tenancy
import Testing

@testable import ApplianceServer

/// Every route of the server's own list × everybody who may not use it. A new route fails here until `RouteSamples`
/// knows how it is called rightly: only then does a refusal prove anything.
struct IsolationMatrixTests {
    /// Everybody who tries, made before the victim's data is looked at.
    private struct Cast {
        let viewer: Person
        let staff: Person
        let ended: Person
        let disabled: Person
        let endedOperator: Person
        let disabledOperator: Person
        /// Operators who are not owners.
        let support: Person
        let billing: Person
    }

    private static let canary = "only-acme-knows"

    @Test func `every route refuses everybody who may not use it`() async throws {
        try await withShops { server, person, acme, bela in
            let cast = try await makeCast(server, person, acme)
            // In bela, and nowhere else: nobody lets this operator into acme.
            try await server.actAs(person, in: bela.slug)
            let samples = try await samples(server, person, acme)
            let before = try server.fingerprint(acme)
            // Reading first: what a stranger writes into the own shop may look like the victim's.
            for sample in samples.filter(\.isRead) + samples.filter({ !$0.isRead }) {
                try await refuseCredentials(server, sample, cast)
                try await refuseRoles(server, sample, cast)
                try await refuseStrangers(server, sample, person: person, victim: acme, stranger: bela)
            }
            #expect(try server.fingerprint(acme) == before)
        }
    }

    /// The other half of the proof: the same calls, made by those who may, succeed.
    @Test func `every sample succeeds for those who may use the route`() async throws {
        try await withShops { server, person, acme, _ in
            for sample in try await samples(server, person, acme) {
                let answer =
                    switch sample.entry.access {
                    case .open: try await server.send(sample)
                    case .operator: try await server.send(sample, by: person)
                    case .signedIn: try await server.send(sample, by: server.signIn(RouteSamples.member, "acme"))
                    case .tenant, .tenantManager: try await server.send(sample, by: acme.owner)
                    }
                #expect(answer.status == sample.status, "\(sample.name): \(answer.text.prefix(300))")
            }
        }
    }

    @Test func `a suspended shop can be read and not changed`() async throws {
        try await withShops { server, person, acme, _ in
            let samples = try await samples(server, person, acme)
            try await server.expect(
                200, "POST", "/api/admin/tenants/acme/suspend", by: person, json: ["reason": "unpaid"])
            let before = try server.fingerprint(acme)
            for sample in samples {
                switch sample.entry.access {
                case .open, .signedIn, .operator: continue
                case .tenant, .tenantManager: break
                }
                // Sending an operator out is no change of the shop.
                if sample.entry.path == "/api/shop/support/{id}/end" { continue }
                let answer = try await server.send(sample, by: acme.owner)
                #expect(answer.status == (sample.isRead ? 200 : 403), sample.name)
                if !sample.isRead { #expect(answer.code == "tenant_suspended", sample.name) }
            }
            #expect(try server.fingerprint(acme) == before)
        }
    }

    private func makeCast(_ server: TestServer, _ person: Person, _ shop: Shop) async throws -> Cast {
        let cast = Cast(
            viewer: try await server.addUser("viewer", .viewer, to: shop),
            staff: try await server.addUser("staff", .staff, to: shop),
            ended: try await server.addUser("ended", .owner, to: shop),
            disabled: try await server.addUser("disabled", .owner, to: shop),
            endedOperator: try await server.signIn("op@example.com"),
            disabledOperator: try await server.addOperator("second@example.com", by: person),
            support: try await server.addOperator("support@example.com", by: person, role: "support"),
            billing: try await server.addOperator("billing@example.com", by: person, role: "billing"))
        try await server.expect(204, "POST", "/api/auth/logout", by: cast.ended)
        try await server.expect(204, "POST", "/api/auth/logout", by: cast.endedOperator)
        try await server.expect(200, "POST", "/api/users/\(cast.disabled.id)/disable", by: shop.owner)
        try await server.expect(
            200, "POST", "/api/admin/operators/\(cast.disabledOperator.id)/disable", by: person)
        return cast
    }

    private func samples(_ server: TestServer, _ person: Person, _ shop: Shop) async throws -> [RouteSample] {
        _ = try await server.addUser("member", .owner, to: shop)
        let maker = RouteSamples(server: server, person: person, shop: shop, canary: Self.canary)
        var samples: [RouteSample] = []
        for entry in try server.appliance.makeRoutes().entries {
            do {
                samples.append(try await maker.sample(entry))
            } catch let missing as NoRule {
                Issue.record("no rule for \(missing.route): add it to RouteSamples")
            }
        }
        return samples
    }

    // MARK: - Who is refused how

    private func refuseCredentials(_ server: TestServer, _ sample: RouteSample, _ cast: Cast) async throws {
        if sample.entry.access == .open { return }
        for person in [nil, cast.ended, cast.disabled, cast.endedOperator, cast.disabledOperator] {
            let answer = try await server.send(sample, by: person)
            #expect(answer.status == 401 && answer.code == "sign_in_required", sample.name)
            #expect(answer["WWW-Authenticate"] == "Bearer", sample.name)
        }
        for cookie in [cast.ended.cookie, cast.disabled.cookie, cast.endedOperator.cookie] {
            let answer = try await server.send(
                sample.entry.method, sample.path, headers: [("Cookie", cookie)])
            #expect(answer.status == 401, sample.name)
        }
    }

    private func refuseRoles(_ server: TestServer, _ sample: RouteSample, _ cast: Cast) async throws {
        let refused: [Person] =
            switch sample.entry.access {
            case .open, .signedIn, .tenant(.read): []
            case .tenant(.create), .tenant(.update): [cast.viewer]
            case .tenant(.delete), .tenantManager, .operator: [cast.viewer, cast.staff]
            }
        for person in refused {
            let answer = try await server.send(sample, by: person)
            let code = sample.entry.access == .operator ? "operators_only" : "not_permitted"
            #expect(answer.status == 403 && answer.code == code, sample.name)
            #expect(!answer.text.contains(Self.canary), sample.name)
        }
        guard let right = sample.entry.right else { return }
        for (person, rights) in [(cast.support, [.view, .support]), (cast.billing, [.view, .billing])]
            as [(Person, [OperatorRight])] where !rights.contains(right)
        {
            let answer = try await server.send(sample, by: person)
            #expect(answer.status == 403 && answer.code == "not_permitted", sample.name)
        }
    }

    private func refuseStrangers(
        _ server: TestServer, _ sample: RouteSample, person: Person, victim: Shop, stranger: Shop
    ) async throws {
        switch sample.entry.access {
        case .open, .signedIn: return
        case .operator:
            for tenant in [nil, stranger.slug, victim.slug] {
                let answer = try await server.send(sample, by: stranger.owner, tenant: tenant)
                #expect(answer.status == 403 && answer.code == "operators_only", sample.name)
            }
        case .tenant, .tenantManager:
            for tenant in [victim.slug, victim.id, "nobody"] {
                let answer = try await server.send(sample, by: stranger.owner, tenant: tenant)
                #expect(answer.status == 403 && answer.code == "tenant_mismatch", sample.name)
            }
            let unnamed = try await server.send(sample, by: person)
            #expect(unnamed.status == 400 && unnamed.code == "tenant_required", sample.name)
            let closed = try await server.send(sample, by: person, tenant: victim.slug)
            #expect(closed.status == 403 && closed.code == "act_as_required", sample.name)
            #expect(!closed.text.contains(Self.canary), sample.name)
            try await reach(server, sample, by: stranger.owner, tenant: nil)
            try await reach(server, sample, by: person, tenant: stranger.slug)
        }
    }

    /// The victim's ids mean nothing inside another shop, and say so exactly as ids that never were.
    private func reach(_ server: TestServer, _ sample: RouteSample, by person: Person, tenant: String?) async throws {
        let answer = try await server.send(sample, by: person, tenant: tenant)
        #expect(!answer.text.contains(Self.canary) || !sample.isRead, sample.name)
        guard sample.namesRecord else { return }
        let nothing = try await server.send(sample.ofNothing, by: person, tenant: tenant)
        #expect(answer.status == 404 && nothing.status == 404, sample.name)
        for member in ["code", "detail", "title", "type", "hint", "errors"] {
            #expect(answer.json[member] == nothing.json[member], sample.name)
        }
    }
}
