import ApplianceCore
import CollectionKit
import Storage
import Testing

@testable import Tenancy

/// The states of a shop over time (`facts/trials.md`): 14 days of trial, 7 of grace, 30 read-only, 60 for owners only.
struct TenantLifecycleTests {
    private static let boss = ControlPlane.boss
    private static let request = MoveRequest(by: boss, requestID: "req_1", reason: "asked for")

    /// Where a shop in Kolkata stands whose trial began on 21 November and whom nobody touches.
    static let life: [(at: String, status: Tenant.Status)] = [
        ("2026-11-21T02:00:00.000Z", .trialing), ("2026-12-05T18:29:59.999Z", .trialing),
        ("2026-12-05T18:30:00.000Z", .pastDue), ("2026-12-12T18:29:59.999Z", .pastDue),
        ("2026-12-12T18:30:00.000Z", .suspended), ("2027-01-11T18:29:59.999Z", .suspended),
        ("2027-01-11T18:30:00.000Z", .cancelled), ("2027-03-12T18:30:00.000Z", .cancelled),
        // Never deleted by the clock.
        ("2036-01-01T00:00:00.000Z", .cancelled),
    ]

    @Test(arguments: life) func `dates decide, whether or not a job has run`(at: String, status: Tenant.Status)
        async throws
    {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let now = try instant(at)
            #expect(tenant.status(at: now) == status && tenant.settled(at: now).status == status)
            try plane.clock.set(at)
            _ = try await plane.tenants.settleAll()
            let written = try #require(plane.directory["acme"])
            #expect(written.status == status && written == plane.directory[tenant.id])
            #expect(try await plane.tenants.settleAll() == 0)
        }
    }

    @Test func `over a clock change grace and suspension still end at midnight there`() async throws {
        try await ControlPlane.run(at: "2026-10-20T12:00:00.000Z") { plane in
            let tenant = try await plane.makeShop(zone: "America/New_York", trialDays: 7)
            // Summer time until 1 November: midnight is at 04:00 UTC before and 05:00 behind it.
            #expect(tenant.trialEndsAt?.description == "2026-10-28T04:00:00.000Z")
            #expect(tenant.graceEndsAt?.description == "2026-11-04T05:00:00.000Z")
            #expect(tenant.suspensionEndsAt?.description == "2026-12-04T05:00:00.000Z")
            #expect(tenant.deletionDueAt?.description == "2027-02-02T05:00:00.000Z")
        }
    }

    @Test func `what the clock has done is told in order, by nobody, with the instants it holds from`() async throws {
        try await ControlPlane.run { plane in
            let id = try await plane.makeShop().id
            try plane.clock.set("2027-02-01T00:00:00Z")
            // A person acts before the job has run: the steps come first all the same.
            _ = try await plane.tenants.convert(id, paidUntil: nil, Self.request)
            #expect(
                try plane.audit(plane.system) == [
                    "tenant.create \(id)",
                    #"tenant.trial-end \#(id) {"from":"trialing","since":"2026-12-05T18:30:00.000Z","to":"past_due"}"#,
                    #"tenant.grace-end \#(id) {"from":"past_due","since":"2026-12-12T18:30:00.000Z","to":"suspended"}"#,
                    #"tenant.suspension-end \#(id) "#
                        + #"{"from":"suspended","since":"2027-01-11T18:30:00.000Z","to":"cancelled"}"#,
                    #"tenant.convert \#(id) "#
                        + #"{"from":"cancelled","paidUntil":null,"reason":"asked for","to":"active"}"#,
                ])
            let actors = try plane.tenants.history(id).map { $0["actor"]?.stringValue }
            #expect(actors == ["operator:opr_boss", "system", "system", "system", "operator:opr_boss"])
            let tenant = try #require(plane.directory[id])
            #expect(tenant.upcoming(after: plane.clock.now).isEmpty && tenant.graceEndsAt == nil)
        }
    }

    @Test func `a paid period ends in grace too, and a renewal takes the shop back`() async throws {
        try await ControlPlane.run { plane in
            let id = try await plane.makeShop().id
            let end = try instant("2026-12-31T18:30:00Z")
            let paid = try await plane.tenants.convert(id, paidUntil: end, Self.request)
            #expect(paid.status == .active && paid.graceEndsAt?.description == "2027-01-07T18:30:00.000Z")
            #expect(paid.upcoming(after: plane.clock.now).map(\.to) == [.pastDue, .suspended, .cancelled])
            try plane.clock.set("2027-01-03T00:00:00Z")
            #expect(paid.status(at: plane.clock.now) == .pastDue)
            let shorter = await refusal { try await plane.tenants.renew(id, paidUntil: end, Self.request) }
            #expect(shorter?.faults.first?.code == "not_in_future")
            let later = try instant("2027-12-31T18:30:00Z")
            let renewed = try await plane.tenants.renew(id, paidUntil: later, Self.request)
            #expect(renewed.status == .active && renewed.paidUntil == later && renewed.convertedAt == paid.convertedAt)
            let back = await refusal {
                try await plane.tenants.renew(id, paidUntil: later.subtracting(.days(1)), Self.request)
            }
            #expect(back?.faults.first?.code == "not_later")
        }
    }

    @Test func `a cancellation waits for the end of the period and can be taken back until then`() async throws {
        try await ControlPlane.run { plane in
            let id = try await plane.makeShop().id
            let cancelled = try await plane.tenants.cancel(id, at: nil, Self.request)
            #expect(cancelled.status == .trialing && cancelled.cancelsAt == cancelled.trialEndsAt)
            let twice = await refusal { try await plane.tenants.cancel(id, at: nil, Self.request) }
            #expect(twice?.code == "already_cancelling")
            let back = try await plane.tenants.reactivate(id, Self.request)
            #expect(back.cancelsAt == nil && back.graceEndsAt?.description == "2026-12-12T18:30:00.000Z")
            _ = try await plane.tenants.cancel(id, at: nil, Self.request)
            let end = try #require(cancelled.cancelsAt)
            let tenant = try #require(plane.directory[id])
            // No grace for whoever leaves by themselves.
            #expect(tenant.status(at: end) == .suspended)
            #expect(tenant.status(at: end.subtracting(.seconds(1))) == .trialing)
            plane.clock.advance(end.since(plane.clock.now))
            #expect(try await plane.tenants.settleAll() == 1)
            let again = try await plane.tenants.reactivate(id, Self.request)
            // Its trial is over: what is left are days of grace, counted from now.
            #expect(again.status == .pastDue && again.graceEndsAt?.description == "2026-12-12T18:30:00.000Z")
        }
    }

    @Test func `cancelled now, only the owners are left, and nothing can be changed`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop(trialDays: 0)
            _ = try await plane.addUser("sam", .staff, to: tenant)
            let open = await refusal { try await plane.tenants.cancel("acme", at: nil, Self.request) }
            #expect(open?.code == "no_period")
            let gone = try await plane.tenants.cancelNow("acme", Self.request)
            #expect(gone.status == .cancelled && gone.deletionDueAt?.description == "2027-01-20T18:30:00.000Z")
            _ = try await plane.enter(gone)
            let staff = await refusal {
                try await plane.signIn.user(
                    gone, email: "sam@acme.example", password: ControlPlane.password, origin: ControlPlane.origin)
            }
            #expect(staff?.code == "tenant_cancelled")
            let back = try await plane.tenants.reactivate("acme", Self.request)
            #expect(back.status == .active && back.deletionDueAt == nil)
        }
    }

    @Test func `what a person suspended, neither the clock moves on nor a payment takes back`() async throws {
        try await ControlPlane.run { plane in
            let id = try await plane.makeShop().id
            let held = try await plane.tenants.suspend(id, reason: "abuse", by: Self.boss, requestID: "r")
            #expect(held.status(at: .latest) == .suspended && held.upcoming(after: plane.clock.now).isEmpty)
            #expect(Reminder.all(of: held).isEmpty)
            let extended = await refusal {
                try await plane.tenants.extendTrial(id, days: 9, by: Self.boss, requestID: "r")
            }
            let converted = await refusal { try await plane.tenants.convert(id, paidUntil: nil, Self.request) }
            #expect(extended?.code == "held" && converted?.code == "held")
            try plane.clock.set("2027-06-01T00:00:00Z")
            let back = try await plane.tenants.reactivate(id, Self.request)
            #expect(back.status == .pastDue && back.graceEndsAt?.description == "2027-06-08T18:30:00.000Z")
        }
    }

    /// Every move from every state: the table allows it and it happens, or it is refused and nothing has changed.
    @Test func `moves that the table does not have are refused and leave nothing`() async throws {
        try await ControlPlane.run { plane in
            let tenants = plane.tenants
            let later = try instant("2030-01-01T00:00:00Z")
            let moves: [(TenantMove.Name, @Sendable (String) async throws -> Tenant)] = [
                (.extendTrial, { try await tenants.extendTrial($0, days: 3, by: Self.boss, requestID: "r") }),
                (.convert, { try await tenants.convert($0, paidUntil: later, Self.request) }),
                (.renew, { try await tenants.renew($0, paidUntil: later, Self.request) }),
                (.activate, { try await tenants.activate($0, by: Self.boss, requestID: "r") }),
                (.suspend, { try await tenants.suspend($0, reason: "x", by: Self.boss, requestID: "r") }),
                (.cancelNow, { try await tenants.cancelNow($0, Self.request) }),
            ]
            for status in [Tenant.Status.trialing, .active, .pastDue, .suspended, .cancelled] {
                for (name, make) in moves {
                    let id = try await shop(plane, status, name)
                    let before = plane.directory[id]
                    let refusal = await refusal { try await make(id) }
                    let move = try #require(TenantMove.named(name))
                    if move.from.contains(status) {
                        #expect(refusal == nil, "\(name) from \(status): \(refusal?.message ?? "")")
                        #expect(plane.directory[id].map { move.to.contains($0.status) } == true)
                    } else {
                        #expect(refusal?.category == .conflict, "\(name) from \(status)")
                        #expect(plane.directory[id] == before)
                    }
                }
            }
        }
    }

    /// A shop in the state, brought there by dates: on trial, or paid where the move is about that.
    private func shop(_ plane: ControlPlane, _ status: Tenant.Status, _ move: TenantMove.Name) async throws -> String {
        try plane.clock.set("2026-11-21T02:00:00.000Z")
        let isPaid = status == .active || move == .renew && status != .trialing
        let slug = "shop-\(status.rawValue.replacing("_", with: "-"))-\(move.rawValue)"
        let tenant = try await plane.makeShop(slug, owner: false)
        if isPaid {
            _ = try await plane.tenants.convert(slug, paidUntil: instant("2026-12-05T18:30:00Z"), Self.request)
        }
        switch status {
        case .pastDue: try plane.clock.set("2026-12-06T00:00:00Z")
        case .suspended: try plane.clock.set("2026-12-20T00:00:00Z")
        case .cancelled: try plane.clock.set("2027-02-01T00:00:00Z")
        default: break
        }
        _ = try await plane.tenants.settleAll()
        #expect(plane.directory[slug]?.status == status)
        return tenant.id
    }

    @Test func `each move stands in the table once, and no state is a dead end`() throws {
        #expect(
            TenantMove.table.map(\.name).sorted { $0.rawValue < $1.rawValue }
                == TenantMove.Name.allCases.sorted { $0.rawValue < $1.rawValue })
        for status in Tenant.Status.allCases where status != .erased {
            #expect(TenantMove.table.contains { $0.from.contains(status) }, "\(status) is a dead end")
        }
        for status in Tenant.Status.allCases {
            #expect(TenantMove.table.contains { $0.to.contains(status) }, "\(status) cannot be reached")
        }
    }
}
