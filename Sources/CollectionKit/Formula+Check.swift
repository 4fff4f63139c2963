import Storage

/// Whether a formula that somebody else wrote says something about the fields that there are.
extension Formula {
    private enum Shape: Equatable {
        /// Whole numbers, or units of the last of so many digits.
        case number(scale: Int)
        case text
    }

    /// What is wrong with it as the value of `target`, one of `fields`; nil when nothing is. A computed field that it
    /// reads has to stand in front, so that no value follows from itself.
    package func mistake(giving target: Field, among fields: [Field]) -> String? {
        let names = fields.map(\.name)
        let place = names.firstIndex(of: target.name) ?? 0
        do throws(Fault) {
            let shape = try Self.shape(node) { name throws(Fault) in
                guard let index = names.firstIndex(of: name) else { throw Fault(message: "There is no field \(name).") }
                guard fields[index].formula == nil || index < place else {
                    throw Fault(message: "\(name) is computed itself, and does not stand in front.")
                }
                return try Self.shape(of: fields[index], for: target)
            }
            guard shape == Self.wanted(by: target) else {
                throw Fault(message: "The formula does not give \(target.type.expectation) as this field needs it.")
            }
            return nil
        } catch {
            return error.message
        }
    }

    /// Nil for a type that no formula gives.
    private static func wanted(by field: Field) -> Shape? {
        switch field.type {
        case .text(.line, _), .text(.multiline, _): .text
        case .integer, .money: .number(scale: 0)
        case .decimal(let scale, _): .number(scale: scale)
        default: nil
        }
    }

    private static func shape(of field: Field, for target: Field) throws(Fault) -> Shape {
        switch (field.type, target.type) {
        case (.money(let one, _), .money(let other, _)) where one != other:
            throw Fault(message: "\(field.name) is in another currency.")
        case (.text, _), (.choice, _), (.date, _), (.instant, _), (.currency, _): return .text
        case (.integer, _), (.money, _): return .number(scale: 0)
        case (.decimal(let scale, _), _): return .number(scale: scale)
        default: throw Fault(message: "\(field.name) is neither a number nor a text.")
        }
    }

    private static func shape(
        _ node: Node, _ field: (String) throws(Fault) -> Shape
    ) throws(Fault) -> Shape {
        switch node {
        case .field(let name): return try field(name)
        case .integer: return .number(scale: 0)
        case .text: return .text
        case .sum(let a, let b), .difference(let a, let b):
            let (left, right) = (try shape(a, field), try shape(b, field))
            guard left == right, left != .text else {
                throw Fault(message: "+ and - take numbers with as many digits behind the point.")
            }
            return left
        case .product(let a, let b):
            guard case .number(let left) = try shape(a, field), case .number(let right) = try shape(b, field) else {
                throw Fault(message: "* takes numbers.")
            }
            return .number(scale: left + right)
        case .joined(let a, let b):
            // A decimal is kept as units of its last digit, which is not how people write it.
            for part in [try shape(a, field), try shape(b, field)] {
                guard part == .text || part == .number(scale: 0) else {
                    throw Fault(message: "& takes texts and whole numbers.")
                }
            }
            return .text
        }
    }
}
