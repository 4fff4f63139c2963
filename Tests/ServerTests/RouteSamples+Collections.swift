import ApplianceCore
import HTTPAPI
import Testing

@testable import ApplianceServer

/// The routes of collections, a module's and those that a shop declared for itself.
extension RouteSamples {
    private func body(_ collection: String) throws -> JSON {
        let text = JSON.string("\(canary) \(Random.token(bytes: 6))")
        return switch collection {
        case "customers": ["name": text, "externalId": text]
        case "transactions": ["amount": 1177, "note": text]
        case "licenses": ["product": text]
        case "products": ["sku": text, "name": text, "price": 500]
        default: throw NoRule(route: "collection \(collection)")
        }
    }

    func sample(_ entry: Routes.Entry, of collection: String) async throws -> RouteSample {
        let isOwn = collection == Routes.ownCollection
        if isOwn { try await declare(Self.ownName) }
        let body: JSON = isOwn ? ["a": .string("\(canary) \(Random.token(bytes: 6))")] : try body(collection)
        let root = "/api/\(collection)"
        func sample(_ status: Int, json: JSON? = nil, csv: String? = nil, id: String = "") -> RouteSample {
            RouteSample(
                entry: entry,
                path: entry.path.replacing("{id}", with: id).replacing(Routes.ownCollection, with: Self.ownName),
                json: json, csv: csv, status: status)
        }
        switch (entry.method, entry.path) {
        case ("GET", root): return sample(200)
        case ("POST", root): return sample(201, json: body)
        case ("POST", "\(root)/import"): return sample(200, csv: Self.csv(body))
        case ("GET", "\(root)/{id}"): return sample(200, id: try await record(root, body))
        case ("PATCH", "\(root)/{id}"): return sample(200, json: body, id: try await record(root, body))
        case ("DELETE", "\(root)/{id}"): return sample(204, id: try await record(root, body))
        case ("POST", "\(root)/{id}/erase"):
            return sample(200, json: ["reason": "asked for it"], id: try await record(root, body))
        default: throw NoRule(route: "\(entry.method) \(entry.path)")
        }
    }

    /// The same values with other texts, so that the file does not meet the uniqueness of what is there.
    private static func csv(_ body: JSON) -> String {
        let members = body.objectValue ?? []
        let values = members.map { $0.value.stringValue ?? $0.value.integerValue.map { "\($0)" } ?? "" }
        return members.map(\.name).joined(separator: ",") + "\n" + values.joined(separator: ",") + "\n"
    }

    /// What the shop declared for itself, for the routes of whatever that is.
    static let ownName = "matrixOwn"

    func declare(_ name: String) async throws {
        if try await server.send("GET", "/api/collections/\(name)", by: shop.owner).status == 200 { return }
        try await server.expect(
            201, "POST", "/api/collections", by: shop.owner,
            json: ["name": .string(name), "fields": [["name": "a", "type": "text", "personal": true]]])
    }

    private func record(_ path: String, _ body: JSON) async throws -> String {
        let path = path.replacing(Routes.ownCollection, with: Self.ownName)
        let answer = try await server.expect(201, "POST", path, by: shop.owner, json: body)
        return try #require(answer.json["id"]?.stringValue)
    }
}
