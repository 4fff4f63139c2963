import ApplianceCore
import CollectionKit
import HTTPTypes
import Hummingbird
import Storage
import Tenancy

/// The terms and the privacy policy: as pages for everybody, and accepted by the people of shops.
package struct LegalController: Sendable {
    private let services: HTTPServices

    package init(_ services: HTTPServices) { self.services = services }

    package func add(to routes: Routes) {
        for kind in LegalTexts.Kind.allCases {
            routes.open(.get, "/\(kind.rawValue)", "The \(kind.rawValue) as a page") { request, _ in
                page(services.legal.current(kind), request)
            }
        }
        routes.open(.get, "/api/legal", "The terms and the privacy policy as they are now", .gives(.legalTexts)) {
            request, _ in
            let texts = LegalTexts.Kind.allCases.map { services.legal.current($0).json(withBody: true) }
            return Answer.json(["items": .array(texts)], for: request)
        }
        routes.tenant(
            .post, "/api/legal/accept", .read, "Accept the current terms and privacy policy",
            .takes(.integer("termsVersion", in: 1...Int64.max, required: true)).gives(.due)
        ) {
            try await accept($0)
        }
    }

    private func accept(_ context: TenantRequestContext) async throws -> Response {
        try context.requireWritable()
        var body = try InputReader(body: await RequestBodies.json(context.request))
        let version = body.integer("termsVersion", in: 1...Int64.max)
        if version == nil { body.faults.append(.init("termsVersion", "required", "Accept the terms.")) }
        try body.finish()
        try services.legal.requireCurrentTerms(version)
        guard case .user = context.principal.standing, !context.principal.isKey else {
            throw DomainError.forbidden("users_only", "Only the people of the shop may accept its terms.")
        }
        try await services.legal.accept(
            context.principal.id, of: context.tenant.id, address: context.http.remoteAddress,
            requestID: context.requestID)
        return Answer.json(["due": []])
    }

    // MARK: - As a page

    private func page(_ text: LegalTexts.Text, _ request: Request) -> Response {
        let title = text.kind == .terms ? "Terms of use" : "Privacy"
        let html = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark"><title>\(title)</title>
            <link rel="icon" href="/admin/favicon.svg" type="image/svg+xml">
            <link rel="stylesheet" href="/admin/styles/tokens.css"><link rel="stylesheet" href="/admin/styles/base.css">
            <link rel="stylesheet" href="/admin/styles/layout.css">
            <link rel="stylesheet" href="/admin/styles/lifecycle.css">
            </head><body><main class="page legal-text">
            \(Self.html(text.body))
            <p class="muted">Version \(text.version)</p>
            </main></body></html>
            """
        return Answer.bytes(Array(html.utf8), type: "text/html; charset=utf-8", for: request)
    }

    /// Headings, lists and paragraphs; everything else is text. What an operator writes can be no markup.
    static func html(_ body: String) -> String {
        var parts: [String] = []
        for block in body.replacing("\r", with: "").split(separator: "\n\n") {
            let lines = block.split(separator: "\n").map { escaped($0.trimmingPrefix { $0 == " " }) }
            if let first = lines.first, first.hasPrefix("#") {
                let level = min(first.prefix { $0 == "#" }.count, 6)
                parts.append("<h\(level)>\(first.drop { $0 == "#" || $0 == " " })</h\(level)>")
                if lines.count > 1 { parts.append("<p>\(lines.dropFirst().joined(separator: "<br>"))</p>") }
            } else if lines.allSatisfy({ $0.hasPrefix("- ") }) {
                parts.append("<ul>" + lines.map { "<li>\($0.dropFirst(2))</li>" }.joined() + "</ul>")
            } else {
                parts.append("<p>\(lines.joined(separator: "<br>"))</p>")
            }
        }
        return parts.joined(separator: "\n")
    }

    private static func escaped(_ text: some StringProtocol) -> String {
        String(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
