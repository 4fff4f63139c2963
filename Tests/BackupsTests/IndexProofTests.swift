import ApplianceCore
import Foundation
import GRDB
import Storage
import Testing

@testable import Backups

/// Indexes that are compared from end to end: nothing is missed that `integrity_check` would have found.
struct IndexProofTests {
    private static let schema = DatabaseSchema(
        applicationID: 73, migrations: [.init("start", "CREATE TABLE first (id INTEGER PRIMARY KEY)")])

    /// Indexes of every kind, over values of every kind.
    private static let tables = """
        CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b, c REAL, d TEXT);
        CREATE INDEX t_a ON t (a);
        CREATE INDEX t_ba ON t (b DESC, a COLLATE NOCASE);
        CREATE UNIQUE INDEX t_c ON t (c);
        CREATE INDEX t_d ON t (d);
        CREATE TABLE u (rowid TEXT PRIMARY KEY NOT NULL, v INTEGER, w TEXT UNIQUE COLLATE NOCASE) STRICT;
        CREATE TABLE small (id INTEGER PRIMARY KEY, a TEXT);
        CREATE INDEX small_a ON small (a);
        CREATE TABLE keyed (k TEXT, v TEXT, PRIMARY KEY (k)) WITHOUT ROWID;
        CREATE INDEX keyed_v ON keyed (v);
        CREATE TABLE some (id INTEGER PRIMARY KEY, a TEXT);
        CREATE INDEX some_a ON some (a) WHERE a IS NOT NULL;
        CREATE UNIQUE INDEX some_none ON some (id DESC) where A Is Null;
        CREATE TABLE chosen (id INTEGER PRIMARY KEY, a TEXT);
        CREATE INDEX chosen_a ON chosen (a) WHERE a > 'Text 3';
        CREATE TABLE aliased (id INTEGER PRIMARY KEY, a TEXT);
        CREATE INDEX aliased_a ON aliased (a, id);
        CREATE TABLE long (id INTEGER PRIMARY KEY, a TEXT);
        CREATE INDEX long_a ON long (a);
        CREATE TABLE worked (id INTEGER PRIMARY KEY, a TEXT);
        CREATE INDEX worked_a ON worked (lower(a));
        CREATE TABLE made (id INTEGER PRIMARY KEY, a TEXT, b TEXT AS (a || 'b'));
        CREATE INDEX made_b ON made (b);
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
        INSERT INTO t SELECT i, CASE WHEN i % 9 THEN 'Text ' || (i % 50) END,
            CASE i % 6 WHEN 0 THEN NULL WHEN 1 THEN i WHEN 2 THEN i + 0.5 WHEN 3 THEN 'b' || i WHEN 4 THEN zeroblob(i)
                ELSE 9007199254740993 + i END,
            CASE WHEN i % 4 THEN i * 1.0 END, 'same' FROM n;
        INSERT INTO u SELECT 'u' || id, id, CASE WHEN id % 3 THEN 'W' || id END FROM t;
        INSERT INTO small VALUES (1, 'value-1'), (2, 'value-2'), (3, 'value-3');
        INSERT INTO keyed SELECT 'k' || id, a FROM t;
        INSERT INTO some SELECT id, a FROM t;
        INSERT INTO chosen SELECT id, a FROM t;
        INSERT INTO aliased SELECT id, a FROM t;
        INSERT INTO long SELECT id, hex(zeroblob(id * 20)) || id FROM t WHERE id % 20 = 0;
        INSERT INTO worked SELECT id, a FROM t;
        INSERT INTO made (id, a) SELECT id, a FROM t;
        """

    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "indexes-\(Random.token(bytes: 9))")
        try FileSystem.makeFolder(folder)
        defer { try? FileSystem.remove(folder) }
        try body(folder)
    }

    private func make(_ url: URL) throws {
        try DatabaseFile.create(url, schema: Self.schema)
        try DatabaseQueue(path: url.path).writeWithoutTransaction { db in
            try db.execute(sql: "BEGIN; \(Self.tables); COMMIT")
        }
    }

    /// What is wrong with the file, by comparing its indexes, or by `integrity_check` alone.
    private func fault(_ url: URL, compared: Bool = true) throws -> FileFault? {
        do {
            _ = try DatabaseFacts.prove(url, schema: Self.schema, tenant: nil, large: compared ? 0 : .max)
            return nil
        } catch let fault as FileFault {
            return fault
        }
    }

    private func agrees(_ url: URL) throws -> Bool {
        try DatabaseFacts.reading(url) { db in
            let (proof, pages) = try (IndexProof(db), IndexPages(url))
            let entries = try proof.indexes.values.joined().reduce(into: [:]) { sums, index in
                sums[index.name] = try pages.entries(index, from: proof.start)
            }
            return try ContentHash(db, for: proof).indexed == entries
        }
    }

    @Test func `sound indexes of whole columns are compared, the others are left to SQLite`() throws {
        try withFolder { folder in
            let url = folder.appending(path: "sound.sqlite")
            try make(url)
            #expect(try fault(url) == nil)
            #expect(try agrees(url))
            let proof = try DatabaseFacts.reading(url) { db in try IndexProof(db) }
            #expect(
                proof.indexes.mapValues(\.count) == [
                    "first": 0, "t": 4, "u": 2, "small": 1, "some": 2, "aliased": 1, "long": 1,
                ])
            #expect(Set(proof.leftovers) == ["keyed", "chosen", "worked", "made", "sqlite_schema"])
        }
    }

    @Test func `the content hash is the same with and without`() throws {
        try withFolder { folder in
            let url = folder.appending(path: "sound.sqlite")
            try make(url)
            let compared = try DatabaseFacts.prove(url, schema: Self.schema, tenant: nil, large: 0)
            #expect(try DatabaseFacts.prove(url, schema: Self.schema, tenant: nil, large: .max) == compared)
        }
    }

    /// A change that its index does not see.
    struct Blind: CustomTestStringConvertible {
        let index: String
        let change: String
        var testDescription: String { "\(index): \(change)" }
    }

    private static let blind =
        [
            Blind(index: "t_a", change: "INSERT INTO t (id, a) VALUES (500, 'missing')"),
            Blind(index: "t_a", change: "DELETE FROM t WHERE id = 7"),
            Blind(index: "t_a", change: "UPDATE t SET a = 'other' WHERE id = 7"),
            Blind(index: "t_a", change: "UPDATE t SET a = NULL WHERE id = 7"),
            Blind(index: "t_a", change: "UPDATE t SET id = 500 WHERE id = 7"),
            Blind(index: "t_ba", change: "UPDATE t SET b = b + 1 WHERE id = 5"),
            Blind(index: "t_ba", change: "UPDATE t SET b = CAST(b AS BLOB) WHERE id = 3"),
            Blind(index: "t_c", change: "UPDATE t SET c = c + 0.25 WHERE id = 5"),
            Blind(index: "keyed_v", change: "UPDATE keyed SET v = 'other' WHERE k = 'k5'"),
            Blind(index: "some_a", change: "UPDATE some SET a = 'other' WHERE id = 5"),
            Blind(index: "some_a", change: "UPDATE some SET a = NULL WHERE id = 5"),
            Blind(index: "some_a", change: "UPDATE some SET a = 'other' WHERE id = 9"),
            Blind(index: "some_none", change: "UPDATE some SET a = NULL WHERE id = 5"),
            Blind(index: "some_none", change: "UPDATE some SET a = 'other' WHERE id = 9"),
            Blind(index: "chosen_a", change: "UPDATE chosen SET a = 'Text 4' WHERE id = 9"),
            Blind(
                index: "long_a",
                change: "UPDATE long SET a = substr(a, 1, 9000) || '1' || substr(a, 9002) WHERE id = 400"),
            Blind(index: "long_a", change: "DELETE FROM long WHERE id = 200"),
            Blind(index: "aliased_a", change: "UPDATE aliased SET id = 500 WHERE id = 5"),
            Blind(index: "aliased_a", change: "UPDATE aliased SET a = 'other' WHERE id = 5"),
            Blind(index: "worked_a", change: "UPDATE worked SET a = 'other' WHERE id = 5"),
            Blind(index: "made_b", change: "UPDATE made SET a = 'other' WHERE id = 5"),
        ]

    @Test(arguments: blind)
    func `an index that lacks an entry, has one too many or another is refused`(_ blind: Blind) throws {
        try withFolder { folder in
            let url = folder.appending(path: "blind.sqlite")
            try make(url)
            let entry = try edit(url) { db in
                let row = try Row.fetchOne(
                    db, sql: "SELECT * FROM sqlite_schema WHERE name = ?", arguments: [blind.index])
                try db.execute(sql: "DELETE FROM sqlite_schema WHERE name = ?", arguments: [blind.index])
                return try #require(row)
            }
            try edit(url) { db in try db.execute(sql: blind.change) }
            try edit(url) { db in
                try db.execute(
                    sql: "INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)",
                    arguments: StatementArguments(entry.map { $0.1 }))
            }
            let (compared, searched) = try (fault(url), fault(url, compared: false))
            #expect(compared == .unsound && searched == .unsound)
        }
    }

    /// What a table or an index says of itself, changed without a change of what is in it.
    struct Claim: CustomTestStringConvertible {
        let name: String
        let old: String
        let new: String
        var testDescription: String { "\(name): \(new)" }
    }

    private static let claims = [
        Claim(name: "t_a", old: "(a)", new: "(a DESC)"),
        Claim(name: "t_a", old: "(a)", new: "(c)"),
        Claim(name: "t_a", old: "INDEX", new: "UNIQUE INDEX"),
        Claim(name: "t_d", old: "INDEX", new: "UNIQUE INDEX"),
        Claim(name: "t_ba", old: "b DESC", new: "b"),
        Claim(name: "some_a", old: "IS NOT NULL", new: "IS NULL"),
        Claim(name: "some_a", old: "WHERE a IS NOT NULL", new: ""),
        Claim(name: "t", old: "a TEXT", new: "a TEXT NOT NULL"),
        Claim(name: "u", old: "v INTEGER", new: "v TEXT"),
    ]

    @Test(arguments: claims)
    func `entries out of order or twice, NULL where none may be and other types are refused`(_ claim: Claim) throws {
        try withFolder { folder in
            let url = folder.appending(path: "claim.sqlite")
            try make(url)
            try edit(url) { db in
                try db.execute(
                    sql: "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ?",
                    arguments: [claim.old, claim.new, claim.name])
                #expect(db.changesCount == 1)
            }
            let (compared, searched) = try (fault(url), fault(url, compared: false))
            #expect(compared == .unsound && searched == .unsound)
        }
    }

    /// As many entries as rows, and each of them of a row that there is.
    @Test func `an entry that stands twice in the place of another is refused`() throws {
        try withFolder { folder in
            let url = folder.appending(path: "twice.sqlite")
            try make(url)
            let root = try DatabaseFacts.reading(url) { db in
                try Int.fetchOne(db, sql: "SELECT rootpage FROM sqlite_schema WHERE name = 'small_a'")
            }
            var bytes = try contents(url)
            let page = (try #require(root) - 1) * 4096
            let entry = Array("value-2".utf8) + [2]
            let place = try #require(bytes[page..<page + 4096].firstRange(of: entry))
            bytes.replaceSubrange(place, with: Array("value-3".utf8) + [3])
            try overwrite(url, bytes)
            let (compared, searched) = try (fault(url), fault(url, compared: false))
            #expect(compared == .unsound && searched == .unsound)
        }
    }

    @Test func `a page that is its own child is refused, and comes to an end`() throws {
        try withFolder { folder in
            let url = folder.appending(path: "round.sqlite")
            try make(url)
            let (index, start) = try DatabaseFacts.reading(url) { db in
                let proof = try IndexProof(db)
                return try (#require(proof.indexes["long"]?.first), proof.start)
            }
            let sound = try IndexPages(url).entries(index, from: start)
            #expect(sound?.rows == 20)
            var bytes = try contents(url)
            let page = Int(index.rootPage - 1) * 4096
            try #require(bytes[page] == 2)
            // Its right-most child.
            bytes.replaceSubrange(page + 8..<page + 12, with: [0, 0, 0, UInt8(index.rootPage)])
            try overwrite(url, bytes)
            #expect(try IndexPages(url).entries(index, from: start) == nil)
            #expect(try fault(url) == .unsound)
        }
    }

    /// Its pages are read by ourselves: nothing in them may end the process, or keep it for long.
    @Test func `pages of any bytes are read to an end`() throws {
        try withFolder { folder in
            let url = folder.appending(path: "random.sqlite")
            try make(url)
            let proof = try DatabaseFacts.reading(url) { db in try IndexProof(db) }
            let good = try contents(url)
            let seed = UInt64.random(in: 0 ... .max)
            print("bytes of index pages: seed \(seed)")
            var random = SeededGenerator(seed)
            var refused = 0
            for _ in 0..<Self.flips {
                let index = try #require(proof.indexes.values.joined().randomElement(using: &random))
                var bad = good
                let page = Int(index.rootPage - 1) * 4096
                // Heads of pages and of cells lie at both ends.
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    let place = Int.random(in: 0..<32, using: &random)
                    let isHead = Bool.random(using: &random)
                    bad[page + (isHead ? place : 4095 - place)] = UInt8.random(in: 0 ... .max, using: &random)
                }
                try overwrite(url, bad)
                if try IndexPages(url).entries(index, from: proof.start) == nil { refused += 1 }
            }
            #expect(refused > Self.flips / 4)
        }
    }

    /// `APPLIANCE_LONG_TESTS=1`: twenty times as many.
    private static let flips = ProcessInfo.processInfo.environment["APPLIANCE_LONG_TESTS"] == "1" ? 6000 : 300

    @Test func `what integrity_check finds of flipped bits is found by comparing too`() throws {
        try withFolder { folder in
            let url = folder.appending(path: "flipped.sqlite")
            try make(url)
            let good = try contents(url)
            let seed = UInt64.random(in: 0 ... .max)
            print("bit flips: seed \(seed)")
            var random = SeededGenerator(seed)
            var found = 0
            for _ in 0..<Self.flips {
                let bit = Int.random(in: 0..<good.count * 8, using: &random)
                var bad = good
                bad[bit / 8] ^= 1 << UInt8(bit % 8)
                try overwrite(url, bad)
                guard try fault(url, compared: false) != nil else { continue }
                found += 1
                #expect(try fault(url) != nil, "bit \(bit), seed \(seed)")
            }
            #expect(found > Self.flips / 20)
        }
    }

    /// On a connection that may change what SQLite believes of the file.
    @discardableResult
    private func edit<Value>(_ url: URL, _ body: (Database) throws -> Value) throws -> Value {
        let queue = try DatabaseQueue(path: url.path)
        defer { try? queue.close() }
        return try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA writable_schema = ON")
            return try body(db)
        }
    }
}
