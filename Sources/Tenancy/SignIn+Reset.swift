import ApplianceCore
package import CollectionKit
import GRDB
import Storage

/// New passwords by single-use links, for users and operators alike.
extension SignIn {
    /// Sends a link if there is such an account. Answers at once: what is done follows, so that neither the answer nor
    /// its time tells whether there is one.
    package func forgot(tenantID: String?, email: String) throws {
        try afterwards.run { [self] in
            do {
                try await sendResetLink(tenantID: tenantID, email: email)
            } catch {
                // The person is told the same whatever happens; the file's own trouble is reported where it is met.
            }
        }
    }

    /// For tests and for stopping: returns once nothing that was asked before is under way.
    package func settle() async { await afterwards.finish() }

    private func sendResetLink(tenantID: String?, email: String) async throws {
        let now = time.now()
        let account = try file(tenantID).read { db -> Account? in
            guard let found = try Account.find(db, tenantID: tenantID, email), !found.isDisabled,
                try ResetLinkStore.countOpen(db, userID: found.id, now: now) < ResetLinkStore.Limit.open
            else { return nil }
            return found
        }
        guard let account else { return }
        let link = try await makeResetLink(account, by: .system, requestID: nil)
        let tenant = tenantID.flatMap { directory[$0] }
        try await mail.send(
            "password_reset", about: ids.next("lnk"), to: account.email, tenant: tenant,
            subject: "A new password for \(tenant?.name ?? "this appliance")",
            body: """
                Hello,

                somebody asked for a new password for \(account.email). This link, good once and for 30 minutes, lets \
                you choose one:

                {link}

                If it was not you, do nothing: the password stays as it is.
                """, link: link.address)
    }

    private func makeResetLink(_ account: Account, by actor: Actor, requestID: String?) async throws -> IssuedLink {
        let (link, now) = (AccountLink(tenantID: account.tenantID), time.now())
        let expiresAt = try await file(account.tenantID).write { db in
            let expiresAt = try ResetLinkStore.insert(db, tokenHash: link.hash, userID: account.id, now: now)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "\(account.kind).reset-link", target: account.id,
                requestID: requestID, data: nil)
            return expiresAt
        }
        return IssuedLink(address: mail.address(of: link, page: "reset"), expiresAt: expiresAt)
    }

    /// A link that whoever manages the account hands over; `tenant` nil for an operator's account.
    package func resetLink(_ tenant: Tenant?, _ key: String, by actor: Actor, requestID: String?) async throws
        -> IssuedLink
    {
        let tenantID = tenant?.id
        let account = try file(tenantID).read { db in try Account.find(db, tenantID: tenantID, key) }
        guard let account else { throw DomainError.notFound(tenantID == nil ? "operator" : "user") }
        guard !account.isDisabled else {
            throw DomainError.conflict("disabled", "This account is disabled.", hint: "Enable it first.")
        }
        return try await makeResetLink(account, by: actor, requestID: requestID)
    }

    /// Sets the password of the account that the link stands for, and ends all its sessions and links.
    package func reset(token: String, password: String) async throws {
        guard let link = AccountLink(token) else { throw AccountLink.ended }
        if let id = link.tenantID, directory[id]?.id != id { throw AccountLink.ended }
        let account = try openAccount(link)
        let tenant = link.tenantID.flatMap { directory[$0] }
        try checkNewPassword(password, of: account)
        let (hash, now) = (try await passwords.hash(password), time.now())
        try await file(link.tenantID).write { db in
            guard let id = try ResetLinkStore.userID(db, tokenHash: link.hash, now: now),
                let account = try Account.find(db, tenantID: link.tenantID, id), !account.isDisabled
            else { throw AccountLink.ended }
            try account.setPassword(db, hash: hash, now: now)
            try AuditTrail.append(
                db, at: now, actor: account.actor, action: "\(account.kind).reset-by-link", target: id, requestID: nil,
                data: nil)
        }
        sessions.forget(user: account.id)
        try await tellOfNewPassword(account, tenant)
    }

    /// The rules for an account that exists, by whether it has a second factor.
    func checkNewPassword(_ password: String, of account: Account) throws {
        let tenant = account.tenantID.flatMap { directory[$0] }
        let hasSecondFactor = try file(account.tenantID).read { db in
            try SecondFactorStore.isOn(db, userID: account.id)
        }
        try Self.check(
            email: nil, password: password, not: [account.email, tenant?.slug, tenant?.name].compactMap(\.self),
            hasSecondFactor: hasSecondFactor)
    }

    private func openAccount(_ link: AccountLink) throws -> Account {
        let now = time.now()
        let account = try file(link.tenantID).read { db in
            try ResetLinkStore.userID(db, tokenHash: link.hash, now: now).flatMap {
                try Account.find(db, tenantID: link.tenantID, $0)
            }
        }
        guard let account, !account.isDisabled else { throw AccountLink.ended }
        return account
    }

    func tellOfNewPassword(_ account: Account, _ tenant: Tenant?) async throws {
        try await mail.send(
            "password_changed", about: ids.next("lnk"), to: account.email, tenant: tenant,
            subject: "Your password for \(tenant?.name ?? "this appliance") was changed",
            body: """
                Hello,

                the password of \(account.email) was changed just now, and all other sessions were ended. If it was \
                not you, ask for a new password at the sign-in page at once.
                """)
    }
}
