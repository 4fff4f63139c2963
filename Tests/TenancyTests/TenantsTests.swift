import ApplianceCore
import CollectionKit
import Foundation
import GRDB
import Storage
import Testing

@testable import Tenancy

struct TenantsTests {
    private static let boss = ControlPlane.boss

    @Test func `a new shop has a file, an owner and an audit row`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            #expect(plane.directory["acme"] == tenant && plane.directory[tenant.id] == tenant)
            let users = try plane.directory.file(tenant.id).read { db in try UserStore.list(db) }
            #expect(users.map(\.email) == ["owner@acme.example"] && users.map(\.role) == [.owner])
            #expect(try plane.audit(plane.system) == ["tenant.create \(tenant.id)"])
            let file = plane.data.tenantDatabase(tenant.id)
            let permissions = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
            #expect(permissions as? Int == 0o600)
        }
    }

    @Test func `what was created is read back after a restart`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let again = TenantDirectory(plane.data, schema: SystemDatabase.schema, services: plane.services)
            try again.load(plane.system)
            #expect(again.all == [tenant])
        }
    }

    @Test func `of twenty who want one name exactly one gets it`() async throws {
        try await ControlPlane.run { plane in
            let codes = try await withThrowingTaskGroup { group in
                for _ in 0..<20 { group.addTask { await refusal { try await plane.makeShop() }?.code ?? "made" } }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(codes == ["made": 1, "slug_taken": 19])
            #expect(plane.directory.count == 1)
            let rows = try plane.system.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM tenants") }
            let folders = try FileManager.default.contentsOfDirectory(atPath: plane.data.tenants.path)
            #expect(rows == 1 && folders == plane.directory.all.map(\.id))
        }
    }

    @Test func `suspending, activating and extending each leave an audit row`() async throws {
        try await ControlPlane.run { plane in
            let id = try await plane.makeShop().id
            _ = try await plane.tenants.extendTrial(id, days: 7, by: Self.boss, requestID: "req_2")
            let suspended = try await plane.tenants.suspend("acme", reason: "unpaid", by: Self.boss, requestID: "req_3")
            #expect(suspended.status == .suspended && suspended.suspensionReason == "unpaid")
            #expect(suspended.suspendedAt == plane.clock.now)
            let active = try await plane.tenants.activate(id, by: Self.boss, requestID: "req_4")
            #expect(active.status == .active && active.suspendedAt == nil && active.suspensionReason == nil)
            #expect(active.version == 4 && plane.directory[id] == active)
            #expect(
                try plane.audit(plane.system) == [
                    "tenant.create \(id)",
                    #"tenant.extend-trial \#(id) {"days":7,"from":"trialing","reason":null,"to":"trialing"}"#,
                    #"tenant.suspend \#(id) {"from":"trialing","reason":"unpaid","to":"suspended"}"#,
                    #"tenant.activate \#(id) {"from":"suspended","reason":null,"to":"active"}"#,
                ])
            let actors = try plane.system.read { try String.fetchAll($0, sql: "SELECT DISTINCT actor FROM audit") }
            #expect(actors == ["operator:opr_boss"])
        }
    }

    @Test func `a change that makes no sense is refused and leaves nothing`() async throws {
        try await ControlPlane.run { plane in
            let tenants = plane.tenants
            _ = try await plane.makeShop(trialDays: 0)
            let activated = await refusal { try await tenants.activate("acme", by: Self.boss, requestID: "r") }
            #expect(activated?.code == "already_active")
            let extended = await refusal {
                try await tenants.extendTrial("acme", days: 1, by: Self.boss, requestID: "r")
            }
            #expect(extended?.code == "no_trial")
            _ = try await tenants.suspend("acme", reason: "x", by: Self.boss, requestID: "r")
            let again = await refusal { try await tenants.suspend("acme", reason: "y", by: Self.boss, requestID: "r") }
            #expect(again?.code == "already_suspended" && plane.directory["acme"]?.suspensionReason == "x")
            let unknown = await refusal { try await tenants.activate("nobody", by: Self.boss, requestID: "r") }
            #expect(unknown?.category == .notFound)
            #expect(try plane.audit(plane.system).count == 2)
        }
    }

    @Test func `of two who suspend at once one is told that it is done`() async throws {
        try await ControlPlane.run { plane in
            _ = try await plane.makeShop()
            let codes = try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        await refusal {
                            try await plane.tenants.suspend("acme", reason: "x", by: Self.boss, requestID: "r")
                        }?.code ?? "done"
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(codes == ["done": 1, "already_suspended": 7])
        }
    }

    @Test func `a row that was lost comes back from its record`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            try await plane.system.write { db in try db.run("DELETE FROM tenants") }
            try plane.directory.load(plane.system)
            #expect(plane.directory["acme"] == nil)
            try await plane.tenants.readopt(record: tenant.record)
            try await plane.tenants.readopt(record: tenant.record)
            #expect(plane.directory["acme"] == tenant)
            try plane.directory.load(plane.system)
            #expect(plane.directory.all == [tenant])
            #expect(try await plane.enter(tenant).principal.tenantID == tenant.id)
        }
    }

    @Test func `a record that is none is refused`() async throws {
        try await ControlPlane.run { plane in
            for record in ["", "{}", "[]", "{\"id\":7}"] {
                #expect(await refusal { try await plane.tenants.readopt(record: record) } != nil)
            }
            #expect(plane.directory.count == 0)
        }
    }
}
