import ApplianceCore
import Foundation
import GRDB
import Storage
import Testing

@testable import Backups

/// References looked up once for each value find what `foreign_key_check` finds, or are left to it.
struct ReferenceCheckTests {
    private func withDatabase(_ sql: String, _ body: (Database) throws -> Void) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(configuration: configuration)
        try queue.write { db in try db.execute(sql: sql) }
        try queue.read(body)
    }

    private static let sound = """
        CREATE TABLE parents (id TEXT PRIMARY KEY NOT NULL, name TEXT) STRICT;
        CREATE TABLE children (id INTEGER PRIMARY KEY, parent TEXT REFERENCES parents (id), at TEXT) STRICT;
        CREATE INDEX children_parent ON children (parent, at);
        INSERT INTO parents VALUES ('p1', ''), ('p2', ''), ('p3', '');
        INSERT INTO children (parent) VALUES ('p1'), ('p1'), (NULL), ('p3');
        """

    private static let schema = DatabaseSchema(applicationID: 74, migrations: [.init("start", sound)])

    @Test func `values of an index are looked up once each`() throws {
        try withDatabase(Self.sound) { db in
            let queries = try ReferenceCheck.queries(db, "children")
            #expect(queries?.count == 1)
            #expect(try ReferenceCheck.queries(db, "parents") == [])
            try ReferenceCheck.run(db)
        }
    }

    @Test(arguments: [
        "INSERT INTO children (parent) VALUES ('p4')",
        "INSERT INTO children (parent) VALUES ('P1')",
        "INSERT INTO children (parent) VALUES ('')",
        "DELETE FROM parents WHERE id = 'p1'",
        "UPDATE parents SET id = 'p9' WHERE id = 'p3'",
    ])
    func `a reference to nothing is found`(_ change: String) throws {
        try withDatabase("\(Self.sound)\(change);") { db in
            let queries = try ReferenceCheck.queries(db, "children")
            #expect(queries?.count == 1)
            #expect(throws: FileFault.self) { try ReferenceCheck.run(db) }
            #expect(throws: FileFault.self) { try ReferenceCheck.runWhole(db) }
        }
    }

    /// Other columns, collations and parents than those that the queries are made for.
    @Test(arguments: [
        "CREATE TABLE c (id INTEGER PRIMARY KEY, p TEXT REFERENCES parents (id))",
        "CREATE TABLE c (p INTEGER REFERENCES parents (id)); CREATE INDEX c_p ON c (p)",
        "CREATE TABLE c (p TEXT COLLATE NOCASE REFERENCES parents (id)); CREATE INDEX c_p ON c (p)",
        "CREATE TABLE c (p TEXT REFERENCES parents); CREATE INDEX c_p ON c (p)",
        "CREATE TABLE c (p TEXT REFERENCES nobody (id)); CREATE INDEX c_p ON c (p)",
        """
        CREATE TABLE two (a TEXT, b TEXT, PRIMARY KEY (a, b));
        CREATE TABLE c (p TEXT, q TEXT, FOREIGN KEY (p, q) REFERENCES two (a, b)); CREATE INDEX c_p ON c (p, q)
        """,
        """
        CREATE TABLE folded (id TEXT COLLATE NOCASE PRIMARY KEY);
        CREATE TABLE c (p TEXT REFERENCES folded (id)); CREATE INDEX c_p ON c (p)
        """,
        """
        CREATE TABLE wild (id TEXT, n TEXT); CREATE UNIQUE INDEX wild_some ON wild (id) WHERE n IS NULL;
        CREATE TABLE c (p TEXT REFERENCES wild (id)); CREATE INDEX c_p ON c (p)
        """,
    ])
    func `what might be compared in another way is left to SQLite`(_ table: String) throws {
        try withDatabase("\(Self.sound)\(table);") { db in
            let queries = try ReferenceCheck.queries(db, "c")
            #expect(queries == nil)
        }
    }

    @Test(arguments: [0, Int64.max])
    func `a file with a reference to nothing is refused, be it large or small`(large: Int64) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "references-\(Random.token(bytes: 9))")
        try FileSystem.makeFolder(folder)
        defer { try? FileSystem.remove(folder) }
        let (url, schema) = (folder.appending(path: "references.sqlite"), Self.schema)
        try DatabaseFile.create(url, schema: schema)
        _ = try DatabaseFacts.prove(url, schema: schema, tenant: nil, large: large)
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: url.path, configuration: configuration)
        try queue.write { db in try db.execute(sql: "DELETE FROM parents WHERE id = 'p3'") }
        try queue.close()
        #expect(throws: FileFault(reason: "a record refers to one that does not exist")) {
            _ = try DatabaseFacts.prove(url, schema: schema, tenant: nil, large: large)
        }
    }

    @Test func `what is left to SQLite is found too`() throws {
        let table = "CREATE TABLE c (p TEXT REFERENCES parents); INSERT INTO c VALUES ('p1'), ('p5')"
        try withDatabase("\(Self.sound)\(table);") { db in
            #expect(throws: FileFault.self) { try ReferenceCheck.run(db) }
        }
    }
}
