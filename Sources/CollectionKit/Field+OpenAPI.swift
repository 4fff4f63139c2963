import ApplianceCore

extension Field {
    /// The JSON Schema of a value of the field.
    func openAPISchema(nullable: Bool) -> JSON {
        var members: [JSON.Member] = []
        if let type = type.jsonType {
            members.append(.init("type", nullable ? [.string(type), "null"] : .string(type)))
        }
        switch type {
        case .text(let format, let max):
            members.append(.init("maxLength", JSON(max)))
            switch format {
            case .email: members.append(.init("format", "email"))
            case .url: members.append(.init("format", "uri"))
            case .line, .multiline, .phone, .code, .country, .timeZone: break
            }
        case .integer(let range, let unit):
            members += [.init("minimum", .integer(range.lowerBound)), .init("maximum", .integer(range.upperBound))]
            if unit != .none { members.append(.init("description", .string("In \(unit.rawValue)"))) }
        case .decimal(let scale, _):
            members.append(.init("pattern", .string(#"^-?\d{1,15}"# + (scale > 0 ? #"(\.\d{1,\#(scale)})?$"# : "$"))))
        case .money(_, let allowsNegative):
            members += [
                .init("minimum", allowsNegative ? -999_999_999_999_999 : 0), .init("maximum", 999_999_999_999_999),
                .init("description", "Minor units"),
            ]
        case .date: members.append(.init("format", "date"))
        case .instant: members.append(.init("format", "date-time"))
        case .choice(let choices):
            members.append(.init("enum", .array(choices.map { .string($0) } + (nullable ? [.null] : []))))
        case .reference(let target, _): members.append(.init("description", .string("Id of a record of \(target)")))
        case .references(let target, let max):
            members += [
                .init("items", ["type": "string"]), .init("maxItems", JSON(max)), .init("uniqueItems", true),
                .init("description", .string("Ids of records of \(target)")),
            ]
        case .user: members.append(.init("description", "Id of a user of the shop"))
        case .file(let accept):
            let kinds = accept.isEmpty ? "" : " (\(accept.joined(separator: ", ")))"
            members.append(.init("description", .string("Id of an uploaded file\(kinds)")))
        case .json(let maxBytes): members.append(.init("description", .string("Any JSON of at most \(maxBytes) bytes")))
        case .secret(let max): members += [.init("maxLength", JSON(max)), .init("writeOnly", true)]
        case .currency: members.append(.init("pattern", nullable ? nil : "^[A-Z]{3}$"))
        case .boolean, .sequence: break
        }
        // What must be given is not empty either.
        let least = max(minimumLength, isRequired && !nullable && type.jsonType == "string" ? 1 : 0)
        if least > 0 { members.append(.init("minLength", JSON(least))) }
        // A text is put into its case before it is compared with the pattern, which a schema cannot say.
        if let pattern, letterCase == nil { members.append(.init("pattern", .string("^\(pattern.source)$"))) }
        if isReadOnly { members.append(.init("readOnly", true)) }
        if let readers { members.append(.init("x-readable-by", Self.list(readers))) }
        if let writers { members.append(.init("x-writable-by", Self.list(writers))) }
        if isPersonal { members.append(.init("x-personal", true)) }
        return .object(members.filter { $0.value != .null })
    }
}

extension FieldType {
    /// Nil for any.
    var jsonType: String? {
        switch self {
        case .integer, .money: "integer"
        case .boolean: "boolean"
        case .references: "array"
        case .json: nil
        default: "string"
        }
    }
}
