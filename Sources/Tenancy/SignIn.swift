package import ApplianceCore
package import CollectionKit
import Foundation
import GRDB
package import Storage

/// Signing in, and the accounts behind it: operators here, users in their shop's file.
package final class SignIn: Sendable {
    package let sessions: Sessions
    /// The control plane, where operators are.
    package let system: DatabaseFile
    let directory: TenantDirectory
    let passwords: PasswordHasher
    let mail: AccountMail
    let afterwards = Afterwards()
    package let addresses: AddressLimits
    let challenges: SignInChallenges
    package let providers: IdentityProviders
    let master: MasterKey
    let ids: IdentifierSource
    let time: TimeSource

    /// `address`: where people reach the server, such as `https://shops.example`; links begin with it.
    /// `loopbackIssuers`: identity providers may be plain http on this machine.
    package init(
        sessions: Sessions, system: DatabaseFile, directory: TenantDirectory, passwords: PasswordHasher,
        master: MasterKey, address: String, loopbackIssuers: Bool = false, ids: IdentifierSource, time: TimeSource
    ) {
        (self.sessions, self.system, self.directory) = (sessions, system, directory)
        (self.passwords, self.ids, self.time) = (passwords, ids, time)
        (self.master, challenges) = (master, SignInChallenges(time: time))
        addresses = AddressLimits(system: system, afterwards: afterwards, time: time)
        mail = AccountMail(system: system, master: master, address: address, ids: ids, time: time)
        providers = IdentityProviders(
            system: system, master: master, address: address, allowsLoopback: loopbackIssuers, time: time)
    }

    func file(_ tenantID: String?) -> DatabaseFile { tenantID.map { directory.file($0) } ?? system }

    /// The same answer, after the same work, for an unknown account and a wrong password.
    static let refused = DomainError(
        .unauthenticated, "invalid_credentials", "The address or the password is not right.")

    /// Where no second factor is on.
    package func user(_ tenant: Tenant, email: String, password: String, origin: SignInOrigin) async throws
        -> Sessions.Grant
    {
        try Self.granted(try await enter(tenant.id, email: email, password: password, origin: origin))
    }

    /// Where no second factor is on.
    package func `operator`(email: String, password: String, origin: SignInOrigin) async throws -> Sessions.Grant {
        try Self.granted(try await enter(nil, email: email, password: password, origin: origin))
    }

    private static func granted(_ entrance: Entrance) throws -> Sessions.Grant {
        guard case .granted(let grant) = entrance else {
            throw DomainError(.unauthenticated, "code_required", "A code of the authenticator app is needed.")
        }
        return grant
    }

    /// `tenantID`: nil for operators.
    package func enter(_ tenantID: String?, email: String, password: String, origin: SignInOrigin) async throws
        -> Entrance
    {
        let now = time.now()
        let account = try file(tenantID).read { db in
            try SignInFailureStore.requireOpen(db, email, now: now)
            return try Account.find(db, tenantID: tenantID, email)
        }
        let matches = try await passwords.verify(password, account?.passwordHash)
        guard matches, let account, !account.isDisabled else {
            try await noteFailure(tenantID, email, account)
            throw Self.refused
        }
        return try await admit(account, email: email, password: password, origin: origin)
    }

    /// What follows a right password, or the word of a provider. `password`: nil where it is not at hand any more.
    func admit(
        _ account: Account, email: String, password: String?, identity: ProvenIdentity? = nil, origin: SignInOrigin
    ) async throws -> Entrance {
        try requireEntry(account)
        if let password { try await renewHash(account, password) }
        let file = file(account.tenantID)
        let (failed, needsCode) = try file.read { db in
            (try SignInFailureStore.has(db, email), try SecondFactorStore.isOn(db, userID: account.id))
        }
        if failed { try await file.write { db in try SignInFailureStore.clear(db, email) } }
        if needsCode {
            let (challenge, expiresAt) = challenges.begin(account, identity: identity)
            return .needsCode(challenge: challenge, expiresAt: expiresAt)
        }
        if let identity { try await link(identity, to: account) }
        return .granted(try await start(account, origin))
    }

    /// The same write whether there is such an account or not. What begins to cost waiting is in the audit log.
    func noteFailure(_ tenantID: String?, _ email: String, _ account: Account?) async throws {
        let now = time.now()
        try await file(tenantID).write { db in
            let count = try SignInFailureStore.note(db, email, now: now)
            let isTold = [SignInFailureStore.Limit.free + 1, SignInFailureStore.Limit.locked].contains(count)
            guard isTold, let account else { return }
            let data: JSON = ["failures": .integer(count)]
            try AuditTrail.append(
                db, at: now, actor: .system, action: "\(account.kind).sign-in-failures", target: account.id,
                requestID: nil, data: data.text)
        }
    }

    /// For a shop that does not exist: the same work and the same answer as for a wrong password.
    package func refuse(password: String) async throws -> Never {
        _ = try await passwords.verify(password, nil)
        throw Self.refused
    }

    /// A hash of another system, or of a lower cost, is made anew while the password is at hand.
    private func renewHash(_ account: Account, _ password: String) async throws {
        guard passwords.isOutdated(account.passwordHash) else { return }
        let hash = try await passwords.hash(password)
        try await file(account.tenantID).write { db in
            try db.run(
                "UPDATE \(account.table) SET passwordHash = ?2 WHERE id = ?1 AND passwordHash = ?3",
                [.text(account.id), .text(hash), .text(account.passwordHash)])
        }
    }

    /// A shop that is cancelled lets owners in only.
    func requireEntry(_ account: Account) throws {
        guard case .user(let tenantID, let role) = account.standing, let tenant = directory[tenantID] else { return }
        try tenant.status(at: time.now()).requireEntry(role)
    }

    func start(_ account: Account, _ origin: SignInOrigin) async throws -> Sessions.Grant {
        if let tenantID = account.tenantID { learn(account.email, in: tenantID) }
        return try await sessions.start(
            id: account.id, email: account.email, name: account.name, standing: account.standing,
            limit: account.limit, origin: origin)
    }

    // MARK: - Operators

    /// Uses a setup link and signs the new operator in.
    package func setUp(token: String, email: String, password: String, origin: SignInOrigin) async throws
        -> Sessions.Grant
    {
        try Self.check(email: email, password: password)
        let hash = try await passwords.hash(password)
        let (id, now) = (ids.next("opr"), time.now())
        try await system.write { db in
            try OperatorStore.useSetupLink(db, tokenHash: Digest.of(Array(token.utf8)), now: now)
            try OperatorStore.insert(db, id: id, email: email, hash: hash, now: now)
            try AuditTrail.append(
                db, at: now, actor: Actor(.operator, id), action: "operator.set-up", target: id, requestID: nil,
                data: nil)
        }
        guard let made = try system.read({ db in try OperatorStore.find(db, id) }) else {
            throw DomainError.internal("operator not found after creation")
        }
        return try await start(Account(made), origin)
    }

    package func makeSetupLink() async throws -> String {
        let (token, now) = (Random.token(), time.now())
        try await system.write { db in
            try OperatorStore.insertSetupLink(db, tokenHash: Digest.of(Array(token.utf8)), now: now)
        }
        return token
    }

    package func hasOperator() throws -> Bool { try system.read { db in try OperatorStore.exists(db) } }

    package func operators() throws -> [Operator] { try system.read { db in try OperatorStore.list(db) } }

    package func createOperator(
        email: String, password: String, role: OperatorRole = .owner, by actor: Actor
    ) async throws -> Operator {
        try Self.check(email: email, password: password)
        let hash = try await passwords.hash(password)
        let (id, now) = (ids.next("opr"), time.now())
        return try await system.write { db in
            try OperatorStore.insert(db, id: id, email: email, hash: hash, role: role, now: now)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "operator.create", target: id, requestID: nil, data: role.rawValue)
            guard let made = try OperatorStore.find(db, id) else { throw DomainError.internal("operator not found") }
            return made
        }
    }

    /// By id or e-mail address. Throws `last_operator` where nobody else is owner.
    package func setOperatorRole(_ key: String, _ role: OperatorRole, by actor: Actor) async throws -> Operator {
        try await changeOperator(key, "operator.set-role", by: actor, data: role.rawValue) { db, found, now in
            try OperatorStore.setRole(db, found, role, now: now)
        }
    }

    /// An active operator by id or e-mail address.
    package func findOperator(_ key: String) throws -> Operator {
        guard let found = try system.read({ db in try OperatorStore.find(db, key) }), !found.isDisabled else {
            throw DomainError.notFound("operator")
        }
        return found
    }

    /// The id behind an address; nil where nobody has it.
    package func userID(_ email: String, of tenant: Tenant) throws -> String? {
        try directory.file(tenant.id).read { db in try UserStore.find(db, email)?.id }
    }

    package func isOperator(_ email: String) throws -> Bool {
        try system.read { db in try OperatorStore.find(db, email) } != nil
    }

    package func disableOperator(_ key: String, by actor: Actor) async throws -> Operator {
        try await changeOperator(key, "operator.disable", by: actor) { db, found, now in
            try OperatorStore.disable(db, found, now: now)
        }
    }

    package func resetOperatorPassword(_ key: String, password: String, by actor: Actor) async throws -> Operator {
        try Self.check(email: nil, password: password)
        let hash = try await passwords.hash(password)
        return try await changeOperator(key, "operator.reset-password", by: actor) { db, found, now in
            try OperatorStore.setPassword(db, found, hash: hash, now: now)
        }
    }

    // MARK: - Users

    package func createUser(
        _ tenant: Tenant, email: String, name: String, role: ShopRole, password: String, by actor: Actor,
        requestID: String
    ) async throws -> User {
        try Self.check(email: email, password: password)
        let hash = try await passwords.hash(password)
        let (id, now, seats) = (ids.next("usr"), time.now(), Seats(entitlements: directory.plans[tenant.id]))
        return try await directory.file(tenant.id).write { db in
            try seats.requireOne(db)
            let user = try UserStore.insert(
                db, id: id, email: email, name: name, role: role, passwordHash: hash, now: now)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "user.create", target: id, requestID: requestID, data: nil)
            return user
        }
    }

    package func disableUser(_ tenant: Tenant, _ key: String, by actor: Actor, requestID: String) async throws -> User {
        try await changeUser(tenant, key, "user.disable", by: actor, requestID: requestID) { db, user, now in
            try UserStore.disable(db, user, now: now)
        }
    }

    package func enableUser(_ tenant: Tenant, _ key: String, by actor: Actor, requestID: String) async throws -> User {
        let seats = Seats(entitlements: directory.plans[tenant.id])
        return try await changeUser(tenant, key, "user.enable", by: actor, requestID: requestID) { db, user, now in
            if user.isDisabled { try seats.requireOne(db) }
            try UserStore.enable(db, user, now: now)
        }
    }

    package func setUserRole(
        _ tenant: Tenant, _ key: String, _ role: ShopRole, by actor: Actor, requestID: String
    ) async throws -> User {
        try await changeUser(tenant, key, "user.set-role", by: actor, requestID: requestID) { db, user, now in
            try UserStore.setRole(db, user, role, now: now)
        }
    }

    package func resetUserPassword(
        _ tenant: Tenant, _ key: String, password: String, by actor: Actor, requestID: String
    ) async throws -> User {
        try Self.check(email: nil, password: password)
        let hash = try await passwords.hash(password)
        return try await changeUser(tenant, key, "user.reset-password", by: actor, requestID: requestID) {
            db, user, now in
            try UserStore.setPassword(db, user, hash: hash, now: now)
        }
    }

    /// `names`: what the password must not be. `hasSecondFactor`: it does not stand alone.
    static func check(
        email: String?, password: String, not names: [String] = [], hasSecondFactor: Bool = false
    ) throws {
        var faults: [DomainError.FieldFault] = []
        if let email, !TextRules.isEmail(email) {
            faults.append(.init("email", "not_an_email", "Not an e-mail address."))
        }
        if let fault = PasswordRules.fault(password, not: names + [email ?? ""], hasSecondFactor: hasSecondFactor) {
            faults.append(.init("password", fault.code, fault.message))
        }
        if !faults.isEmpty { throw DomainError.invalid(faults) }
    }
}
