import ApplianceCore
package import CollectionKit
import GRDB
import Storage

/// A person's sessions and password, in their own hands.
extension SignIn {
    /// The sessions of a user of a shop, or without one of an operator.
    package func sessions(of userID: String, tenantID: String?) throws -> [SessionFacts] {
        let now = time.now()
        return try file(tenantID).read { db in try SessionStore.list(db, userID: userID, now: now) }
    }

    /// Ends one session of the person: its cookie and token are dead when this returns.
    package func endSession(_ id: String, of person: Principal) async throws {
        let now = time.now()
        try await file(person.tenantID).write { db in
            guard try SessionStore.delete(db, id: id, userID: person.id) else { throw DomainError.notFound("session") }
            try AuditTrail.append(
                db, at: now, actor: person.actor, action: "session.end", target: id, requestID: nil, data: nil)
        }
        sessions.forget(user: person.id)
    }

    /// Ends all sessions of the person but this one; how many.
    package func endOtherSessions(of person: Principal) async throws -> Int {
        let now = time.now()
        let count = try await file(person.tenantID).write { db in
            let count = try SessionStore.deleteOthers(db, than: person.sessionID, userID: person.id)
            if count > 0 {
                try AuditTrail.append(
                    db, at: now, actor: person.actor, action: "session.end-others", target: person.id, requestID: nil,
                    data: nil)
            }
            return count
        }
        sessions.forget(user: person.id)
        return count
    }

    /// Signs a user out everywhere; they may sign in again.
    package func signOut(_ tenant: Tenant, _ key: String, by actor: Actor, requestID: String) async throws -> User {
        try await changeUser(tenant, key, "user.sign-out", by: actor, requestID: requestID) { db, user, _ in
            try SessionStore.deleteAll(db, userID: user.id)
        }
    }

    /// Sets the person's own password, ends all their sessions, and starts a new one.
    package func changePassword(
        of person: Principal, current: String, new: String, origin: SignInOrigin
    ) async throws -> Sessions.Grant {
        let tenantID = person.tenantID
        let account = try file(tenantID).read { db in try Account.find(db, tenantID: tenantID, person.id) }
        guard let account, try await passwords.verify(current, account.passwordHash) else {
            throw DomainError.invalid("current", "wrong_password", "The password is not right.")
        }
        let tenant = tenantID.flatMap { directory[$0] }
        try checkNewPassword(new, of: account)
        let (hash, now) = (try await passwords.hash(new), time.now())
        try await file(tenantID).write { db in
            try account.setPassword(db, hash: hash, now: now)
            try AuditTrail.append(
                db, at: now, actor: person.actor, action: "\(account.kind).change-password", target: account.id,
                requestID: nil, data: nil)
        }
        sessions.forget(user: account.id)
        try await tellOfNewPassword(account, tenant)
        return try await start(account, origin)
    }
}
