package import ApplianceCore
import CollectionKit
import GRDB
import Storage

/// Signing in by the word of an identity provider, into accounts that are there already: none is ever made.
extension SignIn {
    package static let noAccount = DomainError(
        .unauthenticated, "no_account", "No account here may be opened this way.",
        hint: "Ask who runs the shop for an invitation, or sign in with the password.")

    /// `tenant`: the shop that is named; `fallback`: the one that is meant where none is.
    package func enter(
        _ identity: ProvenIdentity, through provider: IdentityProvider, tenant: Tenant?, fallback: Tenant?,
        origin: SignInOrigin
    ) async throws -> Entrance {
        let accounts = try accounts(of: identity, provider.audience, tenant, fallback).filter { !$0.isDisabled }
        guard let only = accounts.first else {
            if identity.verifiedEmail == nil {
                throw DomainError(
                    .unauthenticated, "email_not_verified", "The identity provider has not verified the address.",
                    hint: "Verify it there, or sign in with the password.")
            }
            throw Self.noAccount
        }
        if accounts.count == 1 {
            return try await admit(only, email: only.email, password: nil, identity: identity, origin: origin)
        }
        let (token, expiresAt) = challenges.begin(only, among: accounts.compactMap(\.tenantID), identity: identity)
        return .needsShop(
            challenge: token, expiresAt: expiresAt,
            shops: accounts.compactMap { account in account.tenantID.flatMap { directory[$0] } })
    }

    /// As for passwords: an operator's account before those of shops, the named shop or the one that is meant before
    /// all others.
    private func accounts(
        of identity: ProvenIdentity, _ audience: IdentityProvider.Audience, _ tenant: Tenant?, _ fallback: Tenant?
    ) throws -> [Account] {
        if tenant == nil, audience.admitsOperators, let found = try account(of: identity, in: nil) { return [found] }
        guard audience.admitsShops else { return [] }
        if let meant = tenant ?? fallback { return try [account(of: identity, in: meant.id)].compactMap(\.self) }
        let known = try system.read { db in
            let byEmail = try identity.verifiedEmail.map { try AccountIndex.shops(db, $0) } ?? []
            return Set(try AccountIndex.shops(db, identity.key) + byEmail)
        }
        return try known.sorted().filter { directory[$0]?.id == $0 }.compactMap { try account(of: identity, in: $0) }
    }

    /// The account that the subject is linked to; before there is one, that of the verified address, unless it is
    /// linked to another subject of the issuer: then the address has changed hands there.
    func account(of identity: ProvenIdentity, in tenantID: String?) throws -> Account? {
        try file(tenantID).read { db in try Self.account(db, of: identity, in: tenantID) }
    }

    private static func account(_ db: Database, of identity: ProvenIdentity, in tenantID: String?) throws -> Account? {
        if let linked = try IdentityLinkStore.userID(db, identity) {
            return try Account.find(db, tenantID: tenantID, linked)
        }
        guard let email = identity.verifiedEmail, let account = try Account.find(db, tenantID: tenantID, email),
            try !IdentityLinkStore.has(db, userID: account.id, issuer: identity.issuer)
        else { return nil }
        return account
    }

    /// Notes that the person came in this way, and at the first time that it is theirs; then they are told.
    func link(_ identity: ProvenIdentity, to account: Account) async throws {
        let (id, now) = (ids.next("idl"), time.now())
        let data: JSON = ["provider": .string(identity.provider), "issuer": .string(identity.issuer)]
        let isNew = try await file(account.tenantID).write { db in
            // Whatever was done to the account or its links meanwhile counts.
            guard let found = try Self.account(db, of: identity, in: account.tenantID), found.id == account.id,
                !found.isDisabled
            else { throw Self.noAccount }
            let isNew = try IdentityLinkStore.userID(db, identity) == nil
            if isNew {
                try IdentityLinkStore.insert(db, id: id, userID: account.id, identity, now: now)
            } else {
                try IdentityLinkStore.noteUse(db, identity, now: now)
            }
            try AuditTrail.append(
                db, at: now, actor: account.actor,
                action: "\(account.kind).\(isNew ? "link-identity" : "enter-by-identity")", target: account.id,
                requestID: nil, data: data.text)
            return isNew
        }
        guard isNew else { return }
        if let tenantID = account.tenantID { learn(identity.key, in: tenantID) }
        try await tellOfNewLink(account, identity, id)
    }

    private func tellOfNewLink(_ account: Account, _ identity: ProvenIdentity, _ id: String) async throws {
        let tenant = account.tenantID.flatMap { directory[$0] }
        try await mail.send(
            "identity-linked", about: id, to: account.email, tenant: tenant, subject: "A new way to sign in",
            body: """
                Hello,

                somebody signed in to your account\(tenant.map { " at \($0.name)" } ?? "") with \(identity.issuer). \
                From now on that account there opens yours here.

                If it was not you, take it away on the page of your account, and choose another password.
                """)
    }

    /// What a sign-in that is not finished still needs.
    package func pending(challenge token: String) throws -> Entrance {
        let challenge = try challenges.look(token)
        guard let shops = challenge.shops else {
            return .needsCode(challenge: token, expiresAt: challenge.expiresAt)
        }
        return .needsShop(
            challenge: token, expiresAt: challenge.expiresAt, shops: shops.compactMap { directory[$0] })
    }

    // MARK: - In one's own hands

    /// Which subjects of which issuers open the person's account.
    package func identities(of person: Principal) throws -> [JSON] {
        try file(person.tenantID).read { db in try IdentityLinkStore.list(db, userID: person.id) }
    }

    /// Takes a link away; the next sign-in with a verified address would make it anew.
    package func unlinkIdentity(_ id: String, of person: Principal) async throws {
        let now = time.now()
        try await file(person.tenantID).write { db in
            guard try IdentityLinkStore.delete(db, id: id, userID: person.id) else {
                throw DomainError.notFound("link")
            }
            try AuditTrail.append(
                db, at: now, actor: person.actor,
                action: "\(person.isOperator ? "operator" : "user").unlink-identity", target: person.id,
                requestID: nil, data: nil)
        }
    }
}
