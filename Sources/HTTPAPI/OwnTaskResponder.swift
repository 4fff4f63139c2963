import ApplianceCore
package import Hummingbird

/// Answers each request in a task of its own. A task keeps the memory that its deepest call took for as long as it
/// lives, and that of a connection lives as long as the connection: some 15 KiB of each that ever asked for something.
package struct OwnTaskResponder<Base: HTTPResponder>: HTTPResponder where Base.Context: Sendable {
    private let base: Base

    package init(_ base: Base) { self.base = base }

    package func respond(to request: Request, context: Base.Context) async throws -> Response {
        try await withThrowingTaskGroup(of: Response.self) { group in
            // At once and on this thread: most answers wait for nothing.
            group.addImmediateTask { [base] in try await base.respond(to: request, context: context) }
            guard let response = try await group.next() else { throw DomainError.internal("no answer") }
            return response
        }
    }
}
