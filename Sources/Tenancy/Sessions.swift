package import ApplianceCore
package import CollectionKit
import Crypto
import Foundation
import GRDB
package import Storage
import Synchronization

/// Who a credential stands for. Sessions are kept in the shop's file (operators': `system.sqlite`) and, once seen, in
/// memory; everything that ends one goes through here, so the memory is never behind.
package final class Sessions: Sendable {
    package enum Limit {
        /// Credentials remembered at once; beyond it all are forgotten and read again.
        static let remembered = 20_000
    }

    /// What a sign-in hands out.
    package struct Grant: Sendable {
        package let principal: Principal
        package let token: String
        /// The value of the cookie: where the session is kept, and a secret.
        package let cookie: String
        package let csrfToken: String
    }

    private let system: DatabaseFile
    private let directory: TenantDirectory
    private let tokens: AccessTokens
    private let csrfKey: SymmetricKey
    private let ids: IdentifierSource
    private let time: TimeSource
    /// Token or cookie to principal.
    private let remembered = Mutex<[String: Principal]>([:])
    /// When the use of each key was noted last.
    private let uses = Mutex<[String: Instant]>([:])

    package init(
        system: DatabaseFile, directory: TenantDirectory, master: MasterKey, ids: IdentifierSource, time: TimeSource
    ) async {
        (self.system, self.directory, self.ids, self.time) = (system, directory, ids, time)
        tokens = AccessTokens(master)
        csrfKey = master.derived("csrf")
        await tokens.prepare()
    }

    // MARK: - Signing keys

    /// Reads which keys sign tokens and which are still good; makes the first.
    package func loadKeys() async throws {
        let now = time.now()
        if try system.read({ db in try SigningKeyStore.list(db) }).isEmpty {
            try await system.write { db in try SigningKeyStore.rotate(db, now: now) }
        }
        let keys = try signingKeys()
        await tokens.prepare(keys.map(\.id))
    }

    /// The one that signs first, then those whose tokens are still good.
    package func signingKeys() throws -> [SigningKey] {
        let cutoff = time.now().subtracting(AccessTokens.lifetime)
        return try system.read { db in try SigningKeyStore.list(db) }.filter {
            $0.retiredAt.map { $0 > cutoff } ?? true
        }
    }

    /// Begins a new key. Tokens of the one before are good until they expire; `immediately`: they are dead at once.
    package func rotateKeys(immediately: Bool, by actor: Actor, requestID: String?) async throws -> [SigningKey] {
        let now = time.now()
        let cutoff = immediately ? now : now.subtracting(AccessTokens.lifetime)
        try await system.write { db in
            try SigningKeyStore.rotate(db, now: now)
            try SigningKeyStore.delete(db, retiredBefore: cutoff)
            try AuditTrail.append(
                db, at: now, actor: actor, action: "signing-key.rotate", target: nil, requestID: requestID,
                data: JSON.object([.init("immediately", .bool(immediately))]).text)
        }
        try await loadKeys()
        if immediately { forgetAll() }
        return try signingKeys()
    }

    /// The job: a new key when the present one is 90 days old. What expired meanwhile is let go.
    package func rotateDueKeys() async throws -> Bool {
        let isDue = try signingKeys().first.map { time.now().since($0.createdAt) >= SigningKeyStore.Limit.age } ?? true
        if isDue {
            _ = try await rotateKeys(immediately: false, by: .system, requestID: nil)
        } else {
            try await loadKeys()
        }
        return isDue
    }

    private func file(_ tenantID: String?) -> DatabaseFile { tenantID.map { directory.file($0) } ?? system }

    // MARK: - Starting

    func start(
        id userID: String, email: String, name: String, standing: Principal.Standing, limit: AccessLimit? = nil,
        origin: SignInOrigin
    ) async throws -> Grant {
        let now = time.now()
        let expiresAt = now.adding(AccessTokens.lifetime)
        let principal = Principal(
            id: userID, email: email, name: name, standing: standing, sessionID: ids.next("ses"), expiresAt: expiresAt,
            limit: limit)
        let secret = Random.token()
        try await file(principal.tenantID).write { db in
            try SessionStore.insert(
                db, id: principal.sessionID, userID: userID, cookieHash: Digest.of(Array(secret.utf8)), now: now,
                expiresAt: expiresAt, origin: origin)
        }
        let role = principal.json["role"]?.stringValue ?? ""
        let token = try await tokens.issue(
            subject: userID, tenant: principal.tenantID, session: principal.sessionID, role: role, now: now,
            expiresAt: expiresAt)
        return Grant(
            principal: principal, token: token, cookie: "\(principal.tenantID ?? Self.operatorScope).\(secret)",
            csrfToken: csrfToken(principal))
    }

    private static let operatorScope = "operator"

    // MARK: - Checking

    /// The principal of a JWT; nil when it is not ours, expired, or its session has ended.
    package func principal(token: String) async throws -> Principal? {
        let now = time.now()
        if let known = recall(token, now) { return known }
        if token.hasPrefix(APIKeyText.prefix) { return try principal(key: token, now: now) }
        guard let claims = await tokens.check(token, now: now) else { return nil }
        return try remember(token, tenantID: claims.tid) { db in
            try Self.principal(db, claims.tid, SessionStore.find(db, id: claims.sid, now: now))
        }
    }

    private func principal(key text: String, now: Instant) throws -> Principal? {
        guard let key = APIKeyText(text), let tenantID = directory.tenantID(ofKeyTag: key.tag) else { return nil }
        return try remember(text, tenantID: tenantID) { db in
            guard let found = try APIKeyStore.find(db, hash: key.hash), found.status(at: now) == .active else {
                return nil
            }
            return found.principal(tenantID: tenantID)
        }
    }

    /// Whether a minute has passed since the use of a key was last noted; notes it then.
    func isUseDue(of id: String) -> Bool {
        let now = time.now()
        return uses.withLock { uses in
            if let last = uses[id], now.since(last) < APIKeyStore.Limit.useInterval { return false }
            if uses.count >= Limit.remembered { uses.removeAll(keepingCapacity: true) }
            uses[id] = now
            return true
        }
    }

    /// The principal of a session cookie.
    package func principal(cookie: String) throws -> Principal? {
        let now = time.now()
        if let known = recall(cookie, now) { return known }
        let parts = cookie.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, cookie.utf8.count <= 200, let scope = parts.first, let secret = parts.last else {
            return nil
        }
        let tenantID = scope == Self.operatorScope ? nil : scope
        return try remember(cookie, tenantID: tenantID) { db in
            try Self.principal(
                db, tenantID, SessionStore.find(db, cookieHash: Digest.of(Array(secret.utf8)), now: now))
        }
    }

    /// The principal of a token or cookie that was checked before and is still good; asks no file.
    package func remembered(_ credential: String) -> Principal? { recall(credential, time.now()) }

    private func recall(_ credential: String, _ now: Instant) -> Principal? {
        remembered.withLock { $0[credential] }.flatMap { $0.expiresAt > now ? $0 : nil }
    }

    private func remember(
        _ credential: String, tenantID: String?, _ find: (Database) throws -> Principal?
    ) throws -> Principal? {
        if let tenantID, directory[tenantID]?.id != tenantID { return nil }
        // Inside the lock, so that a session ended meanwhile is not remembered after it was forgotten.
        return try remembered.withLock { remembered in
            guard let principal = try file(tenantID).read({ db in try find(db) }) else {
                return nil
            }
            if remembered.count >= Limit.remembered { remembered.removeAll(keepingCapacity: true) }
            remembered[credential] = principal
            return principal
        }
    }

    private static func principal(_ db: Database, _ tenantID: String?, _ session: SessionStore.Row?) throws
        -> Principal?
    {
        guard let session else { return nil }
        if let tenantID {
            guard let user = try UserStore.find(db, session.userID), !user.isDisabled else { return nil }
            return Principal(
                id: user.id, email: user.email, name: user.name,
                standing: .user(tenant: tenantID, role: user.role.base), sessionID: session.id,
                expiresAt: session.expiresAt, limit: user.role.limit)
        }
        guard let found = try OperatorStore.find(db, session.userID), !found.isDisabled else { return nil }
        return found.principal(sessionID: session.id, expiresAt: session.expiresAt)
    }

    // MARK: - CSRF

    /// A value that only a page of ours can know: bound to the session, no state of its own.
    package func csrfToken(_ principal: Principal) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data(principal.sessionID.utf8), using: csrfKey)
        return Base64URL.encode(Array(code))
    }

    package func isCSRFToken(_ token: String, of principal: Principal) -> Bool {
        let expected = Array(csrfToken(principal).utf8)
        let given = Array(token.utf8)
        return given.count == expected.count && zip(given, expected).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    // MARK: - Ending

    /// Ends one session: its cookie and its token are dead when this returns.
    package func end(_ principal: Principal) async throws {
        try await file(principal.tenantID).write { db in try SessionStore.delete(db, id: principal.sessionID) }
        remembered.withLock { $0 = $0.filter { $1.sessionID != principal.sessionID } }
        directory.access.announce(())
    }

    /// Forgets what is known of a person, after their sessions or rights changed in the file.
    package func forget(user id: String) {
        remembered.withLock { $0 = $0.filter { $1.id != id } }
        directory.access.announce(())
    }

    /// As `forget(user:)`, for everybody in a shop who has a role of its own.
    func forget(role name: String, of tenantID: String) {
        remembered.withLock { $0 = $0.filter { $1.tenantID != tenantID || $1.limit?.role?.name != name } }
        directory.access.announce(())
    }

    /// People whose credentials were used since the start and are still good.
    package var activePeople: Int {
        let now = time.now()
        return remembered.withLock { Set($0.values.filter { $0.expiresAt > now }.map(\.id)).count }
    }

    /// Forgets everything, after a restore: the file decides again.
    package func forgetAll() {
        remembered.withLock { $0.removeAll() }
        directory.access.announce(())
    }
}
