import ApplianceCore
package import CollectionKit
import Storage

/// What a field holds.
extension OwnFields {
    package static let types = [
        "text", "multiline", "email", "phone", "code", "url", "country", "timeZone", "integer", "weight", "rate",
        "duration", "decimal", "money", "currency", "boolean", "date", "instant", "choice", "reference", "references",
        "user", "file", "json", "secret", "sequence",
    ]

    /// Nil for a type that there is not.
    func plain(_ name: String, _ type: String, _ reader: inout InputReader) -> Field? {
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
        case "references":
            let (target, most) = (target(&reader), reader.integer("maxItems", in: 1...Limit.records))
            return placed(.references(name, to: target, max: Int(most ?? Limit.records)), target)
        case "user": return .user(name)
        case "file": return .file(name, of: accepted(&reader))
        case "secret": return .secret(name, max: Int(reader.integer("maxLength", in: 1...Limit.secret) ?? Limit.secret))
        case "sequence": return sequence(name, &reader)
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

    private func target(_ reader: inout InputReader) -> String {
        let target = reader.text("reference", required: true, max: OwnName.Limit.length) ?? own
        if target != own, surroundings.targets?.contains(target) == false {
            reader.faults.append(.init("reference", "not_found", "The shop has no collection \(target)."))
        }
        return target
    }

    private func placed(_ field: Field, _ target: String) -> Field {
        surroundings.modules[target] == nil ? field.referring(toTable: Collection.ownPrefix + target) : field
    }

    private func reference(_ name: String, _ reader: inout InputReader) -> Field {
        let target = target(&reader)
        let word = reader.text("onDelete", max: 10) { word in Self.rules.contains { $0.rawValue.lowercased() == word } }
        let rule = Self.rules.first { $0.rawValue.lowercased() == word } ?? .restrict
        return placed(.reference(name, to: target, onDelete: rule), target)
    }

    /// Types such as `image/png`, or `image/*` for all of a kind. They become part of an SQL text.
    private func accepted(_ reader: inout InputReader) -> [String] {
        let types = reader.texts("accept", allowed: nil) ?? []
        func isWord(_ text: Substring) -> Bool {
            (1...60).contains(text.utf8.count)
                && text.utf8.allSatisfy { $0.isASCIIDigit || (0x61...0x7A).contains($0) || "-+.".utf8.contains($0) }
        }
        let isGood = types.allSatisfy { type in
            let halves = type.split(separator: "/", omittingEmptySubsequences: false)
            return halves.count == 2 && isWord(halves[0]) && (halves[1] == "*" || isWord(halves[1]))
        }
        guard isGood, types.count <= Limit.accepted, Set(types).count == types.count else {
            reader.faults.append(
                .init("accept", "not_valid", "At most \(Limit.accepted) types such as image/png or image/*."))
            return []
        }
        return types
    }

    private func sequence(_ name: String, _ reader: inout InputReader) -> Field {
        let first = Int(reader.integer("firstMonth", in: 1...12) ?? 1)
        let text = reader.text("series", required: true, max: NumberSeries.Limit.length) ?? "{0}"
        do {
            return .sequence(name, try NumberSeries(firstMonth: first, checked: text))
        } catch {
            reader.faults.append(.init("series", "not_valid", error.message))
            return .text(name, max: 1)
        }
    }

    package static let rules: [DeleteRule] = [.restrict, .cascade, .setNull]
}
