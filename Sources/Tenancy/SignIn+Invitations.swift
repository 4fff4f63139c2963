import ApplianceCore
package import CollectionKit
import GRDB
import Storage

/// An invitation, and what it writes in the shop's file and, as a message, in `system.sqlite`.
package struct NewInvitation: Sendable {
    package let invitation: Invitation
    package let link: IssuedLink
    let writeInShop: @Sendable (Database) throws -> Void
    let writeInSystem: @Sendable (Database) throws -> Void
}

/// Becoming a user of a shop by an invitation.
extension SignIn {
    /// Invites an address; its earlier invitation ends. The link is in the answer and, sealed, in the outbox, and
    /// nowhere else.
    package func invite(
        _ tenant: Tenant, email: String, name: String, role: ShopRole, by actor: Actor, requestID: String?
    ) async throws -> NewInvitation {
        let new = try invitation(to: tenant, email: email, name: name, role: role, by: actor, requestID: requestID)
        try await directory.file(tenant.id).write(new.writeInShop)
        try await system.write(new.writeInSystem)
        return new
    }

    /// As `invite`, for transactions that the caller makes.
    package func invitation(
        to tenant: Tenant, email: String, name: String, role: ShopRole, by actor: Actor, requestID: String?
    ) throws -> NewInvitation {
        guard TextRules.isEmail(email) else {
            throw DomainError.invalid("email", "not_an_email", "Not an e-mail address.")
        }
        let (link, now) = (AccountLink(tenantID: tenant.id), time.now())
        let invitation = Invitation(
            id: ids.next("inv"), email: email, name: name, role: role, status: .pending, createdAt: now,
            expiresAt: now.adding(InvitationStore.Limit.lifetime))
        let address = mail.address(of: link, page: "invitation")
        let message = try mail.note(
            "invitation", about: invitation.id, to: email, tenant: tenant, subject: "You are invited to \(tenant.name)",
            body: """
                Hello,

                you are invited to \(tenant.name) as \(role.title). This link, good once and for 7 days, lets you \
                choose a password:

                {link}

                If you did not expect this, do nothing.
                """, link: address)
        return NewInvitation(
            invitation: invitation, link: IssuedLink(address: address, expiresAt: invitation.expiresAt),
            writeInShop: { db in
                try InvitationStore.insert(db, invitation, tokenHash: link.hash, by: actor)
                try AuditTrail.append(
                    db, at: now, actor: actor, action: "invitation.create", target: invitation.id,
                    requestID: requestID, data: JSON.object([.init("role", .string(role.name))]).text)
            }, writeInSystem: message)
    }

    package func invitations(_ tenant: Tenant) throws -> [Invitation] {
        let now = time.now()
        return try directory.file(tenant.id).read { db in try InvitationStore.list(db, now: now) }
    }

    package func invitation(_ tenant: Tenant, id: String) throws -> Invitation {
        let now = time.now()
        let found = try directory.file(tenant.id).read { db in try InvitationStore.find(db, id, now: now) }
        guard let found else { throw DomainError.notFound("invitation") }
        return found
    }

    /// Its link is dead when this returns.
    package func revokeInvitation(_ tenant: Tenant, id: String, by actor: Actor, requestID: String) async throws
        -> Invitation
    {
        let now = time.now()
        return try await directory.file(tenant.id).write { db in
            guard let found = try InvitationStore.find(db, id, now: now) else {
                throw DomainError.notFound("invitation")
            }
            guard found.status == .pending else {
                throw DomainError.conflict("invitation_ended", "This invitation is \(found.status.rawValue) already.")
            }
            try InvitationStore.end(db, id, .revoked, now: now)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "invitation.revoke", target: id, requestID: requestID, data: nil)
            return try InvitationStore.find(db, id, now: now) ?? found
        }
    }

    /// What the person with the link is invited to; throws `link_ended` for any other token.
    package func invitation(token: String) throws -> (tenant: Tenant, invitation: Invitation) {
        let (tenant, link, now) = try (tenant(ofLink: token), AccountLink(token), time.now())
        let found = try directory.file(tenant.id).read { db in
            try InvitationStore.open(db, tokenHash: link?.hash ?? "", now: now)
        }
        guard let found else { throw AccountLink.ended }
        return (tenant, found)
    }

    private func tenant(ofLink token: String) throws -> Tenant {
        guard let id = AccountLink(token)?.tenantID, let tenant = directory[id], tenant.id == id else {
            throw AccountLink.ended
        }
        return tenant
    }

    /// Makes the user and signs them in. `name`: nil takes the invitation's.
    package func accept(token: String, name: String?, password: String, origin: SignInOrigin) async throws
        -> (tenant: Tenant, grant: Sessions.Grant)
    {
        let (tenant, invitation) = try invitation(token: token)
        try tenant.status(at: time.now()).requireWritable()
        try Self.check(email: nil, password: password, not: [invitation.email, tenant.slug, tenant.name])
        let hash = try await passwords.hash(password)
        let (id, now, tokenHash) = (ids.next("usr"), time.now(), AccountLink(token)?.hash ?? "")
        let seats = Seats(entitlements: directory.plans[tenant.id])
        let user = try await directory.file(tenant.id).write { db in
            // Asked again: of ten who use one link at once, one becomes a user.
            guard let open = try InvitationStore.open(db, tokenHash: tokenHash, now: now) else {
                throw AccountLink.ended
            }
            try seats.requireOne(db)
            let user = try UserStore.insert(
                db, id: id, email: open.email, name: name ?? open.name, role: open.role, passwordHash: hash, now: now)
            try InvitationStore.end(db, open.id, .accepted, now: now)
            try AuditTrail.append(
                db, at: now, actor: Actor(.user, id), action: "invitation.accept", target: open.id, requestID: nil,
                data: nil)
            return user
        }
        return (tenant, try await start(Account(user, tenantID: tenant.id), origin))
    }
}
