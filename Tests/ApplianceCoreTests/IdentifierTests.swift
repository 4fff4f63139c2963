import ApplianceCore
import Foundation
import Testing

struct IdentifierTests {
    private static let alphabet = Set("0123456789abcdefghjkmnpqrstvwxyz")

    @Test func `an id is a prefix and a ULID that begins with the time`() throws {
        let ids = IdentifierSource(time: TestClock(try instant("2016-07-30T23:54:10.259Z")).source)
        let id = ids.next("cus")
        // The time of the ULID specification's own example.
        #expect(id.hasPrefix("cus_01arz3ndek"))
        #expect(id.count == 30)
        #expect(id.dropFirst(4).allSatisfy { Self.alphabet.contains($0) })
    }

    @Test func `ids of one millisecond count upwards`() throws {
        let ids = IdentifierSource(time: TestClock(try instant("2026-11-21T02:00:00Z")).source)
        let made = (0..<10_000).map { _ in ids.next("cus") }
        #expect(made == made.sorted())
        #expect(Set(made).count == made.count)
    }

    @Test func `a clock set back does not make ids go back`() throws {
        let clock = TestClock(try instant("2026-11-21T02:00:00Z"))
        let ids = IdentifierSource(time: clock.source)
        let before = ids.next("cus")
        clock.set(try instant("2020-01-01T00:00:00Z"))
        let meanwhile = ids.next("cus")
        clock.set(try instant("2026-11-21T02:00:00.001Z"))
        #expect(before < meanwhile)
        #expect(meanwhile < ids.next("cus"))
        #expect(before.prefix(14) == meanwhile.prefix(14))
    }

    @Test func `threads never get the same id`() async throws {
        let ids = IdentifierSource(time: TestClock(try instant("2026-11-21T02:00:00Z")).source)
        let made = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<8 { group.addTask { (0..<2000).map { _ in ids.next("txn") } } }
            return await group.reduce(into: [String]()) { $0 += $1 }
        }
        #expect(made.count == 16_000)
        #expect(Set(made).count == made.count)
    }

    @Test func `ids before 1970 do not trap`() {
        let ids = IdentifierSource(time: TestClock(.earliest).source)
        #expect(ids.next("cus") < ids.next("cus"))
    }

    @Test func `tokens are base64url of random bytes`() throws {
        let token = Random.token(bytes: 32)
        #expect(token.utf8.count == 43)
        #expect(token.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
        #expect(Random.token(bytes: 32) != token)
        #expect(Base64URL.encode([0xFB, 0xFF, 0xFE, 0x00]) == "-__-AA")
        #expect(Base64URL.encode([]) == "")
        #expect(([0x00, 0x7F, 0xFF] as [UInt8]).hexadecimal == "007fff")
    }
}
