import ApplianceCore
import Testing

@testable import Tenancy

/// A trial lasts until the end of a day where the shop is (`facts/trials.md`).
struct TrialEndTests {
    static let ends: [(zone: String, start: String, days: Int, end: String)] = [
        ("Asia/Kolkata", "2026-11-21T02:00:00Z", 14, "2026-12-05T18:30:00.000Z"),
        // Half an hour into the 21st there, still the 20th in Greenwich.
        ("Asia/Kolkata", "2026-11-20T19:00:00Z", 14, "2026-12-05T18:30:00.000Z"),
        ("Asia/Kolkata", "2026-11-20T18:00:00Z", 14, "2026-12-04T18:30:00.000Z"),
        ("Asia/Kathmandu", "2026-11-21T02:00:00Z", 1, "2026-11-22T18:15:00.000Z"),
        // Over the change to winter time: 24 h × 14 would end an hour early.
        ("America/New_York", "2026-10-25T12:00:00Z", 14, "2026-11-09T05:00:00.000Z"),
        ("Europe/Berlin", "2027-03-20T12:00:00Z", 14, "2027-04-03T22:00:00.000Z"),
        ("UTC", "2026-12-31T23:59:59Z", 1, "2027-01-02T00:00:00.000Z"),
        ("UTC", "2028-02-28T10:00:00Z", 1, "2028-03-01T00:00:00.000Z"),
    ]

    @Test(arguments: ends) func `a trial ends with a local day`(zone: String, start: String, days: Int, end: String)
        throws
    {
        let input = try TenantInput(
            [
                "slug": "acme", "ownerEmail": "o@acme.example", "timeZone": .string(zone),
                "trialDays": .integer(Int64(days)),
            ], knownModules: [])
        let tenant = Tenant(input, id: "ten_1", now: try instant(start))
        #expect(tenant.trialEndsAt?.description == end)
        #expect(tenant.status == .trialing)
    }

    @Test func `without trial days a shop is active at once`() throws {
        let input = try TenantInput(
            ["slug": "acme", "ownerEmail": "o@acme.example", "trialDays": 0], knownModules: [])
        let tenant = Tenant(input, id: "ten_1", now: try instant("2026-11-21T02:00:00Z"))
        #expect(tenant.status == .active && tenant.trialEndsAt == nil)
    }

    @Test func `a longer trial ends so many days later`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            #expect(tenant.trialEndsAt?.description == "2026-12-05T18:30:00.000Z")
            let longer = try await plane.tenants.extendTrial("acme", days: 7, by: ControlPlane.boss, requestID: "req_2")
            #expect(longer.trialEndsAt?.description == "2026-12-12T18:30:00.000Z")
            #expect(longer.version == tenant.version + 1)
        }
    }

    @Test func `a trial that is over goes on from today`() async throws {
        try await ControlPlane.run { plane in
            _ = try await plane.makeShop()
            try plane.clock.set("2027-01-10T00:00:00Z")
            let longer = try await plane.tenants.extendTrial("acme", days: 3, by: ControlPlane.boss, requestID: "req_2")
            #expect(longer.trialEndsAt?.description == "2027-01-13T18:30:00.000Z")
        }
    }

    @Test func `a longer trial across the clock change still ends at midnight`() async throws {
        try await ControlPlane.run(at: "2026-10-20T12:00:00.000Z") { plane in
            _ = try await plane.makeShop(zone: "America/New_York", trialDays: 7)
            let longer = try await plane.tenants.extendTrial("acme", days: 7, by: ControlPlane.boss, requestID: "req_2")
            #expect(longer.trialEndsAt?.description == "2026-11-04T05:00:00.000Z")
        }
    }
}
