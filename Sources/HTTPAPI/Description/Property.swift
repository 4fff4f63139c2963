package import ApplianceCore

/// A member of a body, or a parameter of a query, with the schema of what `InputReader` takes under that name. What may
/// be left out may be null.
package struct Property: Sendable {
    package let name: String
    package let schema: JSON
    package let isRequired: Bool

    package init(_ name: String, _ schema: JSON, required: Bool = false) {
        (self.name, self.schema, isRequired) = (name, schema, required)
    }

    private init(_ name: String, type: String, required: Bool = false, _ rest: KeyValuePairs<String, JSON> = [:]) {
        let type: JSON = required ? .string(type) : [.string(type), "null"]
        self.init(name, JSON.object([.init("type", type)]).adding(rest), required: required)
    }

    /// `max`: in characters, as in `InputReader.text`.
    package static func text(_ name: String, required: Bool = false, max: Int = 200) -> Property {
        Property(name, type: "string", required: required, ["minLength": 1, "maxLength": JSON(max)])
    }

    /// A text that may be empty.
    package static func optionalText(_ name: String, max: Int, required: Bool = false) -> Property {
        Property(name, ["type": ["string", "null"], "maxLength": JSON(max)], required: required)
    }

    package static func secret(_ name: String, required: Bool = false, limit: Int = 1024) -> Property {
        Property(
            name, type: "string", required: required, ["maxLength": JSON(limit), "format": "password"])
    }

    package static func choice(_ name: String, _ choices: [String], required: Bool = false) -> Property {
        let values = choices.map { JSON.string($0) } + (required ? [] : [.null])
        return Property(name, ["enum": .array(values)], required: required)
    }

    package static func integer(_ name: String, in range: ClosedRange<Int64>, required: Bool = false) -> Property {
        Property(
            name, type: "integer", required: required,
            ["minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)])
    }

    package static func flag(_ name: String) -> Property { Property(name, type: "boolean") }

    package static func texts(_ name: String) -> Property {
        Property(name, type: "array", ["items": ["type": "string"], "maxItems": 1000])
    }

    /// A day, or an instant.
    package static func moment(_ name: String, required: Bool = false) -> Property {
        Property(
            name, type: "string", required: required, ["minLength": 1, "maxLength": 40, "format": "day-or-time"])
    }

    package static func list(
        _ name: String, of item: JSON, _ count: ClosedRange<Int>, required: Bool = false
    ) -> Property {
        Property(
            name, type: "array", required: required,
            ["items": item, "minItems": JSON(count.lowerBound), "maxItems": JSON(count.upperBound)])
    }

    /// An object with a value of one form under each name, whatever the names are.
    package static func map(_ name: String, of value: JSON) -> Property {
        Property(name, type: "object", ["additionalProperties": value])
    }

    /// An object with these members and no others.
    package static func object(_ name: String, _ members: [Property]) -> Property {
        let schema = (object(members).objectValue ?? []).filter { $0.name != "type" }
        return Property(name, .object([.init("type", ["object", "null"])] + schema), required: false)
    }

    /// The fields of some collection, which a shop may have declared for itself: the document that its own people read
    /// tells them.
    static let record: JSON = [
        "type": "object", "additionalProperties": ["description": "A field of the collection"],
    ]

    /// The schema of an object with these members and no others.
    package static func object(_ members: [Property]) -> JSON {
        [
            "type": "object",
            "properties": .object(members.map { .init($0.name, $0.schema) }),
            "required": .array(members.filter(\.isRequired).map { .string($0.name) }),
            "additionalProperties": false,
        ]
    }

    /// As a parameter of the query, where nothing is null, and empty is left out.
    var parameter: JSON {
        let schema = JSON.object(
            (schema.objectValue ?? []).filter { $0.name != "minLength" }.map { member in
                switch member.name {
                case "type": .init("type", member.value.arrayValue?.first ?? member.value)
                case "enum": .init("enum", .array((member.value.arrayValue ?? []).filter { $0 != .null }))
                default: member
                }
            })
        return [
            "name": .string(name), "in": "query", "required": .bool(isRequired),
            "schema": schema,
        ]
    }
}
