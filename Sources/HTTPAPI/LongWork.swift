package import ApplianceCore
import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore

/// Work of more than a moment. With `Accept: application/x-ndjson` the answer tells how far it has come, line by line:
/// `{"progress":{…}}`, and at the end `{"result":…}` or `{"problem":…}`. Otherwise it is one answer at the end.
///
/// The work goes on when the client goes away: a restore is not left half done.
package enum LongWork {
    /// Lines kept for a slow reader; older ones are dropped.
    private static let buffered = 32

    package static func respond(
        _ request: Request, status: HTTPResponse.Status = .ok, logger: Logger,
        _ work: @escaping @Sendable (@escaping WorkProgress.Report) async throws -> JSON
    ) async throws -> Response {
        guard request.headers[.accept]?.contains("application/x-ndjson") == true else {
            let task = Task { try await work { _ in } }
            return Answer.json(try await task.value, status: status)
        }
        let (lines, continuation) = AsyncStream.makeStream(of: JSON.self, bufferingPolicy: .bufferingNewest(buffered))
        let requestID = RequestPipeline.requestID
        Task {
            do {
                let result = try await work { progress in continuation.yield(["progress": line(progress)]) }
                continuation.yield(["result": result])
            } catch {
                let problem = Problem.domainError(error)
                if let cause = problem.cause {
                    logger.error(
                        "long work failed: \(problem.code)",
                        metadata: [LogKey.requestID: "\(requestID)", LogKey.error: "\(cause)"])
                }
                continuation.yield(["problem": Problem.json(problem, requestID: requestID)])
            }
            continuation.finish()
        }
        let body = ResponseBody { writer in
            for await line in lines { try await writer.write(ByteBuffer(bytes: line.bytes + [0x0A])) }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/x-ndjson"], body: body)
    }

    private static func line(_ progress: WorkProgress) -> JSON {
        [
            "step": .string(progress.step), "done": .integer(progress.done), "total": .integer(progress.total),
            "detail": .string(progress.detail),
        ]
    }
}
