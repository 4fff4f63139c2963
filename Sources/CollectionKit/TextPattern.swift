import ApplianceCore

/// What a text must look like, in a small part of the regular expressions that JSON Schema knows: characters, classes
/// (`[A-Z0-9]`, `\d`), and the repetitions `?`, `*`, `+`, `{4}`, `{2,6}`. No groups, no alternatives, no references
/// back, and nothing to backtrack: all ways of matching are followed at once, so that a text costs at most its length
/// times `Limit.steps`, whatever it is. The pattern always means the whole text.
package struct TextPattern: Sendable {
    package enum Limit {
        /// Characters of a pattern.
        package static let length = 200
        /// Characters that a pattern can ask for one after the other; what `*` and `+` repeat counts once.
        package static let steps = 256
    }

    package struct Fault: Error, Equatable {
        package let message: String
    }

    /// One character to match: which ones, whether it may be left out, whether it may repeat.
    private struct Step {
        let ranges: [ClosedRange<Unicode.Scalar>]
        var isOptional: Bool
        var repeats: Bool

        func matches(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar) } }
    }

    /// As it was written, without anchors: OpenAPI shows `^source$`.
    package let source: String
    private let steps: [Step]

    package init(_ source: String) throws(Fault) {
        guard source.utf8.count <= Limit.length else {
            throw Fault(message: "A pattern has at most \(Limit.length) characters.")
        }
        self.source = source
        var reader = Reader(rest: Array(source.unicodeScalars)[...])
        var steps: [Step] = []
        while let ranges = try reader.ranges() {
            let (least, most) = try reader.repetition()
            steps += (0..<least).map { _ in Step(ranges: ranges, isOptional: false, repeats: false) }
            if let most {
                steps += (least..<most).map { _ in Step(ranges: ranges, isOptional: true, repeats: false) }
            } else {
                steps.append(Step(ranges: ranges, isOptional: true, repeats: true))
            }
            guard steps.count <= Limit.steps else {
                throw Fault(message: "A pattern matches at most \(Limit.steps) characters one by one.")
            }
        }
        self.steps = steps
    }

    /// Whether the whole text is of this form.
    package func matches(_ text: String) -> Bool {
        // Which steps may come next; one more than there are steps stands for the end.
        var states = [Bool](repeating: false, count: steps.count + 1)
        states[0] = true
        skipOptional(&states)
        for scalar in text.unicodeScalars {
            var next = [Bool](repeating: false, count: steps.count + 1)
            var isAlive = false
            for (index, step) in steps.enumerated() where states[index] && step.matches(scalar) {
                next[step.repeats ? index : index + 1] = true
                isAlive = true
            }
            guard isAlive else { return false }
            skipOptional(&next)
            states = next
        }
        return states.last == true
    }

    private func skipOptional(_ states: inout [Bool]) {
        for (index, step) in steps.enumerated() where states[index] && step.isOptional { states[index + 1] = true }
    }

    private struct Reader {
        var rest: ArraySlice<Unicode.Scalar>

        /// The characters that the next step may be; nil at the end.
        mutating func ranges() throws(Fault) -> [ClosedRange<Unicode.Scalar>]? {
            guard let scalar = rest.popFirst() else { return nil }
            switch scalar {
            case "[": return try characterClass()
            case "\\": return try escaped()
            case "(", ")", "|", "*", "+", "?", "{", "}", "]", "^", "$", ".":
                throw Fault(message: "\(scalar) has no meaning here; write \\\(scalar) for the character.")
            default: return [scalar...scalar]
            }
        }

        private mutating func escaped() throws(Fault) -> [ClosedRange<Unicode.Scalar>] {
            guard let scalar = rest.popFirst() else { throw Fault(message: "A pattern cannot end with \\.") }
            if scalar == "d" { return ["0"..."9"] }
            // A letter behind \ means something in other regular expressions: better refused than misunderstood.
            guard !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) else {
                throw Fault(message: "\\\(scalar) is not known; only \\d is.")
            }
            return [scalar...scalar]
        }

        private mutating func characterClass() throws(Fault) -> [ClosedRange<Unicode.Scalar>] {
            var ranges: [ClosedRange<Unicode.Scalar>] = []
            while let scalar = rest.popFirst(), scalar != "]" {
                guard scalar != "^", scalar != "[" else { throw Fault(message: "\(scalar) cannot stand in […].") }
                if scalar == "\\" {
                    ranges += try escaped()
                } else if rest.first == "-", rest.dropFirst().first.map({ $0 != "]" }) ?? false {
                    rest.removeFirst()
                    guard let upper = rest.popFirst(), scalar <= upper, upper != "\\", upper != "[" else {
                        throw Fault(message: "A range in […] goes upwards.")
                    }
                    ranges.append(scalar...upper)
                } else {
                    ranges.append(scalar...scalar)
                }
                if rest.isEmpty { throw Fault(message: "[ is never closed.") }
            }
            guard !ranges.isEmpty else { throw Fault(message: "[] matches nothing.") }
            return ranges
        }

        /// How often: at least, and at most; nil for no bound.
        mutating func repetition() throws(Fault) -> (Int, Int?) {
            switch rest.first {
            case "?":
                rest.removeFirst()
                return (0, 1)
            case "*":
                rest.removeFirst()
                return (0, nil)
            case "+":
                rest.removeFirst()
                return (1, nil)
            case "{":
                rest.removeFirst()
                let least = try number()
                var most: Int? = least
                if rest.first == "," {
                    rest.removeFirst()
                    most = rest.first == "}" ? nil : try number()
                }
                guard rest.popFirst() == "}", most.map({ $0 >= least }) ?? true else {
                    throw Fault(message: "A repetition is {4}, {2,6} or {2,}.")
                }
                return (least, most)
            default: return (1, 1)
            }
        }

        private mutating func number() throws(Fault) -> Int {
            var value = 0
            var digits = 0
            while let scalar = rest.first, ("0"..."9").contains(scalar) {
                rest.removeFirst()
                (value, digits) = (value * 10 + Int(scalar.value - 48), digits + 1)
                guard value <= Limit.steps else { throw Fault(message: "At most \(Limit.steps) repetitions.") }
            }
            guard digits > 0 else { throw Fault(message: "A repetition is {4}, {2,6} or {2,}.") }
            return value
        }
    }
}
