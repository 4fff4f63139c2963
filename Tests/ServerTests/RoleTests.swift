import ApplianceCore
import CollectionKit
import Tenancy
import Testing

@testable import ApplianceServer

extension TestServer {
    /// Somebody who may read customers and nothing else.
    func addClerk(to shop: Shop) async throws -> Person {
        let role = try await addRole("clerk", base: .viewer, ["customers": ["read"]], to: shop)
        return try await addUser("clerk", role: role, to: shop)
    }
}

/// Roles that a shop defines for itself.
struct RoleTests {
    @Test func `a role is defined, changed, given, and deleted when nobody has it`() async throws {
        try await withShops { server, _, acme, bela in
            let made = try await server.expect(
                201, "POST", "/api/roles", by: acme.owner,
                json: [
                    "name": "front-desk", "title": "Front desk",
                    "collections": ["products": ["read"], "customers": ["create", "read"]],
                ])
            #expect(made.json["base"] == "staff" && made.json["users"] == 0)
            #expect(made.json["collections"] == ["customers": ["read", "create"], "products": ["read"]])
            let taken = try await server.expect(
                409, "POST", "/api/roles", by: acme.owner,
                json: ["name": "front-desk", "collections": ["customers": ["read"]]])
            #expect(taken.code == "role_exists")
            let changed = try await server.expect(
                200, "PATCH", "/api/roles/front-desk", by: acme.owner,
                json: ["collections": ["products": .null, "licenses": ["read", "update"]]])
            #expect(changed.json["title"] == "Front desk")
            #expect(changed.json["collections"] == ["customers": ["read", "create"], "licenses": ["read", "update"]])
            _ = try await server.addUser("sam", role: "front-desk", to: acme)
            let invited = try await server.expect(
                201, "POST", "/api/invitations", by: acme.owner,
                json: ["email": "new@acme.example", "role": "front-desk"])
            #expect(invited.json["role"] == "front-desk")
            let refused = try await server.expect(409, "DELETE", "/api/roles/front-desk", by: acme.owner)
            #expect(refused.code == "role_in_use" && refused.json["hint"] != nil)
            #expect(refused.json["detail"] == "The role front-desk is in use: 1 user, 1 open invitation.")
            try await server.expect(
                200, "POST", "/api/users/sam@acme.example/role", by: acme.owner, json: ["role": "viewer"])
            try await server.expect(409, "DELETE", "/api/roles/front-desk", by: acme.owner)
            let invitation = try #require(invited.json["id"]?.stringValue)
            try await server.expect(200, "POST", "/api/invitations/\(invitation)/revoke", by: acme.owner)
            try await server.expect(204, "DELETE", "/api/roles/front-desk", by: acme.owner)
            try await server.expect(404, "GET", "/api/roles/front-desk", by: acme.owner)
            try await server.expect(
                422, "POST", "/api/users/sam@acme.example/role", by: acme.owner, json: ["role": "front-desk"])
            let events = try await server.expect(200, "GET", "/api/audit?target=front-desk", by: acme.owner)
            #expect(
                events.items.compactMap { $0["action"]?.stringValue } == ["role.delete", "role.change", "role.create"])
            #expect(events.items[1]["data"]?["old"]?["collections"]?["products"] == ["read"])
            // Another shop has roles of its own, or none.
            #expect(try await server.expect(200, "GET", "/api/roles", by: bela.owner).items.isEmpty)
            try await server.expect(
                422, "POST", "/api/invitations", by: bela.owner,
                json: ["email": "new@bela.example", "role": "front-desk"])
        }
    }

    @Test func `what is asked of a role is checked`() async throws {
        try await withShops { server, _, acme, _ in
            for (body, field, code) in [
                (["name": "owner", "collections": ["customers": ["read"]]], "name", "not_valid"),
                (["name": "operator", "collections": ["customers": ["read"]]], "name", "not_valid"),
                (["name": "No Slug", "collections": ["customers": ["read"]]], "name", "not_valid"),
                (["name": "twenty-one-characters", "collections": ["customers": ["read"]]], "name", "not_valid"),
                (["collections": ["customers": ["read"]]], "name", "required"),
                (["name": "own", "base": "owner", "collections": ["customers": ["read"]]], "base", "not_valid"),
                (["name": "own"], "collections", "required"),
                (["name": "own", "collections": [:]], "collections", "required"),
                (["name": "own", "collections": ["read"]], "collections", "wrong_type"),
                (["name": "own", "collections": ["customers": []]], "collections", "required"),
                (["name": "own", "collections": ["nothing": ["read"]]], "collections.nothing", "not_found"),
                (["name": "own", "collections": ["customers": ["see"]]], "collections.customers", "not_a_choice"),
                (["name": "own", "collections": ["customers": "read"]], "collections.customers", "not_a_choice"),
                (["name": "own", "collections": ["customers": ["create"]]], "collections.customers", "read_required"),
                (
                    ["name": "own", "collections": ["customers": ["read", "delete"]]], "collections.customers",
                    "beyond_base"
                ),
                (
                    ["name": "own", "base": "viewer", "collections": ["customers": ["read", "update"]]],
                    "collections.customers", "beyond_base"
                ),
                (["name": "own", "collections": ["customers": ["read"]], "may": 1], "may", "unknown_field"),
            ] as [(JSON, JSON, JSON)] {
                let answer = try await server.expect(422, "POST", "/api/roles", by: acme.owner, json: body)
                let fault = answer.json["errors"]?.arrayValue?.first
                #expect(fault?["field"] == field && fault?["code"] == code, "\(body.text): \(answer.text)")
            }
            // A lower base takes along what is beyond it.
            _ = try await server.addRole("keeper", base: .admin, ["products": ["read", "delete"]], to: acme)
            let lowered = try await server.expect(
                422, "PATCH", "/api/roles/keeper", by: acme.owner, json: ["base": "staff"])
            #expect(lowered.json["errors"]?.arrayValue?.first?["code"] == "beyond_base")
            for number in 1..<40 { _ = try await server.addRole("role-\(number)x", ["products": ["read"]], to: acme) }
            let full = try await server.expect(
                409, "POST", "/api/roles", by: acme.owner,
                json: ["name": "one-more", "collections": ["products": ["read"]]])
            #expect(full.code == "too_many_roles")
        }
    }

    @Test func `a change counts from the next request, and the page is told what the role may do`() async throws {
        try await withShops { server, _, acme, _ in
            let clerk = try await server.addClerk(to: acme)
            let me = try await server.expect(200, "GET", "/api/auth/me", by: clerk).json["user"]
            #expect(me?["role"] == "clerk" && me?["roleTitle"] == "The clerk" && me?["baseRole"] == "viewer")
            #expect(me?["may"] == ["customers": ["read"]])
            // Twice: a credential is first seen by the general way, then answered by the direct one.
            for _ in 0..<2 {
                try await server.expect(200, "GET", "/api/customers", by: clerk)
                try await server.expect(403, "GET", "/api/products", by: clerk)
                try await server.expect(403, "POST", "/api/customers", by: clerk, json: ["name": "x"])
            }
            let change: JSON = ["base": "staff", "collections": ["customers": .null, "products": ["read", "create"]]]
            try await server.expect(200, "PATCH", "/api/roles/clerk", by: acme.owner, json: change)
            for _ in 0..<2 {
                try await server.expect(403, "GET", "/api/customers", by: clerk)
                try await server.expect(200, "GET", "/api/products", by: clerk)
            }
            let product: JSON = ["sku": "R-1", "name": "Ring", "price": 1]
            try await server.expect(201, "POST", "/api/products", by: clerk, json: product)
            // To a built-in role and back, without a new sign-in.
            for (role, status) in [("staff", 200), ("clerk", 403)] {
                try await server.expect(
                    200, "POST", "/api/users/\(clerk.id)/role", by: acme.owner, json: ["role": .string(role)])
                try await server.expect(status, "GET", "/api/customers", by: clerk)
            }
            let again = try await server.signIn("clerk@acme.example", "acme")
            try await server.expect(403, "GET", "/api/customers", by: again)
            try await server.expect(200, "POST", "/api/users/\(clerk.id)/disable", by: acme.owner)
            try await server.expect(401, "GET", "/api/products", by: again)
        }
    }

    @Test func `a role based on admin manages nobody, and an admin makes roles`() async throws {
        try await withShops { server, _, acme, _ in
            let admin = try await server.addUser("admin", .admin, to: acme)
            let body: JSON = [
                "name": "deputy", "base": "admin",
                "collections": ["customers": ["read", "create", "update", "delete"]],
            ]
            try await server.expect(201, "POST", "/api/roles", by: admin, json: body)
            let deputy = try await server.addUser("deputy", role: "deputy", to: acme)
            for (method, path) in [
                ("GET", "/api/users"), ("GET", "/api/roles"), ("GET", "/api/audit"), ("GET", "/api/permissions"),
                ("GET", "/api/files"), ("GET", "/api/usage"),
            ] {
                #expect(try await server.send(method, path, by: deputy).code == "not_permitted", "\(path)")
            }
            try await server.expect(403, "PATCH", "/api/roles/deputy", by: deputy, json: ["title": "Owner"])
            try await server.expect(
                403, "POST", "/api/users/\(deputy.id)/role", by: deputy, json: ["role": "admin"])
            let made = try await server.expect(201, "POST", "/api/customers", by: deputy, json: ["name": "x"])
            try await server.expect(204, "DELETE", made["Location"] ?? "", by: deputy)
        }
    }

    @Test func `the matrix shows own roles beside the others, for every collection and route`() async throws {
        try await withShops { server, _, acme, _ in
            _ = try await server.addClerk(to: acme)
            let matrix = try await server.expect(200, "GET", "/api/permissions", by: acme.owner).json
            #expect(matrix["roles"] == ["owner", "admin", "staff", "viewer", "clerk"])
            #expect(matrix["own"]?.arrayValue?.first?["title"] == "The clerk")
            let collections = matrix["collections"]?.arrayValue ?? []
            for collection in collections {
                let isCustomers = collection["name"] == "customers"
                #expect(collection["operations"]?["read"]?["clerk"] == (isCustomers ? "all" : nil))
                #expect(collection["operations"]?["create"]?["clerk"] == nil)
            }
            let routes = matrix["routes"]?.arrayValue ?? []
            let open = routes.filter { $0["roles"]?.arrayValue?.contains("clerk") == true }
            #expect(
                Set(open.compactMap { $0["path"]?.stringValue }) == [
                    "/api/customers", "/api/customers/{id}", "/api/events", "/api/files/{id}",
                    "/api/files/{id}/content", "/api/shop", "/api/legal/accept", "/api/subscription", "/api/flags",
                ])
            let own = routes.first { $0["path"] == "/api/permissions" }
            #expect(own?["roles"] == ["owner", "admin"])
        }
    }

    /// People are as they are now, and so are their roles: what was taken from somebody does not come back.
    @Test func `a shop that comes back has the roles of now, and so has a copy`() async throws {
        try await withShops { server, person, acme, _ in
            let clerk = try await server.addClerk(to: acme)
            try await server.expect(201, "POST", "/api/admin/backups", by: person)
            let change: JSON = ["collections": ["customers": .null, "products": ["read"]]]
            try await server.expect(200, "PATCH", "/api/roles/clerk", by: acme.owner, json: change)
            let later = try await server.addRole("later", ["customers": ["read"]], to: acme)
            let late = try await server.addUser("late", role: later, to: acme)
            try await server.expect(
                200, "POST", "/api/admin/restores", by: person,
                json: ["tenants": [.string(acme.id)], "confirm": .string(acme.id)])
            let roles = try await server.expect(200, "GET", "/api/roles", by: acme.owner).items
            #expect(roles.map { $0["name"] } == ["clerk", "later"] && roles.map { $0["users"] } == [1, 1])
            #expect(roles.first?["collections"] == ["products": ["read"]])
            for (who, path, status) in [
                (clerk, "/api/customers", 403), (clerk, "/api/products", 200), (late, "/api/customers", 200),
                (late, "/api/products", 403),
            ] {
                try await server.expect(status, "GET", path, by: who)
            }
            let copy = try await server.expect(201, "POST", "/api/admin/tenants/acme/clone", by: person)
            let slug = try #require(copy.json["slug"]?.stringValue)
            try await server.actAs(person, in: slug)
            let copied = try await server.expect(200, "GET", "/api/roles", by: person, tenant: slug)
            #expect(copied.items.map { $0["title"] } == ["clerk", "later"])
        }
    }
}
