import ApplianceCore
import CollectionKit
import Foundation
import Storage
import Tenancy
import Testing

struct SealerTests {
    private static func withKey(_ body: (MasterKey) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "key-\(Random.token(bytes: 6))")
        try FileSystem.makeFolder(folder)
        defer { try? FileSystem.remove(folder) }
        try body(try MasterKey(DataDirectory(folder)))
    }

    @Test func `what is sealed opens for its shop and place alone`() throws {
        try Self.withKey { key in
            let sealer = key.sealer(tenant: "ten_a")
            let sealed = try sealer.seal("geheim ü", "agents.token")
            #expect(!sealed.contains("geheim"))
            let opened = try sealer.open(sealed, "agents.token")
            #expect(opened == "geheim ü")
            #expect(throws: DomainError.self) { try sealer.open(sealed, "agents.other") }
            #expect(throws: DomainError.self) { try key.sealer(tenant: "ten_b").open(sealed, "agents.token") }
        }
    }

    @Test func `the same secret is sealed anew each time`() throws {
        try Self.withKey { key in
            let sealer = key.sealer(tenant: "ten_a")
            let twice = try (sealer.seal("x", "a.b"), sealer.seal("x", "a.b"))
            #expect(twice.0 != twice.1)
        }
    }

    @Test func `every changed byte is noticed`() throws {
        try Self.withKey { key in
            let sealer = key.sealer(tenant: "ten_a")
            let sealed = try #require(Data(base64Encoded: String(try sealer.seal("secret", "a.b").dropFirst(3))))
            for index in sealed.indices {
                var changed = sealed
                changed[index] ^= 1
                let text = "v1." + changed.base64EncodedString()
                #expect(throws: DomainError.self) { try sealer.open(text, "a.b") }
            }
            for other in ["", "v1.", "v2." + sealed.base64EncodedString(), "v1.!"] {
                #expect(throws: DomainError.self) { try sealer.open(other, "a.b") }
            }
        }
    }
}
