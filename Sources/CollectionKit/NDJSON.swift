import ApplianceCore
package import GRDB
import Storage

/// Lines of a file of newline-delimited JSON, taken in chunks; no more than one line is kept.
struct NDJSONParser {
    enum Limit {
        /// Bytes of one line.
        static let line = 1 << 20
    }

    struct Fault: Error, Equatable {
        let line: Int
        let message: String
    }

    private var rest: [UInt8] = []
    private var line = 0

    /// Calls `body` with each line that ends in the chunk, its number first. Empty lines are none.
    mutating func parse(_ chunk: UnsafeRawBufferPointer, _ body: (Int, [UInt8]) throws -> Void) throws {
        for byte in chunk {
            if byte == 0x0A {
                try finish(body)
            } else {
                guard rest.count < Limit.line else {
                    throw Fault(line: line + 1, message: "A line of over \(Limit.line) bytes.")
                }
                rest.append(byte)
            }
        }
    }

    mutating func finish(_ body: (Int, [UInt8]) throws -> Void) throws {
        line += 1
        defer { rest.removeAll(keepingCapacity: true) }
        if rest.last == 0x0D { rest.removeLast() }
        if !rest.isEmpty { try body(line, rest) }
    }
}

extension ListQuery {
    private static let chunk = 64 << 10

    /// Every record that matches, a JSON object a line, some 64 KiB at a time.
    package func exportLines(_ db: Database, _ sink: ([UInt8]) throws -> Void) throws {
        var parameters: [SQLValue] = []
        var out: [UInt8] = []
        try db.each(recordsSQL(&parameters), parameters) { row in
            row.withBytes(0) { out.append(contentsOf: $0) }
            out.append(0x0A)
            if out.count >= Self.chunk {
                try sink(out)
                out.removeAll(keepingCapacity: true)
            }
        }
        try sink(out)
    }
}
