import ApplianceCore
import CollectionKit
import Crypto
import Storage
import Testing

@testable import Tenancy

struct SecondFactorTests {
    private static let boss = ControlPlane.boss
    private static let password = ControlPlane.password

    private func code(_ secret: String, _ plane: ControlPlane) throws -> String {
        OneTimePassword.code(
            Insecure.SHA1.self, try #require(Base32.decode(secret)),
            counter: OneTimePassword.step(at: plane.clock.now), digits: 6)
    }

    /// Turns it on for the owner of a shop; the clock stands at a step whose code is used.
    private func turnOn(_ plane: ControlPlane, _ person: Principal) async throws -> (secret: String, codes: [String]) {
        let secret = try await plane.signIn.enrol(person, password: Self.password).secret
        let codes = try await plane.signIn.confirmSecondFactor(of: person, code: try code(secret, plane))
        return (secret, codes)
    }

    private func challenge(_ plane: ControlPlane, _ tenant: Tenant?, _ email: String = "owner@acme.example")
        async throws
        -> String
    {
        let entrance = try await plane.signIn.enter(
            tenant?.id, email: email, password: Self.password, origin: ControlPlane.origin)
        guard case .needsCode(let challenge, _) = entrance else {
            throw DomainError.internal("no code was asked for")
        }
        return challenge
    }

    private func finish(_ plane: ControlPlane, _ challenge: String, _ code: String) async -> DomainError? {
        await refusal {
            try await plane.signIn.finish(challenge: challenge, code: code, origin: ControlPlane.origin)
        }
    }

    @Test func `it is on after a right code, and then each sign-in needs one`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let other = try await plane.enter(tenant)
            let grant = try await plane.enter(tenant)
            let secret = try await plane.signIn.enrol(grant.principal, password: Self.password).secret
            _ = try await plane.enter(tenant)
            let wrong = await refusal {
                try await plane.signIn.confirmSecondFactor(of: grant.principal, code: "000000")
            }
            #expect(wrong?.faults.map(\.code) == ["wrong_code"])
            let codes = try await plane.signIn.confirmSecondFactor(
                of: grant.principal, code: try code(secret, plane))
            #expect(codes.count == 10 && Set(codes).count == 10 && codes.allSatisfy { $0.count == 19 })
            #expect(try await plane.signIn.sessions.principal(token: other.token) == nil)
            #expect(try await plane.signIn.sessions.principal(token: grant.token) != nil)
            #expect(await refusal { try await plane.enter(tenant) }?.code == "code_required")
            let open = try await challenge(plane, tenant)
            // The code that turned it on was used.
            #expect(await finish(plane, open, try code(secret, plane))?.code == "wrong_code")
            plane.clock.advance(.seconds(30))
            #expect(await finish(plane, open, try code(secret, plane)) == nil)
            #expect(await finish(plane, open, try code(secret, plane))?.code == "sign_in_again")
        }
    }

    @Test func `a code counts once, in all sign-ins together`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let secret = try await turnOn(plane, try await plane.enter(tenant).principal).secret
            plane.clock.advance(.seconds(30))
            let challenges = [try await challenge(plane, tenant), try await challenge(plane, tenant)]
            let now = try code(secret, plane)
            let answers = await withTaskGroup { group in
                for one in challenges { group.addTask { await finish(plane, one, now)?.code } }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(answers.filter { $0 == nil }.count == 1 && answers.contains("wrong_code"))
        }
    }

    @Test func `after five wrong codes the password is asked for again`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let secret = try await turnOn(plane, try await plane.enter(tenant).principal).secret
            plane.clock.advance(.seconds(30))
            let open = try await challenge(plane, tenant)
            for _ in 0..<5 { #expect(await finish(plane, open, "nonsense")?.code == "wrong_code") }
            #expect(await finish(plane, open, try code(secret, plane))?.code == "sign_in_again")
            let late = try await challenge(plane, tenant)
            plane.clock.advance(.minutes(5))
            #expect(await finish(plane, late, try code(secret, plane))?.code == "sign_in_again")
            #expect(await finish(plane, "no challenge", "000000")?.code == "sign_in_again")
        }
    }

    @Test func `a recovery code lets in once, however it is typed`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let person = try await plane.enter(tenant).principal
            let codes = try await turnOn(plane, person).codes
            let typed = codes[0].uppercased().replacing("-", with: " ")
            #expect(await finish(plane, try await challenge(plane, tenant), typed) == nil)
            #expect(await finish(plane, try await challenge(plane, tenant), codes[0])?.code == "wrong_code")
            #expect(try plane.signIn.secondFactor(of: person) == ["isOn": true, "recoveryCodesLeft": 9])
            let kept = try plane.directory.file(tenant.id).read { db in
                try db.all("SELECT codeHash FROM recoveryCodes") { $0.text(0) ?? "" }
            }
            let plain = codes.map { $0.replacing("-", with: "") }
            #expect(kept.count == 10 && !kept.contains { hash in plain.contains { hash.contains($0) } })
            let actions = try plane.audit(plane.directory.file(tenant.id))
            #expect(actions.suffix(2).map { $0.prefix { $0 != " " } } == ["user.totp-on", "user.use-recovery-code"])
        }
    }

    @Test func `the secret is sealed, and opens for its person in its shop only`() async throws {
        try await ControlPlane.run { plane in
            let (acme, bela) = (try await plane.makeShop(), try await plane.makeShop("bela"))
            let person = try await plane.enter(acme).principal
            let secret = try await turnOn(plane, person).secret
            let row = try plane.directory.file(acme.id).read { db in
                try SecondFactorStore.find(db, userID: person.id)
            }
            let sealed = try #require(row?.secret)
            #expect(!sealed.contains(secret))
            let place = "totp \(person.id)"
            #expect(try plane.master.sealer(tenant: acme.id).open(sealed, place) == secret)
            for (tenant, place) in [(bela.id, place), (acme.id, "totp usr_other"), ("system", place)] {
                let error = await refusal { try plane.master.sealer(tenant: tenant).open(sealed, place) }
                #expect(error?.code == "secret_unreadable")
            }
        }
    }

    @Test func `turning it off needs the password and a code`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let person = try await plane.enter(tenant).principal
            let (secret, codes) = try await turnOn(plane, person)
            plane.clock.advance(.seconds(30))
            func disable(_ password: String, _ code: String) async -> DomainError? {
                await refusal {
                    try await plane.signIn.disableSecondFactor(of: person, password: password, code: code)
                }
            }
            #expect(await disable("wrong", try code(secret, plane))?.faults.map(\.code) == ["wrong_password"])
            #expect(await disable(Self.password, "000000")?.faults.map(\.code) == ["wrong_code"])
            #expect(await disable(Self.password, codes[3]) == nil)
            #expect(await disable(Self.password, codes[4])?.code == "totp_off")
            _ = try await plane.enter(tenant)
        }
    }

    @Test func `a short password is enough beside it, and not to turn it off`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let person = try await plane.enter(tenant).principal
            func change(_ current: String, _ new: String) async -> DomainError? {
                await refusal {
                    try await plane.signIn.changePassword(
                        of: person, current: current, new: new, origin: ControlPlane.origin)
                }
            }
            #expect(await change(Self.password, "eight ok")?.faults.map(\.code) == ["too_short"])
            let codes = try await turnOn(plane, person).codes
            #expect(await change(Self.password, "seven o")?.faults.map(\.code) == ["too_short"])
            #expect(await change(Self.password, "eight ok") == nil)
            let off = await refusal {
                try await plane.signIn.disableSecondFactor(of: person, password: "eight ok", code: codes[0])
            }
            #expect(off?.faults.map(\.code) == ["too_short"])
        }
    }

    @Test func `whoever lost it is let in by those who manage accounts`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let grant = try await plane.enter(tenant)
            _ = try await turnOn(plane, grant.principal)
            _ = try await plane.signIn.resetUserSecondFactor(
                tenant, grant.principal.id, by: Self.boss, requestID: "r")
            #expect(try await plane.signIn.sessions.principal(token: grant.token) == nil)
            _ = try await plane.enter(tenant)
            _ = try await plane.signIn.createOperator(email: "a@op.example", password: Self.password, by: Self.boss)
            let boss = try await plane.signIn.operator(
                email: "a@op.example", password: Self.password, origin: ControlPlane.origin)
            _ = try await turnOn(plane, boss.principal)
            _ = try await challenge(plane, nil, "a@op.example")
            _ = try await plane.signIn.resetOperatorSecondFactor("a@op.example", by: Self.boss)
            _ = try await plane.signIn.operator(
                email: "a@op.example", password: Self.password, origin: ControlPlane.origin)
        }
    }

    @Test func `a hash of a lower cost is made anew at sign-in`() async throws {
        try await ControlPlane.run { plane in
            let tenant = try await plane.makeShop()
            let old = "$2b$10$abcdefghijklmnopqrstuuGGgFFcYeueaAql8Z7U7CnCTRw4DR77W"
            let costly = PasswordHasher(cost: 11)
            #expect(costly.isOutdated(old) && !plane.passwords.isOutdated(old) && !costly.isOutdated("!"))
            #expect(PasswordHasher.cost(of: "bcrypt-sha256:" + old) == 10)
            let signIn = SignIn(
                sessions: plane.signIn.sessions, system: plane.system, directory: plane.directory, passwords: costly,
                master: plane.master, address: "", ids: plane.ids, time: plane.clock.source)
            try await plane.directory.file(tenant.id).write { db in
                try db.run("UPDATE users SET passwordHash = ?1", [.text(old)])
            }
            for _ in 0..<2 {
                _ = try await signIn.user(
                    tenant, email: "owner@acme.example", password: Self.password, origin: ControlPlane.origin)
            }
            let hash = try plane.directory.file(tenant.id).read { db in try UserStore.list(db) }.first?.passwordHash
            #expect(hash?.hasPrefix("$2b$11$") == true)
            try await costly.shutdown()
        }
    }
}
