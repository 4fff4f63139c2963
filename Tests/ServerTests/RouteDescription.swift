import ApplianceCore
import HTTPAPI
import Testing

@testable import ApplianceServer

/// What the OpenAPI document says of a route, and whether an answer keeps to it.
struct RouteDescription: Sendable {
    let document: JSON
    let operation: JSON

    /// Nil for a route outside `/api/`, of which it says nothing.
    init?(_ entry: Routes.Entry, _ document: JSON) {
        guard let operation = document["paths"]?[entry.path]?[entry.method.lowercased()] else { return nil }
        (self.document, self.operation) = (document, operation)
    }

    /// The schema of a JSON body; nil where the route takes none.
    var body: JSON? {
        let schema = operation["requestBody"]?["content"]?[RouteShape.json]?["schema"]
        return schema.map { resolved($0) }
    }

    var isBodyRequired: Bool { operation["requestBody"]?["required"] == true }

    private func resolved(_ schema: JSON) -> JSON {
        guard let reference = schema["$ref"]?.stringValue else { return schema }
        return reference.dropFirst(2).split(separator: "/").reduce(document) { $0[String($1)] ?? .null }
    }

    /// What an answer has that the document does not say; nil where it keeps to it.
    func fault(_ answer: ServerAnswer) -> String? {
        guard let declared = operation["responses"]?["\(answer.status)"] else { return "no status \(answer.status)" }
        guard let content = resolved(declared)["content"] else {
            return answer.body.isEmpty ? nil : "a body, where there is none"
        }
        let type = answer["Content-Type"]?.split(separator: ";").first.map(String.init) ?? ""
        if content["*/*"] != nil { return nil }
        guard let form = content[type] else { return "no \(type) for \(answer.status)" }
        guard let schema = form["schema"], type.hasSuffix("json") else { return nil }
        return JSONSchema(schema: schema, document: document).fault(answer.json)
    }
}
