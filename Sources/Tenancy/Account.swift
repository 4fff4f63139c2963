import ApplianceCore
import CollectionKit
import GRDB
import Storage

/// Somebody who signs in, a user of a shop or an operator, for what is the same for both.
struct Account: Sendable {
    /// Nil for an operator.
    let tenantID: String?
    let id: String
    let email: String
    let name: String
    let standing: Principal.Standing
    /// What a role of the shop's own leaves of the standing.
    let limit: AccessLimit?
    let isDisabled: Bool
    let passwordHash: String

    init(_ user: User, tenantID: String) {
        (self.tenantID, id, email, name) = (tenantID, user.id, user.email, user.name)
        (standing, limit) = (.user(tenant: tenantID, role: user.role.base), user.role.limit)
        (isDisabled, passwordHash) = (user.isDisabled, user.passwordHash)
    }

    init(_ found: Operator) {
        (tenantID, id, email, name) = (nil, found.id, found.email, found.name)
        (standing, limit) = (.operator(found.role), nil)
        (isDisabled, passwordHash) = (found.isDisabled, found.passwordHash)
    }

    /// By id or e-mail address, in the file of the shop or, without one, of the control plane.
    static func find(_ db: Database, tenantID: String?, _ key: String) throws -> Account? {
        if let tenantID { return try UserStore.find(db, key).map { Account($0, tenantID: tenantID) } }
        return try OperatorStore.find(db, key).map { Account($0) }
    }

    /// Ends every session of theirs, and every link that would set another password.
    func setPassword(_ db: Database, hash: String, now: Instant) throws {
        if let user = tenantID == nil ? nil : try UserStore.find(db, id) {
            try UserStore.setPassword(db, user, hash: hash, now: now)
        } else if let found = try OperatorStore.find(db, id) {
            try OperatorStore.setPassword(db, found, hash: hash, now: now)
        }
    }

    var table: String { tenantID == nil ? "operators" : "users" }
    var actor: Actor { Actor(tenantID == nil ? .operator : .user, id) }
    /// What stands in front of the dot in their audit events.
    var kind: String { tenantID == nil ? "operator" : "user" }
}
