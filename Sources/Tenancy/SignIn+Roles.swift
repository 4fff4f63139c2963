import ApplianceCore
package import CollectionKit
import GRDB
import Storage

/// The roles that a shop defines for itself. Whatever changes one counts from the next request of everybody who has it.
extension SignIn {
    package func roles(_ tenant: Tenant) throws -> [StoredRole] {
        let now = time.now()
        return try directory.file(tenant.id).read { db in try RoleStore.list(db, now: now) }
    }

    package func role(_ tenant: Tenant, _ name: String) throws -> StoredRole {
        let now = time.now()
        return try directory.file(tenant.id).read { db in try RoleStore.find(db, name, now: now) }
    }

    /// What it does not say: a title as the name, and based on staff.
    package func createRole(
        _ tenant: Tenant, _ name: String, _ change: RoleChange, by actor: Actor, requestID: String
    ) async throws -> StoredRole {
        let (now, blank) = (time.now(), CustomRole(name: name, title: name, base: .staff, grants: [:]))
        let role = try change.applied(to: blank)
        return try await directory.file(tenant.id).write { db in
            try RoleStore.insert(db, role, now: now)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "role.create", target: name, requestID: requestID,
                data: JSON.object([.init("new", role.json)]).text)
            return try RoleStore.find(db, name, now: now)
        }
    }

    package func changeRole(
        _ tenant: Tenant, _ name: String, _ change: RoleChange, by actor: Actor, requestID: String
    ) async throws -> StoredRole {
        let now = time.now()
        let changed = try await directory.file(tenant.id).write { db in
            let before = try RoleStore.find(db, name, now: now)
            let role = try change.applied(to: before.role)
            guard role != before.role else { return before }
            try RoleStore.update(db, role, now: now)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "role.change", target: name, requestID: requestID,
                data: JSON.object([.init("old", before.role.json), .init("new", role.json)]).text)
            return try RoleStore.find(db, name, now: now)
        }
        sessions.forget(role: name, of: tenant.id)
        return changed
    }

    package func deleteRole(_ tenant: Tenant, _ name: String, by actor: Actor, requestID: String) async throws {
        let now = time.now()
        try await directory.file(tenant.id).write { db in
            let stored = try RoleStore.find(db, name, now: now)
            try RoleStore.delete(db, stored)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "role.delete", target: name, requestID: requestID,
                data: JSON.object([.init("old", stored.role.json)]).text)
        }
    }
}
