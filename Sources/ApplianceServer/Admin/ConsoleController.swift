import ApplianceCore
import HTTPAPI
import HTTPTypes
import Hummingbird
import Storage
import Tenancy

/// What operators set for all shops, and for one shop to the outside: settings, legal texts, profile, domains.
struct ConsoleController: Sendable {
    let appliance: Appliance

    private var shops: TenantController { TenantController(appliance: appliance) }

    func add(to routes: Routes) {
        routes.operator(.get, "/api/admin/settings", "List the settings", .gives(.list(.setting))) { _ in
            Answer.json(["items": .array(Settings.Key.allCases.map(appliance.settings.json)), "nextCursor": nil])
        }
        routes.operator(.get, "/api/admin/settings/{id}", "Read a setting", .gives(.setting)) { context in
            Answer.json(appliance.settings.json(try key(context)))
        }
        routes.operator(
            .patch, "/api/admin/settings/{id}", "Change a setting",
            .takes(.optionalText("value", max: 4000, required: true)).gives(.setting)
        ) { try await set($0) }
        routes.operator(
            .get, "/api/admin/legal", "List the versions of terms and privacy policy", .gives(.list(.legalText))
        ) { context in
            let texts = try LegalTexts.Kind.allCases.flatMap { try appliance.legal.versions(of: $0) }
            return Answer.json(
                ["items": .array(texts.map { $0.json(withBody: true) }), "nextCursor": nil], for: context.request)
        }
        routes.operator(
            .post, "/api/admin/legal", "Publish a new version of the terms or the privacy policy",
            .takes(
                .choice("kind", LegalTexts.Kind.allCases.map(\.rawValue), required: true),
                .secret("body", required: true, limit: 4 * LegalTexts.Limit.characters)
            ).gives(.created, .legalText)
        ) {
            try await publish($0)
        }
        routes.operator(
            .patch, "\(TenantController.path)/{id}", "Change a shop's name, logo or web origins",
            .takes(.text("name"), .optionalText("logoFileId", max: 64), .texts("corsOrigins")).gives(.tenant)
        ) {
            try await change($0)
        }
        routes.operator(
            .get, "\(TenantController.path)/{id}/domains", "List a shop's own domains", .gives(.list(.domain))
        ) { context in
            let domains = appliance.directory.domains(of: try shops.find(context).id)
            return Answer.json(["items": .array(domains.map { ["domain": .string($0)] }), "nextCursor": nil])
        }
        routes.operator(
            .post, "\(TenantController.path)/{id}/domains", "Let a domain answer for a shop",
            .takes(.text("domain", required: true, max: 253)).gives(.created, .domain)
        ) {
            try await addDomain($0)
        }
        routes.operator(
            .delete, "\(TenantController.path)/{id}/domains/{domain}", "Take a domain from a shop", .gives(.noContent)
        ) {
            context in
            try await appliance.tenants.removeDomain(
                shops.find(context).id, context.http.parameters.get("domain") ?? "", request(context))
            return Answer.noContent
        }
    }

    private func request(_ context: OperatorRequestContext) -> MoveRequest {
        MoveRequest(by: context.principal.actor, requestID: context.requestID)
    }

    private func key(_ context: OperatorRequestContext) throws -> Settings.Key {
        guard let key = Settings.Key(rawValue: context.http.parameters.get("id") ?? "") else {
            throw DomainError.notFound("setting")
        }
        return key
    }

    private func set(_ context: OperatorRequestContext) async throws -> Response {
        let key = try key(context)
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let value = body.optionalText("value", max: 4000)
        if value == nil { body.faults.append(.init("value", "required", "Must be given.")) }
        try body.finish()
        try await appliance.settings.set(
            key, value ?? "", by: context.principal.actor, requestID: context.requestID)
        return Answer.json(appliance.settings.json(key))
    }

    private func publish(_ context: OperatorRequestContext) async throws -> Response {
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let kind = body.text("kind", required: true, max: 20) { LegalTexts.Kind(rawValue: $0) != nil }
        let text = body.secret("body", required: true, limit: 4 * LegalTexts.Limit.characters)
        try body.finish()
        let published = try await appliance.legal.publish(
            kind.flatMap(LegalTexts.Kind.init) ?? .terms, text ?? "", by: context.principal.actor,
            requestID: context.requestID)
        return Answer.json(published.json(withBody: true), status: .created)
    }

    private func change(_ context: OperatorRequestContext) async throws -> Response {
        let tenant = try shops.find(context)
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let change = try Tenants.ProfileChange(&body)
        try body.finish()
        let changed = try await appliance.tenants.changeProfile(tenant.id, change, request(context))
        return Answer.json(await shops.json(changed))
    }

    private func addDomain(_ context: OperatorRequestContext) async throws -> Response {
        let tenant = try shops.find(context)
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let domain = body.text("domain", required: true, max: 253) ?? ""
        try body.finish()
        let added = try await appliance.tenants.addDomain(
            tenant.id, domain, below: appliance.configuration.domain, request(context))
        return Answer.json(["domain": .string(added)], status: .created)
    }
}
