import ApplianceCore
import Foundation
import HTTPTypes
package import Hummingbird
import Logging
import Storage

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
    private let host: RequestHost
    private let cors: CORS
    private let methods: AllowedMethods
    private let finished: @Sendable (Outcome) -> Void

    init(
        _ services: HTTPServices, _ methods: AllowedMethods, finished: @escaping @Sendable (Outcome) -> Void
    ) {
        (self.services, self.methods, self.finished) = (services, methods, finished)
        (host, cors) = (RequestHost(services), CORS(services))
    }

    package func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = begin()
        var context = context
        context.requestID = start.requestID
        let echo = TenantEcho()
        context.echo = echo
        context.remoteAddress = services.proxies.client(peer: context.remoteAddress, request.headers)
        var response = await Self.$requestID.withValue(start.requestID) { await answer(request, context, next) }
        response.headers.append(HTTPField(name: .requestID, value: start.requestID))
        if let tenant = echo.tenant { response.headers.append(HTTPField(name: .tenantID, value: tenant)) }
        cors.complete(&response, to: request, tenant: echo.tenant)
        SecurityHeaders.add(to: &response, isTLS: services.isTLS)
        end(start, request.method, route: context.coreContext.endpointPath.value, response.status)
        return response
    }

    /// When a request began, and what it is called.
    struct Start {
        let requestID: String
        let instant: ContinuousClock.Instant
    }

    func begin() -> Start { Start(requestID: services.ids.next("req"), instant: .now) }

    func end(_ start: Start, _ method: HTTPRequest.Method, route: String?, _ status: HTTPResponse.Status) {
        finished(
            Outcome(
                route: route, method: method.rawValue, status: status.code,
                seconds: start.instant.duration(to: .now).inSeconds))
    }

    private func answer(
        _ request: Request, _ context: Context, _ next: (Request, Context) async throws -> Response
    ) async -> Response {
        do {
            if context.isControl {
                try checkBackups(request)
            } else {
                try checkHost(request)
                if request.method == .options,
                    let answer = try cors.preflight(request, host: host.meaning(of: request))
                {
                    return answer
                }
            }
            return try await next(request, context)
        } catch {
            return problem(methods.explaining(error, request), request, context.requestID).response
        }
    }

    /// Refuses a command that names another folder of backups than the server's, of which the answer would be.
    private func checkBackups(_ request: Request) throws {
        guard let name = HTTPField.Name(ControlHeader.backups),
            let named = request.headers[name]?.removingPercentEncoding,
            let ours = services.storage.changeLog?.backups.resolvingSymlinksInPath().path,
            URL(filePath: named).resolvingSymlinksInPath().path != ours
        else { return }
        throw DomainError.conflict(
            "other_backups", "The server that runs on this data folder keeps its backups in \(ours), not in \(named).",
            hint: "Leave --backups out; a restore takes another folder by --from. Or stop the server.")
    }

    /// That there is one `Host`, well formed, and somebody who has it.
    func checkHost(_ request: Request) throws {
        try HostName.check(request)
        try host.check(request)
    }

    /// Whether pages of other sites may use anything: then an answer to one needs more headers.
    var isCORSEnabled: Bool { cors.isEnabled }

    /// The only place where an error becomes an answer.
    func problem(_ error: any Error, _ request: Request, _ id: String) -> PlainAnswer {
        if let counted = error as? CountedError {
            var answer = problem(counted.error, request, id)
            answer.rates = counted.rates
            return answer
        }
        let problem = Problem.domainError(error)
        log(problem, request, id)
        var answer = Problem.answer(problem, requestID: id)
        if let error = error as? MethodNotAllowed {
            answer.fields.append(HTTPField(name: .allow, value: error.methods.joined(separator: ", ")))
        }
        return answer
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
