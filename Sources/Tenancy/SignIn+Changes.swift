import ApplianceCore
import CollectionKit
import GRDB
import Storage

extension SignIn {
    /// Changes an operator's account with its audit event, and returns it as it is then.
    func changeOperator(
        _ key: String, _ action: String, by actor: Actor, data: String? = nil,
        _ body: @escaping @Sendable (Database, Operator, Instant) throws -> Void
    ) async throws -> Operator {
        let now = time.now()
        let changed = try await system.write { db in
            guard let found = try OperatorStore.find(db, key) else { throw DomainError.notFound("operator") }
            try body(db, found, now)
            try AuditTrail.append(
                db, at: now, actor: actor, action: action, target: found.id, requestID: nil, data: data)
            return try OperatorStore.find(db, found.id) ?? found
        }
        sessions.forget(user: changed.id)
        return changed
    }

    /// As `changeOperator`, for a user in the shop's file.
    func changeUser(
        _ tenant: Tenant, _ key: String, _ action: String, by actor: Actor, requestID: String,
        _ body: @escaping @Sendable (Database, User, Instant) throws -> Void
    ) async throws -> User {
        let now = time.now()
        let changed = try await directory.file(tenant.id).write { db in
            guard let user = try UserStore.find(db, key) else { throw DomainError.notFound("user") }
            try body(db, user, now)
            try AuditTrail.append(
                db, at: now, actor: actor, action: action, target: user.id, requestID: requestID, data: nil)
            return try UserStore.find(db, user.id) ?? user
        }
        sessions.forget(user: changed.id)
        return changed
    }
}
