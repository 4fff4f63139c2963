import ApplianceCore
import Testing

@testable import Tenancy

/// The vectors of `facts/totp-auth.md`, made with another implementation.
struct PasswordHashTests {
    static let salt = "$2b$04$zVHmKQtGGQob.b/Nc7l9NO"

    static let vectors: [(password: String, hash: String)] = [
        ("", salt + "8UlrYcW05FiuCj/SxsFO/ZtiN9.mNzy"),
        ("correct horse battery staple", "$2b$10$abcdefghijklmnopqrstuuGGgFFcYeueaAql8Z7U7CnCTRw4DR77W"),
        ("U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("₹upee-पासवर्ड", salt + "nkzok0grq4U2vHykDOJAFNI5YImjFSi"),
        (String(repeating: "a", count: 72), salt + "3uYUib0CXeqfvzcGbVNvekxfAkhXu92"),
        (String(repeating: "a", count: 100), "bcrypt-sha256:" + salt + "oojhKgIYZefjZ2QcAPRERrdtgiCPlva"),
    ]

    @Test(arguments: vectors) func `a known hash is verified`(password: String, hash: String) {
        #expect(PasswordHasher.verify(password, hash))
        #expect(!PasswordHasher.verify(password + "x", hash))
    }

    @Test(arguments: ["$2a$", "$2y$", "$2b$"]) func `hashes of other systems are accepted`(variant: String) {
        for (password, hash) in Self.vectors where hash.hasPrefix("$2b$") {
            #expect(PasswordHasher.verify(password, variant + hash.dropFirst(4)))
        }
    }

    @Test func `no byte behind the 72nd is cut off`() throws {
        let full = String(repeating: "a", count: 72)
        let hash = try PasswordHasher.hash(full, cost: 4)
        #expect(hash.hasPrefix("$2b$04$") && hash.utf8.count == 60)
        #expect(!PasswordHasher.verify(full + "a", hash))
        let longer = try PasswordHasher.hash(full + "a", cost: 4)
        #expect(longer.hasPrefix("bcrypt-sha256:$2b$04$"))
        #expect(PasswordHasher.verify(full + "a", longer))
        #expect(!PasswordHasher.verify(full + "b", longer))
        #expect(!PasswordHasher.verify(full, longer))
    }

    @Test func `the pre-hash of a long password is no password`() {
        let stored = Self.salt + "oojhKgIYZefjZ2QcAPRERrdtgiCPlva"
        // Without the tag the stored hash would be that of the text below.
        #expect(!PasswordHasher.verify("KBZZeIjkoNOja4K4MxarMmgOuPAPjNO5BNaBJG0oWg4=", "bcrypt-sha256:" + stored))
        #expect(!PasswordHasher.verify(String(repeating: "a", count: 100), stored))
    }

    @Test func `one password typed in two Unicode forms is one`() throws {
        let hash = try PasswordHasher.hash("caf\u{E9} au lait, bitte", cost: 4)
        #expect(PasswordHasher.verify("cafe\u{301} au lait, bitte", hash))
    }

    @Test func `two hashes of one password differ`() throws {
        let hashes = try (0..<8).map { _ in try PasswordHasher.hash("the same", cost: 4) }
        #expect(Set(hashes).count == hashes.count)
        #expect(hashes.allSatisfy { PasswordHasher.verify("the same", $0) })
    }

    @Test(arguments: ["", "$2b$", "plain", "$1$abc$def", "bcrypt-sha256:", "$2b$99$zVHmKQtGGQob.b/Nc7l9NO", "\u{0}"])
    func `what is no bcrypt hash matches nothing`(stored: String) {
        for password in ["", "plain", String(repeating: "a", count: 100)] {
            #expect(!PasswordHasher.verify(password, stored))
        }
    }

    /// The least of several times: what a busy machine adds does not count.
    @Test func `an unknown account costs the same work`() async throws {
        let hasher = PasswordHasher(cost: 9)
        let hash = try await hasher.hash("known")
        _ = try await hasher.verify("wrong", nil)
        var (known, unknown) = (Duration.seconds(60), Duration.seconds(60))
        for _ in 0..<7 {
            known = min(known, try await ContinuousClock().measure { _ = try await hasher.verify("wrong", hash) })
            unknown = min(unknown, try await ContinuousClock().measure { _ = try await hasher.verify("wrong", nil) })
        }
        #expect(unknown > known / 3, "known \(known), unknown \(unknown)")
        try await hasher.shutdown()
    }

    @Test func `a flood of sign-ins is refused rather than queued`() async throws {
        let hasher = PasswordHasher(cost: 8)
        let hash = try await hasher.hash("known")
        let refused = try await withThrowingTaskGroup { group in
            for _ in 0..<300 {
                group.addTask { await refusal { try await hasher.verify("known", hash) }?.code }
            }
            return try await group.reduce(into: []) { $0.append($1) }.compactMap(\.self)
        }
        #expect(!refused.isEmpty && refused.count < 300 - 32)
        #expect(refused.allSatisfy { $0 == "sign_in_busy" })
        #expect(try await hasher.verify("known", hash))
        try await hasher.shutdown()
    }
}
