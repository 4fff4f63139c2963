import ApplianceCore
import Testing

@testable import Backups

struct RetentionPolicyTests {
    @Test(arguments: [
        ("within=48h daily=30 monthly=12", "within=48h daily=30 monthly=12"),
        ("last=3,yearly=2", "last=3 yearly=2"), ("  hourly=24   weekly=4 ", "hourly=24 weekly=4"),
        ("within=2w", "within=14d"), ("daily=0", "last=0"), ("last=0", "last=0"),
    ])
    func `a policy reads what it writes`(text: String, written: String) throws {
        let policy = try RetentionPolicy(text)
        #expect(policy.text == written)
        #expect(try RetentionPolicy(written) == policy)
    }

    @Test func `the standard is what its text says`() throws {
        #expect(try RetentionPolicy(RetentionPolicy.standard.text) == .standard)
    }

    @Test(arguments: [
        "", "daily", "daily=", "daily=-1", "daily=1.5", "daily=100001", "daily=1 daily=2", "never=1", "within=48",
        "within=-1h", "within=h", "within=9223372036854775807w", "last=99999999999999999999", "=3",
        String(repeating: "x", count: 300),
    ])
    func `what is no policy is refused`(text: String) {
        #expect(throws: DomainError.self) { try RetentionPolicy(text) }
    }
}
