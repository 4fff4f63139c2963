import ApplianceCore
import Testing

@testable import ApplianceServer

/// The OpenAPI document tells the form of everything that it can know.
struct DescriptionFormTests {
    /// Where any JSON may stand, and why.
    private static let free = [
        "AuditEventAnswer.data": "each action has words of its own, and sentences of earlier versions stay",
        "RecordAnswer.*": "fields of any collection; those of the shop's own are told in its own document",
        "SampleRecordAnswer.values.*": "fields of any collection",
        "SampleChangeAnswer.now.*": "fields of any collection",
        "SampleChangeAnswer.then.*": "fields of any collection",
        "OpenAPIDocumentAnswer.paths": "defined by OpenAPI",
        "OpenAPIDocumentAnswer.components": "defined by OpenAPI",
        "post /api/batch.operations[].body.*": "fields of the collection that the operation names",
        "post /api/{collection}.*": "fields of any collection",
        "patch /api/{collection}/{id}.*": "fields of any collection",
        // A field of type json, which the shop declared.
        "Own_partsets.anything": "what people bring", "Own_partsetsNew.anything": "what people bring",
        "Own_partsetsPatch.anything": "what people bring",
    ]

    /// Fields of most types, so that what a shop declares is looked at too.
    private static let declaration: JSON = [
        "name": "partsets",
        "fields": [
            ["name": "item", "type": "text"], ["name": "anything", "type": "json"],
            ["name": "customerIds", "type": "references", "reference": "customers"],
            ["name": "state", "type": "choice", "choices": ["a", "b"]],
            ["name": "weight", "type": "decimal", "scale": 3],
        ],
    ]

    @Test func `the OpenAPI document leaves no object, no list and no value without a form`() async throws {
        try await withShops(plan: "enterprise") { server, _, acme, _ in
            try await server.expect(201, "POST", "/api/collections", by: acme.owner, json: Self.declaration)
            var loose: Set<String> = []
            for person in [nil, acme.owner] {
                let document = try await server.expect(200, "GET", "/api/openapi.json", by: person).json
                var walk = FormWalk()
                walk.look(at: document)
                #expect(walk.seen > 1000)
                loose.formUnion(walk.loose)
                #expect(walk.unanswered.isEmpty, "these give nothing by success")
            }
            #expect(loose.subtracting(Self.free.keys).sorted() == [], "without a form")
            #expect(Set(Self.free.keys).subtracting(loose).sorted() == [], "no longer free")
        }
    }

    @Test func `a choice of the query is one of those that the document names`() async throws {
        try await withShops { server, person, _, _ in
            for path in ["alerts?open=", "alerts?open=yes", "tenants?count=", "restores?count=", "restores?count=all"] {
                let refused = try await server.expect(422, "GET", "/api/admin/\(path)", by: person)
                #expect(refused.json["errors"]?.arrayValue?.first?["code"] == "not_a_choice", "\(path)")
            }
            let counted = try await server.expect(200, "GET", "/api/admin/restores?count=exact", by: person)
            #expect(counted.json["total"] == 0)
        }
    }
}

/// Goes through every schema of a document.
private struct FormWalk {
    private(set) var loose: Set<String> = []
    /// Operations without an answer of success.
    private(set) var unanswered: [String] = []
    private(set) var seen = 0

    mutating func look(at document: JSON) {
        for schema in document["components"]?["schemas"]?.objectValue ?? [] { look(at: schema.value, schema.name) }
        for path in document["paths"]?.objectValue ?? [] {
            for method in path.value.objectValue ?? [] where !method.name.hasPrefix("x-") {
                look(at: method.value, operation: "\(method.name) \(path.name)")
            }
        }
    }

    private mutating func look(at operation: JSON, operation name: String) {
        for parameter in operation["parameters"]?.arrayValue ?? [] {
            look(at: parameter["schema"] ?? [:], "\(name)?\(parameter["name"]?.stringValue ?? "")")
        }
        for content in operation["requestBody"]?["content"]?.objectValue ?? [] {
            look(at: content.value["schema"] ?? [:], name)
        }
        let answers = operation["responses"]?.objectValue ?? []
        if !answers.contains(where: { "23".contains($0.name.prefix(1)) }) { unanswered.append(name) }
        for answer in answers {
            for content in answer.value["content"]?.objectValue ?? [] {
                guard let schema = content.value["schema"] else {
                    if content.name.hasSuffix("json") { loose.insert("\(name) \(answer.name)") }
                    continue
                }
                look(at: schema, "\(name) \(answer.name)")
            }
        }
    }

    private mutating func look(at schema: JSON, _ place: String) {
        seen += 1
        if schema["$ref"] != nil || schema["enum"] != nil { return }
        if let choices = schema["anyOf"]?.arrayValue {
            for choice in choices { look(at: choice, place) }
            return
        }
        let types = schema["type"]?.arrayValue?.compactMap(\.stringValue) ?? [schema["type"]?.stringValue ?? "any"]
        for type in types {
            switch type {
            case "object":
                for member in schema["properties"]?.objectValue ?? [] {
                    look(at: member.value, "\(place).\(member.name)")
                }
                let others = schema["additionalProperties"]
                if let others, others.objectValue != nil {
                    look(at: others, "\(place).*")
                } else if others == true || others == nil && schema["properties"]?.objectValue?.isEmpty != false {
                    loose.insert(place)
                }
            case "array":
                if let items = schema["items"] { look(at: items, "\(place)[]") } else { loose.insert(place) }
            case "string", "integer", "number", "boolean", "null": break
            default: loose.insert(place)
            }
        }
    }
}
