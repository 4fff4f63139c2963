import ApplianceCore
import CollectionKit
import GRDB
import Storage

/// Signing in without naming a shop: the password has to be right before anything is said of shops.
extension SignIn {
    /// As `enter` for operators and where an address has an account in one shop; where it has several with this
    /// password, the person chooses.
    package func enterAnywhere(email: String, password: String, origin: SignInOrigin) async throws -> Entrance {
        let now = time.now()
        let (isOperator, known) = try system.read { db in
            (try OperatorStore.find(db, email) != nil, try AccountIndex.shops(db, email))
        }
        let shops = known.filter { directory[$0]?.id == $0 }
        // Also where there is no account at all: the same work as for one.
        if isOperator || shops.isEmpty { return try await enter(nil, email: email, password: password, origin: origin) }
        try system.read { db in try SignInFailureStore.requireOpen(db, email, now: now) }
        var matching: [Account] = []
        for id in shops {
            let account = try file(id).read { db -> Account? in
                // A shop in which the account has to wait is as one without.
                guard (try? SignInFailureStore.requireOpen(db, email, now: now)) != nil else { return nil }
                return try Account.find(db, tenantID: id, email)
            }
            if try await passwords.verify(password, account?.passwordHash), let account, !account.isDisabled {
                matching.append(account)
            }
        }
        guard let only = matching.first else {
            for id in shops { try await noteFailure(id, email, nil) }
            try await noteFailure(nil, email, nil)
            throw Self.refused
        }
        if matching.count == 1 { return try await admit(only, email: email, password: password, origin: origin) }
        let (token, expiresAt) = challenges.begin(only, among: matching.compactMap(\.tenantID))
        return .needsShop(
            challenge: token, expiresAt: expiresAt,
            shops: matching.compactMap { account in account.tenantID.flatMap { directory[$0] } })
    }

    /// Goes on with the shop that the person chose, one of those that were offered.
    package func choose(challenge token: String, shop: String, origin: SignInOrigin) async throws -> Entrance {
        let challenge = try challenges.attempt(token)
        guard let tenant = directory[shop], let offered = challenge.shops, offered.contains(tenant.id),
            let account = try account(of: challenge, in: tenant.id), !account.isDisabled
        else { throw DomainError.invalid("shop", "not_a_choice", "Choose one of the shops that were offered.") }
        challenges.end(token)
        return try await admit(
            account, email: account.email, password: nil, identity: challenge.identity, origin: origin)
    }

    private func account(of challenge: SignInChallenges.Challenge, in tenantID: String) throws -> Account? {
        if let identity = challenge.identity { return try account(of: identity, in: tenantID) }
        guard let email = challenge.email else { return nil }
        return try file(tenantID).read { db in try Account.find(db, tenantID: tenantID, email) }
    }

    /// Notes in the background that an address has an account in a shop.
    func learn(_ email: String, in tenantID: String) {
        // Too much to do already: it is learned another time.
        try? afterwards.run { [system] in
            guard (try? system.read { db in try AccountIndex.has(db, email, tenantID) }) == false else { return }
            try? await system.write { db in try AccountIndex.add(db, email, tenantID) }
        }
    }

    /// The job: what every shop has now. Writes only where something differs; how many shops did.
    package func renewAccountIndex() async throws -> Int {
        var changed = 0
        for tenant in directory.all {
            try Task.checkCancellation()
            let file = directory.file(tenant.id)
            let known = try? file.read { db in
                try UserStore.list(db).map(\.email) + IdentityLinkStore.keys(db)
            }
            guard let emails = known else { continue }
            if try system.read({ db in try AccountIndex.isCurrent(db, tenantID: tenant.id, emails: emails) }) {
                continue
            }
            try await system.write { db in try AccountIndex.replace(db, tenantID: tenant.id, emails: emails) }
            changed += 1
        }
        return changed
    }
}
