import ApplianceCore
import HTTPAPI
import HTTPTypes
import Hummingbird
import Tenancy

/// Operators set up who else may say who somebody is.
struct IdentityProviderController: Sendable {
    let appliance: Appliance

    private static let path = "/api/admin/identity-providers"
    private var providers: IdentityProviders { appliance.signIn.providers }

    func add(to routes: Routes) {
        routes.operator(.get, Self.path, "List identity providers", .gives(.list(.identityProvider))) { _ in
            Answer.json(["items": .array(try providers.list().map(providers.json)), "nextCursor": nil])
        }
        routes.operator(
            .post, Self.path, "Set up an identity provider",
            .takes(
                .text("name", required: true, max: 40), .choice("kind", IdentityProvider.Kind.allCases.map(\.rawValue)),
                .text("issuer", max: 255), .text("label", max: 60), .text("clientId", required: true, max: 255),
                .secret("clientSecret", required: true),
                .choice("audience", IdentityProvider.Audience.allCases.map(\.rawValue)),
                .flag("enabled")
            ).gives(.created, .identityProvider)
        ) { context in
            let made = try await providers.create(
                await RequestBodies.json(context.request), by: context.principal.actor, requestID: context.requestID)
            var response = Answer.json(providers.json(made), status: .created)
            response.headers[.location] = "\(Self.path)/\(made.name)"
            return response
        }
        routes.operator(.get, "\(Self.path)/{id}", "Read an identity provider", .gives(.identityProvider)) { context in
            Answer.json(providers.json(try providers.find(name(context))))
        }
        routes.operator(
            .patch, "\(Self.path)/{id}", "Change an identity provider",
            .takes(
                .choice("kind", IdentityProvider.Kind.allCases.map(\.rawValue)), .text("issuer", max: 255),
                .text("label", max: 60), .text("clientId", max: 255), .secret("clientSecret"),
                .choice("audience", IdentityProvider.Audience.allCases.map(\.rawValue)), .flag("enabled")
            ).gives(.identityProvider)
        ) { context in
            let changed = try await providers.change(
                name(context), await RequestBodies.json(context.request), by: context.principal.actor,
                requestID: context.requestID)
            return Answer.json(providers.json(changed))
        }
        routes.operator(.delete, "\(Self.path)/{id}", "Delete an identity provider", .gives(.noContent)) { context in
            try await providers.delete(name(context), by: context.principal.actor, requestID: context.requestID)
            return Answer.noContent
        }
        routes.operator(
            .post, "\(Self.path)/{id}/check", "Ask an identity provider for its documents", .gives(.providerCheck)
        ) { context in
            Answer.json(try await providers.check(name(context)))
        }
    }

    private func name(_ context: OperatorRequestContext) -> String { context.http.parameters.get("id") ?? "" }
}
