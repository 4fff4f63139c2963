import Testing

@testable import Backups

/// Only a condition that can mean nothing else is read from an index's text.
struct IndexFilterTextTests {
    @Test(arguments: [
        "CREATE INDEX i ON t (a) WHERE b IS NOT NULL",
        "CREATE INDEX i ON t (lower(a), \"a)\")\n\twhere B is\n not Null ",
        "CREATE UNIQUE INDEX \"i) WHERE a IS NULL\" ON 't' (a) WHERE b IS NOT NULL",
        "CREATE INDEX i ON t (a) WHERE \"b\" IS NOT NULL",
        "CREATE INDEX \"i\" ON \"t\" (\"a\", \"a) WHERE \") WHERE \"B\" IS NOT NULL",
    ])
    func `a column that is NULL, or is not`(_ sql: String) throws {
        let filter = try #require(IndexFilterText(sql)?.filter(["a", "b"]))
        #expect(filter.place == 1 && !filter.isNull)
    }

    @Test func `NULL alone`() throws {
        let filter = try #require(IndexFilterText("CREATE INDEX i ON t (a) WHERE a IS NULL")?.filter(["a", "b"]))
        #expect(filter.place == 0 && filter.isNull)
    }

    @Test(arguments: [
        "CREATE INDEX i ON t (a)",
        "CREATE INDEX i ON t (a) WHERE c IS NOT NULL",
        "CREATE INDEX i ON t (a) WHERE b > 1 -- ) WHERE b IS NOT NULL",
        "CREATE INDEX i ON t (a) WHERE b > 1 /* ) WHERE b IS NOT NULL",
        "CREATE INDEX i ON t (a) WHERE b = ') WHERE b IS NOT NULL'",
        "CREATE INDEX i ON t (a) WHERE \") WHERE b IS NOT NULL\"",
        "CREATE INDEX i ON t (a) WHERE [) WHERE b IS NOT NULL]",
        "CREATE INDEX i ON t (a) WHERE (b IS NULL) IS NOT NULL",
        "CREATE INDEX i ON t (a) WHERE b IS NOT NULL AND a IS NULL",
        "CREATE INDEX i ON t (a) WHERE b NOT NULL",
        "CREATE INDEX i ON t (a) WHERE \"c\" IS NOT NULL",
        "CREATE INDEX i ON t (a) WHERE \"\" IS NOT NULL",
        "CREATE INDEX i ON t (a) WHERE \"b\"\"\" IS NOT NULL",
        "CREATE INDEX i ON t (a) WHERE \"c) WHERE \"\"b\" IS NOT NULL",
        "CREATE INDEX i ON t (a) WHERE \"c) WHERE \"\" b\" IS NOT NULL",
        "CREATE INDEX i ON t (a) WHERE b = ') WHERE \"b\" IS NOT NULL'",
        "CREATE INDEX i ON t (a) WHERE \"b\" \"IS NOT NULL",
        "CREATE INDEX i ON t (a) WHERE null IS NULL",
        "CREATE INDEX i ON t (a) WHERE true IS NOT NULL",
        "CREATE INDEX i ON t (a) WHERE b IS NOT 1",
    ])
    func `all else is not read`(_ sql: String) {
        #expect(IndexFilterText(sql)?.filter(["a", "b", "null", "true"]) == nil)
    }
}
