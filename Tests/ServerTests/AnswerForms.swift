import ApplianceCore
import CollectionKit
import HTTPAPI
import Synchronization
import Testing

@testable import ApplianceServer

/// What the OpenAPI document says of the answers of every route: each JSON answer of every test is held to it.
struct AnswerForms: Sendable {
    private struct Route {
        let method: String
        let parts: [Substring]
        let description: RouteDescription

        /// How many of its parts the path has word for word; nil where it is another path.
        func match(_ path: [Substring]) -> Int? {
            guard parts.count == path.count else { return nil }
            let isMet = zip(parts, path).allSatisfy { part, given in part == given || part.hasPrefix("{") }
            return isMet ? zip(parts, path).count { $0 == $1 } : nil
        }
    }

    private let routes: [Route]

    private init(_ appliance: Appliance) throws {
        let entries = try appliance.makeRoutes().entries
        let document = OpenAPIDocument.make(catalog: appliance.catalog, routes: entries, version: "0")
        routes = entries.compactMap { entry in
            RouteDescription(entry, document).map {
                Route(method: entry.method, parts: entry.path.split(separator: "/"), description: $0)
            }
        }
    }

    /// By the collections that there are: servers with the same have the same routes.
    private static let known = Mutex<[[String]: AnswerForms]>([:])

    static func of(_ appliance: Appliance) throws -> AnswerForms {
        let names = appliance.catalog.collections.map(\.name)
        if let forms = known.withLock({ $0[names] }) { return forms }
        let forms = try AnswerForms(appliance)
        known.withLock { $0[names] = forms }
        return forms
    }

    /// Parameters that make something else of records than the document tells.
    private static let shaping = ["fields=", "expand=", "group="]

    /// What a JSON answer of success has that the document does not say.
    func fault(_ method: String, _ path: String, _ answer: ServerAnswer) -> String? {
        let halves = path.split(separator: "?", maxSplits: 1)
        guard (200..<300).contains(answer.status), answer["Content-Type"]?.hasPrefix(RouteShape.json) == true,
            answer["Content-Encoding"] == nil,
            let parts = halves.first?.split(separator: "/"), method != "HEAD",
            !Self.shaping.contains(where: { halves.count == 2 && halves[1].contains($0) })
        else { return nil }
        let met = routes.filter { $0.method == method }.compactMap { route in
            route.match(parts).map { (route: route, words: $0) }
        }
        return met.max { $0.words < $1.words }?.route.description.fault(answer)
    }
}
