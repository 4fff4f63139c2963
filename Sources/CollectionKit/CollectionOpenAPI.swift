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
                    "x-collection": description,
                ]),
            .init(
                "/api/\(name)/{id}",
                [
                    "get": operation(
                        "get", "Read a \(title.lowercased())", parameters: [Self.id, Self.at],
                        ok: ("200", schemaReference(""))),
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
                        parameters: ["map", "set"].map { Self.query($0, Self.assignment) }
                            + [Self.query("upsert", ["type": "string", "minLength": 1])],
                        body: ["type": "string", "minLength": 1], bodyType: "text/csv", ok: ("200", Self.importReport))
                ]),
        ]
    }

    package var openAPISchemas: [JSON.Member] {
        let readable = fields.filter { !$0.isWriteOnly }
        let writable = fields.filter { !$0.isReadOnly }
        let system: [JSON.Member] = [
            .init("createdAt", ["type": "string", "format": "date-time", "readOnly": true]),
            .init("updatedAt", ["type": "string", "format": "date-time", "readOnly": true]),
            .init("version", ["type": "integer", "minimum": 1, "readOnly": true]),
        ]
        let id = JSON.Member(
            "id", ["type": "string", "readOnly": true, "pattern": .string("^\(idPrefix)_[0-9a-z]{26}$")])
        let declared = readable.map { JSON.Member($0.name, $0.openAPISchema(nullable: true)) }
        let input = writable.map {
            JSON.Member($0.name, $0.openAPISchema(nullable: !$0.isRequired || $0.fallback != nil))
        }
        let required = writable.filter { $0.isRequired && $0.fallback == nil }.map { JSON.string($0.name) }
        return [
            .init(
                schemaName(""),
                Self.object(
                    [id] + declared + system,
                    required: (["id"] + readable.filter { $0.readers == nil }.map(\.name)
                        + ["createdAt", "updatedAt", "version"]).map { .string($0) })),
            .init(schemaName("New"), Self.object(input, required: required)),
            .init(
                schemaName("Patch"),
                Self.object(writable.map { .init($0.name, $0.openAPISchema(nullable: !$0.isRequired)) }, required: [])),
        ]
    }

    /// What a shop calls its own may be called so by a module too: those are named otherwise.
    private func schemaName(_ suffix: String) -> String {
        own == nil ? title.replacing(" ", with: "") + suffix : "Own_\(name)\(suffix)"
    }

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
        ] + (search == nil ? [] : [Self.searchParameter]) + [
            Self.query("fields", ["type": "string"]),
            Self.query("count", ["type": "string", "enum": ["exact"]]), Self.query("expand", ["type": "string"]),
            Self.query("group", ["type": "string"]), Self.query("sum", ["type": "string"]),
            Self.query("avg", ["type": "string"]), Self.query("min", ["type": "string"]),
            Self.query("max", ["type": "string"]), Self.at,
        ] + fields.filter { !$0.isWriteOnly }.map { Self.query($0.name, ["type": "string"]) }
    }

    private func operation(
        _ verb: String, _ summary: String, parameters: [JSON], body: JSON? = nil,
        bodyType: String = "application/json", ok: (status: String, schema: JSON?)
    ) -> JSON {
        var members: [JSON.Member] = [
            .init("operationId", .string("\(name.replacing("-", with: "_"))_\(verb)")),
            .init("summary", .string(summary)),
            .init("tags", ["collections"]), .init("parameters", .array(parameters)),
            .init("x-roles", permissions.description(of: Self.operations[verb] ?? .read)),
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

    /// What a person must be allowed for each of the verbs.
    private static let operations: [String: Permissions.Operation] = [
        "create": .create, "import": .create, "update": .update, "delete": .delete,
    ]

    private static func object(_ properties: [JSON.Member], required: [JSON]) -> JSON {
        [
            "type": "object", "properties": .object(properties), "required": .array(required),
            "additionalProperties": false,
        ]
    }

    private static func query(_ name: String, _ schema: JSON) -> JSON {
        ["name": .string(name), "in": "query", "schema": schema]
    }

    private static let searchParameter: JSON = [
        "name": "q", "in": "query", "schema": ["type": "string", "maxLength": JSON(ListQuery.Limit.searchLength)],
        "description": "Each of the words must be in a searchable field, or be how a word in it begins",
    ]
    private static let id: JSON = ["name": "id", "in": "path", "required": true, "schema": ["type": "string"]]
    private static let at: JSON = [
        "name": "at", "in": "query", "schema": ["type": "string", "format": "date-time"],
        "description": "Reads the shop as it was at that time; 422 `outside_window` where that is not known.",
    ]
    private static let ifMatch: JSON = [
        "name": "If-Match", "in": "header", "schema": ["type": "string", "pattern": "^(\"[0-9]{1,18}\"|\\*)$"],
    ]
    /// `COLUMN=FIELD`, `FIELD=VALUE`.
    private static let assignment: JSON = ["type": "string", "pattern": "^[^=]+=.*$"]
    private static let importReport = object(
        ["rows", "created", "updated", "unchanged"].map { .init($0, ["type": "integer"]) }
            + [.init("ignoredColumns", ["type": "array", "items": ["type": "string"]])],
        required: ["rows", "created", "updated", "unchanged", "ignoredColumns"])
    private static let idempotencyKey: JSON = [
        "name": "Idempotency-Key", "in": "header", "schema": ["type": "string", "maxLength": 255],
    ]
}
