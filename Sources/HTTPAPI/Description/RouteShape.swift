package import ApplianceCore

/// What a route takes and what it gives: its part of the OpenAPI document, written where the route is declared.
///
/// `.takes(.text("email", required: true, max: 254)).gives(.created, .user)` reads as the handler's `InputReader` calls
/// do. Tests hold the server to it: each answer against `gives`, and each body against `takes`.
package struct RouteShape: Sendable {
    package enum Status: Int, Sendable {
        case ok = 200
        case created = 201
        case accepted = 202
        case noContent = 204
        case found = 302
        case seeOther = 303
        case unavailable = 503
    }

    package struct Body: Sendable {
        package let type: String
        package let isRequired: Bool
        package let schema: JSON
    }

    package struct Answer: Sendable {
        package let status: Status
        /// Nil for an answer without a body.
        package let type: String?
        /// Nil for one that is no JSON.
        package let schema: AnswerSchema?
    }

    package static let json = "application/json"

    package private(set) var body: Body?
    package private(set) var query: [Property] = []
    /// Answers of success.
    package private(set) var answers: [Answer] = []
    /// Statuses of problems that routes of its kind do not have anyway.
    package private(set) var refusals: [Int] = []

    package init() {}

    // MARK: - What it takes

    /// A JSON object with these members and no others.
    package static func takes(_ members: Property...) -> RouteShape {
        shape(Body(type: json, isRequired: true, schema: Property.object(members)))
    }

    /// The same, that may be left out altogether.
    package static func mayTake(_ members: Property...) -> RouteShape {
        shape(Body(type: json, isRequired: false, schema: Property.object(members)))
    }

    /// A body of another form.
    package static func takes(_ type: String, _ schema: JSON) -> RouteShape {
        shape(Body(type: type, isRequired: true, schema: schema))
    }

    private static func shape(_ body: Body) -> RouteShape {
        var shape = RouteShape()
        shape.body = body
        return shape
    }

    // MARK: - Parameters

    package static func asks(_ parameters: Property...) -> RouteShape { RouteShape().adding(parameters) }

    /// Parameters of the query.
    package func asks(_ parameters: Property...) -> RouteShape { adding(parameters) }

    /// A list by pages, with more parameters of its own.
    package static func pages(_ parameters: Property...) -> RouteShape {
        RouteShape().adding([.integer("limit", in: 1...200), .text("cursor")] + parameters)
    }

    private func adding(_ parameters: [Property]) -> RouteShape {
        var shape = self
        shape.query += parameters
        return shape
    }

    // MARK: - What it gives

    package static func gives(_ status: Status, _ schema: AnswerSchema) -> RouteShape {
        RouteShape().gives(status, schema)
    }

    package static func gives(_ schema: AnswerSchema) -> RouteShape { RouteShape().gives(.ok, schema) }

    package static func gives(_ status: Status, type: String? = nil) -> RouteShape {
        RouteShape().gives(status, type: type)
    }

    package func gives(_ schema: AnswerSchema) -> RouteShape { gives(.ok, schema) }

    package func gives(_ status: Status, _ schema: AnswerSchema) -> RouteShape {
        giving(Answer(status: status, type: Self.json, schema: schema))
    }

    /// No body, or one that is no JSON.
    package func gives(_ status: Status, type: String? = nil) -> RouteShape {
        giving(Answer(status: status, type: type, schema: nil))
    }

    private func giving(_ answer: Answer) -> RouteShape {
        var shape = self
        shape.answers.append(answer)
        return shape
    }

    package static func refuses(_ statuses: Int...) -> RouteShape { RouteShape().refusing(statuses) }

    package func refuses(_ statuses: Int...) -> RouteShape { refusing(statuses) }

    private func refusing(_ statuses: [Int]) -> RouteShape {
        var shape = self
        shape.refusals += statuses
        return shape
    }
}
