import ApplianceCore
import CollectionKit
import HTTPAPI
import Tenancy
import Testing

@testable import ApplianceServer

/// A call of a route with everything right about it: whoever may use the route gets `status`.
struct RouteSample: Sendable {
    let entry: Routes.Entry
    let path: String
    let json: JSON?
    let csv: String?
    let status: Int
    var description: RouteDescription?

    /// The same call for a record that does not exist.
    var ofNothing: RouteSample {
        let known = entry.path.replacing(Routes.ownCollection, with: RouteSamples.ownName)
        let parts = known.split(separator: "/").map { $0 == "{id}" ? "cus_00000000000000000000000000" : String($0) }
        return RouteSample(
            entry: entry, path: "/" + parts.joined(separator: "/"), json: json, csv: csv, status: status,
            description: description)
    }

    var isRead: Bool { entry.method == "GET" }
    var namesRecord: Bool { entry.path.contains("{id}") }
    var name: Comment { "\(entry.method) \(entry.path)" }
}

/// A route that nobody told the tests how to call.
struct NoRule: Error { let route: String }

/// Makes a sample of each route, every one with a record, user or shop of its own.
struct RouteSamples {
    let server: TestServer
    let person: Person
    let shop: Shop
    /// What stands in the shop's records and nowhere else.
    let canary: String

    enum Subject {
        case none, user, tenant, activeTenant, suspendedTenant, actAs, supporter, setting, trashed, person, snapshot,
            job, alert, file, restored, message
        case invitation, session, key
        case plan, flag, provider, identity, role, own
    }

    struct Rule {
        let subject: Subject
        var json: JSON?
        var status = 200
        /// For routes with a wildcard.
        var path: String?
    }

    /// Whoever calls the routes about one's own account.
    static let member = "member@acme.example"

    private static let password: JSON = .string(goodPassword)

    private static let rules: [String: Rule] = [
        "GET /": Rule(subject: .none, status: 303),
        "GET /admin": Rule(subject: .none),
        "GET /admin/**": Rule(subject: .none, path: "/admin/index.html"),
        "GET /metrics": Rule(subject: .none),
        "GET /api/openapi.json": Rule(subject: .none),
        "GET /api/health": Rule(subject: .none),
        "GET /api/health/live": Rule(subject: .none),
        "GET /api/health/ready": Rule(subject: .none),
        "GET /api/health/database": Rule(subject: .none),
        "GET /api/health/cache": Rule(subject: .none),
        "GET /api/health/backups": Rule(subject: .none),
        "POST /api/auth/login": Rule(
            subject: .none, json: ["email": "no@body.example", "password": "no"], status: 401),
        "POST /api/auth/setup": Rule(
            subject: .none, json: ["token": "used", "email": "no@body.example", "password": password], status: 410),
        "POST /api/auth/forgot": Rule(subject: .none, json: ["email": "no@body.example"], status: 202),
        "POST /api/auth/reset": Rule(subject: .none, json: ["token": "used", "password": password], status: 410),
        "POST /api/auth/invitations/show": Rule(subject: .none, json: ["token": "used"], status: 410),
        "POST /api/auth/invitations/accept": Rule(
            subject: .none, json: ["token": "used", "password": password], status: 410),
        "GET /api/admin/signing-keys": Rule(subject: .none),
        "POST /api/admin/signing-keys/rotate": Rule(subject: .none),
        "GET /api/collections": Rule(subject: .none),
        "POST /api/collections": Rule(
            subject: .none, json: ["name": "madeByMatrix", "fields": [["name": "a", "type": "text"]]], status: 201),
        "GET /api/collections/{id}": Rule(subject: .own),
        "PUT /api/collections/{id}": Rule(subject: .own, json: ["fields": [["name": "b", "type": "text"]]]),
        "DELETE /api/collections/{id}": Rule(subject: .own, status: 204),
        "GET /api/roles": Rule(subject: .none),
        "POST /api/roles": Rule(
            subject: .none, json: ["name": "made-by-matrix", "collections": ["customers": ["read"]]], status: 201),
        "GET /api/roles/{id}": Rule(subject: .role),
        "PATCH /api/roles/{id}": Rule(subject: .role, json: ["collections": ["customers": ["read", "update"]]]),
        "DELETE /api/roles/{id}": Rule(subject: .role, status: 204),
        "GET /api/api-keys": Rule(subject: .none),
        "POST /api/api-keys": Rule(subject: .none, json: ["name": "made by matrix"], status: 201),
        "POST /api/api-keys/{id}/revoke": Rule(subject: .key),
        "GET /api/invitations": Rule(subject: .none),
        "POST /api/invitations": Rule(subject: .none, json: ["email": "invited@body.example"], status: 201),
        "POST /api/invitations/{id}/revoke": Rule(subject: .invitation),
        "POST /api/users/{id}/reset-link": Rule(subject: .user),
        "POST /api/admin/operators/{id}/reset-link": Rule(subject: .person),
        "POST /api/auth/shop": Rule(subject: .none, json: ["challenge": "used", "shop": "acme"], status: 401),
        "POST /api/auth/totp": Rule(subject: .none, json: ["challenge": "used", "code": "000000"], status: 401),
        "GET /api/auth/totp": Rule(subject: .none),
        "POST /api/auth/totp/enrol": Rule(subject: .none, json: ["password": password]),
        "POST /api/auth/totp/confirm": Rule(subject: .none, json: ["code": "no"], status: 422),
        "POST /api/auth/totp/recovery-codes": Rule(
            subject: .none, json: ["password": password, "code": "no"], status: 409),
        "POST /api/auth/totp/disable": Rule(subject: .none, json: ["password": password, "code": "no"], status: 409),
        "POST /api/users/{id}/reset-totp": Rule(subject: .user),
        "POST /api/admin/operators/{id}/reset-totp": Rule(subject: .person),
        "GET /api/sessions": Rule(subject: .none),
        "DELETE /api/sessions/{id}": Rule(subject: .session, status: 204),
        "POST /api/sessions/end-others": Rule(subject: .none),
        "POST /api/auth/password": Rule(subject: .none, json: ["current": password, "password": password]),
        "GET /api/users/{id}/sessions": Rule(subject: .user),
        "POST /api/users/{id}/sign-out": Rule(subject: .user),
        "GET /api/auth/me": Rule(subject: .none),
        "POST /api/auth/logout": Rule(subject: .none, status: 204),
        "GET /api/users": Rule(subject: .none),
        "POST /api/users": Rule(
            subject: .none, json: ["email": "new@body.example", "password": password], status: 201),
        "POST /api/users/{id}/disable": Rule(subject: .user),
        "POST /api/users/{id}/enable": Rule(subject: .user),
        "POST /api/users/{id}/role": Rule(subject: .user, json: ["role": "viewer"]),
        "POST /api/users/{id}/reset-password": Rule(subject: .user, json: ["password": password]),
        "POST /api/batch": Rule(
            subject: .none,
            json: ["operations": [["method": "POST", "path": "/api/customers", "body": ["name": "batch"]]]]),
        "GET /api/permissions": Rule(subject: .none),
        "GET /api/events": Rule(subject: .none, path: "/api/events?follow=false"),
        "GET /api/files": Rule(subject: .none),
        "POST /api/files": Rule(subject: .none, json: ["bytes": "are bytes"], status: 201),
        "GET /api/files/{id}": Rule(subject: .file),
        "GET /api/files/{id}/content": Rule(subject: .file),
        "PATCH /api/files/{id}": Rule(subject: .file, json: ["name": "renamed.txt"]),
        "DELETE /api/files/{id}": Rule(subject: .file, status: 204),
        "POST /api/files/{id}/links": Rule(subject: .file, json: ["expiresIn": 60], status: 201),
        "GET /public/{tenant}/{id}": Rule(subject: .file, status: 404, path: "/public/acme/{id}"),
        "GET /api/audit": Rule(subject: .none),
        "GET /api/audit/verify": Rule(subject: .none),
        "GET /api/admin/audit": Rule(subject: .none),
        "GET /api/admin/audit/verify": Rule(subject: .none),
        "GET /api/admin/health": Rule(subject: .none),
        "GET /api/admin/metrics": Rule(subject: .none),
        "GET /api/admin/tenants": Rule(subject: .none),
        "POST /api/admin/tenants": Rule(
            subject: .none, json: ["slug": "made-by-matrix", "ownerEmail": "new@body.example"], status: 201),
        "GET /api/admin/tenants/{id}": Rule(subject: .tenant),
        "POST /api/admin/tenants/{id}/suspend": Rule(subject: .tenant, json: ["reason": "late"]),
        "POST /api/admin/tenants/{id}/activate": Rule(subject: .tenant),
        "POST /api/admin/tenants/{id}/extend-trial": Rule(subject: .tenant, json: ["days": 3]),
        "POST /api/admin/tenants/{id}/convert": Rule(subject: .tenant, json: ["paidUntil": "2027-12-31"]),
        "POST /api/admin/tenants/{id}/renew": Rule(subject: .activeTenant, json: ["paidUntil": "2027-12-31"]),
        "POST /api/admin/tenants/{id}/cancel": Rule(subject: .tenant, json: ["reason": "closed"]),
        "POST /api/admin/tenants/{id}/reactivate": Rule(subject: .suspendedTenant),
        "GET /api/admin/tenants/{id}/history": Rule(subject: .tenant),
        "GET /api/admin/lifecycle": Rule(subject: .none),
        "POST /api/admin/tenants/{id}/change-plan": Rule(subject: .tenant, json: ["plan": "pro"]),
        "GET /api/admin/tenants/{id}/subscription": Rule(subject: .tenant),
        "GET /api/admin/plans": Rule(subject: .none),
        "POST /api/admin/plans": Rule(subject: .none, json: ["name": "gold", "title": "Gold"], status: 201),
        "GET /api/admin/plans/{id}": Rule(subject: .plan),
        "POST /api/admin/plans/{id}/move": Rule(subject: .plan),
        "GET /api/subscription": Rule(subject: .none),
        "PATCH /api/admin/tenants/{id}": Rule(subject: .tenant, json: ["name": "Renamed"]),
        "GET /api/admin/tenants/{id}/domains": Rule(subject: .tenant),
        "POST /api/admin/tenants/{id}/domains": Rule(
            subject: .tenant, json: ["domain": "shop.matrix.example"], status: 201),
        "DELETE /api/admin/tenants/{id}/domains/{domain}": Rule(
            subject: .tenant, status: 404, path: "/api/admin/tenants/{id}/domains/nobody.example"),
        "GET /api/admin/tenants/{id}/act-as": Rule(subject: .tenant),
        "POST /api/admin/tenants/{id}/act-as": Rule(subject: .tenant, json: ["reason": "help"], status: 201),
        "POST /api/admin/act-as/{id}/end": Rule(subject: .actAs),
        "GET /api/admin/operator-roles": Rule(subject: .none),
        "POST /api/admin/operators/{id}/role": Rule(subject: .person, json: ["role": "billing"]),
        "GET /api/admin/settings": Rule(subject: .none),
        "GET /api/admin/settings/{id}": Rule(subject: .setting),
        "PATCH /api/admin/settings/{id}": Rule(subject: .setting, json: ["value": "on"]),
        "GET /api/admin/secrets": Rule(subject: .none),
        "POST /api/admin/secrets/rotate": Rule(subject: .none, status: 403),
        "POST /api/admin/secrets/forget-retired": Rule(subject: .none, status: 403),
        "GET /api/admin/legal": Rule(subject: .none),
        "POST /api/admin/legal": Rule(
            subject: .none, json: ["kind": "privacy", "body": "Nothing is kept."], status: 201),
        "POST /api/signup": Rule(
            subject: .none,
            json: [
                "slug": "signed-up", "email": "o@signed-up.example", "password": password, "termsVersion": 1,
            ], status: 201),
        "GET /terms": Rule(subject: .none),
        "GET /privacy": Rule(subject: .none),
        "GET /api/legal": Rule(subject: .none),
        "POST /api/legal/accept": Rule(subject: .none, json: ["termsVersion": 1]),
        "GET /api/auth/shop": Rule(subject: .none),
        "GET /api/shop": Rule(subject: .none),
        "PATCH /api/shop": Rule(subject: .none, json: ["corsOrigins": ["https://app.example"]]),
        "GET /api/shop/support": Rule(subject: .none),
        "POST /api/shop/support/{id}/end": Rule(subject: .supporter),
        "GET /api/usage": Rule(subject: .none),
        "GET /api/flags": Rule(subject: .none),
        "GET /api/admin/tenants/{id}/usage": Rule(subject: .tenant),
        "POST /api/admin/tenants/{id}/usage/check": Rule(subject: .tenant),
        "GET /api/admin/prices": Rule(subject: .none),
        "POST /api/admin/prices": Rule(subject: .none, json: ["item": "claude", "amount": 55], status: 201),
        "GET /api/admin/flags": Rule(subject: .none),
        "POST /api/admin/flags": Rule(subject: .none, json: ["name": "made-by-matrix"], status: 201),
        "GET /api/admin/flags/{id}": Rule(subject: .flag),
        "DELETE /api/admin/flags/{id}": Rule(subject: .flag, status: 204),
        "POST /api/admin/tenants/{id}/delete": Rule(subject: .tenant, json: ["confirm": "{id}"]),
        "POST /api/admin/tenants/{id}/export": Rule(subject: .tenant, json: ["into": "/nowhere"], status: 403),
        "POST /api/admin/tenants/import": Rule(subject: .none, json: ["from": "/nowhere"], status: 403),
        "POST /api/admin/tenants/{id}/clone": Rule(subject: .tenant, status: 201),
        "GET /api/admin/backups/report": Rule(subject: .none),
        "GET /api/admin/alerts": Rule(subject: .none),
        "POST /api/admin/alerts/{id}/acknowledge": Rule(subject: .alert),
        "GET /api/admin/drills": Rule(subject: .none),
        "POST /api/admin/drills": Rule(subject: .none, json: ["tenants": []]),
        "GET /api/admin/trash": Rule(subject: .none),
        "POST /api/admin/trash/{id}/undelete": Rule(subject: .trashed),
        "POST /api/admin/trash/{id}/purge": Rule(subject: .trashed, json: ["confirm": "{id}"]),
        "GET /api/admin/backups": Rule(subject: .none),
        "POST /api/admin/backups": Rule(subject: .none, status: 201),
        "GET /api/admin/backups/{id}": Rule(subject: .snapshot),
        "POST /api/admin/backups/{id}/verify": Rule(subject: .snapshot),
        "POST /api/admin/backups/prune": Rule(subject: .none),
        "POST /api/admin/restores": Rule(subject: .none, json: ["dryRun": true]),
        "GET /api/admin/restores": Rule(subject: .none),
        "POST /api/admin/restores/records": Rule(
            subject: .none,
            json: ["tenant": "acme", "collection": "customers", "ids": ["cus_none"], "at": "now", "dryRun": true]),
        "POST /api/admin/restores/{id}/undo": Rule(subject: .restored, json: ["dryRun": true]),
        "GET /api/restore-points": Rule(subject: .none),
        "POST /api/restores": Rule(subject: .none, json: ["at": "now", "dryRun": true]),
        "POST /api/restores/undo": Rule(subject: .none, json: ["dryRun": true], status: 409),
        "GET /api/admin/schedule": Rule(subject: .none),
        "GET /api/admin/schedule/runs": Rule(subject: .none),
        "POST /api/admin/schedule/{id}/run": Rule(subject: .job),
        "GET /api/admin/outbox": Rule(subject: .none),
        "POST /api/admin/outbox/{id}/release": Rule(subject: .message, status: 409),
        "POST /api/admin/outbox/{id}/discard": Rule(subject: .message, status: 409),
        "POST /api/admin/outbox/release": Rule(subject: .none),
        "POST /api/admin/outbox/discard": Rule(subject: .none),
        "GET /api/admin/erasures": Rule(subject: .none),
        "GET /api/held-messages": Rule(subject: .none),
        "POST /api/held-messages/{id}/release": Rule(subject: .message, status: 409),
        "POST /api/held-messages/{id}/discard": Rule(subject: .message, status: 409),
        "POST /api/held-messages/release": Rule(subject: .none),
        "POST /api/held-messages/discard": Rule(subject: .none),
        "GET /api/erasures": Rule(subject: .none),
        "GET /api/admin/operators": Rule(subject: .none),
        "POST /api/admin/operators": Rule(
            subject: .none, json: ["email": "new@body.example", "password": password], status: 201),
        "POST /api/admin/operators/{id}/disable": Rule(subject: .person),
        "POST /api/admin/operators/{id}/reset-password": Rule(subject: .person, json: ["password": password]),
        "POST /api/admin/operators/setup-link": Rule(subject: .none, status: 403),
    ]

    /// One of each route that `isWanted`, with what the OpenAPI document says of it.
    func all(where isWanted: (Routes.Entry) -> Bool = { _ in true }) async throws -> [RouteSample] {
        _ = try await server.addUser("member", .owner, to: shop)
        let document = try await server.expect(200, "GET", "/api/openapi.json").json
        var samples: [RouteSample] = []
        for entry in try server.appliance.makeRoutes().entries where isWanted(entry) {
            do {
                var sample = try await sample(entry)
                sample.description = RouteDescription(entry, document)
                samples.append(sample)
            } catch let missing as NoRule {
                Issue.record("no rule for \(missing.route): add it to RouteSamples")
            }
        }
        return samples
    }

    func sample(_ entry: Routes.Entry) async throws -> RouteSample {
        if let collection = entry.collection { return try await sample(entry, of: collection) }
        let route = "\(entry.method) \(entry.path)"
        guard let rule = Self.rules[route] ?? Self.identityRules[route] else { throw NoRule(route: route) }
        let id = try await make(rule.subject)
        return RouteSample(
            entry: entry, path: (rule.path ?? entry.path).replacing("{id}", with: id),
            json: try rule.json.map { try JSONParser.parse(Array($0.text.replacing("{id}", with: id).utf8)) }, csv: nil,
            status: rule.status)
    }

    private func make(_ subject: Subject) async throws -> String {
        let name = Random.token(bytes: 6).lowercased().replacing("_", with: "0").replacing("-", with: "0")
        let (path, json): (String, JSON)
        switch subject {
        case .none: return ""
        case .job: return "retention-purge"
        case .plan: return "free"
        case .flag:
            try await server.expect(
                201, "POST", "/api/admin/flags", by: person, json: ["name": .string("flag-\(name.prefix(6))x")])
            return "flag-\(name.prefix(6))x"
        case .alert:
            let alerts = server.appliance.alerts
            try await alerts.settle([AlertCondition(kind: "test", subject: name, message: "broken", remedy: "mend")])
            return try #require(try alerts.list(isOpen: true).first?.id)
        // Not held: another route lets go of all that is.
        case .message: return try await server.makeMessage(of: shop, to: "\(name)@b.example")
        case .provider: return try await makeProvider(name)
        case .identity: return try await makeIdentity(name)
        case .user: return try await server.addUser(name, .staff, to: shop).id
        case .tenant: (path, json) = ("tenants", ["slug": .string(name), "ownerEmail": "a@b.example"])
        case .activeTenant, .suspendedTenant:
            let id = try await make(.tenant)
            let (verb, body): (String, JSON) =
                subject == .activeTenant ? ("activate", [:]) : ("suspend", ["reason": "late"])
            try await server.expect(200, "POST", "/api/admin/tenants/\(id)/\(verb)", by: person, json: body)
            return id
        case .setting: return "signup"
        case .actAs, .supporter:
            let slug = subject == .actAs ? try await make(.tenant) : shop.slug
            let name = "\(name)@b.example"
            _ = try await server.addOperator(name, by: person)
            let helper = try await server.signIn(name)
            let answer = try await server.expect(
                201, "POST", "/api/admin/tenants/\(slug)/act-as", by: helper, json: ["reason": "help"])
            return try #require(answer.json["id"]?.stringValue)
        case .person:
            (path, json) = ("operators", ["email": .string("\(name)@b.example"), "password": Self.password])
        case .trashed:
            let id = try await make(.tenant)
            try await server.expect(
                200, "POST", "/api/admin/tenants/\(id)/delete", by: person, json: ["confirm": .string(id)])
            return id
        case .restored:
            let id = JSON.string(try await make(.tenant))
            _ = try await make(.snapshot)
            let answer = try await server.expect(
                200, "POST", "/api/admin/restores", by: person, json: ["tenants": [id], "confirm": id])
            return try #require(answer.json["id"]?.stringValue)
        case .snapshot: (path, json) = ("backups", [:])
        case .role: return try await server.addRole("role-\(name.prefix(8))x", ["customers": ["read"]], to: shop)
        case .own:
            try await declare("own\(name.filter(\.isLetter))")
            return "own\(name.filter(\.isLetter))"
        case .key: return try await server.addKey(["read"], to: shop).id
        case .session:
            let member = try await server.signIn(Self.member, shop.slug)
            let answer = try await server.expect(200, "GET", "/api/sessions", by: member)
            return try #require(answer.items.first { $0["isCurrent"] == .bool(true) }?["id"]?.stringValue)
        case .invitation:
            let answer = try await server.expect(
                201, "POST", "/api/invitations", by: shop.owner, json: ["email": .string("\(name)@b.example")])
            return try #require(answer.json["id"]?.stringValue)
        case .file:
            let answer = try await server.expect(
                201, "POST", "/api/files?name=\(canary).txt", by: shop.owner, body: Array(canary.utf8))
            return try #require(answer.json["id"]?.stringValue)
        }
        let answer = try await server.expect(201, "POST", "/api/admin/\(path)", by: person, json: json)
        return try #require(answer.json["id"]?.stringValue)
    }
}

extension TestServer {
    func send(
        _ sample: RouteSample, by person: Person? = nil, tenant: String? = nil
    ) async throws -> ServerAnswer {
        let answer = try await send(
            sample.entry.method, sample.path, by: person, tenant: tenant, json: sample.json,
            body: sample.csv.map { Array($0.utf8) }, headers: sample.csv == nil ? [] : [("Content-Type", "text/csv")])
        if let fault = sample.description?.fault(answer) { Issue.record("\(sample.name), as described: \(fault)") }
        return answer
    }

    /// Sends it by somebody who may.
    func sendRightly(_ sample: RouteSample, operator person: Person, _ shop: Shop) async throws -> ServerAnswer {
        try await send(sample, by: rightful(sample.entry, operator: person, shop))
    }

    /// Somebody who may use a route; nobody for one that is open.
    func rightful(_ entry: Routes.Entry, operator person: Person, _ shop: Shop) async throws -> Person? {
        switch entry.access {
        case .open: nil
        case .operator: person
        case .signedIn: try await signIn(RouteSamples.member, shop.slug)
        case .tenant, .tenantManager: shop.owner
        }
    }
}
