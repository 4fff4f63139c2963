import ApplianceCore
import Foundation
import Storage
import Testing

@testable import Backups

struct RestorePlanTests {
    /// Three snapshots an hour apart, the state of acme growing.
    private func withHistory(_ body: (TestAppliance, [SnapshotID]) async throws -> Void) async throws {
        try await withAppliance(["acme"]) { appliance in
            let service = appliance.service
            var ids: [SnapshotID] = []
            for hour in 0..<3 {
                ids.append(try await service.create(reason: .schedule).id)
                appliance.clock.advance(.hours(1))
                try await appliance.add("hour \(hour)", to: appliance.file("acme"))
            }
            try await body(appliance, ids)
        }
    }

    @Test func `a plan is printed without touching anything`() async throws {
        try await withHistory { appliance, ids in
            let plan = try await appliance.service.plan(RestoreRequest(tenants: ["acme"]))
            let at = ids[2].instant.adding(.milliseconds(250))
            #expect(plan.snapshot == ids[2] && plan.at == at && plan.behindSeconds(at) == 3600)
            #expect(plan.json["behindSeconds"] == 3600 && plan.json["tenants"]?.arrayValue?.count == 1)
            #expect(plan.json["tenants"]?.arrayValue?.first?["slug"] == "acme")
            #expect(plan.lines.first == "From snapshot \(ids[2]), state of \(at), 1 h 0 min ago")
            #expect(plan.lines.contains { $0.contains("acme") && $0.contains("replaces") })
            #expect(names(in: appliance.directory.undo) == [])
        }
    }

    @Test func `a time picks the newest state from before it`() async throws {
        try await withHistory { appliance, ids in
            let second = try RestoreRequest(tenants: ["acme"], at: ids[2].instant)
            #expect(try await appliance.service.plan(second).snapshot == ids[1])
            #expect(try await appliance.service.plan(RestoreRequest(at: ids[2].instant)).snapshot == ids[1])
            let third = try RestoreRequest(tenants: ["acme"], at: ids[2].instant.adding(.seconds(1)))
            #expect(try await appliance.service.plan(third).snapshot == ids[2])
            let early = await refusal {
                _ = try await appliance.service.plan(RestoreRequest(tenants: ["acme"], at: ids[0].instant))
            }
            #expect(early?.category == .notFound)
        }
    }

    @Test func `a snapshot can be named`() async throws {
        try await withHistory { appliance, ids in
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"], snapshot: ids[1].description))
            #expect(try appliance.notes(appliance.file("acme")) == ["first of acme", "hour 0"])
            let unknown = await refusal {
                _ = try await appliance.service.plan(RestoreRequest(snapshot: "2020-01-01T00-00-00Z"))
            }
            #expect(unknown?.category == .notFound)
        }
    }

    @Test func `a damaged manifest is not passed over in silence`() async throws {
        try await withHistory { appliance, ids in
            let url = appliance.service.catalog.folder.manifest(ids[2])
            try overwrite(url, Array(try contents(url).dropLast(2)))
            let error = await refusal { _ = try await appliance.service.plan(RestoreRequest(tenants: ["acme"])) }
            #expect(error?.message.hasPrefix("manifest.json in snapshot \(ids[2]) is damaged") == true)
            let named = try RestoreRequest(tenants: ["acme"], snapshot: ids[1].description)
            #expect(try await appliance.service.plan(named).snapshot == ids[1])
        }
    }

    @Test func `a name in use now means the tenant that has it now`() async throws {
        try await withHistory { appliance, _ in
            // By its id, a tenant that the control plane has lost is still found.
            appliance.forget("acme")
            #expect(try await appliance.service.plan(RestoreRequest(tenants: ["acme"])).items.map(\.name) == ["acme"])
            let both = try RestoreRequest(tenants: ["ten_acme", "acme"])
            #expect(try await appliance.service.plan(both).items.count == 1)
            let error = await refusal { _ = try await appliance.service.plan(RestoreRequest(tenants: ["nobody"])) }
            #expect(error?.category == .notFound)
        }
    }

    @Test func `a request that contradicts itself is refused`() throws {
        #expect(throws: DomainError.self) { try RestoreRequest(snapshot: "../x") }
        #expect(throws: DomainError.self) { try RestoreRequest(snapshot: "2026-11-21T02-00-00Z", at: .latest) }
    }

    @Test func `sizes and spans are short`() {
        #expect(
            [0, 999, 1000, 1_048_576, 5 << 30].map { RestorePlan.size($0) } == [
                "0 B", "999 B", "1.0 KiB", "1.0 MiB", "5.0 GiB",
            ])
        #expect([59, 61, 3661, 90_000].map { RestorePlan.span($0) } == ["59 s", "1 min 1 s", "1 h 1 min", "1 d 1 h"])
    }
}
