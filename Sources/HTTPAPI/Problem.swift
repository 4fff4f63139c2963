package import ApplianceCore
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Storage

/// Errors as RFC 9457 `application/problem+json`. The one place where an error gets a status number.
package enum Problem {
    static func answer(_ error: DomainError, requestID: String) -> PlainAnswer {
        var fields = [HTTPField(name: .contentType, value: "application/problem+json"), SecurityHeaders.noStore]
        if let seconds = error.retryAfter { fields.append(HTTPField(name: .retryAfter, value: String(seconds))) }
        if error.category == .unauthenticated { fields.append(HTTPField(name: .wwwAuthenticate, value: "Bearer")) }
        let body = json(error, requestID: requestID).bytes
        return PlainAnswer(status: status(error.category), fields: fields, body: body)
    }

    /// `error` is there for clients that know only `{"error": …}`.
    package static func json(_ error: DomainError, requestID: String) -> JSON {
        let status = status(error.category)
        var members: [JSON.Member] = [
            .init("type", .string(type(error.code))), .init("title", .string(status.reasonPhrase)),
            .init("status", JSON(status.code)), .init("detail", .string(error.message)),
            .init("code", .string(error.code)), .init("error", .string(error.message)),
            .init("requestId", .string(requestID)),
        ]
        if let hint = error.hint { members.append(.init("hint", .string(hint))) }
        members += error.details
        if !error.faults.isEmpty {
            let faults = error.faults.map { fault -> JSON in
                let line: [JSON.Member] = fault.line.map { [.init("line", JSON($0))] } ?? []
                return .object(
                    line + [
                        .init("field", .string(fault.field)), .init("code", .string(fault.code)),
                        .init("message", .string(fault.message)),
                    ])
            }
            members.append(.init("errors", .array(faults)))
        }
        return .object(members)
    }

    /// What is limited by a plan has the type of the draft (draft-ietf-httpapi-ratelimit-headers-10 §7).
    private static func type(_ code: String) -> String {
        ["rate_limited", "quota_exceeded"].contains(code)
            ? "https://iana.org/assignments/http-problem-types#quota-exceeded" : "urn:appliance:problem:\(code)"
    }

    /// Any error, Hummingbird's own included, as one of ours.
    package static func domainError(_ error: any Error) -> DomainError {
        // A body that is no HTTP, or that ends early because the client went away.
        if let error = error as? HTTPParserError {
            guard case .headerOverflow = error else { return .malformed("malformed", "The request is malformed.") }
            return .malformed("head_too_large", "The address and header fields are longer than is taken here.")
        }
        if let error = error as? MethodNotAllowed {
            return DomainError(
                .methodNotAllowed, "method_not_allowed",
                "This address takes \(error.methods.joined(separator: ", ")).")
        }
        guard let error = error as? any HTTPResponseError else { return DomainError(any: error) }
        return switch error.status {
        case .notFound: .notFound("address")
        case .contentTooLarge: DomainError(.tooLarge, "body_too_large", "The body is larger than allowed here.")
        case .badRequest: .malformed("malformed", "The request is malformed.")
        default: .internal("HTTP error \(error.status.code)")
        }
    }

    private static func status(_ category: DomainError.Category) -> HTTPResponse.Status {
        switch category {
        case .malformed: .badRequest
        case .invalid: .unprocessableContent
        case .unauthenticated: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .gone: .gone
        case .conflict: .conflict
        case .preconditionFailed: .preconditionFailed
        case .tooLarge: .contentTooLarge
        case .unsupportedMedia: .unsupportedMediaType
        case .tooMany: .tooManyRequests
        case .paymentRequired: .init(code: 402, reasonPhrase: "Payment Required")
        case .unavailable: .serviceUnavailable
        case .storageFull: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
        case .internal: .internalServerError
        }
    }
}
