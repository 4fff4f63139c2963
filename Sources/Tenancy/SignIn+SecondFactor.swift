package import ApplianceCore
package import CollectionKit
import GRDB
import Storage

/// What a right password leads to.
package enum Entrance: Sendable {
    case granted(Sessions.Grant)
    /// A code is needed: the token of the challenge, and until when it is good.
    case needsCode(challenge: String, expiresAt: Instant)
    /// The address has accounts with this password in several shops.
    case needsShop(challenge: String, expiresAt: Instant, shops: [Tenant])
}

/// Codes of an authenticator app beside the password, for users and operators alike.
extension SignIn {
    private static let issuer = "Appliance"
    private static let wrongCode = DomainError(.unauthenticated, "wrong_code", "The code is not right.")

    private func sealer(_ tenantID: String?) -> SecretSealer { master.sealer(tenant: tenantID ?? "system") }

    private func place(_ userID: String) -> String { "totp \(userID)" }

    // MARK: - Signing in

    /// Ends a sign-in that awaits a code, of the app or of recovery.
    package func finish(challenge token: String, code: String, origin: SignInOrigin) async throws -> Sessions.Grant {
        let (challenge, now) = (try challenges.attempt(token), time.now())
        guard challenge.shops == nil else { throw Self.wrongCode }
        let failures = place(challenge.accountID)
        let account = try await file(challenge.tenantID).write { [self] db -> Account? in
            try SignInFailureStore.requireOpen(db, failures, now: now)
            guard let account = try Account.find(db, tenantID: challenge.tenantID, challenge.accountID),
                !account.isDisabled, try accept(code, of: account, db, now)
            else {
                _ = try SignInFailureStore.note(db, failures, now: now)
                return nil
            }
            try SignInFailureStore.clear(db, failures)
            return account
        }
        guard let account else { throw Self.wrongCode }
        challenges.end(token)
        try requireEntry(account)
        if let identity = challenge.identity { try await link(identity, to: account) }
        return try await start(account, origin)
    }

    /// Takes a code, once. The use of a recovery code is noted.
    private func accept(_ code: String, of account: Account, _ db: Database, _ now: Instant) throws -> Bool {
        guard let row = try SecondFactorStore.find(db, userID: account.id), row.isConfirmed else { return false }
        if try SecondFactorStore.useRecoveryCode(db, userID: account.id, code, now: now) {
            try AuditTrail.append(
                db, at: now, actor: account.actor, action: "\(account.kind).use-recovery-code", target: account.id,
                requestID: nil, data: nil)
            return true
        }
        let secret = try sealer(account.tenantID).open(row.secret, place(account.id))
        guard let step = OneTimePassword(base32: secret)?.step(of: code, now: now, after: row.lastStep) else {
            return false
        }
        try SecondFactorStore.setLastStep(db, userID: account.id, step)
        return true
    }

    // MARK: - In one's own hands

    package func secondFactor(of person: Principal) throws -> JSON {
        try file(person.tenantID).read { db in
            [
                "isOn": .bool(try SecondFactorStore.isOn(db, userID: person.id)),
                "recoveryCodesLeft": JSON(try SecondFactorStore.countRecoveryCodes(db, userID: person.id)),
            ]
        }
    }

    /// A new secret for the app. It counts once a code of it was given.
    package func enrol(_ person: Principal, password: String) async throws -> (secret: String, uri: String) {
        let account = try await confirmed(person, password)
        let (new, now) = (OneTimePassword(), time.now())
        let sealed = try sealer(person.tenantID).seal(new.base32, place(person.id))
        try await file(person.tenantID).write { db in
            guard try !SecondFactorStore.isOn(db, userID: person.id) else {
                throw DomainError.conflict("totp_on", "A second factor is on already.", hint: "Turn it off first.")
            }
            try SecondFactorStore.begin(db, userID: person.id, secret: sealed, now: now)
        }
        let shop = person.tenantID.flatMap { directory[$0]?.name }
        let issuer = shop.map { "\($0.prefix(40))" } ?? Self.issuer
        return (new.base32, new.uri(account: account.email, issuer: issuer))
    }

    /// Turns the second factor on, ends all other sessions, and gives the recovery codes: this once.
    package func confirmSecondFactor(of person: Principal, code: String) async throws -> [String] {
        let now = time.now()
        let codes = try await file(person.tenantID).write { [self] db in
            guard let row = try SecondFactorStore.find(db, userID: person.id), !row.isConfirmed else {
                throw DomainError.conflict("totp_not_begun", "No second factor is being set up.")
            }
            let secret = try sealer(person.tenantID).open(row.secret, place(person.id))
            guard let step = OneTimePassword(base32: secret)?.step(of: code, now: now, after: 0) else {
                throw DomainError.invalid("code", "wrong_code", "The code is not right.")
            }
            try SecondFactorStore.confirm(db, userID: person.id, step: step, now: now)
            _ = try SessionStore.deleteOthers(db, than: person.sessionID, userID: person.id)
            try note("totp-on", person, db, now)
            return try SecondFactorStore.replaceRecoveryCodes(db, userID: person.id)
        }
        sessions.forget(user: person.id)
        return codes
    }

    /// Needs the password and a code. A password that is too short to stand alone has to be changed first.
    package func disableSecondFactor(of person: Principal, password: String, code: String) async throws {
        let account = try await confirmed(person, password)
        try Self.check(email: account.email, password: password)
        let now = time.now()
        try await file(person.tenantID).write { [self] db in
            try requireCode(code, account, db, now)
            try SecondFactorStore.delete(db, userID: person.id)
            try note("totp-off", person, db, now)
        }
    }

    package func newRecoveryCodes(of person: Principal, password: String, code: String) async throws -> [String] {
        let account = try await confirmed(person, password)
        let now = time.now()
        return try await file(person.tenantID).write { [self] db in
            try requireCode(code, account, db, now)
            try note("new-recovery-codes", person, db, now)
            return try SecondFactorStore.replaceRecoveryCodes(db, userID: person.id)
        }
    }

    private func requireCode(_ code: String, _ account: Account, _ db: Database, _ now: Instant) throws {
        guard try SecondFactorStore.isOn(db, userID: account.id) else {
            throw DomainError.conflict("totp_off", "No second factor is on.")
        }
        guard try accept(code, of: account, db, now) else {
            throw DomainError.invalid("code", "wrong_code", "The code is not right.")
        }
    }

    private func confirmed(_ person: Principal, _ password: String) async throws -> Account {
        let tenantID = person.tenantID
        let account = try file(tenantID).read { db in try Account.find(db, tenantID: tenantID, person.id) }
        guard let account, try await passwords.verify(password, account.passwordHash) else {
            throw DomainError.invalid("password", "wrong_password", "The password is not right.")
        }
        return account
    }

    private func note(_ verb: String, _ person: Principal, _ db: Database, _ now: Instant) throws {
        try AuditTrail.append(
            db, at: now, actor: person.actor, action: "\(person.isOperator ? "operator" : "user").\(verb)",
            target: person.id, requestID: nil, data: nil)
    }

    // MARK: - Lost

    /// For somebody whose app and codes are gone; ends their sessions too.
    package func resetUserSecondFactor(
        _ tenant: Tenant, _ key: String, by actor: Actor, requestID: String
    ) async throws -> User {
        try await changeUser(tenant, key, "user.reset-totp", by: actor, requestID: requestID) { db, user, _ in
            try SecondFactorStore.delete(db, userID: user.id)
            try SignInFailureStore.clear(db, "totp \(user.id)")
            try SessionStore.deleteAll(db, userID: user.id)
        }
    }

    package func resetOperatorSecondFactor(_ key: String, by actor: Actor) async throws -> Operator {
        try await changeOperator(key, "operator.reset-totp", by: actor) { db, found, _ in
            try SecondFactorStore.delete(db, userID: found.id)
            try SignInFailureStore.clear(db, "totp \(found.id)")
            try SessionStore.deleteAll(db, userID: found.id)
        }
    }
}
