/// The condition of an index of some rows, read from its `CREATE INDEX`: only `WHERE column IS NULL` or `IS NOT NULL`.
/// All else is for SQLite to check.
struct IndexFilterText {
    private let column: String
    private let isNull: Bool

    /// Names that SQLite does not read as those of columns.
    private static let reserved: Set = ["null", "true", "false", "current_date", "current_time", "current_timestamp"]

    /// Nil when it says something else, or might. SQL ends outside of all quotes; so what stands behind its last
    /// bracket without a quote of any kind or a comment is the condition, whatever names and texts there are before.
    /// The column may stand in double quotes: none of any kind follows them, so the second ends what the first, with
    /// a space before it and not a third, began.
    init?(_ sql: String) {
        guard !sql.contains("--"), !sql.contains("/*"), let bracket = sql.lastIndex(of: ")") else { return nil }
        let tail = sql[sql.index(after: bracket)...]
        let isPlain = tail.utf8.allSatisfy { byte in
            switch byte {
            case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x5F, 0x20, 0x0A, 0x09, 0x22: true
            default: false
            }
        }
        let words = tail.lowercased().split(whereSeparator: \.isWhitespace).map(String.init)
        guard isPlain, words.first == "where", words.count > 2, let name = Self.name(words[1]) else { return nil }
        switch words.dropFirst(2) {
        case ["is", "null"]: isNull = true
        case ["is", "not", "null"]: isNull = false
        default: return nil
        }
        column = name
    }

    private static func name(_ word: String) -> String? {
        let parts = word.split(separator: "\"", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return reserved.contains(word) ? nil : word
        case 3 where parts[0].isEmpty && !parts[1].isEmpty && parts[2].isEmpty: return String(parts[1])
        default: return nil
        }
    }

    /// Of a table with columns of these names, in small letters.
    func filter(_ names: [String]) -> IndexProof.Index.Filter? {
        names.firstIndex(of: column).map { IndexProof.Index.Filter(place: $0, isNull: isNull) }
    }
}
