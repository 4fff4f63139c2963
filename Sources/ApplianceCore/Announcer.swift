import Synchronization

/// Tells one listener, set while the server runs, that something happened. Costs an atomic load while nobody listens.
package final class Announcer<Subject: Sendable>: Sendable {
    /// In a type of its own: a closure that is taken out of a generic lock and put back gets one more wrapping each
    /// time, and a call then goes through all of them.
    private struct Listener: Sendable {
        let hear: @Sendable (Subject) -> Void
    }

    private let isHeard = Atomic<Bool>(false)
    private let listener = Mutex<Listener?>(nil)

    package init() {}

    /// Nil stops listening. `body` must not wait: whoever announces runs it.
    package func listen(_ body: (@Sendable (Subject) -> Void)?) {
        listener.withLock { $0 = body.map(Listener.init) }
        isHeard.store(body != nil, ordering: .releasing)
    }

    package func announce(_ subject: Subject) {
        guard isHeard.load(ordering: .acquiring) else { return }
        listener.withLock { $0 }?.hear(subject)
    }
}
