import ApplianceCore

/// RFC 4180 as people's programs write it: quotes, line feeds inside quotes, LF or CRLF, an optional UTF-8 BOM. Takes
/// the file in chunks and hands out one row after the other, without keeping more than one.
package struct CSVParser {
    package enum Limit {
        /// Bytes of one row.
        package static let row = 1 << 20
        package static let columns = 200
    }

    /// A malformed file; `line` counts from 1 as an editor does.
    package struct Fault: Error, Equatable {
        package let line: Int
        package let message: String
    }

    /// One row: its cells' bytes behind each other. Valid inside the callback.
    package struct Row {
        /// The line on which the row begins.
        package fileprivate(set) var line = 1
        fileprivate var bytes: [UInt8] = []
        fileprivate var ends: [Int] = []

        package var count: Int { ends.count }

        package func bytes(_ index: Int) -> ArraySlice<UInt8> {
            bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
        }

        /// Nil for bytes that are not UTF-8.
        package func text(_ index: Int) -> String? { String(validating: bytes(index), as: UTF8.self) }
    }

    private enum State { case start, plain, quoted, quoteInQuoted, endOfRowAfterCR }

    private var state = State.start
    private var row = Row()
    private var line = 1
    /// How much of a byte order mark the file has begun with; nil once that is settled.
    private var markLength: Int? = 0
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    package init() {}

    /// Parses the next chunk, calling `body` with each row that ends in it.
    package mutating func parse(_ chunk: UnsafeRawBufferPointer, _ body: (borrowing Row) throws -> Void) throws {
        for byte in chunk {
            if let length = markLength, byte == Self.mark[length] {
                markLength = length == 2 ? nil : length + 1
                continue
            }
            try endMark(body)
            try parse(byte, body)
        }
    }

    /// What began like a byte order mark and was none is text.
    @inline(__always)
    private mutating func endMark(_ body: (borrowing Row) throws -> Void) throws {
        guard let length = markLength else { return }
        markLength = nil
        for byte in Self.mark.prefix(length) { try parse(byte, body) }
    }

    /// Ends the file: hands out a last row without a line end.
    package mutating func finish(_ body: (borrowing Row) throws -> Void) throws {
        try endMark(body)
        guard state != .quoted else { throw Fault(line: row.line, message: "A quoted cell never ends.") }
        if !row.bytes.isEmpty || !row.ends.isEmpty || state == .quoteInQuoted { try endRow(body) }
    }

    @inline(__always)
    private mutating func parse(_ byte: UInt8, _ body: (borrowing Row) throws -> Void) throws {
        switch state {
        case .endOfRowAfterCR:
            state = .start
            if byte == UInt8(ascii: "\n") { return }
            try parse(byte, body)
        case .quoted:
            if byte == UInt8(ascii: "\"") { state = .quoteInQuoted } else { try append(byte) }
            if byte == UInt8(ascii: "\n") { line += 1 }
        case .quoteInQuoted where byte == UInt8(ascii: "\""):
            state = .quoted
            try append(byte)
        case .start where byte == UInt8(ascii: "\""):
            state = .quoted
        case .start, .plain, .quoteInQuoted:
            try parsePlain(byte, body)
        }
    }

    @inline(__always)
    private mutating func parsePlain(_ byte: UInt8, _ body: (borrowing Row) throws -> Void) throws {
        switch byte {
        case UInt8(ascii: ","): try endCell()
        case UInt8(ascii: "\n"):
            line += 1
            try endRow(body)
        case UInt8(ascii: "\r"):
            line += 1
            try endRow(body)
            state = .endOfRowAfterCR
        default:
            guard state != .quoteInQuoted else { throw Fault(line: line, message: "Text behind a closing quote.") }
            guard byte != UInt8(ascii: "\"") else {
                throw Fault(line: line, message: "A quote inside an unquoted cell.")
            }
            state = .plain
            try append(byte)
        }
    }

    private mutating func append(_ byte: UInt8) throws {
        guard row.bytes.count < Limit.row else {
            throw Fault(line: row.line, message: "A row of over \(Limit.row) bytes.")
        }
        row.bytes.append(byte)
    }

    private mutating func endCell() throws {
        guard row.ends.count < Limit.columns else {
            throw Fault(line: row.line, message: "More than \(Limit.columns) columns.")
        }
        row.ends.append(row.bytes.count)
        state = .start
    }

    private mutating func endRow(_ body: (borrowing Row) throws -> Void) throws {
        try endCell()
        // An empty line is no row.
        if row.ends.count > 1 || !row.bytes.isEmpty { try body(row) }
        row.bytes.removeAll(keepingCapacity: true)
        row.ends.removeAll(keepingCapacity: true)
        row.line = line
    }
}
