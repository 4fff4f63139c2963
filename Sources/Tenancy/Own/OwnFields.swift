import ApplianceCore
import CollectionKit
import Storage

/// The fields of a declaration, each in the words in which fields describe themselves.
struct OwnFields {
    private enum Limit {
        static let line: Int64 = 1000
        static let text: Int64 = 10_000
        static let json: Int64 = 65_536
        static let choices = 100
        static let choice = 64
        static let pattern = 200
        /// Whole numbers that every program keeps exactly (RFC 8259 §6).
        static let integer: ClosedRange<Int64> = -(1 << 53) + 1...(1 << 53) - 1
        static let scale: ClosedRange<Int64> = 1...6
        static let decimal: ClosedRange<Int64> = -1_000_000_000...1_000_000_000
        static let weight: Int64 = 10_000_000_000
        static let duration: Int64 = 315_360_000
    }

    private(set) var fields: [Field] = []
    private(set) var renamed: [String: String] = [:]
    private(set) var faults: [DomainError.FieldFault] = []
    private let own: String
    private let surroundings: OwnDeclaration.Surroundings
    private let former: Collection?

    init(own: String, in surroundings: OwnDeclaration.Surroundings, former: Collection?) {
        (self.own, self.surroundings, self.former) = (own, surroundings, former)
    }

    mutating func read(_ value: JSON?) {
        guard let list = value?.arrayValue, (1...OwnDeclaration.Limit.fields).contains(list.count) else {
            faults.append(
                .init(
                    "fields", value == nil ? "required" : "out_of_range",
                    "A list of between 1 and \(OwnDeclaration.Limit.fields) fields."))
            return
        }
        for (index, item) in list.enumerated() { read(item, at: "fields[\(index)]") }
        let words = Dictionary(grouping: fields.indices) { fields[$0].name.lowercased() }
        for index in words.values.flatMap({ $0.sorted().dropFirst() }).sorted() {
            faults.append(.init("fields[\(index)].name", "twice", "Another field has this name."))
        }
        for (index, field) in fields.enumerated() {
            guard case .money(let currency, _) = field.type, !isCurrency(currency) else { continue }
            faults.append(
                .init("fields[\(index)].currency", "not_found", "Money needs a field of type currency: \(currency)."))
        }
    }

    private func isCurrency(_ name: String) -> Bool {
        fields.contains { field in
            if case .currency = field.type { field.name == name } else { false }
        }
    }

    /// One that is wrong is kept as some text, so that those behind it keep their places.
    private mutating func read(_ item: JSON, at place: String) {
        var reader = InputReader(item.objectValue ?? [])
        let name = reader.text("name", required: true, max: OwnName.Limit.length, check: OwnName.isField) ?? "_\(place)"
        let type = reader.text("type", required: true, max: 20) ?? ""
        var field = plain(name, type, &reader)
        if field == nil, !type.isEmpty {
            reader.faults.append(
                .init("type", "not_a_choice", "One of \(Self.types.joined(separator: ", "))."))
        }
        if let label = reader.text("title", max: OwnDeclaration.Limit.title) { field = field?.titled(label) }
        field = field.map { refined($0, &reader) }
        if let field, RecordErasure.mistake([field]) != nil {
            reader.faults.append(
                .init(
                    "personal", "not_erasable",
                    "A personal field of this type may not be required: it could not be erased."))
        }
        takeFormerName(name, &reader)
        do {
            try reader.finish()
        } catch {
            faults += DomainError(any: error).faults.map { .init("\(place).\($0.field)", $0.code, $0.message) }
        }
        fields.append(field ?? .text(name, max: 1))
    }

    private mutating func takeFormerName(_ name: String, _ reader: inout InputReader) {
        guard let old = reader.text("renamedFrom", max: OwnName.Limit.length) else { return }
        guard former?.field(old) != nil, !renamed.values.contains(old) else {
            reader.faults.append(.init("renamedFrom", "not_found", "There is no field \(old) to rename."))
            return
        }
        if old != name { renamed[name] = old }
    }

    // MARK: - Types

    private static let types = [
        "text", "multiline", "email", "phone", "code", "url", "country", "timeZone", "integer", "weight", "rate",
        "duration", "decimal", "money", "currency", "boolean", "date", "instant", "choice", "reference", "user", "json",
    ]

    /// Nil for a type that there is not.
    private func plain(_ name: String, _ type: String, _ reader: inout InputReader) -> Field? {
        switch type {
        case "text": return .text(name, max: Int(reader.integer("maxLength", in: 1...Limit.line) ?? 200))
        case "multiline": return .longText(name, max: Int(reader.integer("maxLength", in: 1...Limit.text) ?? 10_000))
        case "email": return .email(name)
        case "phone": return .phone(name)
        case "code":
            return .text(name, max: Int(reader.integer("maxLength", in: 1...Limit.line) ?? 40), format: .code)
        case "url": return .url(name)
        case "country": return .country(name)
        case "timeZone": return .timeZone(name)
        case "integer": return .integer(name, in: range(Limit.integer, within: Limit.integer, &reader))
        case "weight": return .weight(name)
        case "rate": return .rate(name, in: range(0...10_000, within: 0...1_000_000, &reader))
        case "duration": return .duration(name, in: range(0...Limit.duration, within: 0...Limit.duration, &reader))
        case "decimal":
            let scale = Int(reader.integer("scale", in: Limit.scale) ?? 2)
            return .decimal(name, scale: scale, in: range(Limit.decimal, within: Limit.decimal, &reader))
        case "money":
            let currency = reader.text("currency", max: OwnName.Limit.length) ?? "currency"
            return .money(name, currency: currency, allowsNegative: reader.flag("allowsNegative") ?? false)
        case "currency": return .currency(name)
        case "boolean": return .boolean(name)
        case "date": return .date(name)
        case "instant": return .instant(name)
        case "choice": return .choice(name, of: choices(&reader))
        case "reference": return reference(name, &reader)
        case "user": return .user(name)
        case "json": return .json(name, maxBytes: Int(reader.integer("maxBytes", in: 2...Limit.json) ?? 16_384))
        default: return nil
        }
    }

    private func range(
        _ usual: ClosedRange<Int64>, within limit: ClosedRange<Int64>, _ reader: inout InputReader
    ) -> ClosedRange<Int64> {
        let least = reader.integer("minimum", in: limit) ?? usual.lowerBound
        let most = reader.integer("maximum", in: limit) ?? usual.upperBound
        guard least <= most else {
            reader.faults.append(.init("maximum", "out_of_range", "Not below the minimum."))
            return usual
        }
        return least...most
    }

    private func choices(_ reader: inout InputReader) -> [String] {
        let choices = reader.texts("choices", allowed: nil) ?? []
        let isGood = choices.allSatisfy { choice in
            !choice.isEmpty && choice.unicodeScalars.count <= Limit.choice && TextRules.normalized(choice) == choice
        }
        if !(1...Limit.choices).contains(choices.count) || Set(choices).count != choices.count || !isGood {
            reader.faults.append(
                .init(
                    "choices", "not_valid",
                    "Between 1 and \(Limit.choices) different texts of at most \(Limit.choice) characters."))
        }
        return choices
    }

    private func reference(_ name: String, _ reader: inout InputReader) -> Field {
        let target = reader.text("reference", required: true, max: OwnName.Limit.length) ?? own
        if target != own, surroundings.targets?.contains(target) == false {
            reader.faults.append(.init("reference", "not_found", "The shop has no collection \(target)."))
        }
        let word = reader.text("onDelete", max: 10) { word in Self.rules.contains { $0.rawValue.lowercased() == word } }
        let rule = Self.rules.first { $0.rawValue.lowercased() == word } ?? .restrict
        let field = Field.reference(name, to: target, onDelete: rule)
        return surroundings.modules[target] == nil ? field.referring(toTable: Collection.ownPrefix + target) : field
    }

    private static let rules: [DeleteRule] = [.restrict, .cascade, .setNull]

    // MARK: - Rules

    private func refined(_ field: Field, _ reader: inout InputReader) -> Field {
        var field = field
        if case .text(_, let max) = field.type { field = shaped(field, max: max, &reader) }
        if reader.flag("required") == true { field = field.required() }
        if reader.flag("personal") == true { field = field.personal() }
        if reader.flag("immutable") == true { field = field.immutable() }
        switch reader.member("unique") {
        case .bool(true)?: field = field.unique()
        case .string("ignoringCase")?: field = field.unique(ignoringCase: true)
        case .bool(false)?, nil: break
        default: reader.faults.append(.init("unique", "not_a_choice", "True, false or \"ignoringCase\"."))
        }
        if reader.flag("searchable") == true {
            switch field.type {
            case .text, .choice: field = field.searchable()
            default: reader.faults.append(.init("searchable", "not_valid", "Texts and choices are searched."))
            }
        }
        if field.isRequired, case .reference(_, .setNull) = field.type {
            reader.faults.append(.init("onDelete", "contradiction", "What is required cannot be emptied."))
        }
        if let value = reader.member("default") {
            let (changed, fault) = field.default(json: value)
            field = changed
            switch field.type {
            case .reference, .user, .currency, .json:
                reader.faults.append(.init("default", "not_valid", "Fields of this type have no default."))
            default: if let fault { reader.faults.append(.init("default", fault.code, fault.message)) }
            }
        }
        return field
    }

    private func shaped(_ field: Field, max: Int, _ reader: inout InputReader) -> Field {
        var field = field
        if let least = reader.integer("minLength", in: 0...Int64(max)) { field = field.min(Int(least)) }
        if let text = reader.text("pattern", max: Limit.pattern) {
            do {
                field = field.matching(try TextPattern(Self.unanchored(text)))
            } catch {
                reader.faults.append(.init("pattern", "not_valid", error.message))
            }
        }
        switch reader.text("case", max: 5) {
        case "upper"?: field = field.upperCase()
        case "lower"?: field = field.lowerCase()
        case nil: break
        default: reader.faults.append(.init("case", "not_a_choice", "One of upper, lower."))
        }
        return field
    }

    /// As descriptions show a pattern: `^…$`.
    private static func unanchored(_ text: String) -> String {
        guard text.hasPrefix("^"), text.hasSuffix("$"), text.count >= 2 else { return text }
        return String(text.dropFirst().dropLast())
    }
}
