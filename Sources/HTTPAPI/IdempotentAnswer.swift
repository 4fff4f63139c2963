import ApplianceCore
import CollectionKit
import GRDB
import HTTPTypes
import Hummingbird
import Storage
import Tenancy

/// Requests with an `Idempotency-Key`: the first answer is replayed for 24 hours.
enum IdempotentAnswer {
    /// Nil without the header. `body` in one form, so that spaces and the order of members are no other request.
    static func key(_ context: TenantRequestContext, body: @autoclosure () -> String) throws -> Idempotency? {
        guard let key = context.request.headers[.idempotencyKey] else { return nil }
        let request = "\(context.request.method.rawValue) \(context.request.uri.string)\n\(body())"
        return try Idempotency(key: key, actor: context.principal.actor, request: Array(request.utf8))
    }

    /// Writes under `key`, or without one where the request has none.
    static func write(
        _ context: TenantRequestContext, _ key: Idempotency?, now: Instant,
        make: @escaping @Sendable (Database) throws -> Idempotency.Answer
    ) async throws -> Response {
        guard let key else {
            return response((try await context.database.write { db in try make(db) }, isReplay: false))
        }
        return response(try await key.write(context.database, now: now, make: make))
    }

    static func response(_ outcome: (answer: Idempotency.Answer, isReplay: Bool)) -> Response {
        let (answer, status) = (outcome.answer, HTTPResponse.Status(code: outcome.answer.status))
        var response =
            answer.body.isEmpty
            ? Response(status: status) : Answer.bytes(answer.body, type: "application/json", status: status)
        if let location = answer.location { response.headers[.location] = location }
        if let etag = answer.etag { response.headers[.eTag] = etag }
        if outcome.isReplay { response.headers[.idempotentReplayed] = "true" }
        return response
    }
}
