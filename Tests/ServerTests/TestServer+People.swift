import ApplianceCore
import CollectionKit
import ModuleKit
import Tenancy
import Testing

@testable import ApplianceServer

extension TestServer {
    /// Makes the first operator by a setup link, as `appliance init` does.
    func setUp() async throws -> Person {
        let token = try await appliance.signIn.makeSetupLink()
        let answer = try await expect(
            200, "POST", "/api/auth/setup",
            json: ["token": .string(token), "email": "op@example.com", "password": .string(goodPassword)])
        return try person(answer)
    }

    func signIn(_ email: String, _ tenant: String? = nil) async throws -> Person {
        let answer = try await expect(
            200, "POST", "/api/auth/login", tenant: tenant,
            json: ["email": .string(email), "password": .string(goodPassword)])
        return try person(answer)
    }

    private func person(_ answer: ServerAnswer) throws -> Person {
        let cookie = try #require(answer["Set-Cookie"]?.split(separator: ";").first)
        return Person(
            id: try #require(answer.json["user"]?["id"]?.stringValue),
            token: try #require(answer.json["token"]?.stringValue),
            csrfToken: try #require(answer.json["csrfToken"]?.stringValue), cookie: String(cookie))
    }

    /// Makes a shop with its owner, who signs in.
    func makeShop(_ slug: String, plan: String? = nil, by person: Person) async throws -> Shop {
        let answer = try await expect(
            201, "POST", "/api/admin/tenants", by: person,
            json: [
                "slug": .string(slug), "name": .string("Shop \(slug)"), "plan": JSON(plan), "currency": "INR",
                "timeZone": "Asia/Kolkata", "ownerEmail": .string("owner@\(slug).example"),
                "ownerPassword": .string(goodPassword),
            ])
        let id = try #require(answer.json["id"]?.stringValue)
        return Shop(id: id, slug: slug, owner: try await signIn("owner@\(slug).example", slug))
    }

    /// A key of a shop whose plan has them, as if it were somebody.
    func addKey(_ scopes: [String], role: String = "staff", days: Int? = nil, to shop: Shop) async throws -> Person {
        var body: JSON = [
            "name": "A program", "role": .string(role), "scopes": .array(scopes.map { .string($0) }),
        ]
        if let days { body = body.adding(["expiresInDays": JSON(days)]) }
        let made = try await expect(201, "POST", "/api/api-keys", by: shop.owner, json: body)
        return Person(
            id: try #require(made.json["id"]?.stringValue), token: try #require(made.json["key"]?.stringValue),
            csrfToken: "", cookie: "")
    }

    func addOperator(_ email: String, by person: Person, role: String = "owner") async throws -> Person {
        try await expect(
            201, "POST", "/api/admin/operators", by: person,
            json: ["email": .string(email), "password": .string(goodPassword), "role": .string(role)])
        return try await signIn(email)
    }

    /// Lets an operator act inside a shop, to write there too.
    func actAs(_ person: Person, in slug: String, write: Bool = true) async throws {
        try await expect(
            201, "POST", "/api/admin/tenants/\(slug)/act-as", by: person,
            json: ["reason": "asked for help", "write": .bool(write)])
    }

    /// Defines a role of a shop's own; answers its name.
    func addRole(_ name: String, base: Role = .staff, _ collections: JSON, to shop: Shop) async throws -> String {
        let body: JSON = [
            "name": .string(name), "title": .string("The \(name)"), "base": .string(base.rawValue),
            "collections": collections,
        ]
        return try #require(
            try await expect(201, "POST", "/api/roles", by: shop.owner, json: body).json["name"]?.stringValue)
    }

    /// Adds somebody to a shop and signs them in.
    func addUser(_ name: String, _ role: Role, to shop: Shop) async throws -> Person {
        try await addUser(name, role: role.rawValue, to: shop)
    }

    func addUser(_ name: String, role: String, to shop: Shop) async throws -> Person {
        let email = "\(name)@\(shop.slug).example"
        try await expect(
            201, "POST", "/api/users", by: shop.owner,
            json: ["email": .string(email), "password": .string(goodPassword), "role": .string(role)])
        return try await signIn(email, shop.slug)
    }
}

struct Shop: Sendable {
    let id: String
    let slug: String
    let owner: Person
}

/// Runs `body` with a server, its operator, and the shops acme and bela.
func withShops(
    _ flags: [ConfigurationKey: String] = [:], modules: [Module] = allModules, plan: String? = nil,
    _ body: (_ server: TestServer, _ operator: Person, _ acme: Shop, _ bela: Shop) async throws -> Void
) async throws {
    try await withServer(flags, modules: modules) { server in
        let person = try await server.setUp()
        let acme = try await server.makeShop("acme", plan: plan, by: person)
        let bela = try await server.makeShop("bela", plan: plan, by: person)
        try await body(server, person, acme, bela)
    }
}
