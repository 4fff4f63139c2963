import ApplianceCore
import CollectionKit
import Storage
import Testing

@testable import Tenancy

struct ShopRoleTests {
    private static let boss = ControlPlane.boss
    private static let customers = Collection(
        "customers", idPrefix: "cus", title: "Customer", fields: [.text("name", max: 100).required()])
    private static let products = Collection(
        "products", idPrefix: "prd", title: "Product", fields: [.text("name", max: 100).required()])

    private static func change(_ text: String) throws -> RoleChange {
        var body = try InputReader(body: try JSONParser.parse(Array(text.utf8)))
        let change = RoleChange(&body, CollectionCatalog([(id: nil, collections: [customers, products])]))
        try body.finish()
        return change
    }

    private func run(_ body: (ControlPlane, Tenant) async throws -> Void) async throws {
        try await ControlPlane.run(collections: [Self.customers, Self.products]) { plane in
            let tenant = try await plane.makeShop()
            _ = try await plane.signIn.createRole(
                tenant, "desk", Self.change(#"{"collections":{"customers":["read","update"]}}"#), by: Self.boss,
                requestID: "r")
            try await body(plane, tenant)
        }
    }

    private func role(_ plane: ControlPlane, _ tenant: Tenant, _ name: String) throws -> ShopRole? {
        try plane.directory.file(tenant.id).read { db in try RoleStore.named(db, name) }
    }

    @Test func `a role has of its base what it names, and nothing more`() async throws {
        try await run { plane, tenant in
            let desk = try #require(try role(plane, tenant, "desk"))
            func may(_ operation: Permissions.Operation, _ collection: String?) -> Bool {
                desk.may(operation, .standard, collection: collection)
            }
            #expect(desk.base == .staff && desk.title == "desk" && !desk.isManager)
            #expect(may(.read, "customers") && may(.update, "customers"))
            #expect(!may(.create, "customers") && !may(.delete, "customers"))
            for operation in Permissions.Operation.allCases { #expect(!may(operation, "products")) }
            // What spans collections: news, and what an update needs.
            #expect(may(.read, nil) && may(.update, nil) && may(.create, nil) && !may(.delete, nil))
            // A collection that grants its base less grants it less.
            let closed = Permissions([.staff: [.read: .all]])
            #expect(!desk.may(.update, closed, collection: "customers"))
            #expect(desk.limit?.isKey == false)
        }
    }

    @Test func `rights are read as they were written, and what cannot be read grants nothing`() {
        let grants: [String: AccessLimit.Operations] = ["customers": [.delete, .read], "products": [.read]]
        let role = CustomRole(name: "desk", title: "Desk", base: .admin, grants: grants)
        #expect(role.grantsText == "customers:read,delete products:read")
        #expect(CustomRole.grants(text: role.grantsText) == grants)
        #expect(CustomRole.grants(text: "customers products:all :: ").isEmpty)
        #expect(CustomRole.isName("desk") && CustomRole.isName("front-desk-2"))
        for name in ["owner", "viewer", "operator", "key", "Desk", "d", "a--b", "more-than-20-characters"] {
            #expect(!CustomRole.isName(name), "\(name)")
        }
    }

    @Test func `a name that means nothing lets its bearer do nothing`() async throws {
        try await run { plane, tenant in
            let file = plane.directory.file(tenant.id)
            try await file.write { db in try db.run("UPDATE users SET role = 'gone'", []) }
            let user = try #require(try file.read { db in try UserStore.list(db) }.first)
            #expect(user.role.name == "gone" && user.role.base == .viewer)
            #expect(!user.role.may(.read, .standard, collection: "customers"))
            #expect(!user.role.may(.read, .standard, collection: nil))
        }
    }

    @Test func `a session follows its role, and a sign-in tells of it`() async throws {
        try await run { plane, tenant in
            let desk = try #require(try role(plane, tenant, "desk"))
            let user = try await plane.signIn.setUserRole(
                tenant, try await second(plane, tenant), desk, by: Self.boss, requestID: "r")
            let grant = try await plane.signIn.start(Account(user, tenantID: tenant.id), ControlPlane.origin)
            #expect(grant.principal.limit?.role?.name == "desk" && !grant.principal.managesUsers)
            #expect(grant.principal.json["may"] == ["customers": ["read", "update"]])
            func may(_ operation: Permissions.Operation) async throws -> Bool? {
                try await plane.signIn.sessions.principal(token: grant.token)?.may(operation, Self.customers)
            }
            #expect(try await may(.update) == true)
            _ = try await plane.signIn.changeRole(
                tenant, "desk", Self.change(#"{"collections":{"customers":["read"]}}"#), by: Self.boss, requestID: "r")
            #expect(try await may(.update) == false)
            #expect(try await may(.read) == true)
            let events = try plane.audit(plane.directory.file(tenant.id)).map { $0.prefix { $0 != "{" } }
            #expect(events.contains("role.create desk ") && events.contains("role.change desk "))
        }
    }

    /// A user beside the owner.
    private func second(_ plane: ControlPlane, _ tenant: Tenant) async throws -> String {
        try await plane.signIn.createUser(
            tenant, email: "second@acme.example", name: "", role: .staff, password: ControlPlane.password,
            by: Self.boss, requestID: "r"
        ).id
    }

    @Test func `a role that was deleted meanwhile is given to nobody`() async throws {
        try await run { plane, tenant in
            let desk = try #require(try role(plane, tenant, "desk"))
            let id = try await second(plane, tenant)
            try await plane.signIn.deleteRole(tenant, "desk", by: Self.boss, requestID: "r")
            for give in [
                { _ = try await plane.signIn.setUserRole(tenant, id, desk, by: Self.boss, requestID: "r") },
                {
                    _ = try await plane.signIn.invite(
                        tenant, email: "new@acme.example", name: "", role: desk, by: Self.boss, requestID: "r")
                },
            ] as [() async throws -> Void] {
                #expect(await refusal(give)?.code == "validation_failed")
            }
            #expect(try plane.signIn.roles(tenant).isEmpty)
        }
    }

    @Test func `the last owner stays one`() async throws {
        try await run { plane, tenant in
            let desk = try #require(try role(plane, tenant, "desk"))
            let refused = await refusal {
                try await plane.signIn.setUserRole(tenant, "owner@acme.example", desk, by: Self.boss, requestID: "r")
            }
            #expect(refused?.code == "last_owner")
        }
    }
}
