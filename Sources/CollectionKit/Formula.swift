import ApplianceCore
import Storage

/// How a computed field follows from others: whole numbers with `+ - * ( )`, or texts joined by `&`:
/// `quantity * unitPrice - discount`, `firstName & " " & lastName`. A formula is text, so that a shop may write one.
package struct Formula: Sendable {
    package enum Limit {
        /// Characters of a formula.
        package static let length = 200
        /// Parentheses within each other.
        package static let depth = 8
    }

    package struct Fault: Error, Equatable {
        package let message: String
    }

    indirect enum Node: Sendable {
        case field(String)
        case integer(Int64)
        case text(String)
        case sum(Node, Node), difference(Node, Node), product(Node, Node), joined(Node, Node)
    }

    package let source: String
    let node: Node

    package init(_ source: String) throws(Fault) {
        guard source.utf8.count <= Limit.length else {
            throw Fault(message: "A formula has at most \(Limit.length) characters.")
        }
        self.source = source
        var parser = Parser(rest: Substring(source))
        node = try parser.expression(depth: 0)
        guard parser.next() == nil else { throw Fault(message: "Something is left over behind the formula.") }
    }

    /// The fields it reads.
    package var fields: [String] { Self.fields(node) }

    private static func fields(_ node: Node) -> [String] {
        switch node {
        case .field(let name): [name]
        case .integer, .text: []
        case .sum(let a, let b), .difference(let a, let b), .product(let a, let b), .joined(let a, let b):
            fields(a) + fields(b)
        }
    }

    /// The value for a record. Null when a number that it needs is missing; empty parts of a joined text are left out.
    func value(_ field: (String) -> SQLValue) throws(ValueFault) -> SQLValue { try Self.value(node, field) }

    private static func value(_ node: Node, _ field: (String) -> SQLValue) throws(ValueFault) -> SQLValue {
        switch node {
        case .field(let name): return field(name)
        case .integer(let number): return .integer(number)
        case .text(let text): return .text(text)
        case .sum(let a, let b): return try arithmetic(a, b, field) { $0.addingReportingOverflow($1) }
        case .difference(let a, let b): return try arithmetic(a, b, field) { $0.subtractingReportingOverflow($1) }
        case .product(let a, let b): return try arithmetic(a, b, field) { $0.multipliedReportingOverflow(by: $1) }
        case .joined(let a, let b):
            return .text(text(try value(a, field)) + text(try value(b, field)))
        }
    }

    /// The same as an SQL expression over the columns of a table.
    var sql: String { Self.sql(node) }

    private static func sql(_ node: Node) -> String {
        switch node {
        case .field(let name): CollectionSQL.quoted(name)
        case .integer(let number): String(number)
        case .text(let text): "'" + text.replacing("'", with: "''") + "'"
        case .sum(let a, let b): "(\(sql(a)) + \(sql(b)))"
        case .difference(let a, let b): "(\(sql(a)) - \(sql(b)))"
        case .product(let a, let b): "(\(sql(a)) * \(sql(b)))"
        case .joined(let a, let b): "(coalesce(\(sql(a)), '') || coalesce(\(sql(b)), ''))"
        }
    }

    private static func arithmetic(
        _ a: Node, _ b: Node, _ field: (String) -> SQLValue,
        _ operation: (Int64, Int64) -> (partialValue: Int64, overflow: Bool)
    ) throws(ValueFault) -> SQLValue {
        guard case .integer(let left) = try value(a, field), case .integer(let right) = try value(b, field) else {
            return .null
        }
        let (result, overflow) = operation(left, right)
        guard !overflow else { throw ValueFault("out_of_range", "The result is too large.") }
        return .integer(result)
    }

    private static func text(_ value: SQLValue) -> String {
        switch value {
        case .null: ""
        case .integer(let number): String(number)
        case .text(let text): text
        }
    }

    private struct Parser {
        var rest: Substring

        mutating func next() -> Character? {
            rest = rest.drop { $0 == " " }
            return rest.first
        }

        /// Sums and joins of products, from left to right.
        mutating func expression(depth: Int) throws(Fault) -> Node {
            guard depth <= Limit.depth else { throw Fault(message: "At most \(Limit.depth) parentheses deep.") }
            var left = try product(depth: depth)
            while let sign = next(), "+-&".contains(sign) {
                rest.removeFirst()
                let right = try product(depth: depth)
                left = sign == "+" ? .sum(left, right) : sign == "-" ? .difference(left, right) : .joined(left, right)
            }
            return left
        }

        private mutating func product(depth: Int) throws(Fault) -> Node {
            var left = try operand(depth: depth)
            while next() == "*" {
                rest.removeFirst()
                left = .product(left, try operand(depth: depth))
            }
            return left
        }

        private mutating func operand(depth: Int) throws(Fault) -> Node {
            guard let first = next() else { throw Fault(message: "The formula ends too early.") }
            if first == "(" {
                rest.removeFirst()
                let node = try expression(depth: depth + 1)
                guard next() == ")" else { throw Fault(message: "( is never closed.") }
                rest.removeFirst()
                return node
            }
            if first == "\"" {
                rest.removeFirst()
                let text = rest.prefix { $0 != "\"" }
                rest = rest.dropFirst(text.count)
                guard rest.popFirst() != nil else { throw Fault(message: "\" is never closed.") }
                return .text(String(text))
            }
            let word = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
            guard !word.isEmpty else { throw Fault(message: "\(first) has no meaning in a formula.") }
            rest = rest.dropFirst(word.count)
            guard first.isNumber else { return .field(String(word)) }
            guard word.utf8.count <= FixedPoint.maximumDigits, let number = Int64(word) else {
                throw Fault(message: "\(word) is not a whole number.")
            }
            return .integer(number)
        }
    }
}
