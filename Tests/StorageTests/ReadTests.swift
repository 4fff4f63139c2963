import ApplianceCore
import GRDB
import Testing

@testable import Storage

struct ReadTests {
    private let storage: TestStorage

    init() throws { storage = try TestStorage() }

    private static let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"

    @Test func `an endless query is stopped at its deadline`() async throws {
        let file = try storage.file()
        let error = await refusal {
            _ = try file.read(limit: .init(time: .milliseconds(20))) { try Int.fetchOne($0, sql: Self.endless) }
        }
        #expect(error?.code == "query_too_slow")
        #expect(error?.category == .invalid)
        // The connection goes on with the next reader, at its own deadline.
        #expect(try file.read { try Int.fetchOne($0, sql: "SELECT 1") } == 1)
        #expect(file.quarantineReason == nil)
    }

    @Test func `an endless query is stopped after its steps`() async throws {
        let file = try storage.file()
        let error = await refusal {
            _ = try file.read(limit: .init(time: .seconds(600), steps: 50_000)) {
                try Int.fetchOne($0, sql: Self.endless)
            }
        }
        #expect(error?.code == "query_too_slow")
        #expect(try file.read { try Int.fetchOne($0, sql: "SELECT 1") } == 1)
    }

    @Test func `a long read sees one state of the file`() async throws {
        let file = try storage.file()
        try await file.add("one")
        let gate = Gate()
        let reading = Task {
            try await file.readLong { db in
                let before = try Self.count(db)
                gate.pass()
                return (before, try Self.count(db))
            }
        }
        await gate.isReached()
        try await file.add("two")
        gate.open()
        #expect(try await reading.value == (1, 1))
        #expect(try file.notes().count == 2)
    }

    private static func count(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT count(*) FROM notes") ?? 0
    }

    @Test func `many read while others write`() async throws {
        let file = try storage.file()
        try await withThrowingTaskGroup { group in
            for number in 0..<100 {
                group.addTask { try await file.add("\(number)") }
                group.addTask { _ = try file.notes() }
            }
            try await group.waitForAll()
        }
        #expect(try file.notes().count == 100)
    }

    @Test func `values come back as they were bound`() async throws {
        let file = try storage.file()
        let values: [SQLValue] = [
            .null, .integer(.min), .integer(.max), .text(""), .text("a\0b"), .text("नमस्ते 😀"),
            .text(String(repeating: "x", count: 100_000)),
        ]
        let back = try file.read { db in
            try db.first("SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7", values) { row in (0..<7).map { row.value($0) } }
        }
        #expect(back == values)
    }

    @Test func `a value longer than the limit is refused`() async throws {
        let file = try storage.file()
        let error = await refusal {
            try await file.write {
                try $0.execute(sql: "INSERT INTO notes (text) VALUES (hex(zeroblob(20000000)))")
            }
        }
        #expect(error?.category == .internal)
        #expect(try file.notes() == [])
    }
}
