import ApplianceCore
import HTTPTypes
package import Hummingbird
import Logging

/// The outermost middleware, around everything: gives the request its id, checks its Host, turns errors into problems
/// (the only `catch`), adds the security headers, and tells the metrics.
package struct RequestPipeline: RouterMiddleware {
    package typealias Context = ApplianceRequestContext

    /// What the metrics learn of a request.
    package struct Outcome: Sendable {
        /// The route's pattern, such as `/api/customers/{id}`; nil where no route matched.
        package let route: String?
        package let method: String
        package let status: Int
        package let seconds: Double
    }

    /// The id of the request under way, for handlers and logs.
    @TaskLocal static var requestID = ""

    private let services: HTTPServices
    private let finished: @Sendable (Outcome) -> Void

    package init(_ services: HTTPServices, finished: @escaping @Sendable (Outcome) -> Void) {
        (self.services, self.finished) = (services, finished)
    }

    package func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let id = services.ids.next("req")
        var response = await Self.$requestID.withValue(id) { await answer(request, context, id, next) }
        response.headers.append(HTTPField(name: .requestID, value: id))
        SecurityHeaders.add(to: &response, isTLS: services.isTLS)
        let seconds = start.duration(to: .now).inSeconds
        finished(
            Outcome(
                route: context.coreContext.endpointPath.value, method: request.method.rawValue,
                status: response.status.code, seconds: seconds))
        return response
    }

    private func answer(
        _ request: Request, _ context: Context, _ id: String,
        _ next: (Request, Context) async throws -> Response
    ) async -> Response {
        do {
            if !context.isControl { try HostName.check(request) }
            return try await next(request, context)
        } catch {
            let problem = Problem.domainError(error)
            log(problem, request, id)
            return Problem.response(problem, requestID: id)
        }
    }

    /// What the person sees is a code; what the operator needs is the cause.
    private func log(_ problem: DomainError, _ request: Request, _ id: String) {
        guard let cause = problem.cause else { return }
        services.logger.log(
            level: problem.category == .internal ? .error : .warning, "request failed: \(problem.code)",
            metadata: [
                LogKey.requestID: "\(id)", LogKey.path: "\(request.method) \(request.uri.path.prefix(200))",
                LogKey.error: "\(cause)",
            ])
    }
}
