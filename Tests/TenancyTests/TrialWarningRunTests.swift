import ApplianceCore
import Testing

@testable import Tenancy

struct TrialWarningRunTests {
    private func warnings(_ plane: ControlPlane) -> TrialWarnings {
        TrialWarnings(system: plane.system, ids: plane.ids, time: plane.clock.source)
    }

    private func kinds(_ plane: ControlPlane, _ status: String = "kept") throws -> [String] {
        try plane.outbox.list(limit: 100, cursor: nil, search: nil).items.reversed().filter {
            $0["status"]?.stringValue == status
        }
        .compactMap { $0["kind"]?.stringValue }
    }

    /// Runs as the job does, every quarter of an hour.
    private func live(_ plane: ControlPlane, until end: String) async throws {
        while plane.clock.now < (try instant(end)) {
            plane.clock.advance(.minutes(15))
            _ = try await warnings(plane).run()
        }
    }

    @Test func `each warning is kept exactly once over a whole trial`() async throws {
        try await ControlPlane.run { plane in
            _ = try await plane.makeShop()
            try await live(plane, until: "2026-12-05T18:00:00Z")
            #expect(try kinds(plane) == ["trial_7d", "trial_3d", "trial_1d"])
        }
    }

    @Test func `behind a trial each edge is told once, and when the data may go`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let told = [
                "2026-11-28T03:30:00Z", "2026-12-02T03:30:00Z", "2026-12-04T03:30:00Z", "2026-12-05T18:30:00Z",
                "2026-12-11T03:30:00Z", "2026-12-12T18:30:00Z", "2027-01-11T18:30:00Z", "2027-03-05T03:30:00Z",
                "2027-03-11T03:30:00Z",
            ]
            for moment in told {
                plane.clock.advance(.milliseconds(try instant(moment).since(plane.clock.now).wholeMilliseconds - 1))
                #expect(try await warnings(plane).run() == 0, "\(moment)")
                plane.clock.advance(.milliseconds(1))
                #expect(try await warnings(plane).run() == 1, "\(moment)")
                #expect(try await warnings(plane).run() == 0)
            }
            #expect(
                try kinds(plane) == [
                    "trial_7d", "trial_3d", "trial_1d", "expired", "grace_1d", "suspended", "cancelled", "purge_7d",
                    "purge_1d",
                ])
            #expect(try kinds(plane, "skipped_superseded").isEmpty)
            #expect(tenant.deletionDueAt == (try instant("2027-03-12T18:30:00Z")))
            try plane.clock.set("2027-06-01T00:00:00Z")
            #expect(try await warnings(plane).run() == 0)
        }
    }

    @Test func `running at the same time makes no second message`() async throws {
        try await ControlPlane.run(at: "2026-11-28T03:30:00.000Z") { plane in
            _ = try await plane.makeShop(trialDays: 7)
            let job = warnings(plane)
            let made = try await withThrowingTaskGroup { group in
                for _ in 0..<20 { group.addTask { try await job.run() } }
                return try await group.reduce(0, +)
            }
            #expect(made == 1)
            #expect(try kinds(plane) == ["trial_7d"])
        }
    }

    @Test func `after downtime only the nearest warning is sent`() async throws {
        try await ControlPlane.run { plane in
            _ = try await plane.makeShop()
            try plane.clock.set("2026-12-04T10:00:00Z")
            #expect(try await warnings(plane).run() == 1)
            try await live(plane, until: "2026-12-05T18:00:00Z")
            #expect(try kinds(plane) == ["trial_1d"])
            #expect(try kinds(plane, "skipped_superseded") == ["trial_7d", "trial_3d"])
        }
    }

    @Test func `a longer trial gets warnings of its own`() async throws {
        try await ControlPlane.run { plane in
            _ = try await plane.makeShop()
            try await live(plane, until: "2026-12-03T00:00:00Z")
            _ = try await plane.tenants.extendTrial("acme", days: 10, by: ControlPlane.boss, requestID: "req_2")
            try await live(plane, until: "2026-12-15T18:00:00Z")
            #expect(try kinds(plane) == ["trial_7d", "trial_3d", "trial_7d", "trial_3d", "trial_1d"])
        }
    }

    @Test func `shops that are active or suspended are not warned`() async throws {
        try await ControlPlane.run(at: "2026-12-04T10:00:00.000Z") { plane in
            for slug in ["acme", "bela", "cato"] { _ = try await plane.makeShop(slug, trialDays: 1, owner: false) }
            _ = try await plane.tenants.activate("acme", by: ControlPlane.boss, requestID: "req_2")
            _ = try await plane.tenants.suspend("bela", reason: "abuse", by: ControlPlane.boss, requestID: "req_3")
            #expect(try await warnings(plane).run() == 1)
            let items = try plane.outbox.list(limit: 10, cursor: nil, search: nil).items
            #expect(items.map { $0["tenant"]?["slug"]?.stringValue } == ["cato"])
        }
    }

    @Test func `the outbox is read in pages and searched`() async throws {
        try await ControlPlane.run(at: "2026-12-04T10:00:00.000Z") { plane in
            for slug in ["acme", "bela", "cato"] { _ = try await plane.makeShop(slug, trialDays: 1, owner: false) }
            #expect(try await warnings(plane).run() == 3)
            let outbox = plane.outbox
            let first = try outbox.list(limit: 2, cursor: nil, search: nil)
            let second = try outbox.list(limit: 2, cursor: first.nextCursor, search: nil)
            #expect(first.items.count == 2 && second.items.count == 1 && second.nextCursor == nil)
            #expect(Set((first.items + second.items).compactMap { $0["id"]?.stringValue }).count == 3)
            #expect(try outbox.list(limit: 9, cursor: nil, search: "bela").items.count == 1)
            #expect(try outbox.list(limit: 9, cursor: nil, search: "%").items.count == 3)
        }
    }
}
