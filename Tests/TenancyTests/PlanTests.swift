import ApplianceCore
import CollectionKit
import Storage
import Testing

@testable import Tenancy

struct PlanTests {
    private func text(_ plan: Plan) -> String {
        let limits = PlanLimit.allCases.compactMap { limit in plan.limit(limit).map { "\(limit.rawValue)=\($0)" } }
        let features = Feature.allCases.filter(plan.grants).map(\.rawValue)
        let prices = plan.prices.map { "\($0.amount) \($0.currency) \($0.interval.rawValue)" }
        let agents = plan.agents.map { $0.sorted().joined(separator: "+") } ?? "all"
        return ([plan.name, "\(plan.version)"] + prices + limits + features + [agents]).joined(separator: " ")
    }

    @Test func `the shipped catalogue is that of the facts`() async throws {
        try await ControlPlane.run { plane in
            let plans = plane.directory.plans.catalogue.map { text($0.plan) }
            #expect(
                plans == [
                    "amc 2 1000000 INR year users=25 storageBytes=2147483648 ownCollections=20 all",
                    """
                    enterprise 2 9900 USD month ownCollections=50 api-keys custom-agents priority sandboxes webhooks \
                    all
                    """,
                    """
                    free 2 0 USD month tasks=10 users=3 storageBytes=268435456 ownCollections=3 requestsPerMinute=5 \
                    opencode
                    """,
                    """
                    pro 2 1900 USD month tasks=100 users=25 storageBytes=21474836480 ownCollections=20 custom-agents \
                    priority all
                    """,
                    "standard 1 api-keys custom-agents sandboxes webhooks all",
                ])
            #expect(plane.directory.plans.offered.map(\.name) == ["amc", "enterprise", "free", "pro"])
        }
    }

    @Test func `a new version changes nothing for a shop until it is moved`() async throws {
        try await ControlPlane.run { plane in
            let shop = try await plane.makeShop(plan: "free")
            #expect(plane.directory.plans[shop.id].limit(.tasks) == 10)
            let definition: JSON = ["name": "free", "title": "Free", "limits": ["tasks": 3], "features": ["webhooks"]]
            let version = try await plane.tenants.publish(
                Plan(definition: definition, version: 0), by: ControlPlane.boss, requestID: "req_1")
            #expect(version.plan.version == 3)
            try await plane.reload()
            let before = plane.directory.plans[shop.id]
            #expect(before.plan.version == 2 && before.limit(.tasks) == 10 && !before.grants(.webhooks))
            let later = try await plane.makeShop("later", plan: "free")
            #expect(plane.directory.plans[later.id].limit(.tasks) == 3)
            _ = try await plane.tenants.changePlan(
                shop.id, to: version.plan, by: ControlPlane.boss, requestID: "req_2")
            for _ in 0..<2 {
                let after = plane.directory.plans[shop.id]
                #expect(after.plan.version == 3 && after.limit(.tasks) == 3 && after.grants(.webhooks))
                #expect(after.subscription?.anchor == before.subscription?.anchor)
                try await plane.reload()
            }
            let said = try plane.audit(plane.system).last
            #expect(said == #"tenant.change-plan \#(shop.id) {"from":"free/2","to":"free/3"}"#)
        }
    }

    @Test func `the same definition again is no new version, and a written one cannot be changed`() async throws {
        try await ControlPlane.run { plane in
            let free = try #require(plane.directory.plans.current("free"))
            let refused = await refusal {
                try await plane.tenants.publish(free, by: ControlPlane.boss, requestID: "req_1")
            }
            #expect(refused?.code == "plan_unchanged")
            for sql in ["UPDATE plans SET version = 9", "DELETE FROM plans"] {
                let aborted = await refusal { try await plane.system.write { db in try db.run(sql) } }
                #expect(aborted != nil, "\(sql)")
            }
        }
    }

    @Test func `a shop of before there were plans keeps what it had, whatever its plan is called`() async throws {
        try await ControlPlane.run { plane in
            let shop = try await plane.makeShop(plan: "free")
            try await plane.system.write { db in
                try db.run("UPDATE tenants SET plan = 'gold'", [])
                try db.run("UPDATE subscriptions SET plan = 'gold', planVersion = 0", [])
            }
            try await plane.reload()
            let known = plane.directory.plans[shop.id]
            #expect(plane.directory[shop.id]?.plan == "gold" && known.plan.version == 0)
            #expect(PlanLimit.allCases.allSatisfy { known.limit($0) == nil })
            #expect(throws: DomainError.self) { try known.require(.apiKeys) }
        }
    }

    @Test func `a plan that does not open a feature says which one does`() async throws {
        try await ControlPlane.run { plane in
            let shop = try await plane.makeShop(plan: "pro")
            let refused = await refusal { try plane.directory.plans[shop.id].require(.apiKeys) }
            #expect(refused?.code == "plan_required" && refused?.category == .forbidden)
            #expect(refused?.details.map(\.name) == ["plan", "feature", "upgradeUrl"])
            try plane.directory.plans[shop.id].require(.priority)
        }
    }

    @Test func `moving down names the limits that the shop is beyond`() throws {
        let free = try Plan(definition: ["name": "free", "title": "Free", "limits": ["users": 3]], version: 1)
        let pro = try Plan(definition: ["name": "pro", "title": "Pro", "features": ["webhooks"]], version: 4)
        let change = PlanChange(from: pro, to: free, use: PlanUse([.users: 4, .storageBytes: 9]))
        #expect(change.broken == [.users])
        #expect(change.json["loses"] == ["webhooks"] && change.json["gains"] == [])
        #expect(change.json["limits"] == [["limit": "users", "from": nil, "to": 3, "used": 4, "breaks": true]])
        #expect(PlanChange(from: pro, to: free, use: PlanUse([.users: 3])).broken.isEmpty)
    }

    @Test func `every fault of a definition is told at once`() {
        let definition: JSON = [
            "name": "No Slug", "prices": [["amount": -1, "currency": "USD", "interval": "month"]],
            "features": ["teleport"], "limits": ["tasks": -1, "moons": 3, "requestsPerMinute": 0],
            "overagePercent": ["users": 10], "agents": ["A B"], "commissionBasisPoints": 10_001, "colour": "red",
        ]
        let error = #expect(throws: DomainError.self) { try Plan(definition: definition, version: 1) }
        #expect(
            error?.faults.map(\.field).sorted() == [
                "agents", "colour", "commissionBasisPoints", "features", "limits.moons", "limits.requestsPerMinute",
                "limits.tasks", "name", "overagePercent.users", "prices", "title",
            ])
    }

    @Test func `a definition reads back as it was written`() async throws {
        try await ControlPlane.run { plane in
            for version in plane.directory.plans.catalogue {
                let again = try Plan(definition: version.plan.definition, version: 1)
                #expect(again.definition == version.plan.definition)
            }
        }
    }

    @Test func `overage and commission are whole numbers`() throws {
        let plan = try Plan(
            definition: [
                "name": "pro", "title": "Pro", "limits": ["tasks": 101], "overagePercent": ["tasks": 25],
                "commissionBasisPoints": 2000,
            ], version: 1)
        #expect(plan.ceiling(.tasks) == 126 && plan.ceiling(.apiCalls) == nil)
        #expect(plan.commission(of: 3000) == 600 && plan.commission(of: 1) == 0 && plan.commission(of: 3) == 1)
    }
}
