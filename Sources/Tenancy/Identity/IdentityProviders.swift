package import ApplianceCore
package import CollectionKit
import GRDB
import Storage

/// The providers that operators set up. With none, nobody sees anything of them and nothing leaves the machine.
package final class IdentityProviders: Sendable {
    static let github = "https://github.com"
    private static let sealedFor = "system"

    private let system: DatabaseFile
    let master: MasterKey
    /// Where people reach the server; configured, never taken from a request.
    package let address: String
    let time: TimeSource
    let client: ProviderClient
    let documents: ProviderDocuments
    let flows: SignInFlows

    init(system: DatabaseFile, master: MasterKey, address: String, allowsLoopback: Bool, time: TimeSource) {
        (self.system, self.master, self.address, self.time) = (system, master, address, time)
        client = ProviderClient(addresses: ProviderAddress(allowsLoopback: allowsLoopback), time: time)
        documents = ProviderDocuments(client, time: time)
        flows = SignInFlows(time: time)
    }

    package func list() throws -> [IdentityProvider] { try system.read { db in try IdentityProvider.list(db) } }

    package func find(_ name: String) throws -> IdentityProvider {
        guard let found = try system.read({ db in try IdentityProvider.find(db, name) }) else {
            throw DomainError.notFound("identity provider")
        }
        return found
    }

    /// What has to be registered at the provider.
    package func callback(_ name: String) -> String { "\(address)/api/auth/oauth/\(name)/callback" }

    package func json(_ provider: IdentityProvider) -> JSON {
        provider.json.adding(["callback": .string(callback(provider.name))])
    }

    // MARK: - Set up by operators

    package func create(_ body: JSON, by actor: Actor, requestID: String) async throws -> IdentityProvider {
        var input = try InputReader(body: body)
        let name = input.text("name", required: true, max: 40, check: TextRules.isSlug) ?? ""
        let made = try read(&input, named: name, before: nil)
        return try await save(made, "identity-provider.create", by: actor, requestID: requestID) { db in
            guard try IdentityProvider.find(db, name) == nil else {
                throw DomainError.conflict("name_taken", "There is an identity provider of this name already.")
            }
            guard try IdentityProvider.list(db).count < IdentityProvider.Limit.count else {
                throw DomainError.conflict(
                    "too_many_providers", "At most \(IdentityProvider.Limit.count) identity providers.")
            }
        }
    }

    /// What is not given stays as it was, the secret too.
    package func change(_ name: String, _ body: JSON, by actor: Actor, requestID: String) async throws
        -> IdentityProvider
    {
        let before = try find(name)
        var input = try InputReader(body: body)
        let changed = try read(&input, named: name, before: before)
        documents.forget(before.issuer)
        return try await save(changed, "identity-provider.change", by: actor, requestID: requestID) { db in
            guard try IdentityProvider.find(db, name) != nil else { throw DomainError.notFound("identity provider") }
        }
    }

    /// Accounts keep their links: a provider of the same issuer finds them again.
    package func delete(_ name: String, by actor: Actor, requestID: String) async throws {
        let now = time.now()
        try await system.write { db in
            guard try IdentityProvider.find(db, name) != nil else { throw DomainError.notFound("identity provider") }
            try IdentityProvider.delete(db, name)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "identity-provider.delete", target: name, requestID: requestID,
                data: nil)
        }
    }

    /// Asks the provider what a sign-in would ask it, as far as that goes without a person.
    package func check(_ name: String) async throws -> JSON {
        let provider = try find(name)
        documents.forget(provider.issuer)
        let endpoints = try await documents.endpoints(of: provider)
        _ = try secret(of: provider)
        var report: JSON = [
            "name": .string(name), "authorizationEndpoint": .string(endpoints.authorization),
            "tokenEndpoint": .string(endpoints.token), "callback": .string(callback(name)),
        ]
        if provider.kind == .oidc {
            let keys = JSONWebKey.set(try await client.get(endpoints.keys))
            guard !keys.isEmpty else { throw ProviderClient.failed("\(endpoints.keys) has no key that we can use") }
            report = report.adding(["keys": JSON(keys.count)])
        }
        return report
    }

    private func read(
        _ input: inout InputReader, named name: String, before: IdentityProvider?
    ) throws -> IdentityProvider {
        let isNew = before == nil
        let kind = input.text("kind", max: 10) { IdentityProvider.Kind(rawValue: $0) != nil }
            .flatMap(IdentityProvider.Kind.init(rawValue:))
        if let before, let kind, kind != before.kind {
            input.faults.append(.init("kind", "fixed", "The kind of a provider stays as it is."))
        }
        let resulting = before?.kind ?? kind ?? .oidc
        let addresses = client.addresses
        let issuer = input.text(
            "issuer", required: isNew && resulting == .oidc, max: IdentityProvider.Limit.issuer,
            check: addresses.allowsIssuer)
        let label = input.text("label", max: IdentityProvider.Limit.label)
        let clientID = input.text("clientId", required: isNew, max: 255)
        let secret = input.secret("clientSecret", required: isNew)
        if secret == "" { input.faults.append(.init("clientSecret", "required", "Must be given.")) }
        let audience = input.text("audience", max: 10) { IdentityProvider.Audience(rawValue: $0) != nil }
            .flatMap(IdentityProvider.Audience.init(rawValue:))
        let isEnabled = input.flag("enabled")
        try input.finish()
        let now = time.now()
        return IdentityProvider(
            name: name, kind: resulting, label: label ?? before?.label ?? (resulting == .github ? "GitHub" : name),
            issuer: issuer ?? before?.issuer ?? Self.github, clientID: clientID ?? before?.clientID ?? "",
            audience: audience ?? before?.audience ?? .everybody, isEnabled: isEnabled ?? before?.isEnabled ?? true,
            createdAt: before?.createdAt ?? now, updatedAt: now,
            sealedSecret: try secret.map { try seal($0, of: name) } ?? before?.sealedSecret ?? "")
    }

    private func save(
        _ provider: IdentityProvider, _ action: String, by actor: Actor, requestID: String,
        _ check: @escaping @Sendable (Database) throws -> Void
    ) async throws -> IdentityProvider {
        let now = time.now()
        let data: JSON = [
            "issuer": .string(provider.issuer), "clientId": .string(provider.clientID),
            "audience": .string(provider.audience.rawValue), "enabled": .bool(provider.isEnabled),
        ]
        try await system.write { db in
            try check(db)
            try provider.save(db)
            try AuditTrail.append(
                db, at: now, actor: actor, action: action, target: provider.name, requestID: requestID, data: data.text)
        }
        return provider
    }

    private func seal(_ secret: String, of name: String) throws -> String {
        try master.sealer(tenant: Self.sealedFor).seal(secret, IdentityProvider.secretPlace(name))
    }

    func secret(of provider: IdentityProvider) throws -> String {
        try master.sealer(tenant: Self.sealedFor).open(
            provider.sealedSecret, IdentityProvider.secretPlace(provider.name))
    }
}
