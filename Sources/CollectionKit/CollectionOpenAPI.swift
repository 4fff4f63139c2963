package import ApplianceCore

/// What the OpenAPI 3.1 document says about a collection.
extension Collection {
    package var openAPIPaths: [JSON.Member] {
        [
            .init(
                "/api/\(name)",
                [
                    "get": operation("list", "List \(name)", parameters: listParameters, ok: ("200", listSchema)),
                    "post": operation(
                        "create", "Create a \(title.lowercased())", parameters: [Self.idempotencyKey],
                        body: schemaReference("New"), ok: ("201", schemaReference(""))),
                    "x-collection": extensionValue,
                ]),
            .init(
                "/api/\(name)/{id}",
                [
                    "get": operation(
                        "get", "Read a \(title.lowercased())", parameters: [Self.id], ok: ("200", schemaReference(""))),
                    "patch": operation(
                        "update", "Change a \(title.lowercased()) (JSON Merge Patch)",
                        parameters: [Self.id, Self.ifMatch],
                        body: schemaReference("Patch"), ok: ("200", schemaReference(""))),
                    "delete": operation(
                        "delete", "Delete a \(title.lowercased())", parameters: [Self.id, Self.ifMatch],
                        ok: ("204", nil)),
                ]),
            .init(
                "/api/\(name)/import",
                [
                    "post": operation(
                        "import", "Import \(name) from CSV, all or nothing",
                        parameters: ["map", "set", "upsert"].map { Self.query($0, ["type": "string"]) },
                        body: ["type": "string"], bodyType: "text/csv", ok: ("200", ["type": "object"]))
                ]),
        ]
    }

    package var openAPISchemas: [JSON.Member] {
        let declared = fields.map { JSON.Member($0.name, $0.openAPISchema(nullable: true)) }
        let system: [JSON.Member] = [
            .init("createdAt", ["type": "string", "format": "date-time"]),
            .init("updatedAt", ["type": "string", "format": "date-time"]), .init("version", ["type": "integer"]),
        ]
        let id = JSON.Member("id", ["type": "string"])
        let required = fields.filter { $0.isRequired && $0.fallback == nil }.map { JSON.string($0.name) }
        return [
            .init(
                schemaName(""),
                Self.object([id] + declared + system, required: ["id", "createdAt", "updatedAt", "version"])),
            .init(schemaName("New"), Self.object(declared, required: required)),
            .init(schemaName("Patch"), Self.object(declared, required: [])),
        ]
    }

    /// What the page needs to draw any collection: titles, order, and what its fields are.
    private var extensionValue: JSON {
        [
            "name": .string(name), "title": .string(heading), "singular": .string(title),
            "retention": .string(retention.text),
            "searchable": .bool(fields.contains(where: \.isSearchable)),
            "fields": .array(
                fields.map {
                    ["name": .string($0.name), "type": .string($0.type.name), "required": .bool($0.isRequired)]
                }),
        ]
    }

    /// Many records, for people: `license-policies` becomes `License policies`.
    private var heading: String { name.prefix(1).uppercased() + name.dropFirst().replacing("-", with: " ") }

    private func schemaName(_ suffix: String) -> String { title.replacing(" ", with: "") + suffix }

    private func schemaReference(_ suffix: String) -> JSON {
        ["$ref": .string("#/components/schemas/\(schemaName(suffix))")]
    }

    private var listSchema: JSON {
        Self.object(
            [
                .init("items", ["type": "array", "items": schemaReference("")]),
                .init("nextCursor", ["type": ["string", "null"]]), .init("total", ["type": "integer"]),
            ], required: ["items", "nextCursor"])
    }

    private var listParameters: [JSON] {
        [
            Self.query("limit", ["type": "integer", "minimum": 1, "maximum": 200, "default": 30]),
            Self.query("cursor", ["type": "string"]), Self.query("sort", ["type": "string"]),
            Self.query("q", ["type": "string", "maxLength": 100]), Self.query("fields", ["type": "string"]),
            Self.query("count", ["type": "string", "enum": ["exact"]]),
        ] + fields.map { Self.query($0.name, ["type": "string"]) }
    }

    private func operation(
        _ verb: String, _ summary: String, parameters: [JSON], body: JSON? = nil,
        bodyType: String = "application/json", ok: (status: String, schema: JSON?)
    ) -> JSON {
        var members: [JSON.Member] = [
            .init("operationId", .string("\(name.replacing("-", with: "_"))_\(verb)")),
            .init("summary", .string(summary)),
            .init("tags", ["collections"]), .init("parameters", .array(parameters)),
        ]
        if let body {
            members.append(
                .init("requestBody", ["required": true, "content": .object([.init(bodyType, ["schema": body])])]))
        }
        let answer: JSON =
            ok.schema.map { ["description": "Done", "content": ["application/json": ["schema": $0]]] }
            ?? ["description": "Done"]
        let problems = ["400", "401", "403", "404", "409", "412", "413", "415", "422", "429", "503", "507"].map {
            JSON.Member($0, ["$ref": "#/components/responses/Problem"])
        }
        members.append(.init("responses", .object([.init(ok.status, answer)] + problems)))
        return .object(members)
    }

    private static func object(_ properties: [JSON.Member], required: [JSON]) -> JSON {
        [
            "type": "object", "properties": .object(properties), "required": .array(required),
            "additionalProperties": false,
        ]
    }

    private static func query(_ name: String, _ schema: JSON) -> JSON {
        ["name": .string(name), "in": "query", "schema": schema]
    }

    private static let id: JSON = ["name": "id", "in": "path", "required": true, "schema": ["type": "string"]]
    private static let ifMatch: JSON = ["name": "If-Match", "in": "header", "schema": ["type": "string"]]
    private static let idempotencyKey: JSON = [
        "name": "Idempotency-Key", "in": "header", "schema": ["type": "string", "maxLength": 255],
    ]
}

extension Field {
    func openAPISchema(nullable: Bool) -> JSON {
        var members: [JSON.Member] = [.init("type", nullable ? [type.jsonType, "null"] : type.jsonType)]
        switch type {
        case .text(let format, let max):
            members.append(.init("maxLength", JSON(max)))
            if format == .email { members.append(.init("format", "email")) }
        case .integer(let range):
            members += [.init("minimum", .integer(range.lowerBound)), .init("maximum", .integer(range.upperBound))]
        case .money: members.append(.init("description", "Minor units"))
        case .date: members.append(.init("format", "date"))
        case .instant: members.append(.init("format", "date-time"))
        case .choice(let choices):
            members.append(.init("enum", .array(choices.map { .string($0) } + (nullable ? [.null] : []))))
        case .reference(let target, _): members.append(.init("description", .string("Id of a record of \(target)")))
        case .currency, .boolean: break
        }
        if isPersonal { members.append(.init("x-personal", true)) }
        return .object(members)
    }
}

extension FieldType {
    var jsonType: JSON {
        switch self {
        case .integer, .money: "integer"
        case .boolean: "boolean"
        default: "string"
        }
    }

    /// The type's word, for the page and for people.
    var name: String {
        switch self {
        case .text(let format, _): format == .line ? "text" : format.rawValue
        case .integer: "integer"
        case .money: "money"
        case .currency: "currency"
        case .boolean: "boolean"
        case .date: "date"
        case .instant: "instant"
        case .choice: "choice"
        case .reference: "reference"
        }
    }
}
