import ApplianceCore
import Foundation
import GRDB
import Storage
import Testing

@testable import Backups

/// Databases that a stranger could have made, with sums, counts and a checksum that are right: refused by what they
/// are, before a byte of live data is written.
struct HostileBackupTests {
    private static let acme = "tenants/ten_acme.sqlite.gz"

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let sql: String
        let reason: String
        var testDescription: String { name }

        init(_ name: String, _ sql: String, _ reason: String) {
            (self.name, self.sql, self.reason) = (name, sql, reason)
        }
    }

    private static let trigger = "it has a trigger that is not ours"
    private static let view = "it has a view that is not ours"
    private static let virtual = "it has a table that is not ours"
    private static let notes = "its notes is missing or another than ours"

    private static let cases = [
        Case(
            "a trigger that forges", "CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM notes; END", trigger),
        Case(
            "a trigger that never ends",
            "CREATE TRIGGER t AFTER INSERT ON notes BEGIN INSERT INTO notes (text) VALUES ('x'); END", trigger),
        Case("a trigger on a view", "CREATE TRIGGER t INSTEAD OF INSERT ON longest BEGIN SELECT 1; END", trigger),
        Case("a view that reads the schema", "CREATE VIEW v AS SELECT sql FROM sqlite_schema", view),
        Case(
            "our view, saying something else", "DROP VIEW longest; CREATE VIEW longest AS SELECT 7 AS length",
            "its longest is missing or another than ours"),
        Case(
            "a view in the place of our table",
            "DROP VIEW longest; ALTER TABLE notes RENAME TO n; CREATE VIEW notes AS SELECT * FROM n",
            "its longest is missing or another than ours"),
        Case("a virtual table", "CREATE VIRTUAL TABLE f USING fts5(a)", virtual),
        Case("a virtual table of another module", "CREATE VIRTUAL TABLE r USING rtree(id, a, b)", virtual),
        Case(
            "our table gone", "DROP VIEW longest; DROP TABLE notes; CREATE VIEW longest AS SELECT 1 AS length",
            "its longest is missing or another than ours"),
        Case("our table with a column more", "ALTER TABLE notes ADD COLUMN more TEXT", notes),
        Case(
            "our table without its rules", "DROP VIEW longest; DROP TABLE notes; CREATE TABLE notes (id, text, parent)",
            "its longest is missing or another than ours"),
        Case("another application's id", "PRAGMA application_id = 5", "it is not one of Appliance's files"),
        Case("the control plane in a shop's place", "PRAGMA application_id = 72", "it is not one of Appliance's files"),
        Case("an older version than its tables", "PRAGMA user_version = 0", "its schema version does not match"),
        Case(
            "a rule of a module broken", "INSERT INTO notes (text) VALUES ('forbidden')",
            "it breaks a rule: no note is forbidden"),
        Case("another tenant's file", "UPDATE owner SET id = 'ten_bela'", "it belongs to the tenant ten_bela"),
        Case("a record more than counted", "INSERT INTO notes (text) VALUES ('x')", "its row counts do not match"),
        Case("a record changed", "UPDATE notes SET text = 'last of acme'", "its content hash does not match"),
        Case("a table more than counted", "CREATE TABLE x (a)", "its row counts do not match"),
    ]

    @Test(arguments: cases) func `a crafted database is refused`(case: Case) async throws {
        try await withSnapshot { appliance, manifest in
            let entry = try #require(manifest.file(ofTenant: "acme"))
            let url = appliance.root.appending(path: "crafted.sqlite")
            try StoredFile.extract(entry, from: appliance.snapshotURL(manifest.id), to: url)
            let queue = try DatabaseQueue(path: url.path)
            try await queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA journal_mode = DELETE")
                try db.execute(sql: `case`.sql)
            }
            try queue.close()
            let sums = try StoredFile.compress(url, to: appliance.snapshotURL(manifest.id).appending(path: Self.acme))
            try appliance.forge(
                manifest.replacing(
                    manifest.files.map {
                        $0.path == Self.acme ? $0.with(bytes: sums.bytes, sums: sums) : $0
                    }))
            try await appliance.expectRefused(Self.acme)
            let problem = try await appliance.service.verify("latest").problems.first
            #expect(problem?.reason == `case`.reason)
        }
    }

    /// Names in the place of a stored file that are no stored file.
    @Test(arguments: ["link", "folder", "pipe", "device", "nothing", "hard link to another tenant's"])
    func `what is not an ordinary file of its own is refused`(kind: String) async throws {
        try await withSnapshot { appliance, manifest in
            let url = appliance.snapshotURL(manifest.id).appending(path: Self.acme)
            #expect(unlink(url.path) == 0)
            switch kind {
            case "link": #expect(symlink("/etc/passwd", url.path) == 0)
            case "folder": try FileSystem.makeFolder(url)
            case "pipe": #expect(mkfifo(url.path, 0o600) == 0)
            case "device":
                // Only root can make one; a link to one is as near as others come.
                if mknod(url.path, S_IFCHR | 0o600, 0x0105) != 0 { #expect(symlink("/dev/zero", url.path) == 0) }
            case "nothing": break
            default:
                let bela = url.deletingLastPathComponent().appending(path: "ten_bela.sqlite.gz")
                #expect(link(bela.path, url.path) == 0)
            }
            try await appliance.expectRefused(Self.acme)
        }
    }

    @Test func `a bomb of many members is stopped at the promised size, in little memory`() async throws {
        try await withSnapshot { appliance, manifest in
            // 1 GiB of zeros in 1 MiB.
            let member = try Gzip.compressed(Array(repeating: 0, count: 256 << 10), level: 9)
            let url = appliance.snapshotURL(manifest.id).appending(path: Self.acme)
            let bytes = Array(repeatElement(member, count: 4096).joined())
            try overwrite(url, bytes)
            let sums = StoredFile.Sums(
                bytes: 100_000, storedBytes: Int64(bytes.count), sha256: String(repeating: "0", count: 64),
                storedSha256: Digest.of(bytes))
            try appliance.forge(
                manifest.replacing(
                    manifest.files.map { $0.path == Self.acme ? $0.with(bytes: 100_000, sums: sums) : $0 }))
            try await appliance.expectRefused(Self.acme)
            let reason = try await appliance.service.verify("latest").problems.first?.reason
            #expect(reason == "it decompresses to more than 100000 bytes")
        }
    }
}
