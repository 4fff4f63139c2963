import ApplianceCore
import CollectionKit
import HTTPAPI
import Storage
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
        let expired: Person
        let endedOperator: Person
        let disabledOperator: Person
        /// Operators who are not owners.
        let support: Person
        let billing: Person
        let revokedKey: Person
        let expiredKey: Person
        /// May read everything and change nothing.
        let readingKey: Person
        /// May do everything in its own shop.
        let strangersKey: Person
        /// Has a role of the shop's own: reads customers.
        let clerk: Person
    }

    private static let canary = "only-acme-knows"

    @Test func `every route refuses everybody who may not use it`() async throws {
        try await withShops(plan: "enterprise") { server, person, acme, bela in
            let cast = try await makeCast(server, person, acme, bela)
            // In bela, and nowhere else: nobody lets this operator into acme.
            try await server.actAs(person, in: bela.slug)
            let samples = try await samples(server, person, acme)
            let before = try server.fingerprint(acme)
            // Reading first: what a stranger writes into the own shop may look like the victim's.
            for sample in samples.filter(\.isRead) + samples.filter({ !$0.isRead }) {
                try await refuseCredentials(server, sample, cast)
                try await refuseRoles(server, sample, cast)
                try await refuseStrangers(server, sample, person: person, victim: acme, stranger: bela)
                try await refuseStrangersKey(server, sample, cast.strangersKey, victim: acme)
                try await refuseBeyondRole(server, sample, cast.clerk)
            }
            #expect(try server.fingerprint(acme) == before)
        }
    }

    /// The other half of the proof: the same calls, made by those who may, succeed.
    @Test func `every sample succeeds for those who may use the route`() async throws {
        try await withShops(plan: "enterprise") { server, person, acme, _ in
            for sample in try await samples(server, person, acme) {
                let answer = try await server.sendRightly(sample, operator: person, acme)
                #expect(answer.status == sample.status, "\(sample.name): \(answer.text.prefix(300))")
            }
        }
    }

    @Test func `a suspended shop can be read and not changed`() async throws {
        try await withShops(plan: "enterprise") { server, person, acme, _ in
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

    private func makeCast(
        _ server: TestServer, _ person: Person, _ shop: Shop, _ stranger: Shop
    ) async throws -> Cast {
        let cast = Cast(
            viewer: try await server.addUser("viewer", .viewer, to: shop),
            staff: try await server.addUser("staff", .staff, to: shop),
            ended: try await server.addUser("ended", .owner, to: shop),
            disabled: try await server.addUser("disabled", .owner, to: shop),
            expired: try await server.addUser("expired", .owner, to: shop),
            endedOperator: try await server.signIn("op@example.com"),
            disabledOperator: try await server.addOperator("second@example.com", by: person),
            support: try await server.addOperator("support@example.com", by: person, role: "support"),
            billing: try await server.addOperator("billing@example.com", by: person, role: "billing"),
            revokedKey: try await server.addKey(["write"], role: "admin", to: shop),
            expiredKey: try await server.addKey(["write"], role: "admin", days: 1, to: shop),
            readingKey: try await server.addKey(["read"], role: "admin", to: shop),
            strangersKey: try await server.addKey(["write"], role: "admin", to: stranger),
            clerk: try await server.addClerk(to: shop))
        try await server.expect(200, "POST", "/api/api-keys/\(cast.revokedKey.id)/revoke", by: shop.owner)
        try await letExpire(server, shop, cast)
        // Its use is noted now and not once more while the clock stands.
        try await server.expect(200, "GET", "/api/customers", by: cast.readingKey)
        await server.appliance.signIn.settle()
        try await server.expect(204, "POST", "/api/auth/logout", by: cast.ended)
        try await server.expect(204, "POST", "/api/auth/logout", by: cast.endedOperator)
        try await server.expect(200, "POST", "/api/users/\(cast.disabled.id)/disable", by: shop.owner)
        try await server.expect(
            200, "POST", "/api/admin/operators/\(cast.disabledOperator.id)/disable", by: person)
        return cast
    }

    private func letExpire(_ server: TestServer, _ shop: Shop, _ cast: Cast) async throws {
        let now = server.clock.now.description
        try await server.appliance.directory.file(shop.id).write { db in
            for (table, column, id) in [
                ("sessions", "userId", cast.expired.id), ("apiKeys", "id", cast.expiredKey.id),
            ] {
                try db.run("UPDATE \(table) SET expiresAt = ?1 WHERE \(column) = ?2", [.text(now), .text(id)])
            }
        }
        server.appliance.signIn.sessions.forgetAll()
    }

    private func samples(_ server: TestServer, _ person: Person, _ shop: Shop) async throws -> [RouteSample] {
        try await RouteSamples(server: server, person: person, shop: shop, canary: Self.canary).all()
    }

    // MARK: - Who is refused how

    private func refuseCredentials(_ server: TestServer, _ sample: RouteSample, _ cast: Cast) async throws {
        if sample.entry.access == .open { return }
        let dead = [
            cast.ended, cast.disabled, cast.expired, cast.endedOperator, cast.disabledOperator, cast.revokedKey,
            cast.expiredKey,
        ]
        for person in [nil] + dead {
            let answer = try await server.send(sample, by: person)
            #expect(answer.status == 401 && answer.code == "sign_in_required", sample.name)
            #expect(answer["WWW-Authenticate"] == "Bearer", sample.name)
        }
        for cookie in [cast.ended, cast.disabled, cast.expired, cast.endedOperator].map(\.cookie) {
            let answer = try await server.send(
                sample.entry.method, sample.path, headers: [("Cookie", cookie)])
            #expect(answer.status == 401, sample.name)
        }
    }

    private func refuseRoles(_ server: TestServer, _ sample: RouteSample, _ cast: Cast) async throws {
        let refused: [Person] =
            switch sample.entry.access {
            case .open, .signedIn, .tenant(.read): []
            case .tenant(.create), .tenant(.update): [cast.viewer, cast.readingKey]
            case .tenant(.delete), .tenantManager, .operator: [cast.viewer, cast.staff, cast.readingKey]
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

    /// Whoever may read customers and nothing else is refused everything else by name, and sees nothing of it.
    private func refuseBeyondRole(_ server: TestServer, _ sample: RouteSample, _ clerk: Person) async throws {
        // Theirs to do, for themselves.
        if [.open, .signedIn].contains(sample.entry.access) || sample.entry.path == "/api/legal/accept" { return }
        let answer = try await server.send(sample, by: clerk)
        var expected: (status: Int, code: String?) = (403, "not_permitted")
        switch sample.entry.access {
        case .operator: expected.code = "operators_only"
        case .open, .signedIn, .tenantManager, .tenant(.create), .tenant(.update), .tenant(.delete): break
        case .tenant(.read):
            if sample.entry.collection == "customers" {
                #expect(answer.status == sample.status, sample.name)
                return
            }
            if sample.entry.path.hasPrefix("/api/files") {
                expected = (404, "not_found")
            } else if sample.entry.collection == nil {
                expected = (sample.status, nil)
            }
        }
        #expect(answer.status == expected.status && answer.code == expected.code, "\(sample.name): \(answer.text)")
        #expect(!answer.text.contains(Self.canary), sample.name)
    }

    /// A key that may do everything elsewhere does nothing here.
    private func refuseStrangersKey(
        _ server: TestServer, _ sample: RouteSample, _ key: Person, victim: Shop
    ) async throws {
        let expected: String
        switch sample.entry.access {
        case .open, .signedIn: return
        case .operator: expected = "operators_only"
        case .tenant, .tenantManager: expected = "tenant_mismatch"
        }
        for tenant in [victim.slug, victim.id] {
            let answer = try await server.send(sample, by: key, tenant: tenant)
            #expect(answer.status == 403 && answer.code == expected, sample.name)
        }
        if case .tenant = sample.entry.access { try await reach(server, sample, by: key, tenant: nil) }
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
