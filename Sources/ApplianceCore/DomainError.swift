/// What went wrong, in terms of the product. Only `HTTPAPI` knows status numbers, only the CLI knows exit codes.
package struct DomainError: Error, Sendable, Equatable {
    package enum Category: Sendable {
        case malformed, invalid, unauthenticated, forbidden, notFound, methodNotAllowed, gone, conflict
        case preconditionFailed, tooLarge, unsupportedMedia, tooMany, paymentRequired, unavailable, storageFull,
            `internal`
    }

    /// One fault of one field, for a 422; in an import also the line of the file.
    package struct FieldFault: Sendable, Equatable {
        package let field: String
        package let code: String
        package let message: String
        package let line: Int?

        package init(_ field: String, _ code: String, _ message: String, line: Int? = nil) {
            (self.field, self.code, self.message, self.line) = (field, code, message, line)
        }
    }

    package let category: Category
    /// `snake_case`, stable: clients switch over it.
    package let code: String
    /// A sentence for the person who asked; never a path, SQL or a stack.
    package let message: String
    /// What to do next, where there is something.
    package var hint: String?
    package var faults: [FieldFault] = []
    /// Seconds after which trying again makes sense.
    package var retryAfter: Int?
    /// What else the problem says, such as which plan sets the limit (RFC 9457 §3.2).
    package var details: [JSON.Member] = []
    /// For the log only.
    package var cause: String?

    package init(
        _ category: Category, _ code: String, _ message: String, hint: String? = nil, faults: [FieldFault] = [],
        retryAfter: Int? = nil, cause: String? = nil
    ) {
        (self.category, self.code, self.message, self.hint) = (category, code, message, hint)
        (self.faults, self.retryAfter, self.cause) = (faults, retryAfter, cause)
    }

    package static func notFound(_ what: String) -> DomainError {
        DomainError(.notFound, "not_found", "There is no such \(what).")
    }

    package static func invalid(_ faults: [FieldFault]) -> DomainError {
        let message = faults.count == 1 ? "One field is not valid." : "\(faults.count) fields are not valid."
        return DomainError(.invalid, "validation_failed", message, faults: faults)
    }

    package static func invalid(_ field: String, _ code: String, _ message: String) -> DomainError {
        invalid([FieldFault(field, code, message)])
    }

    package static func malformed(_ code: String, _ message: String) -> DomainError {
        DomainError(.malformed, code, message)
    }

    package static func forbidden(_ code: String, _ message: String, hint: String? = nil) -> DomainError {
        DomainError(.forbidden, code, message, hint: hint)
    }

    package static func conflict(_ code: String, _ message: String, hint: String? = nil) -> DomainError {
        DomainError(.conflict, code, message, hint: hint)
    }

    package static func unavailable(
        _ code: String, _ message: String, hint: String? = nil, cause: String? = nil
    ) -> DomainError {
        DomainError(.unavailable, code, message, hint: hint, retryAfter: 1, cause: cause)
    }

    /// A fault of ours. The person sees that it is ours and the request id; the cause goes to the log.
    package static func `internal`(_ cause: String) -> DomainError {
        DomainError(.internal, "internal_error", "The server failed to answer. The log has the details.", cause: cause)
    }
}
