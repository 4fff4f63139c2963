package import ApplianceCore
package import CollectionKit
import GRDB
import Storage

/// API keys: made by those who manage a shop, used by its programs.
extension SignIn {
    /// The key itself is in the answer and nowhere else.
    package func createKey(
        _ tenant: Tenant, name: String, role: Role, scopes: KeyScopes, expiresAt: Instant?, by actor: Actor,
        requestID: String
    ) async throws -> (key: APIKey, secret: String) {
        guard role != .owner else {
            throw DomainError.invalid("role", "not_a_choice", "A key is an admin at the most.")
        }
        let (text, now) = (APIKeyText(tenantID: tenant.id), time.now())
        if let expiresAt, expiresAt <= now { throw DomainError.invalid("expiresAt", "in_the_past", "It has passed.") }
        let key = APIKey(
            id: ids.next("key"), name: name, start: text.start, role: role, scopes: scopes, createdAt: now,
            createdBy: actor.text, expiresAt: expiresAt)
        try await directory.file(tenant.id).write { db in
            try APIKeyStore.insert(db, key, hash: text.hash)
            let data: JSON = [
                "role": .string(role.rawValue), "scopes": .string(scopes.text), "expiresAt": JSON(expiresAt),
            ]
            try AuditTrail.append(
                db, at: now, actor: actor, action: "api-key.create", target: key.id, requestID: requestID,
                data: data.text)
        }
        return (key, text.text)
    }

    package func keys(_ tenant: Tenant) throws -> [APIKey] {
        try directory.file(tenant.id).read { db in try APIKeyStore.list(db) }
    }

    /// The key is dead when this returns; once more changes nothing.
    package func revokeKey(_ tenant: Tenant, id: String, by actor: Actor, requestID: String) async throws -> APIKey {
        let now = time.now()
        let revoked = try await directory.file(tenant.id).write { db in
            guard let key = try APIKeyStore.find(db, id) else { throw DomainError.notFound("API key") }
            guard key.revokedAt == nil else { return key }
            try APIKeyStore.revoke(db, id, now: now)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "api-key.revoke", target: id, requestID: requestID, data: nil)
            return try APIKeyStore.find(db, id) ?? key
        }
        sessions.forget(user: id)
        return revoked
    }

    /// Notes in the background that a key was used, once a minute at the most.
    package func noteUse(of principal: Principal) {
        guard let tenantID = principal.tenantID, sessions.isUseDue(of: principal.id) else { return }
        let (now, file) = (time.now(), directory.file(tenantID))
        // Too much to do already: the next use is noted.
        try? afterwards.run {
            _ = try? await file.write { db in try APIKeyStore.noteUse(db, principal.id, now: now) }
        }
    }
}
