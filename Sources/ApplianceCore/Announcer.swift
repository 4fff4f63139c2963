import Synchronization

/// Tells one listener, set while the server runs, that something happened. Costs an atomic load while nobody listens.
package final class Announcer<Subject: Sendable>: Sendable {
    private let isHeard = Atomic<Bool>(false)
    private let listener = Mutex<(@Sendable (Subject) -> Void)?>(nil)

    package init() {}

    /// Nil stops listening. `body` must not wait: whoever announces runs it.
    package func listen(_ body: (@Sendable (Subject) -> Void)?) {
        listener.withLock { $0 = body }
        isHeard.store(body != nil, ordering: .releasing)
    }

    package func announce(_ subject: Subject) {
        guard isHeard.load(ordering: .acquiring) else { return }
        listener.withLock { $0 }?(subject)
    }
}
