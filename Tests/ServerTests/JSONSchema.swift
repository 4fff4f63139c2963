import ApplianceCore

/// As much of JSON Schema as the OpenAPI document uses of it.
struct JSONSchema {
    let schema: JSON
    /// Where `$ref` finds what it names.
    let document: JSON

    /// What is wrong with a value; nil where it has the form.
    func fault(_ value: JSON, at place: String = "") -> String? {
        if let reference = schema["$ref"]?.stringValue {
            let parts = reference.dropFirst(2).split(separator: "/")
            guard let target = parts.reduce(document as JSON?, { $0?[String($1)] }) else { return "no \(reference)" }
            return JSONSchema(schema: target, document: document).fault(value, at: place)
        }
        if let choices = schema["anyOf"]?.arrayValue {
            let faults = choices.map { JSONSchema(schema: $0, document: document).fault(value, at: place) }
            return faults.contains { $0 == nil } ? nil : faults.first ?? nil
        }
        if let values = schema["enum"]?.arrayValue, !values.contains(value) { return "\(place) is none of its values" }
        let types = schema["type"]?.stringValue.map { [$0] } ?? schema["type"]?.arrayValue?.compactMap(\.stringValue)
        if let types, !types.contains(where: { Self.has($0, value) }) {
            return "\(place) is \(value.text.prefix(60)), no \(types.joined(separator: " or "))"
        }
        return objectFault(value, place) ?? listFault(value, place)
    }

    private func objectFault(_ value: JSON, _ place: String) -> String? {
        guard let members = value.objectValue, schema["type"] != nil else { return nil }
        for name in schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [] where value[name] == nil {
            return "\(place).\(name) is missing"
        }
        for member in members {
            // Though clients must take what they do not know, the server tells all that it gives.
            guard let inner = schema["properties"]?[member.name] ?? schema["additionalProperties"], inner != false
            else {
                return "\(place).\(member.name) is not declared"
            }
            let fault = JSONSchema(schema: inner, document: document).fault(member.value, at: "\(place).\(member.name)")
            if let fault { return fault }
        }
        return nil
    }

    private func listFault(_ value: JSON, _ place: String) -> String? {
        guard let items = value.arrayValue, let schema = schema["items"] else { return nil }
        return items.lazy.enumerated().compactMap { index, item in
            JSONSchema(schema: schema, document: document).fault(item, at: "\(place)[\(index)]")
        }.first
    }

    private static func has(_ type: String, _ value: JSON) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("integer", .integer), ("number", .integer), ("number", .number),
            ("string", .string), ("array", .array), ("object", .object):
            true
        default: false
        }
    }
}
