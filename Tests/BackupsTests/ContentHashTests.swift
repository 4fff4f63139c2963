import ApplianceCore
import Foundation
import GRDB
import Storage
import Testing

@testable import Backups

struct ContentHashTests {
    private func hash(_ statements: String...) throws -> String {
        let queue = try DatabaseQueue()
        return try queue.write { db in
            for sql in statements { try db.execute(sql: sql) }
            return try ContentHash(db).hexadecimal
        }
    }

    private let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)"

    @Test func `order and pages do not matter`() throws {
        let one = try hash(table, "INSERT INTO t VALUES (1, 'x', 2), (2, 'y', NULL)")
        let other = try hash(
            table, "INSERT INTO t VALUES (3, 'gone', 0), (2, 'y', NULL)", "DELETE FROM t WHERE id = 3",
            "INSERT INTO t VALUES (1, 'x', 2)", "CREATE INDEX i ON t (a)")
        #expect(one == other)
    }

    @Test(arguments: [
        "(1, 'x', 3)", "(1, 'x', NULL)", "(1, 'x', '2')", "(1, 'x', 2.0)", "(1, x'78', 2)", "(1, 'x2', '')",
        "(1, 'x', 2), (2, NULL, NULL)", "(2, 'x', 2)", "(1, 2, 'x')", "(1, 'x' || char(0), 2)",
    ])
    func `another value, type, place or number of rows does`(rows: String) throws {
        let base = try hash(table, "INSERT INTO t VALUES (1, 'x', 2)")
        #expect(try hash(table, "INSERT INTO t VALUES \(rows)") != base)
    }

    @Test func `a row in another table is another content`() throws {
        let tables = "CREATE TABLE t (a); CREATE TABLE u (a);"
        #expect(try hash(tables + "INSERT INTO t VALUES (1)") != hash(tables + "INSERT INTO u VALUES (1)"))
    }

    /// Worked out in Python from the descriptions alone.
    @Test func `the description is what is computed`() throws {
        #expect(
            try hash("CREATE TABLE t (a, b, c, d)", "INSERT INTO t VALUES (-1, 'é', NULL, 1.5), (2, '', x'00ff', 0)")
                == "rows128:13c04dff27ca19cba5b459fdc302aa5f0539325a3efd49a74cf63fff17820a8e")
    }

    @Test func `a flipped bit anywhere in a long value is another content`() throws {
        func bytes(_ flipped: Int?) -> String {
            var bytes = [UInt8](repeating: 0, count: 77)
            if let flipped { bytes[flipped / 8] ^= 1 << (flipped % 8) }
            return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        let all = try ([nil] + (0..<77 * 8).map { $0 }).map { flipped in
            try hash("CREATE TABLE t (a)", "INSERT INTO t VALUES (x'\(bytes(flipped))')")
        }
        #expect(Set(all).count == 77 * 8 + 1)
    }

    @Test func `each snapshot keeps it, and a restore brings the same content`() async throws {
        try await withSnapshot { appliance, manifest in
            let file = try #require(manifest.file(ofTenant: "acme"))
            let stored = try #require(file.contentHash)
            try await appliance.add("more", to: appliance.file("acme"))
            try await appliance.service.restore(RestoreRequest(tenants: ["acme"]))
            #expect(try appliance.file("acme").read { try ContentHash($0).hexadecimal } == stored)
            #expect(file.rows == ["notes": 1, "owner": 1, "files": 0])
        }
    }
}
