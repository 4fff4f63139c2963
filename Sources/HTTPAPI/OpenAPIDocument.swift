package import ApplianceCore
package import CollectionKit

/// `GET /api/openapi.json`: the collections in full, and every other route from the route list.
package enum OpenAPIDocument {
    package static func make(catalog: CollectionCatalog, routes: [Routes.Entry], version: String) -> JSON {
        let collections = catalog.collections
        let documented = Set(collections.flatMap { $0.openAPIPaths.map(\.name) })
        let others = Dictionary(
            grouping: routes.filter { $0.path.hasPrefix("/api/") && !documented.contains($0.path) }, by: \.path)
        let paths =
            collections.flatMap(\.openAPIPaths)
            + others.sorted { $0.key < $1.key }.map { path, entries in
                JSON.Member(path, .object(entries.map { JSON.Member($0.method.lowercased(), operation($0)) }))
            }
        return [
            "openapi": "3.1.0",
            "info": ["title": "Appliance", "version": .string(version)],
            "security": [["bearer": []], ["session": []]],
            "x-modules": modules(catalog),
            "x-own-collections": .array(collections.filter { $0.own != nil }.map { .string($0.name) }),
            "paths": .object(paths),
            "components": [
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer"],
                    "session": ["type": "apiKey", "in": "cookie", "name": "sid"],
                ],
                "schemas": .object(
                    collections.flatMap(\.openAPISchemas) + answerSchemas(routes) + [.init("Problem", problem)]),
                "responses": [
                    "Problem": [
                        "description": "What went wrong (RFC 9457)",
                        "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
                    ]
                ],
            ],
        ]
    }

    /// The collections of each module that a shop may lack: a page then leaves out what the shop does not have.
    private static func modules(_ catalog: CollectionCatalog) -> JSON {
        let named = catalog.entries.filter { $0.module != nil }
        return .object(
            Dictionary(grouping: named) { $0.module ?? "" }.sorted { $0.key < $1.key }.map { module, entries in
                JSON.Member(module, .array(entries.map { .string($0.collection.name) }))
            })
    }

    private static func operation(_ entry: Routes.Entry) -> JSON {
        let names = entry.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
        let parameters = names.map { name -> JSON in
            ["name": .string(String(name)), "in": "path", "required": true, "schema": ["type": "string"]]
        }
        var members: [JSON.Member] = [
            .init("operationId", .string(operationID(entry))),
            .init("summary", .string(entry.summary)), .init("tags", [.string(tag(entry))]),
            .init("parameters", .array(parameters + entry.shape.query.map(\.parameter))),
            .init("responses", .object(responses(entry))),
        ]
        if let body = entry.shape.body {
            let content = JSON.object([.init(body.type, ["schema": body.schema])])
            members.append(.init("requestBody", ["required": .bool(body.isRequired), "content": content]))
        }
        if entry.access == .open { members.append(.init("security", [])) }
        return .object(members)
    }

    private static func operationID(_ entry: Routes.Entry) -> String {
        let words = entry.path.split(separator: "/").dropFirst().map { $0.filter { $0 != "{" && $0 != "}" } }
        return ([entry.method.lowercased()] + words).joined(separator: "_").replacing("-", with: "_")
            .replacing(".", with: "_")
    }

    /// What it gives, and the problems that it has beside.
    private static func responses(_ entry: Routes.Entry) -> [JSON.Member] {
        let answers = answers(entry)
        let refusals = entry.refusals.map { JSON.Member(String($0), problemReference) }
        return answers + refusals.filter { refusal in !answers.contains { $0.name == refusal.name } }
    }

    private static func answers(_ entry: Routes.Entry) -> [JSON.Member] {
        entry.shape.answers.map { answer in
            var members: [JSON.Member] = [.init("description", "Done")]
            if let type = answer.type {
                let schema: JSON = answer.schema.map { ["schema": $0.reference] } ?? [:]
                members.append(.init("content", .object([.init(type, schema)])))
            }
            return .init(String(answer.status.rawValue), .object(members))
        }
    }

    /// Each once, with those that it is made of.
    private static func answerSchemas(_ routes: [Routes.Entry]) -> [JSON.Member] {
        var found: [String: JSON] = [:]
        func add(_ schema: AnswerSchema) {
            if found.updateValue(schema.schema, forKey: schema.name) == nil { schema.parts.forEach(add) }
        }
        for schema in routes.flatMap(\.shape.answers).compactMap(\.schema) { add(schema) }
        return found.sorted { $0.key < $1.key }.map { JSON.Member($0.key, $0.value) }
    }

    private static let problemReference: JSON = ["$ref": "#/components/responses/Problem"]

    private static func tag(_ entry: Routes.Entry) -> String {
        switch entry.access {
        case .open: "public"
        case .signedIn: "session"
        case .operator: "operator"
        case .tenant, .tenantManager: "tenant"
        }
    }

    private static let problem: JSON = [
        "type": "object",
        "required": ["type", "title", "status", "code", "requestId"],
        "properties": [
            "type": ["type": "string"], "title": ["type": "string"], "status": ["type": "integer"],
            "detail": ["type": "string"], "code": ["type": "string"], "error": ["type": "string"],
            "requestId": ["type": "string"], "hint": ["type": "string"],
            "errors": [
                "type": "array",
                "items": [
                    "type": "object",
                    "properties": [
                        "field": ["type": "string"], "code": ["type": "string"], "message": ["type": "string"],
                        "line": ["type": "integer"],
                    ],
                ],
            ],
        ],
    ]
}
