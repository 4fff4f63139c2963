package import ApplianceCore

/// The form of an answer, under its name in the OpenAPI document. Members may be added to it later: a client takes what
/// it knows.
package struct AnswerSchema: Sendable {
    /// With an ending that keeps it apart from the collections: one may be called `Job` too.
    package let name: String
    package let schema: JSON
    /// Those that it refers to.
    let parts: [AnswerSchema]

    private init(_ name: String, _ schema: JSON, _ parts: [AnswerSchema]) {
        (self.name, self.schema, self.parts) = ("\(name)Answer", schema, parts)
    }

    /// An object. All members are there but those `optional`.
    package init(_ name: String, _ members: KeyValuePairs<String, AnswerValue>, optional: [String] = []) {
        let schema: JSON = [
            "type": "object", "properties": .object(members.map { .init($0.key, $0.value.schema) }),
            "required": .array(members.map(\.key).filter { !optional.contains($0) }.map { .string($0) }),
        ]
        self.init(name, schema, members.flatMap(\.value.parts))
    }

    /// A page of such objects, and what else stands beside `items`.
    package static func list(
        _ item: AnswerSchema, and others: KeyValuePairs<String, AnswerValue> = [:]
    ) -> AnswerSchema {
        let members: [JSON.Member] = [
            .init("items", AnswerValue.list(.object(item)).schema), .init("nextCursor", AnswerValue.text.orNull.schema),
        ]
        let all = members + others.map { .init($0.key, $0.value.schema) }
        let schema: JSON = [
            "type": "object", "properties": .object(all), "required": .array(all.map { .string($0.name) }),
        ]
        return AnswerSchema(
            "ListOf\(item.name.dropLast("Answer".count))", schema, [item] + others.flatMap(\.value.parts))
    }

    var reference: JSON { ["$ref": .string("#/components/schemas/\(name)")] }
}

/// What a member of an answer is.
package struct AnswerValue: Sendable {
    let schema: JSON
    let parts: [AnswerSchema]

    private init(_ schema: JSON, _ parts: [AnswerSchema] = []) { (self.schema, self.parts) = (schema, parts) }

    private init(type: String) { self.init(["type": .string(type)]) }

    package static let text = AnswerValue(type: "string")
    package static let integer = AnswerValue(type: "integer")
    package static let number = AnswerValue(type: "number")
    package static let flag = AnswerValue(type: "boolean")
    /// An object whose members are not told here.
    package static let map = AnswerValue(type: "object")
    package static let instant = AnswerValue(["type": "string", "format": "date-time"])
    package static let any = AnswerValue([:])

    package static func list(_ item: AnswerValue) -> AnswerValue {
        AnswerValue(["type": "array", "items": item.schema], item.parts)
    }

    package static func object(_ schema: AnswerSchema) -> AnswerValue { AnswerValue(schema.reference, [schema]) }

    package var orNull: AnswerValue {
        guard let members = schema.objectValue, let type = schema["type"] else {
            return AnswerValue(["anyOf": [schema, ["type": "null"]]], parts)
        }
        let others = members.filter { $0.name != "type" }
        return AnswerValue(.object([.init("type", [type, "null"])] + others), parts)
    }
}
