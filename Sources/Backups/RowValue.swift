import CAppliance
import Foundation
import GRDB

/// A value of the row that a statement stands at. Its bytes are SQLite's: valid until the statement's next step.
struct RowValue {
    let letter: RowHash.Letter
    /// Of an integer or a real the bits, of a text or a blob the length.
    let word: UInt64
    let bytes: UnsafeRawBufferPointer

    init(_ letter: RowHash.Letter, _ word: UInt64, _ bytes: UnsafeRawBufferPointer = .init(start: nil, count: 0)) {
        (self.letter, self.word, self.bytes) = (letter, word, bytes)
    }

    /// Asks for the value as such: `sqlite3_column_…` would look it up, and set the connection's error, at each call.
    /// Only one thread uses the connection, so that it needs no protection.
    init(_ statement: OpaquePointer, _ column: Int32) {
        let value = sqlite3_column_value(statement, column)
        switch sqlite3_value_type(value) {
        case SQLITE_INTEGER: self.init(.integer, UInt64(bitPattern: sqlite3_value_int64(value)))
        case SQLITE_FLOAT: self.init(.real, sqlite3_value_double(value).bitPattern)
        case SQLITE_NULL: self.init(.null, 0)
        case let type:
            let start = sqlite3_value_blob(value)
            let count = Int(sqlite3_value_bytes(value))
            self.init(
                type == SQLITE_TEXT ? .text : .blob, UInt64(count), UnsafeRawBufferPointer(start: start, count: count))
        }
    }

    var isNull: Bool { letter == .null }

    /// As SQLite sorts: below zero, zero or above (sqlite.org/datatype3.html §4.1). `folds`: by `NOCASE`.
    static func order(_ one: RowValue, _ other: RowValue, folds: Bool) -> Int {
        switch (one.letter, other.letter) {
        case (.text, .text): return folds ? foldedOrder(one.bytes, other.bytes) : order(one.bytes, other.bytes)
        case (.integer, .integer): return order(Int64(bitPattern: one.word), Int64(bitPattern: other.word))
        case (.real, .real): return order(Double(bitPattern: one.word), Double(bitPattern: other.word))
        case (.integer, .real): return order(Int64(bitPattern: one.word), Double(bitPattern: other.word))
        case (.real, .integer): return -order(Int64(bitPattern: other.word), Double(bitPattern: one.word))
        case (.blob, .blob): return order(one.bytes, other.bytes)
        default: return order(one.letter.rank, other.letter.rank)
        }
    }

    private static func order<Value: Comparable>(_ one: Value, _ other: Value) -> Int {
        one < other ? -1 : one > other ? 1 : 0
    }

    /// Exact, where the integer has more digits than the real.
    private static func order(_ integer: Int64, _ real: Double) -> Int {
        // Neither lets a NaN through, which SQLite does not store, to a conversion that would trap.
        guard real >= -0x1p63 else { return 1 }
        guard real < 0x1p63 else { return -1 }
        let whole = Int64(real)
        return integer != whole ? order(integer, whole) : order(Double(integer), real)
    }

    private static func order(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Int {
        let common = min(one.count, other.count)
        if common > 0, let first = one.baseAddress, let second = other.baseAddress {
            let order = memcmp(first, second, common)
            if order != 0 { return Int(order) }
        }
        return one.count - other.count
    }

    private static func foldedOrder(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Int {
        for (first, second) in zip(one, other) {
            let (first, second) = (fold(first), fold(second))
            if first != second { return Int(first) - Int(second) }
        }
        return one.count - other.count
    }

    private static func fold(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte }
}

extension RowHash.Letter {
    /// Among values of other kinds.
    fileprivate var rank: Int {
        switch self {
        case .null: 0
        case .integer, .real: 1
        case .text: 2
        case .blob: 3
        }
    }
}

extension RowHash {
    mutating func add(_ value: RowValue) {
        switch value.letter {
        case .text, .blob: add(value.letter, value.bytes)
        case .integer, .real, .null: add(value.letter, value.word)
        }
    }
}

extension Statement {
    /// Gives `body` the statement of SQLite, kept alive, and what takes it to its next row: false at the end.
    func withSteps<Value>(_ body: (OpaquePointer, () throws -> Bool) throws -> Value) throws -> Value {
        try withExtendedLifetime(self) {
            let statement = sqliteStatement
            return try body(statement) {
                switch sqlite3_step(statement) {
                case SQLITE_ROW: true
                case SQLITE_DONE: false
                case let code: throw DatabaseError(resultCode: ResultCode(rawValue: code))
                }
            }
        }
    }
}
