import ApplianceCore
import CollectionKit
import HTTPTypes
import Hummingbird
import Tenancy

/// Requests with an `Idempotency-Key`: the first answer is replayed for 24 hours.
enum IdempotentAnswer {
    /// Nil without the header. `body` in one form, so that spaces and the order of members are no other request.
    static func key(_ context: TenantRequestContext, body: String) throws -> Idempotency? {
        guard let key = context.request.headers[.idempotencyKey] else { return nil }
        let request = "\(context.request.method.rawValue) \(context.request.uri.string)\n\(body)"
        return try Idempotency(key: key, actor: context.principal.actor, request: Array(request.utf8))
    }

    static func response(_ outcome: (answer: Idempotency.Answer, isReplay: Bool)) -> Response {
        let answer = outcome.answer
        var response = Answer.bytes(
            answer.body, type: "application/json", status: HTTPResponse.Status(code: answer.status))
        if let location = answer.location { response.headers[.location] = location }
        if let etag = answer.etag { response.headers[.eTag] = etag }
        if outcome.isReplay { response.headers[.idempotentReplayed] = "true" }
        return response
    }
}
