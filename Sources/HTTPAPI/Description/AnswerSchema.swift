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
        self.init(name, members: members.map { ($0.key, $0.value) }, optional: optional)
    }

    package init(_ name: String, members: [(String, AnswerValue)], optional: [String] = []) {
        let schema: JSON = [
            "type": "object", "properties": .object(members.map { .init($0.0, $0.1.schema) }),
            "required": .array(members.map(\.0).filter { !optional.contains($0) }.map { .string($0) }),
        ]
        self.init(name, schema, members.flatMap(\.1.parts))
    }

    /// A page of such objects, and what else stands beside `items`; with `total` where it was asked for.
    package static func list(
        _ item: AnswerSchema, and others: KeyValuePairs<String, AnswerValue> = [:], isCounted: Bool = false
    ) -> AnswerSchema {
        let members: [(String, AnswerValue)] = [("items", .list(.object(item))), ("nextCursor", .text.orNull)]
        return AnswerSchema(
            "ListOf\(item.name.dropLast("Answer".count))",
            members: members + others.map { ($0.key, $0.value) } + (isCounted ? [("total", .integer)] : []),
            optional: ["total"])
    }

    /// This object with more members, under a name of its own.
    package func adding(
        _ name: String, _ members: KeyValuePairs<String, AnswerValue>, optional: [String] = []
    ) -> AnswerSchema {
        let more = AnswerSchema(name, members, optional: optional)
        let properties = [self, more].flatMap { $0.schema["properties"]?.objectValue ?? [] }
        let required = [self, more].flatMap { $0.schema["required"]?.arrayValue ?? [] }
        return AnswerSchema(
            name, ["type": "object", "properties": .object(properties), "required": .array(required)],
            parts + more.parts)
    }

    /// This object with members of names that nobody knows before; `what` they are.
    package func open(_ what: String) -> AnswerSchema {
        AnswerSchema(
            String(name.dropLast("Answer".count)),
            schema.adding(["additionalProperties": AnswerValue.free(what).schema]), parts)
    }

    /// The one or the other.
    package static func either(_ name: String, _ one: AnswerSchema, _ other: AnswerSchema) -> AnswerSchema {
        AnswerSchema(name, ["anyOf": [one.reference, other.reference]], [one, other])
    }

    var reference: JSON { ["$ref": .string("#/components/schemas/\(name)")] }
}

/// What a member of an answer is.
package struct AnswerValue: Sendable {
    let schema: JSON
    let parts: [AnswerSchema]

    private init(_ schema: JSON, _ parts: [AnswerSchema] = []) { (self.schema, self.parts) = (schema, parts) }

    private init(type: String) { self.init(["type": .string(type)]) }

    init(schema: JSON) { self.init(schema) }

    package static let text = AnswerValue(type: "string")
    package static let integer = AnswerValue(type: "integer")
    package static let number = AnswerValue(type: "number")
    package static let flag = AnswerValue(type: "boolean")
    package static let instant = AnswerValue(["type": "string", "format": "date-time"])

    /// Any JSON; `what` it is. Only for what somebody else decides: the tests know each place by its name.
    package static func free(_ what: String) -> AnswerValue { AnswerValue(["description": .string(what)]) }

    /// An object with a value of one form under each name, whatever the names are.
    package static func map(of value: AnswerValue) -> AnswerValue {
        AnswerValue(["type": "object", "additionalProperties": value.schema], value.parts)
    }

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
